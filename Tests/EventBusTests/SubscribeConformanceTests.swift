import EventBus
import MQTTWire
import Testing

/// SUBSCRIBE, UNSUBSCRIBE, PINGREQ and what subscribers get, in all versions.
@Suite struct SubscribeConformanceTests {
    static let versions: [ProtocolVersion] = [.v3_1, .v3_1_1, .v5]

    private func client(_ bus: BusHarness, _ version: ProtocolVersion, _ name: String, keeps: Bool = false)
        -> TestClient
    {
        let client = bus.open()
        client.version = version
        return client.connect(name, clean: !keeps) {
            if keeps, version == .v5 { $0.properties.sessionExpiryInterval = 1_000 }
        }
    }

    private func subscription(_ filter: String, _ qos: QoS) -> Subscription? {
        (try? TopicFilter(filter)).map { Subscription($0, maximumQoS: qos) }
    }

    /// [MQTT-2.2.1-6], [MQTT-3.8.4-1], [MQTT-3.8.4-2], [MQTT-3.8.4-5…7], [MQTT-3.9.3-1], [MQTT-3.9.3-2], [MQTT-3.3.1-10],
    /// [MQTT3-2.3.1-7], [MQTT3-3.8.4-1], [MQTT3-3.8.4-2], [MQTT3-3.8.4-4], [MQTT3-3.8.4-5], [MQTT3-3.9.3-1], [MQTT3-3.9.3-2]
    @Test(arguments: versions)
    func `many filters get one answer with a code each, in their order`(_ version: ProtocolVersion) {
        let bus = BusHarness { $0.topicLevelsMaximum = 3 }
        let client = client(bus, version, "c")
        let wishes = [
            ("a", QoS.exactlyOnce), ("a/b/c/d", .atLeastOnce), ("b/+", .atMostOnce), ("#", .atLeastOnce),
            ("a", .atMostOnce),
        ]
        client.send(.subscribe(Subscribe(packetID: 513, subscriptions: wishes.compactMap(subscription))))
        #expect(client.subAcks.count == 1)
        #expect(client.subAcks.first?.packetID == 513)
        let refused: ReasonCode = version == .v5 ? .topicFilterInvalid : .unspecifiedError
        #expect(
            client.subAcks.first?.reasonCodes == [
                .grantedQoS2, refused, .grantedQoS0, .grantedQoS1, .grantedQoS0,
            ]
        )
        // As if they had come one by one: the second "a" took the first one's place.
        #expect(bus.shards[0].subscriptionCount == 3)
        bus.open().connect("p").publish("a", "x", .exactlyOnce)
        #expect(client.publishes.map(\.qos) == [.atLeastOnce])
    }

    /// [MQTT-2.2.1-6], [MQTT-3.10.4-1], [MQTT-3.10.4-2], [MQTT-3.10.4-4…6], [MQTT-3.11.3-1], [MQTT-3.11.3-2],
    /// [MQTT3-2.3.1-7], [MQTT3-3.10.4-1], [MQTT3-3.10.4-2], [MQTT3-3.10.4-4…6]
    @Test(arguments: versions)
    func `filters are given up character by character, with one answer`(_ version: ProtocolVersion) {
        let bus = BusHarness()
        let client = client(bus, version, "c")
        for filter in ["a/+", "a/b", "A/b", "a/b/", "e\u{301}"] { client.subscribe(filter) }
        let filters = ["a/b", "nothing", "a/b", "a/#", "\u{e9}"].compactMap { try? TopicFilter($0) }
        client.send(.unsubscribe(Unsubscribe(packetID: 300, filters: filters)))
        #expect(client.unsubAcks.map(\.packetID) == [300])
        let none = ReasonCode.noSubscriptionExisted
        #expect(
            client.unsubAcks.first?.reasonCodes == (version == .v5 ? [.success, none, none, none, none] : [])
        )
        let publisher = bus.open().connect("p")
        for topic in ["a/b", "A/b", "a/b/", "a/c", "e\u{301}", "\u{e9}"] { publisher.publish(topic, topic) }
        #expect(client.payloads == ["a/b", "A/b", "a/b/", "a/c", "e\u{301}"])
        client.unsubscribe("a/+")
        publisher.publish("a/b", "no more")
        #expect(client.payloads.count == 5)
    }

    /// [MQTT-3.10.4-3], [MQTT3-3.10.4-3]
    @Test(arguments: versions)
    func `what was begun before UNSUBSCRIBE is completed`(_ version: ProtocolVersion) {
        let bus = BusHarness()
        let first = client(bus, version, "c", keeps: true)
        first.answers = false
        first.subscribe("t", .exactlyOnce)
        let publisher = bus.open().connect("p")
        publisher.publish("t", "1", .atLeastOnce)
        publisher.publish("t", "2", .exactlyOnce)
        first.unsubscribe("t")
        publisher.publish("t", "3", .exactlyOnce)
        first.acknowledge(.pubRec, first.publishes[1].packetID)
        #expect(first.acknowledgements(.pubRel).count == 1)
        first.lose()
        let second = client(bus, version, "c", keeps: true)
        #expect(second.payloads == ["1"])
        #expect(second.acknowledgements(.pubRel).count == 1)
    }

    /// [MQTT-3.8.4-3], [MQTT-3.8.4-4], [MQTT-3.3.1-5], [MQTT-3.3.1-8], [MQTT3-3.8.4-3], [MQTT3-3.3.1-5], [MQTT3-3.3.1-6],
    /// [MQTT3-3.3.1-8], [MQTT3-3.3.1-9], [MQTT3-3.3.1-12], [MQTT3-3.8.4-6], [MQTT-3.8.4-8]
    @Test(arguments: versions)
    func `the same filter again replaces the old one and sends retained messages again`(
        _ version: ProtocolVersion
    ) {
        let bus = BusHarness()
        let publisher = bus.open().connect("p")
        publisher.publish("t/a", "first", .exactlyOnce, retain: true)
        publisher.publish("t/a", "kept", .exactlyOnce, retain: true)
        publisher.publish("t/a", "not kept", .exactlyOnce)
        publisher.publish("u", "elsewhere", retain: true)
        let client = client(bus, version, "c")
        client.subscribe("t/#", .atLeastOnce)
        client.subscribe("t/#", .exactlyOnce)
        publisher.publish("t/a", "live", .exactlyOnce, retain: true)
        #expect(client.payloads == ["kept", "kept", "live"])
        #expect(client.publishes.map(\.qos) == [.atLeastOnce, .exactlyOnce, .exactlyOnce])
        #expect(client.publishes.map(\.retain) == [true, true, false])
        #expect(bus.shards[0].subscriptionCount == 1)
    }

    /// [MQTT-3.3.1-6], [MQTT-3.3.1-7], [MQTT3-3.3.1-7], [MQTT3-3.3.1-10], [MQTT3-3.3.1-11], [MQTT3-3.1.2-7]
    @Test(arguments: versions)
    func `retained messages outlive sessions and end with an empty one`(_ version: ProtocolVersion) {
        let bus = BusHarness()
        let keeper = client(bus, version, "keeper")
        keeper.publish("t", "old", .atLeastOnce, retain: true)
        keeper.publish("t", "new", retain: true)
        keeper.lose()
        #expect(bus.shards[0].sessionCount == 0)
        let first = client(bus, version, "first")
        first.subscribe("t", .exactlyOnce)
        #expect(first.payloads == ["new"])
        first.publish("t", "", .exactlyOnce, retain: true)
        #expect(first.payloads == ["new", ""])
        #expect(first.publishes.map(\.retain) == [true, false])
        let second = client(bus, version, "second")
        second.subscribe("t")
        #expect(second.publishes.isEmpty)
        #expect(bus.site.retained.count == 0)
    }

    /// [MQTT-3.3.4-2], [MQTT-3.3.4-4], [MQTT3-3.3.5-1], [MQTT-3.3.2-3], [MQTT3-3.3.2-3]
    @Test(arguments: versions)
    func `overlapping filters give one copy with the highest of their QoS`(_ version: ProtocolVersion) {
        let bus = BusHarness()
        let client = client(bus, version, "c")
        client.subscribe("a/+", .atLeastOnce, identifier: version == .v5 ? 1 : nil)
        client.subscribe("#", .exactlyOnce, identifier: version == .v5 ? 268_435_455 : nil)
        client.subscribe("a/b", .atMostOnce)
        bus.open().connect("p").publish("a/b", "x", .exactlyOnce)
        #expect(client.publishes.map(\.qos) == [.exactlyOnce])
        let identifiers = client.publishes.first?.properties.subscriptionIdentifiers ?? []
        #expect(Set(identifiers) == (version == .v5 ? [1, 268_435_455] : []))
        #expect(client.publishes.map(\.topic) == ["a/b"])
    }

    /// [MQTT-3.3.4-5]: copies that come one by one, as from retained messages, name their own subscription.
    @Test func `a retained message carries the identifier of the subscription that asked for it`() {
        let bus = BusHarness()
        bus.open().connect("p").publish("a/b", "x", retain: true)
        let client = bus.open().connect("c")
        client.subscribe("a/+", identifier: 7)
        client.subscribe("a/b", identifier: 8)
        #expect(client.publishes.map(\.properties.subscriptionIdentifiers) == [[7], [8]])
    }

    /// [MQTT-3.12.4-1], [MQTT3-3.12.4-1]
    @Test(arguments: versions)
    func `PINGREQ is answered`(_ version: ProtocolVersion) {
        let bus = BusHarness()
        let client = client(bus, version, "c")
        client.forget()
        client.send(.pingReq)
        client.send(.pingReq)
        #expect(client.received == [.pingResp, .pingResp])
    }

    /// [MQTT-4.7.0-1], [MQTT-4.7.1-1], [MQTT-4.7.1-2], [MQTT-4.7.2-1], [MQTT-4.7.3-4], [MQTT-1.5.4-3],
    /// [MQTT3-4.7.1-2], [MQTT3-4.7.1-3], [MQTT3-4.7.2-1], [MQTT3-4.7.3-4], [MQTT3-1.5.3-3]
    @Test(arguments: versions)
    func `filters match as written, and wildcards do not reach the server's topics`(
        _ version: ProtocolVersion
    ) {
        let bus = BusHarness { $0.sysInterval = 10 }
        let client = client(bus, version, "c")
        for filter in ["#", "+/broker/#", "\u{FEFF}x", "X"] { client.subscribe(filter) }
        bus.advance(seconds: 11)
        #expect(client.publishes.isEmpty, "$SYS is for those who name it")
        let publisher = bus.open().connect("p")
        publisher.publish("\u{FEFF}x", "1")
        publisher.publish("x", "2")
        #expect(client.publishes.map { Array($0.topic.utf8) } == [Array("\u{FEFF}x".utf8), Array("x".utf8)])
        client.forget()
        client.subscribe("$SYS/#")
        bus.advance(seconds: 11)
        #expect(!client.publishes.isEmpty)
        #expect(client.publishes.allSatisfy { $0.topic.hasPrefix("$SYS/") })
    }

    /// [MQTT-4.7.3-3], [MQTT3-4.7.3-3]
    @Test(arguments: versions)
    func `a topic of the greatest length there is passes where that is allowed`(_ version: ProtocolVersion) {
        let bus = BusHarness { $0.topicLengthMaximum = 65_535 }
        let client = client(bus, version, "c")
        let longest = String(repeating: "x", count: 65_535)
        client.subscribe(longest)
        client.publish(longest, "here")
        #expect(client.payloads == ["here"])
        #expect(client.publishes.first?.topic == longest)
    }

    // MARK: - Shared subscriptions

    /// [MQTT-4.8.2-1], [MQTT-4.8.2-2], [MQTT-4.8.2-3]
    @Test func `each member gets its share with the QoS it was granted`() {
        let bus = BusHarness()
        let zero = bus.open().connect("zero")
        zero.subscribe("$share/g/t", .atMostOnce, identifier: 5)
        let two = bus.open().connect("two")
        two.subscribe("$share/g/t", .exactlyOnce)
        let other = bus.open().connect("other")
        other.subscribe("$share/h/t", .atLeastOnce)
        let publisher = bus.open().connect("p")
        for i in 0..<4 { publisher.publish("t", "\(i)", .exactlyOnce) }
        #expect(zero.publishes.map(\.qos) == [.atMostOnce, .atMostOnce])
        #expect(zero.publishes.allSatisfy { $0.properties.subscriptionIdentifiers == [5] })
        #expect(two.publishes.map(\.qos) == [.exactlyOnce, .exactlyOnce])
        #expect(other.publishes.map(\.qos) == Array(repeating: .atLeastOnce, count: 4))
        #expect(Set(zero.payloads + two.payloads).count == 4)
    }

    /// MQTT 5, 4.8.2
    @Test func `a shared subscription gets no retained messages at its start`() {
        let bus = BusHarness()
        bus.open().connect("p").publish("t", "kept", retain: true)
        let client = bus.open().connect("c")
        client.subscribe("$share/g/t")
        #expect(client.publishes.isEmpty)
        client.subscribe("t")
        #expect(client.payloads == ["kept"])
    }

    /// [MQTT-4.8.2-4], [MQTT-4.8.2-5]
    @Test func `a QoS 2 message stays with the member it was sent to`() {
        let bus = BusHarness()
        let first = client(bus, .v5, "first", keeps: true)
        first.answers = false
        first.subscribe("$share/g/t", .exactlyOnce)
        let publisher = bus.open().connect("p")
        publisher.publish("t", "sent", .exactlyOnce)
        first.lose()
        let second = client(bus, .v5, "second")
        second.subscribe("$share/g/t", .exactlyOnce)
        #expect(second.payloads == [])
        let back = client(bus, .v5, "first", keeps: true)
        #expect(back.payloads == ["sent"])
        #expect(back.publishes.map(\.isDuplicate) == [true])
        back.lose()
        // The same again, and now its session ends.
        let third = client(bus, .v5, "first", keeps: true)
        third.answers = false
        second.unsubscribe("$share/g/t")
        publisher.publish("t", "lost", .exactlyOnce)
        #expect(third.payloads == ["lost"])
        second.subscribe("$share/g/t", .exactlyOnce)
        third.lose()
        bus.advance(seconds: 1_001)
        #expect(bus.shards[0].counters.sessionsExpired == 1)
        #expect(second.payloads == [])
    }

    @Test func `what a member leaves goes to its own groups only`() {
        let bus = BusHarness()
        let leaver = bus.open().connect("leaver")
        leaver.answers = false
        leaver.subscribe("$share/g/t", .atLeastOnce)
        let rest = bus.open().connect("rest")
        let other = bus.open().connect("other")
        other.subscribe("$share/h/#", .atLeastOnce)
        bus.open().connect("p").publish("t", "x", .atLeastOnce)
        rest.subscribe("$share/g/t", .atLeastOnce)
        leaver.lose()
        #expect(leaver.payloads == ["x"])
        #expect(rest.payloads == ["x"])
        #expect(other.payloads == ["x"])
    }

    /// [MQTT-3.8.3-3], [MQTT-3.3.1-12], [MQTT-3.3.1-13], and all together as MQTT 5, 3.8.3.1 lists them.
    @Test(arguments: [false, true], [false, true])
    func `no local and retain as published hold for each subscription`(_ noLocal: Bool, _ asPublished: Bool) {
        let bus = BusHarness()
        let client = bus.open().connect("c")
        client.subscribe("t") {
            $0.noLocal = noLocal
            $0.retainAsPublished = asPublished
        }
        client.publish("t", "own", retain: true)
        bus.open().connect("p").publish("t", "other", retain: true)
        #expect(client.payloads == (noLocal ? ["other"] : ["own", "other"]))
        #expect(client.publishes.allSatisfy { $0.retain == asPublished })
        // No local is about the client identifier, not the connection.
        client.lose()
    }
}
