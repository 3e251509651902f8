/// Many retained messages for a subscriber that is new.
package struct RetainedScenario: Sendable {
    package var retained: Int
    /// New subscribers, one after another; the figures are over all of them.
    package var subscribers: Int

    package init(retained: Int = 20_000, subscribers: Int = 5) {
        self.retained = retained
        self.subscribers = subscribers
    }

    package func run(_ options: RunOptions) throws -> ScenarioResult {
        let options = try options.checked()
        guard retained > 0, subscribers > 0 else {
            throw LoadError("at least one message and subscriber are needed")
        }
        let name = "\(retained) retained messages, QoS \(options.qos)"
        let root = "bench/\(options.run)"
        var engine = try options.engine(clients: subscribers + 1, scenario: name)
        let publisher = subscribers
        for index in 0..<subscribers { engine.clients[index].subscriber = index }
        engine.clients[publisher].publisher = 0
        try engine.open(publisher..<publisher + 1) { options.connect($0) }

        // They are published with QoS 1 at least, so that all are in place before the first subscriber comes.
        let topics = (0..<retained).map { "\(root)/\($0 % 100)/\($0)" }
        let maximum = engine.clients[publisher].receiveMaximum
        func prepare(payloadCount: Int) {
            engine.flow.qos = max(1, options.qos)
            engine.flow.settlement = .acknowledged
            engine.flow.templates = PublishTemplates(
                topics: topics,
                version: options.target.version,
                qos: max(1, options.qos),
                retain: true,
                payloadCount: payloadCount
            )
            engine.flow.setPublishers(
                clients: publisher..<publisher + 1,
                topics: { _ in 0..<topics.count },
                order: .inTurn,
                window: options.window,
                inFlightMax: { _ in maximum }
            )
        }
        prepare(payloadCount: options.payloadCount)
        let probe = try options.probe()
        let fill = Engine.Limit(seconds: 600, messages: UInt64(retained), stallSeconds: options.stallSeconds)
        guard try engine.run(fill).isSettled else {
            throw LoadError("the broker did not take the retained messages")
        }
        engine.flow.check = DeliveryCheck(
            mode: .anyOrder,
            publishers: 1,
            subscribers: subscribers,
            messagesMax: retained
        )

        let meter = Meter(probe)
        let before = engine.counters
        let ownBefore = OwnTime.now()
        var seconds = 0.0
        var resident: UInt64 = 0
        for index in 0..<subscribers {
            try engine.open(index..<index + 1) { options.connect($0) }
            let start = Clock.now()
            let wanted = engine.counters.delivered + UInt64(retained)
            try engine.subscribe(index..<index + 1, qos: options.qos) { _ in ["\(root)/#"] }
            try engine.awaitDeliveries(stallSeconds: options.stallSeconds) { $0.counters.delivered >= wanted }
            seconds += Clock.seconds(Clock.now() - start)
            resident = max(resident, probe?.residentBytesRoughly() ?? 0)
            engine.hangUp(index)
        }
        let own = OwnTime.now() - ownBefore
        let threads = meter.stop()
        var result = ScenarioResult(scenario: name)
        result.count(from: before, to: engine.counters)
        result.units = result.delivered
        result.spend(seconds: seconds, threads: threads, own: own)
        result.residentBytesMax = probe == nil ? nil : resident
        let wanted = UInt64(retained * subscribers)
        result.judge(engine.flow.check.verdict, unsettled: wanted - min(wanted, result.delivered))

        // The broker is left as it was found: an empty payload takes a retained message away.
        prepare(payloadCount: 0)
        _ = try engine.run(fill)
        engine.progress.clear()
        engine.hangUp(publisher)
        return result
    }
}
