import EventBus
import JournalTesting
import MQTTWire
import Testing

/// What a restart finds, step by step.
@Suite struct RestartTests {
    /// Moves everything until nothing moves.
    private func run(_ site: SimulatedSite, _ clients: [SimulatedClient], commits: Bool = true) {
        for _ in 0..<50 {
            for client in clients { client.flush(site, atMost: 1 << 20) }
            if commits { site.commit() }
            site.shard.takeDirty { slot in
                let bytes = Array(site.shard.output(of: slot))
                site.shard.consumeOutput(bytes.count, of: slot)
                clients.first { $0.connection?.slot == slot }?.take(bytes)
            }
            _ = site.shard.takeEffects()
        }
    }

    struct Case: Sendable, CustomTestStringConvertible {
        var name: String
        var qos: QoS
        var isAway: Bool
        var powerCut: Bool
        var testDescription: String { name }
    }

    static let cases: [Case] = [QoS.atLeastOnce, .exactlyOnce].flatMap { qos in
        [true, false].flatMap { isAway in
            [true, false].map {
                Case(
                    name:
                        "QoS \(qos.rawValue), subscriber \(isAway ? "away" : "there"), \($0 ? "power cut" : "kill -9")",
                    qos: qos,
                    isAway: isAway,
                    powerCut: $0
                )
            }
        }
    }

    @Test(arguments: cases)
    func `messages wait for a session through a restart`(_ row: Case) throws {
        var random = SimulatedRandom(seed: 1)
        let site = try SimulatedSite(disk: SimulatedDisk(seed: 1))
        let subscriber = SimulatedSubscriber(clientID: "sub", filter: "t/#")
        let publisher = SimulatedPublisher(clientID: "pub", topic: "t/x", qos: row.qos, limit: 5)
        subscriber.connect(site)
        publisher.connect(site)
        run(site, [subscriber, publisher])
        #expect(subscriber.isSubscribed)
        if row.isAway, let connection = subscriber.connection {
            subscriber.lose()
            site.shard.closed(connection, cause: .peer)
        }
        for _ in 0..<5 { publisher.act(&random) }
        // The subscriber does not answer before the end.
        run(site, [publisher])
        #expect(publisher.acknowledged.count == 5)
        subscriber.lose()
        publisher.lose()
        try site.restart(powerCut: row.powerCut)
        subscriber.connect(site)
        publisher.connect(site)
        run(site, [subscriber, publisher])
        #expect(subscriber.deliveries["t/x"] == [0, 1, 2, 3, 4])
        #expect(subscriber.complaints == [])
        #expect(publisher.complaints == [])
    }

    @Test func `retained messages are there after a restart, and forgotten ones are not`() throws {
        let site = try SimulatedSite(disk: SimulatedDisk(seed: 1))
        let publisher = SimulatedPublisher(
            clientID: "pub",
            topic: "r",
            qos: .atLeastOnce,
            limit: 3,
            retained: true
        )
        publisher.connect(site)
        run(site, [publisher])
        var random = SimulatedRandom(seed: 1)
        for _ in 0..<3 { publisher.act(&random) }
        run(site, [publisher])
        publisher.lose()
        try site.restart(powerCut: true)
        #expect(site.shard.retainedCount == 1)
        let subscriber = SimulatedSubscriber(clientID: "sub", filter: "#")
        subscriber.connect(site)
        run(site, [subscriber])
        #expect(subscriber.deliveries["r"] == [2])
    }

    @Test func `no acknowledgement leaves before its commit`() throws {
        let site = try SimulatedSite(disk: SimulatedDisk(seed: 1))
        let subscriber = SimulatedSubscriber(clientID: "sub", filter: "#")
        let publisher = SimulatedPublisher(clientID: "pub", topic: "t", qos: .atLeastOnce, limit: 3)
        subscriber.connect(site)
        publisher.connect(site)
        run(site, [subscriber, publisher])
        var random = SimulatedRandom(seed: 1)
        publisher.act(&random)
        run(site, [publisher], commits: false)
        #expect(publisher.acknowledged.isEmpty)
        run(site, [publisher])
        #expect(publisher.acknowledged.count == 1)
    }
}
