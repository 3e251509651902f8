/// Messages queued for a persistent session that is away, and fetched when it comes back.
package struct OfflineScenario: Sendable {
    package var messages: Int
    package var publishers: Int

    package init(messages: Int = 50_000, publishers: Int = 1) {
        self.messages = messages
        self.publishers = publishers
    }

    /// - Returns: a result for filling the queue (per acknowledgement) and one for draining it (per delivery).
    package func run(_ options: RunOptions) throws -> [ScenarioResult] {
        var options = try options.checked()
        options.qos = max(1, options.qos)
        guard messages > 0, publishers > 0 else {
            throw LoadError("at least one message and publisher are needed")
        }
        let root = "bench/\(options.run)"
        let suffix = "QoS \(options.qos)"
        var engine = try options.engine(clients: 1 + publishers, scenario: "\(messages) messages queued")
        let probe = try options.probe()
        engine.clients[0].subscriber = 0
        for index in 1...publishers { engine.clients[index].publisher = index - 1 }
        var session = options.connect(0)
        session.clean = false
        session.sessionExpirySeconds = 3600
        try engine.open(0..<1) { _ in session }
        try engine.subscribe(0..<1, qos: options.qos) { _ in ["\(root)/#"] }
        engine.hangUp(0)

        try engine.open(1..<1 + publishers) { options.connect($0) }
        engine.flow.qos = options.qos
        engine.flow.settlement = .acknowledged
        engine.flow.templates = PublishTemplates(
            topics: (0..<publishers).map { "\(root)/\($0)" },
            version: options.target.version,
            qos: options.qos,
            retain: false,
            payloadCount: options.payloadCount
        )
        engine.flow.check = DeliveryCheck(mode: .every, publishers: publishers, subscribers: 1)
        let maxima = engine.receiveMaxima()
        engine.flow.setPublishers(
            clients: 1..<1 + publishers,
            topics: { $0..<$0 + 1 },
            order: .inTurn,
            window: options.window,
            inFlightMax: { maxima[$0] }
        )
        let flight = min(options.window, messages)
        let filled = try fill(
            &engine,
            "queueing from \(publishers), \(flight) in flight, \(suffix)",
            options,
            probe
        )
        let drained = try drain(
            &engine,
            "\(filled.acknowledged) queued messages, \(suffix)",
            session,
            options,
            probe
        )

        // The broker is left as it was found: a clean session takes the persistent one away.
        engine.hangUp(0)
        var clean = session
        clean.clean = true
        clean.sessionExpirySeconds = 0
        try engine.open(0..<1) { _ in clean }
        for index in 0...publishers { engine.hangUp(index) }
        engine.progress.clear()
        return [filled, drained]
    }

    private func fill(
        _ engine: inout Engine,
        _ name: String,
        _ options: RunOptions,
        _ probe: BrokerProbe?
    ) throws -> ScenarioResult {
        let meter = Meter(probe)
        let before = engine.counters
        let ownBefore = OwnTime.now()
        let limit = Engine.Limit(
            seconds: options.seconds,
            messages: UInt64(messages),
            stallSeconds: options.stallSeconds
        )
        let (nanoseconds, isSettled) = try engine.run(limit)
        let own = OwnTime.now() - ownBefore
        let threads = meter.stop()
        guard isSettled else {
            throw LoadError(
                "\(engine.counters.inFlight) messages were not acknowledged in \(Int(options.stallSeconds)) s"
            )
        }
        var result = ScenarioResult(scenario: name)
        result.count(from: before, to: engine.counters)
        result.unit = "acknowledgement"
        result.units = result.acknowledged
        result.spend(seconds: Clock.seconds(nanoseconds), threads: threads, own: own)
        result.latency = ScenarioResult.Latency(engine.acknowledgeLatency)
        result.residentBytesMax = probe?.residentBytesRoughly()
        return result
    }

    private func drain(
        _ engine: inout Engine,
        _ name: String,
        _ session: ControlPackets.Connect,
        _ options: RunOptions,
        _ probe: BrokerProbe?
    ) throws -> ScenarioResult {
        let wanted = engine.counters.published
        let before = engine.counters
        let meter = Meter(probe)
        let ownBefore = OwnTime.now()
        let start = Clock.now()
        try engine.open(0..<1) { _ in session }
        guard engine.clients[0].sessionPresent else { throw LoadError("the broker did not keep the session") }
        var resident: UInt64 = 0
        var sampleAt = start
        try engine.awaitDeliveries(stallSeconds: options.stallSeconds) { engine in
            if let probe, Clock.now() >= sampleAt {
                sampleAt = Clock.now() + 50_000_000
                resident = max(resident, probe.residentBytesRoughly())
            }
            return engine.counters.delivered >= wanted
        }
        let seconds = Clock.seconds(Clock.now() - start)
        let own = OwnTime.now() - ownBefore
        let threads = meter.stop()
        var result = ScenarioResult(scenario: name)
        result.count(from: before, to: engine.counters)
        result.units = result.delivered
        result.spend(seconds: seconds, threads: threads, own: own)
        result.residentBytesMax = probe == nil ? nil : resident
        let verdict = engine.flow.check.verdict
        // Those that were skipped over are in the verdict already, and what came twice makes up for none.
        let accounted = result.delivered &- verdict.repeatedOrLate &- verdict.foreign &+ verdict.lost
        result.judge(verdict, unsettled: wanted - min(wanted, accounted))
        return result
    }
}
