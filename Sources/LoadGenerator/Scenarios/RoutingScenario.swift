/// Live messages from publishers to subscribers, in three shapes.
package struct RoutingScenario: Sendable {
    package enum Shape: Sendable, Equatable {
        /// Many publishers, each on a topic of its own, and one subscriber to all.
        case fanIn(publishers: Int)
        /// One publisher and many subscribers to its topic.
        case fanOut(subscribers: Int)
        /// Publishers with one subscriber each.
        case pairs(Int)
    }

    package var shape: Shape
    /// Messages per second over all publishers; `nil` publishes as the window allows.
    package var rate: Double?

    package init(shape: Shape, rate: Double? = nil) {
        self.shape = shape
        self.rate = rate
    }

    package func name(qos: UInt8) -> String {
        let shape =
            switch shape {
            case .fanIn(let publishers): "fan-in \(publishers) to 1"
            case .fanOut(let subscribers): "fan-out 1 to \(subscribers)"
            case .pairs(let count): "\(count) pairs"
            }
        let pace = rate.map { ", \(Int($0))/s" } ?? ""
        return "\(shape)\(pace), QoS \(qos)"
    }

    package func run(_ options: RunOptions) throws -> ScenarioResult {
        let options = try options.checked()
        let (publishers, subscribers): (Int, Int) =
            switch shape {
            case .fanIn(let publishers): (publishers, 1)
            case .fanOut(let subscribers): (1, subscribers)
            case .pairs(let count): (count, count)
            }
        guard publishers > 0, subscribers > 0 else { throw LoadError("at least one of each side is needed") }
        let name = name(qos: options.qos)
        let root = "bench/\(options.run)"
        var engine = try options.engine(clients: publishers + subscribers, scenario: name)
        let subscribing = 0..<subscribers
        let publishing = subscribers..<subscribers + publishers
        for index in subscribing { engine.clients[index].subscriber = index }
        for index in publishing { engine.clients[index].publisher = index - subscribers }

        try engine.open(0..<publishers + subscribers) { options.connect($0) }
        try engine.subscribe(subscribing, qos: options.qos) { index in
            switch shape {
            case .fanIn: ["\(root)/+"]
            case .fanOut: ["\(root)/0"]
            case .pairs: ["\(root)/\(index)"]
            }
        }
        engine.flow.qos = options.qos
        engine.flow.templates = PublishTemplates(
            topics: (0..<publishers).map { "\(root)/\($0)" },
            version: options.target.version,
            qos: options.qos,
            retain: false,
            payloadCount: options.payloadCount
        )
        engine.flow.check = DeliveryCheck(mode: .every, publishers: publishers, subscribers: subscribers)
        if case .fanOut = shape { engine.flow.settlement = .delivered(copies: subscribers) }
        let maxima = engine.receiveMaxima()
        engine.flow.setPublishers(
            clients: publishing,
            topics: { $0..<$0 + 1 },
            order: .inTurn,
            window: options.window,
            inFlightMax: { maxima[$0] }
        )
        let result = try engine.measure(name, options: options, rate: rate)
        for index in 0..<publishers + subscribers { engine.hangUp(index) }
        return result
    }
}

extension Engine {
    /// What the broker accepts in flight, by connection.
    func receiveMaxima() -> [Int] { clients.map(\.receiveMaximum) }
}
