import Access
import EventBus
import MQTTWire
import Synchronization
import Testing

/// What a publisher is told when another shard's journal must keep its message too.
@Suite struct ShardDurabilityTests {
    private let bus = BusHarness(shards: 2)
    private let stores = [FalseStore(), FalseStore()]

    /// A session that outlives its connection, in shard 1; publishers come to shard 0.
    init() {
        for (shard, store) in zip(bus.shards, stores) { shard.attach(store) }
        let subscriber = bus.open(shard: 1).connect("s", clean: false) {
            $0.properties.sessionExpiryInterval = 100
        }
        subscriber.subscribe("t", .exactlyOnce)
        commit(1)
    }

    private func commit(_ shard: Int) {
        stores[shard].commit()
        bus.shards[shard].storageCommitted()
        bus.run()
    }

    @Test func `an acknowledgement waits for the other shard's disk`() {
        stores[1].isSlow = true
        let publisher = bus.open(shard: 0).connect("p")
        publisher.publish("t", "1", .atLeastOnce)
        #expect(publisher.acknowledgements(.pubAck).isEmpty)
        commit(1)
        #expect(publisher.acknowledgements(.pubAck).map(\.reasonCode) == [.success])
    }

    @Test func `what the other shard refuses is told with QoS 1 and 2`() {
        stores[1].isFull = true
        let publisher = bus.open(shard: 0).connect("p")
        publisher.publish("t", "1", .atLeastOnce, packetID: 1)
        publisher.publish("t", "2", .exactlyOnce, packetID: 2)
        #expect(publisher.acknowledgements(.pubAck).map(\.reasonCode) == [.quotaExceeded])
        #expect(publisher.acknowledgements(.pubRec).map(\.reasonCode) == [.quotaExceeded])
    }

    @Test func `an identifier whose message was refused is free again`() {
        stores[1].isFull = true
        let publisher = bus.open(shard: 0).connect("p")
        publisher.publish("t", "refused", .exactlyOnce, packetID: 2)
        stores[1].isFull = false
        let witness = bus.open(shard: 1).connect("w")
        witness.subscribe("t")
        publisher.publish("t", "taken", .exactlyOnce, packetID: 2)
        commit(1)
        #expect(publisher.acknowledgements(.pubRec).map(\.reasonCode) == [.quotaExceeded, .success])
        #expect(witness.payloads == ["taken"])
    }

    /// Before MQTT 5 an acknowledgement cannot say no.
    @Test(arguments: [QoS.atLeastOnce, .exactlyOnce])
    func `a client without reason codes is cut off and not deceived`(qos: QoS) {
        stores[1].isFull = true
        let publisher = bus.open(shard: 0).connect("p") { $0.version = .v3_1_1 }
        publisher.publish("t", "1", qos)
        #expect(publisher.acknowledgements(.pubAck).isEmpty)
        #expect(publisher.acknowledgements(.pubRec).isEmpty)
        #expect(publisher.isClosed)
    }

    @Test(arguments: [true, false])
    func `a publisher inside the process waits for the other shard too`(isRefused: Bool) {
        stores[1].isSlow = true
        stores[1].isFull = isRefused
        let shard = bus.shards[0]
        let session = shard.openLocal(.unrestricted(clientID: "local"), Deaf())
        let answers = Answers()
        var wait = DurabilityWait()
        for payload in ["1", "2"] {
            Array("t".utf8).withUnsafeBytes { topic in
                Array(payload.utf8).withUnsafeBytes { payload in
                    let parts = PublishParts(topic: topic, payload: payload)
                    wait.add(
                        shard.publishLocal(
                            session,
                            parts,
                            qos: .atLeastOnce,
                            retain: false,
                            expiryInterval: nil
                        )
                        .wait
                    )
                }
            }
        }
        shard.whenDurable(wait) { isKept in answers.list.withLock { $0.append(isKept) } }
        #expect(answers.list.withLock { $0 }.isEmpty)
        bus.run()
        commit(1)
        #expect(answers.list.withLock { $0 } == [!isRefused])
    }

    private final class Answers: Sendable {
        let list = Mutex<[Bool]>([])
    }

    private final class Deaf: LocalSubscriber {
        func deliver(_ message: borrowing DeliveredMessage) {}
    }
}
