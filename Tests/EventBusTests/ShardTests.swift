import EventBus
import MQTTWire
import Testing

@Suite struct ShardTests {
    @Test func `messages cross shards in order and once`() {
        let bus = BusHarness(shards: 3)
        let subscribers = (0..<3).map { shard in
            let client = bus.open(shard: shard).connect("s\(shard)")
            client.subscribe("t/#", .exactlyOnce)
            return client
        }
        let publisher = bus.open(shard: 1).connect("p")
        for i in 0..<20 { publisher.publish("t/x", "\(i)", .exactlyOnce, packetID: UInt16(i + 1)) }
        for subscriber in subscribers {
            #expect(subscriber.payloads == (0..<20).map(String.init))
        }
    }

    @Test func `interest ends with its last subscriber`() {
        let bus = BusHarness(shards: 2)
        let a = bus.open(shard: 0).connect("a")
        let b = bus.open(shard: 0).connect("b")
        a.subscribe("t")
        b.subscribe("t")
        let publisher = bus.open(shard: 1).connect("p")
        publisher.publish("t", "1")
        a.unsubscribe("t")
        publisher.publish("t", "2")
        b.lose()
        let sent = bus.shards[1].counters.mailSent
        publisher.publish("t", "3")
        #expect(a.payloads == ["1"])
        #expect(b.payloads == ["1", "2"])
        #expect(bus.shards[1].counters.mailSent == sent)
    }

    @Test func `a client comes back to the shard where its session lives`() {
        let bus = BusHarness(shards: 2)
        let first = bus.open(shard: 0).connect("c", clean: false) {
            $0.properties.sessionExpiryInterval = 100
        }
        first.subscribe("t", .atLeastOnce)
        first.lose()
        bus.open(shard: 1).connect("p").publish("t", "x", .atLeastOnce)
        let second = bus.open(shard: 1).connect("c", clean: false) {
            $0.properties.sessionExpiryInterval = 100
        }
        #expect(second.shard == 0)
        #expect(second.connAck?.sessionPresent == true)
        #expect(second.payloads == ["x"])
    }

    @Test func `a connection is taken over from another shard`() {
        let bus = BusHarness(shards: 2)
        let old = bus.open(shard: 0).connect("c")
        let new = bus.open(shard: 1).connect("c")
        #expect(old.isClosed)
        #expect(new.connAck?.reasonCode == .success)
        #expect(bus.site.sessionCount == 1)
    }

    @Test func `a shared group has members in several shards`() {
        let bus = BusHarness(shards: 2)
        let members = (0..<4).map { i in
            let member = bus.open(shard: i % 2).connect("m\(i)")
            member.subscribe("$share/g/t", .atLeastOnce)
            return member
        }
        let publishers = (0..<2).map { bus.open(shard: $0).connect("p\($0)") }
        for i in 0..<40 { publishers[i % 2].publish("t", "\(i)", .atLeastOnce) }
        #expect(Set(members.flatMap(\.payloads)).count == 40)
        #expect(members.reduce(0) { $0 + $1.publishes.count } == 40)
        members[0].lose()
        members[1].lose()
        for i in 40..<60 { publishers[i % 2].publish("t", "\(i)", .atLeastOnce) }
        #expect(Set(members.flatMap(\.payloads)).count == 60)
    }
}
