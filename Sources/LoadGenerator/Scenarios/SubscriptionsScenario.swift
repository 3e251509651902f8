/// A large table of subscriptions, of which each message matches a few.
package struct SubscriptionsScenario: Sendable {
    /// Filters over all subscribers.
    package var filters: Int
    /// Subscribers that each message goes to, all of them different connections.
    package var matches: Int
    /// Whether half of the filters have wildcards.
    package var usesWildcards: Bool
    /// Connections that hold the filters, at least; so that tables of different sizes can be compared though each
    /// delivery to another connection costs a system call.
    package var subscribersMin: Int

    /// No subscriber has more filters than this, so that brokers with a limit per client can be loaded.
    private static let filtersPerClientMax = 1000

    package init(
        filters: Int = 100_000,
        matches: Int = 5,
        usesWildcards: Bool = true,
        subscribersMin: Int = 100
    ) {
        self.filters = filters
        self.matches = matches
        self.usesWildcards = usesWildcards
        self.subscribersMin = subscribersMin
    }

    package func name(qos: UInt8) -> String {
        let plural = matches == 1 ? "match" : "matches"
        return "\(filters) subscriptions, \(matches) \(plural), QoS \(qos)"
    }

    /// The filters of topic number `topic`, one for each of its subscribers.
    package func filters(root: String, topic: Int) -> [String] {
        let levels = Self.levels(topic)
        return (0..<matches).map { copy in
            // Every second filter has a wildcard, over all topics.
            guard usesWildcards, (topic * matches + copy) % 2 == 1 else {
                return "\(root)/\(levels.joined(separator: "/"))"
            }
            switch copy % 4 {
            case 0: return "\(root)/+/\(levels[1])/\(levels[2])"
            case 1: return "\(root)/\(levels[0])/+/\(levels[2])"
            case 2: return "\(root)/\(levels.joined(separator: "/"))/#"
            default:
                return
                    "+/\(root.split(separator: "/").dropFirst().joined(separator: "/"))/\(levels.joined(separator: "/"))"
            }
        }
    }

    /// Topics of an imagined site: area, device, value. No filter of one topic matches another: the last level is
    /// its own.
    static func levels(_ topic: Int) -> [String] {
        ["area\(topic % 50)", "device\(topic / 50 % 100)", "value\(topic)"]
    }

    package func run(_ options: RunOptions) throws -> ScenarioResult {
        let options = try options.checked()
        let topics = filters / max(1, matches)
        guard matches > 0, topics > 0 else { throw LoadError("at least one filter and one match are needed") }
        let name = name(qos: options.qos)
        let root = "bench/\(options.run)"
        // As many more as make sure that a topic's filters are on different connections.
        let subscribers = max(
            matches,
            subscribersMin,
            (filters + Self.filtersPerClientMax - 1) / Self.filtersPerClientMax
        )
        var engine = try options.engine(clients: subscribers + 1, scenario: name)
        let publisher = subscribers
        for index in 0..<subscribers { engine.clients[index].subscriber = index }
        engine.clients[publisher].publisher = 0

        var wanted = Array(repeating: [String](), count: subscribers)
        for topic in 0..<topics {
            for (copy, filter) in filters(root: root, topic: topic).enumerated() {
                wanted[(topic * matches + copy) % subscribers].append(filter)
            }
        }
        try engine.open(0..<subscribers + 1) { options.connect($0) }
        let probe = try options.probe()
        let residentBefore = probe?.residentBytes()
        try engine.subscribe(0..<subscribers, qos: options.qos) { wanted[$0] }
        let residentAfter = probe?.residentBytes()
        wanted = []
        engine.flow.qos = options.qos
        engine.flow.settlement = .delivered(copies: matches)
        engine.flow.templates = PublishTemplates(
            topics: (0..<topics).map { "\(root)/\(Self.levels($0).joined(separator: "/"))" },
            version: options.target.version,
            qos: options.qos,
            retain: false,
            payloadCount: options.payloadCount
        )
        engine.flow.check = DeliveryCheck(
            mode: matches == subscribers ? .every : .some,
            publishers: 1,
            subscribers: subscribers
        )
        let maxima = engine.receiveMaxima()
        engine.flow.setPublishers(
            clients: publisher..<publisher + 1,
            topics: { _ in 0..<topics },
            order: .scattered,
            window: options.window,
            inFlightMax: { maxima[$0] }
        )
        let gate = StartingGate(count: 1, probe: probe)
        let share = try engine.measure(name, options: options, thread: 0, gate: gate)
        var result = ScenarioResult(scenario: name)
        result.add([share], gate.spent())
        if let residentBefore, let residentAfter {
            result.residentBytesPerSubscription =
                (Double(residentAfter) - Double(residentBefore)) / Double(topics * matches)
        }
        for index in 0...subscribers { engine.hangUp(index) }
        return result
    }
}
