import MECModel
import Yams

/// The `terminals` of a scenario file.
extension ScenarioReader {
    mutating func readTerminals(_ node: Node) throws(ScenarioError) {
        let map = try document.map(node, "a terminal")
        try map.allow([
            "name", "kind", "count", "address", "path", "at", "speed", "halts", "end", "start", "height",
            "shelter", "access", "services",
        ])
        let name = try map.requireString("name")
        let kind = try map.choice("kind", TerminalKind.allCases.map { ($0.rawValue, $0) }) ?? .pedestrian
        let count = try map.integer("count", in: 1...limits.terminals) ?? 1
        var terminal = Scenario.Terminal(name: name, kind: kind, path: try readWay(map))
        if let speed = try map.number("speed", in: 0...400) { terminal.speed = speed }
        if let height = try map.number("height", in: 0...300) { terminal.height = Float(height) }
        if let shelter = try map.choice("shelter", Names.shelters) { terminal.shelter = shelter }
        if let end = try map.choice("end", PathEnd.allCases.map { ($0.rawValue, $0) }) {
            terminal.pathEnd = end
        }
        if let list = try map.list("access") { terminal.capabilities = try readCapabilities(list) }
        if let list = try map.list("services") { terminal.services = try readServices(list) }
        for halt in try map.list("halts") ?? [] { terminal.halts.append(try readHalt(halt, of: terminal)) }
        let start = try map.number("start", in: 0...1)
        let first = try readAddress(map)
        for number in 0..<count {
            terminal.name = count == 1 ? name : "\(name)-\(number + 1)"
            guard Names.isTopicLevel(terminal.name), terminalNames.insert(terminal.name).inserted else {
                throw document.fail(
                    map["name"],
                    "\"\(terminal.name)\" is taken or no name; names are unique, 1 to 64 characters, without / + # and spaces"
                )
            }
            guard scenario.terminals.count < limits.terminals else {
                throw tooMany("terminals", limits.terminals, node)
            }
            // Several on one path spread over it.
            terminal.start = ((start ?? 0) + Double(number) / Double(count)).truncatingRemainder(
                dividingBy: 1
            )
            terminal.addresses = first.map { [IPAddress(ipv4: $0 &+ UInt32(number))] } ?? []
            scenario.terminals.append(terminal)
        }
    }

    private func readWay(_ map: YAMLMap) throws(ScenarioError) -> [GeoPoint] {
        if let node = map["at"] {
            guard map["path"] == nil else { throw document.fail(node, "give \"at\" or \"path\", not both") }
            return [try readPoint(node)]
        }
        let node = try map.require("path")
        if let name = node.scalar?.string {
            guard let way = paths[name] else {
                throw document.fail(node, "no path \"\(name)\"; \"paths\" lists them")
            }
            return way
        }
        var way: [GeoPoint] = []
        for point in try map.list("path") ?? [] { way.append(try readPoint(point)) }
        guard !way.isEmpty else { throw document.fail(node, "a path has at least one place") }
        return way
    }

    private func readAddress(_ map: YAMLMap) throws(ScenarioError) -> UInt32? {
        guard let text = try map.string("address") else { return nil }
        guard let value = Names.ipv4(text) else {
            throw document.fail(map["address"], "\"address\" is the first IPv4 address, found \"\(text)\"")
        }
        return value
    }

    private func readHalt(_ node: Node, of terminal: Scenario.Terminal) throws(ScenarioError)
        -> TravelPath.Halt
    {
        guard case .sequence(let pair) = node, pair.count == 2 else {
            throw document.fail(node, "a halt is [number of the point from 0, seconds]")
        }
        let point = try document.number(pair[0], "the point", in: 0...Double(terminal.path.count - 1))
        return TravelPath.Halt(
            point: Int(point),
            seconds: try document.number(pair[1], "the seconds", in: 0...86_400)
        )
    }

    private func readCapabilities(_ list: [Node]) throws(ScenarioError) -> Scenario.Capabilities {
        var capabilities: Scenario.Capabilities = []
        for node in list {
            switch try document.choice(node, "\"access\"", Names.accesses) {
            case .eutra: capabilities.insert(.eutra)
            case .nr: capabilities.insert(.nr)
            case .wifi: capabilities.insert(.wifi)
            }
        }
        return capabilities
    }

    private func readServices(_ list: [Node]) throws(ScenarioError) -> [TrafficService] {
        var services: [TrafficService] = []
        for node in list {
            let service = try document.choice(
                node,
                "a service",
                TrafficService.allCases.map { ($0.rawValue, $0) }
            )
            if !services.contains(service) { services.append(service) }
        }
        return services
    }
}
