/// What was learned while a configuration was read: where each key was written, and everything that is wrong.
package struct Decoding: Sendable {
    /// Full name to place, for every key that was written somewhere.
    package internal(set) var places: [String: Place] = [:]
    package private(set) var problems: [Problem] = []
    /// Every full name that exists, for suggestions.
    let knownNames: [String]

    init(knownNames: [String]) {
        self.knownNames = knownNames
    }

    /// Records a problem with the key `name`, at its own place or, where it is not set, at its parent's.
    package mutating func problem(with name: String, _ message: String) {
        problem(at: place(of: name), name, message)
    }

    mutating func problem(at place: Place, _ name: String, _ message: String) {
        problems.append(Problem(place: place, key: name, message: message))
    }

    /// Where `name`, or the nearest group around it, was written.
    package func place(of name: String) -> Place {
        var name = name[...]
        while true {
            if let place = places[String(name)] { return place }
            guard let cut = name.lastIndex(where: { $0 == "." || $0 == "[" }) else { break }
            name = name[..<cut]
        }
        return places[""] ?? .builtIn
    }

    mutating func unknownKey(_ entry: SettingNode.Entry, name: String, siblings: [String]) {
        var message = "unknown key"
        if let near = NearestName.find(entry.key, in: siblings) {
            message += "; did you mean \"\(near)\"?"
        } else if let elsewhere = knownNames.first(where: { $0.hasSuffix(".\(entry.key)") }) {
            message += "; did you mean \"\(elsewhere)\"?"
        } else {
            message += ", expected one of \(shortList(siblings))"
        }
        problem(at: entry.keyPlace, name, message)
    }
}
