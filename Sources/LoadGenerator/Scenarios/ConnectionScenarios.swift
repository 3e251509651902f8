/// Clients that connect and leave again.
package struct ConnectsScenario: Sendable {
    package var connects: Int
    /// Connections that are under way at once.
    package var concurrency: Int

    package init(connects: Int = 5000, concurrency: Int = 50) {
        self.connects = connects
        self.concurrency = concurrency
    }

    package func run(_ options: RunOptions) throws -> ScenarioResult {
        let options = try options.checked()
        guard connects > 0, concurrency > 0 else { throw LoadError("at least one connection is needed") }
        let name = "\(connects) connects"
        try FileLimit.raise(to: UInt(concurrency + 64 * options.threads))
        return try options.measure(name, unit: "connect") { thread, gate in
            let own = options.share(of: connects, thread: thread)
            let most = max(1, options.share(of: concurrency, thread: thread).count)
            var engine = try options.share(thread: thread).engine(clients: most, scenario: name)
            let warmUp = min(own.count / 10, 500)
            // Client identifiers of the warm-up lie behind all others.
            try go(&engine, options, count: warmUp, from: connects + own.lowerBound)
            engine.connectLatency.reset()
            try gate.pass(thread)
            let ownBefore = OwnTime.now()
            let start = Clock.now()
            try go(&engine, options, count: own.count, from: own.lowerBound)
            var share = Share()
            share.nanoseconds = Clock.now() - start
            share.ownNanoseconds = OwnTime.now() - ownBefore
            share.units = UInt64(own.count)
            share.latency = engine.connectLatency
            engine.progress.clear()
            return share
        }
    }

    /// Connects `count` times: CONNECT, CONNACK, DISCONNECT, close; as many at a time as the engine has clients.
    private func go(_ engine: inout Engine, _ options: RunOptions, count: Int, from number: Int) throws {
        var begun = 0
        var done = 0
        engine.opened.removeAll(keepingCapacity: true)
        var movedAt = Clock.now()
        for slot in 0..<min(engine.clients.count, count) {
            try engine.dial(slot, connect: options.connect(number + begun))
            begun += 1
        }
        while done < count {
            try engine.turn(milliseconds: 100)
            if !engine.opened.isEmpty { movedAt = Clock.now() }
            guard Clock.now() - movedAt < Clock.nanoseconds(options.stallSeconds) else {
                throw LoadError("no CONNACK for \(Int(options.stallSeconds)) s, after \(done) of \(count)")
            }
            let opened = engine.opened
            engine.opened.removeAll(keepingCapacity: true)
            for slot in opened {
                engine.hangUp(slot)
                done += 1
                if begun < count {
                    try engine.dial(slot, connect: options.connect(number + begun))
                    begun += 1
                }
            }
            engine.progress.show { "\(done) of \(count)" }
        }
    }
}

/// Connections that do nothing: what does holding one cost?
package struct IdleScenario: Sendable {
    package var connections: Int
    /// Connections under way at once.
    package var concurrency: Int

    package init(connections: Int = 10_000, concurrency: Int = 50) {
        self.connections = connections
        self.concurrency = concurrency
    }

    /// - Returns: a result without subscriptions and one with one subscription each, both per connection counted
    ///   from the broker's memory before the first of them.
    package func run(_ options: RunOptions) throws -> [ScenarioResult] {
        let options = try options.checked()
        guard connections > 0 else { throw LoadError("at least one connection is needed") }
        let name = "\(connections) idle connections"
        var engine = try options.engine(clients: connections, scenario: name)
        let probe = try options.probe()
        // One connection first, so that what the broker sets up once is not counted.
        try engine.open(0..<1, concurrency: 1) { options.connect($0) }
        let rest = 1..<connections
        let meter = Meter(probe)
        let before = probe?.residentBytes()
        let ownBefore = OwnTime.now()
        let start = Clock.now()
        try engine.open(rest, concurrency: concurrency) { options.connect($0) }
        let seconds = Clock.seconds(Clock.now() - start)
        let own = OwnTime.now() - ownBefore
        let threads = meter.stop()
        var bare = ScenarioResult(scenario: name)
        bare.unit = "connect"
        bare.units = UInt64(rest.count)
        bare.spend(seconds: seconds, threads: threads, own: own)
        bare.latency = ScenarioResult.Latency(engine.connectLatency)
        let root = "bench/\(options.run)"

        let subscribing = Meter(probe)
        let connected = probe?.residentBytes()
        let ownConnected = OwnTime.now()
        let subscribeStart = Clock.now()
        try engine.subscribe(0..<connections, qos: options.qos) { ["\(root)/device/\($0)/command"] }
        let subscribeSeconds = Clock.seconds(Clock.now() - subscribeStart)
        let ownSubscribed = OwnTime.now() - ownConnected
        var subscribed = ScenarioResult(scenario: "\(name), 1 subscription each")
        subscribed.unit = "subscription"
        subscribed.units = UInt64(connections)
        subscribed.spend(seconds: subscribeSeconds, threads: subscribing.stop(), own: ownSubscribed)
        let after = probe?.residentBytes()
        engine.progress.clear()

        if let before, let connected, let after, rest.count > 0 {
            bare.residentBytesPerConnection = (Double(connected) - Double(before)) / Double(rest.count)
            subscribed.residentBytesPerConnection = (Double(after) - Double(before)) / Double(rest.count)
            bare.residentBytesMax = connected
            subscribed.residentBytesMax = after
        }
        for index in 0..<connections { engine.hangUp(index) }
        return [bare, subscribed]
    }
}
