import Access
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

    @Test func `what is retained in memory only is gone after a restart, and clears nothing on disk`() throws
    {
        let site = try SimulatedSite(disk: SimulatedDisk(seed: 3))
        let publish = { (topic: String, text: String, isVolatile: Bool) in
            let session = site.shard.openLocal(.unrestricted(clientID: "service"), Silence())
            var topic = topic
            let outcome = topic.withUTF8 { topic in
                Array(text.utf8).withUnsafeBytes { payload in
                    site.shard.publishLocal(
                        session,
                        PublishParts(
                            topic: UnsafeRawBufferPointer(topic),
                            properties: UnsafeRawBufferPointer(start: nil, count: 0),
                            payload: payload,
                            expiryOffset: -1
                        ),
                        qos: .atLeastOnce,
                        retain: true,
                        expiryInterval: nil,
                        isVolatile: isVolatile
                    )
                }
            }
            #expect(!outcome.reason.isFailure)
            site.shard.closeLocal(session)
        }
        publish("kept", "1", false)
        let records = site.storage.lastPosition
        publish("state", "2", true)
        #expect(site.storage.lastPosition == records, "nothing is written for it")
        #expect(site.shard.retainedCount == 2)
        site.commit()
        try site.restart(powerCut: false)
        #expect(site.shard.retainedCount == 1)
    }
}

private final class Silence: LocalSubscriber {
    func deliver(_ message: borrowing DeliveredMessage) {}
}
