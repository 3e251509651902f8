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
        guard options.threads > 1 else {
            return try options.measure(name) { thread, gate in
                try part(
                    options,
                    name,
                    publishers,
                    subscribers,
                    rate: rate,
                    first: 0,
                    thread: thread,
                    gate: gate
                )
            }
        }
        guard case .pairs(let pairs) = shape, pairs >= options.threads else {
            throw LoadError("\(options.threads) threads can share pairs only, and need a pair each")
        }
        try FileLimit.raise(to: UInt(2 * pairs + 64 * options.threads))
        return try options.measure(name) { thread, gate in
            let own = options.share(of: pairs, thread: thread)
            return try part(
                options.share(thread: thread),
                name,
                own.count,
                own.count,
                rate: rate.map { $0 * Double(own.count) / Double(pairs) },
                first: own.lowerBound,
                thread: thread,
                gate: gate
            )
        }
    }

    /// What one thread of the generator does.
    ///
    /// - Parameter first: the number of its first publisher and subscriber among those of all threads.
    private func part(
        _ options: RunOptions,
        _ name: String,
        _ publishers: Int,
        _ subscribers: Int,
        rate: Double?,
        first: Int,
        thread: Int,
        gate: StartingGate
    ) throws -> Share {
        let root = "bench/\(options.run)"
        var engine = try options.engine(clients: publishers + subscribers, scenario: name)
        let subscribing = 0..<subscribers
        let publishing = subscribers..<subscribers + publishers
        for index in subscribing { engine.clients[index].subscriber = index }
        for index in publishing { engine.clients[index].publisher = index - subscribers }

        try engine.open(0..<publishers + subscribers) { options.connect(2 * first + $0) }
        try engine.subscribe(subscribing, qos: options.qos) { index in
            switch shape {
            case .fanIn: ["\(root)/+"]
            case .fanOut: ["\(root)/0"]
            case .pairs: ["\(root)/\(first + index)"]
            }
        }
        engine.flow.qos = options.qos
        engine.flow.templates = PublishTemplates(
            topics: (0..<publishers).map { "\(root)/\(first + $0)" },
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
        let share = try engine.measure(name, options: options, rate: rate, thread: thread, gate: gate)
        for index in 0..<publishers + subscribers { engine.hangUp(index) }
        return share
    }
}

extension Engine {
    /// What the broker accepts in flight, by connection.
    func receiveMaxima() -> [Int] { clients.map(\.receiveMaximum) }
}
