/// Puts environment variables and flags over what the file said.
enum Overrides {
    static let prefix = "WEIR_"

    /// Variables that mean something else: the file's own name, and those that Kubernetes sets in every
    /// container beside a service called "weir".
    static func isForeign(_ name: String) -> Bool {
        name == "WEIR_CONFIG" || name.hasPrefix("WEIR_SERVICE_") || name == "WEIR_PORT"
            || name.hasPrefix("WEIR_PORT_")
    }

    /// `mqtt.maximumPacketSize` as `WEIR_MQTT_MAXIMUM_PACKET_SIZE`.
    static func variable(for name: String) -> String {
        var out = prefix
        var previous: Character = "."
        for character in name {
            if character == "." {
                out.append("_")
            } else {
                if character.isUppercase, previous.isLowercase || previous.isNumber { out.append("_") }
                out += character.uppercased()
            }
            previous = character
        }
        return out
    }

    /// - Parameter names: Every full name that a variable can stand for.
    static func apply(environment: [String: String], names: [String], to tree: inout SettingNode) -> [Problem]
    {
        let byVariable = Dictionary(names.map { (variable(for: $0), $0) }) { first, _ in first }
        var problems: [Problem] = []
        let ours = environment.filter { $0.key.hasPrefix(prefix) && !isForeign($0.key) }
        for (variable, text) in ours.sorted(by: { $0.key < $1.key }) {
            let place = Place.environment(variable)
            guard let name = byVariable[variable] else {
                var message = "unknown variable"
                if let near = NearestName.find(variable, in: byVariable.keys.sorted()) {
                    message += "; did you mean \(near)?"
                } else {
                    message += ", expected one of those that \"weir config keys --env\" lists"
                }
                problems.append(Problem(place: place, key: "", message: message))
                continue
            }
            problems += put(text, at: name, place: place, in: &tree)
        }
        return problems
    }

    static func apply(flags: [String], to tree: inout SettingNode) -> [Problem] {
        flags.flatMap { flag -> [Problem] in
            guard let equals = flag.firstIndex(of: "=") else {
                let place = Place.flag("--set \(flag)")
                return [Problem(place: place, key: "", message: "found no \"=\", expected --set key=value")]
            }
            let name = String(flag[..<equals])
            // The value may be a secret, so only the key is repeated.
            return put(
                String(flag[flag.index(after: equals)...]),
                at: name,
                place: .flag("--set \(name)"),
                in: &tree
            )
        }
    }

    private static func put(_ text: String, at name: String, place: Place, in tree: inout SettingNode)
        -> [Problem]
    {
        guard let path = PathStep.parse(name) else {
            return [
                Problem(
                    place: place,
                    key: "",
                    message: "found \"\(name)\", expected a key such as mqtt.maximumPacketSize"
                )
            ]
        }
        do {
            let value = try YAMLReader.readValue(text, place: place)
            guard tree.put(value, at: path[...]) else {
                return [
                    Problem(
                        place: place,
                        key: name,
                        message:
                            "cannot be set here: what stands above it is no group of keys, or the list is shorter"
                    )
                ]
            }
            return []
        } catch {
            return [error]
        }
    }
}

extension Schema {
    /// Every environment variable that is read, and the key it sets. Lists and maps are set as a whole, in YAML.
    package func environmentVariables(_ defaults: Root) -> [(variable: String, key: String)] {
        Field.fixedNames(fields(of: defaults)).map { (Overrides.variable(for: $0), $0) }
    }
}
