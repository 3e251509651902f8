import EventBus
import MQTTWire
import Testing

/// Rates of single clients, as bandwidth allocations set them.
@Suite struct RateTests {
    private func limit(_ bus: BusHarness, _ subject: RateSubject, _ limit: RateLimit?) {
        for shard in bus.shards { shard.limitRates(limit.map { [subject: $0] } ?? [:]) }
        bus.run()
    }

    @Test func `a client that publishes beyond its rate is paused for as long as its bytes cost`() {
        let bus = BusHarness()
        let publisher = bus.open().connect("p")
        let subscriber = bus.open().connect("s")
        subscriber.subscribe("t")
        limit(bus, .client("p"), RateLimit(publishBytes: 1_000))
        // A packet of 500 bytes costs half a second; a twentieth is given on credit.
        let payload = String(repeating: "x", count: 495)
        for _ in 0..<10 { publisher.publish("t", payload) }
        #expect(subscriber.payloads.count == 1)
        #expect(publisher.isPaused)
        bus.advance(seconds: 0.44)
        #expect(subscriber.payloads.count == 1)
        bus.advance(seconds: 0.02)
        #expect(subscriber.payloads.count == 2)
        for _ in 0..<4 { bus.advance(seconds: 0.5) }
        #expect(subscriber.payloads.count == 6)
        limit(bus, .client("p"), nil)
        #expect(subscriber.payloads.count == 10, "without the limit everything goes at once")
        #expect(!publisher.isPaused)
    }

    @Test func `one packet larger than a second's worth is paid for in full`() {
        let bus = BusHarness()
        let publisher = bus.open().connect("p")
        limit(bus, .client("p"), RateLimit(publishBytes: 1_000))
        publisher.publish("t", String(repeating: "x", count: 9_995))
        bus.advance(seconds: 9.9)
        #expect(publisher.isPaused)
        bus.advance(seconds: 0.1)
        #expect(!publisher.isPaused)
    }

    @Test func `what a client is sent leaves at its rate, and all of it arrives`() {
        let bus = BusHarness()
        let subscriber = bus.open().connect("s")
        subscriber.subscribe("t", .atLeastOnce)
        let publisher = bus.open().connect("p")
        limit(bus, .client("s"), RateLimit(deliverBytes: 10_000))
        for i in 0..<20 {
            publisher.publish(
                "t",
                "\(i)" + String(repeating: "x", count: 1_000),
                .atLeastOnce,
                packetID: UInt16(i + 1)
            )
        }
        #expect(subscriber.payloads.count <= 2)
        bus.advance(seconds: 1)
        var after: [Int] = []
        for _ in 0..<40 {
            bus.advance(seconds: 0.05)
            after.append(subscriber.payloads.count)
        }
        #expect(after[10] < 20, "20,000 bytes take two seconds")
        #expect(after.last == 20)
        #expect(subscriber.payloads.map { $0.prefix { $0 != "x" } } == (0..<20).map { "\($0)" })
    }

    @Test func `an allocation holds for a client that comes later, by identifier or user`() {
        let bus = BusHarness()
        limit(bus, .client("late"), RateLimit(publishBytes: 100))
        let late = bus.open().connect("late")
        let other = bus.open().connect("other")
        late.publish("t", String(repeating: "x", count: 200))
        other.publish("t", String(repeating: "x", count: 200))
        #expect(late.isPaused)
        #expect(!other.isPaused)
    }

    @Test func `last words are not held back`() {
        let bus = BusHarness()
        let subscriber = bus.open().connect("s")
        subscriber.subscribe("t")
        limit(bus, .client("s"), RateLimit(deliverBytes: 1))
        let publisher = bus.open().connect("p")
        for _ in 0..<3 { publisher.publish("t", String(repeating: "x", count: 2_000)) }
        for shard in bus.shards { shard.drain() }
        bus.run()
        #expect(subscriber.isClosed)
        #expect(subscriber.payloads.count == 3)
    }
}
