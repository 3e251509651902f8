import Access
import EventBus
import MQTTWire
import Testing

/// Bytes and behaviour that are meant to harm: each is answered as the standard asks, and everybody
/// else goes on as before.
@Suite struct HostileInputTests {
    /// A packet of a connected client, and the reason code of the DISCONNECT that answers it.
    struct Malformed: Sendable, CustomTestStringConvertible {
        var name: String
        var code: UInt8
        var bytes: [UInt8]
        var testDescription: String { name }

        init(_ name: String, _ code: UInt8, _ bytes: [UInt8]) {
            self.name = name
            self.code = code
            self.bytes = bytes
        }
    }

    static let headers: [Malformed] = [
        .init("packet type 0", 0x81, [0x00, 0]),
        .init("flags of SUBSCRIBE", 0x81, frame(0x80, [0, 1, 0], text("a"), [0])),
        .init("flags of UNSUBSCRIBE", 0x81, frame(0xA0, [0, 1, 0], text("a"))),
        .init("flags of PUBREL", 0x81, [0x60, 2, 0, 1]),
        .init("flags of PUBACK", 0x81, [0x41, 2, 0, 1]),
        .init("flags of PINGREQ", 0x81, [0xC1, 0]),
        .init("flags of DISCONNECT", 0x81, [0xE1, 0]),
        .init("flags of AUTH", 0x81, [0xF1, 0]),
        .init("a remaining length of five bytes", 0x81, [0x30, 0x80, 0x80, 0x80, 0x80, 0x01]),
        .init("a remaining length longer than needed", 0x81, [0xC0, 0x80, 0x00]),
        .init("a packet above the maximum, announced", 0x95, [0x30, 0xFF, 0xFF, 0xFF, 0x7F]),
        .init("PINGREQ with a body", 0x81, [0xC0, 1, 0]),
        .init("CONNACK from a client", 0x82, [0x20, 3, 0, 0, 0]),
        .init("SUBACK from a client", 0x82, [0x90, 4, 0, 1, 0, 0]),
        .init("UNSUBACK from a client", 0x82, [0xB0, 4, 0, 1, 0, 0]),
        .init("PINGRESP from a client", 0x82, [0xD0, 0]),
        .init("AUTH without a method", 0x82, [0xF0, 2, 0x18, 0]),
        .init("a second CONNECT", 0x82, frame(0x10, connectHead(.v5, flags: 2), text("c"))),
    ]

    static let publishes: [Malformed] = [
        .init("QoS 3", 0x81, frame(0x36, text("t"), [0, 1, 0])),
        .init("DUP with QoS 0", 0x81, frame(0x38, text("t"), [0])),
        .init("no topic", 0x81, [0x30, 0]),
        .init("a topic longer than the packet", 0x81, [0x30, 4, 0xFF, 0xFF, 0x61, 0x62]),
        .init("a topic with '+'", 0x90, frame(0x30, text("a/+"), [0])),
        .init("a topic with '#'", 0x90, frame(0x30, text("#"), [0])),
        .init("a topic with U+0000", 0x81, frame(0x30, [0, 1, 0], [0])),
        .init("a topic with a surrogate", 0x81, frame(0x30, [0, 3, 0xED, 0xA0, 0x80], [0])),
        .init("an empty topic without alias", 0x82, frame(0x30, text(""), [0])),
        .init("packet identifier 0", 0x82, frame(0x32, text("t"), [0, 0, 0])),
        .init("topic alias 0", 0x94, frame(0x30, text("t"), [3, 0x23, 0, 0])),
        .init("a topic alias above the maximum", 0x94, frame(0x30, text("t"), [3, 0x23, 0xFF, 0xFF])),
        .init("a topic alias that was never set", 0x82, frame(0x30, text(""), [3, 0x23, 0, 9])),
        .init("a subscription identifier", 0x82, frame(0x30, text("t"), [2, 0x0B, 1])),
        .init("a response topic with a wildcard", 0x90, frame(0x30, text("t"), [4, 0x08], text("#"))),
        .init("a response topic that is not UTF-8", 0x81, frame(0x30, text("t"), [4, 0x08, 0, 1, 0xFF])),
        .init("a content type that is not UTF-8", 0x81, frame(0x30, text("t"), [4, 0x03, 0, 1, 0xFF])),
        .init(
            "a user property that is not UTF-8",
            0x81,
            frame(0x30, text("t"), [7, 0x26, 0, 1, 0xC0, 0, 1, 0x61])
        ),
        .init("payload format 2", 0x82, frame(0x30, text("t"), [2, 0x01, 2])),
        .init("a property twice", 0x82, frame(0x30, text("t"), [4, 0x01, 0, 0x01, 0])),
        .init("a property of another packet", 0x81, frame(0x30, text("t"), [3, 0x21, 0, 1])),
        .init("an unknown property", 0x81, frame(0x30, text("t"), [2, 0x04, 0])),
        .init("properties longer than the packet", 0x81, frame(0x30, text("t"), [9, 0x01, 0])),
        .init(
            "a topic above the length that is allowed",
            0x90,
            frame(0x30, text(String(repeating: "x", count: 4_097)), [0])
        ),
    ]

    static let others: [Malformed] = [
        .init("PUBACK with identifier 0", 0x82, [0x40, 2, 0, 0]),
        .init("PUBACK without identifier", 0x81, [0x40, 1, 0]),
        .init("PUBACK with PUBREL's code", 0x82, [0x40, 3, 0, 1, 0x92]),
        .init("PUBREC with an unknown code", 0x82, [0x50, 3, 0, 1, 0x7F]),
        .init("PUBREL with PUBACK's code", 0x82, [0x62, 3, 0, 1, 0x10]),
        .init("PUBCOMP with PUBACK's code", 0x82, [0x70, 3, 0, 1, 0x97]),
        .init("SUBSCRIBE without filter", 0x82, [0x82, 3, 0, 1, 0]),
        .init("SUBSCRIBE with identifier 0", 0x82, frame(0x82, [0, 0, 0], text("a"), [0])),
        .init("SUBSCRIBE without options", 0x81, frame(0x82, [0, 1, 0], text("a"))),
        .init("SUBSCRIBE with an empty filter", 0x8F, frame(0x82, [0, 1, 0], text(""), [0])),
        .init("SUBSCRIBE with '#' inside", 0x8F, frame(0x82, [0, 1, 0], text("#/a"), [0])),
        .init("SUBSCRIBE with '+' beside text", 0x8F, frame(0x82, [0, 1, 0], text("a+"), [0])),
        .init("SUBSCRIBE with U+0000", 0x81, frame(0x82, [0, 1, 0], [0, 1, 0, 0])),
        .init("SUBSCRIBE that is not UTF-8", 0x81, frame(0x82, [0, 1, 0], [0, 1, 0x80, 0])),
        .init("SUBSCRIBE with reserved options", 0x81, frame(0x82, [0, 1, 0], text("a"), [0x80])),
        .init("SUBSCRIBE with QoS 3", 0x82, frame(0x82, [0, 1, 0], text("a"), [3])),
        .init("SUBSCRIBE with retain handling 3", 0x82, frame(0x82, [0, 1, 0], text("a"), [0x30])),
        .init("No Local, shared", 0x82, frame(0x82, [0, 1, 0], text("$share/g/a"), [4])),
        .init("an empty share name", 0x8F, frame(0x82, [0, 1, 0], text("$share//a"), [0])),
        .init("a wildcard in the share name", 0x8F, frame(0x82, [0, 1, 0], text("$share/#/a"), [0])),
        .init("a share name without filter", 0x8F, frame(0x82, [0, 1, 0], text("$share/g"), [0])),
        .init("subscription identifier 0", 0x82, frame(0x82, [0, 1, 2, 0x0B, 0], text("a"), [0])),
        .init("UNSUBSCRIBE without filter", 0x82, [0xA2, 3, 0, 1, 0]),
        .init("UNSUBSCRIBE that is not UTF-8", 0x81, frame(0xA2, [0, 1, 0], [0, 1, 0x80])),
        .init("DISCONNECT with a server's code", 0x82, [0xE0, 1, 0x8E]),
        .init("DISCONNECT with bytes behind", 0x81, [0xE0, 3, 0, 0, 0]),
        .init("DISCONNECT that gives a session life", 0x82, frame(0xE0, [0, 5, 0x11, 0, 0, 0, 9])),
    ]

    /// [MQTT-1.5.4-1], [MQTT-1.5.4-2], [MQTT-1.5.5-1], [MQTT-1.5.7-1], [MQTT-2.1.3-1], [MQTT-2.2.1-3], [MQTT-3.1.0-2],
    /// [MQTT-3.3.1-2], [MQTT-3.3.1-4], [MQTT-3.3.2-1], [MQTT-3.3.2-2], [MQTT-3.3.2-8], [MQTT-3.3.2-9], [MQTT-3.3.2-13],
    /// [MQTT-3.3.2-14], [MQTT-3.3.2-19], [MQTT-3.3.4-6], [MQTT-3.6.1-1], [MQTT-3.8.1-1], [MQTT-3.8.3-1], [MQTT-3.8.3-2],
    /// [MQTT-3.8.3-4], [MQTT-3.8.3-5], [MQTT-3.10.1-1], [MQTT-3.10.3-1], [MQTT-3.10.3-2], [MQTT-3.14.1-1],
    /// [MQTT-3.14.2-1], [MQTT-3.15.1-1], [MQTT-4.7.3-1], [MQTT-4.7.3-2], [MQTT-4.8.2-1], [MQTT-4.8.2-2],
    /// [MQTT-4.13.1-1], [MQTT-4.13.2-1], [MQTT-3.14.4-1], [MQTT-3.14.4-2]
    @Test(arguments: headers + publishes + others)
    func `a malformed packet is answered with its reason code and harms nobody else`(_ row: Malformed) {
        let bus = BusHarness()
        let other = bus.open().connect("other")
        other.subscribe("t/#", .atLeastOnce)
        let client = bus.open().connect("bad")
        client.subscribe("t/#")
        client.forget()
        // What stands behind it must not be read any more.
        client.send(bytes: row.bytes + frame(0x30, text("t/x"), [0], [0x21]))
        #expect(client.disconnect?.reasonCode.rawValue == row.code)
        #expect(client.received.count == 1)
        #expect(client.isClosed)
        bus.open().connect("p").publish("t/y", "still here", .atLeastOnce)
        #expect(other.payloads == ["still here"])
        #expect(bus.shards[0].connectionCount == 2)
        #expect(bus.shards[0].sessionCount == 2)
        #expect(bus.shards[0].subscriptionCount == 1)
    }

    static let old: [Malformed] = [
        .init("packet type 15", 0, [0xF0, 0]),
        .init("flags of SUBSCRIBE", 0, frame(0x80, [0, 1], text("a"), [0])),
        .init("flags of UNSUBSCRIBE", 0, frame(0xA0, [0, 1], text("a"))),
        .init("flags of PUBREL", 0, [0x60, 2, 0, 1]),
        .init("flags of DISCONNECT", 0, [0xE1, 0]),
        .init("QoS 3", 0, frame(0x36, text("t"), [0, 1])),
        .init("packet identifier 0", 0, frame(0x32, text("t"), [0, 0])),
        .init("a topic with '#'", 0, frame(0x30, text("t/#"))),
        .init("a topic with U+0000", 0, frame(0x30, [0, 1, 0])),
        .init("an empty topic", 0, frame(0x30, text(""))),
        .init("SUBSCRIBE without filter", 0, [0x82, 2, 0, 1]),
        .init("SUBSCRIBE with reserved bits", 0, frame(0x82, [0, 1], text("a"), [4])),
        .init("SUBSCRIBE with QoS 3", 0, frame(0x82, [0, 1], text("a"), [3])),
        .init("SUBSCRIBE that is not UTF-8", 0, frame(0x82, [0, 1], [0, 1, 0x80, 0])),
        .init("SUBSCRIBE with '#' inside", 0, frame(0x82, [0, 1], text("a/#/b"), [0])),
        .init("UNSUBSCRIBE without filter", 0, [0xA2, 2, 0, 1]),
        .init("UNSUBSCRIBE that is not UTF-8", 0, frame(0xA2, [0, 1], [0, 1, 0xFF])),
        .init("CONNACK from a client", 0, [0x20, 2, 0, 0]),
        .init("a second CONNECT", 0, frame(0x10, connectHead(.v3_1_1, flags: 2), text("c"))),
    ]

    /// [MQTT3-1.5.3-1], [MQTT3-1.5.3-2], [MQTT3-2.2.2-1], [MQTT3-2.2.2-2], [MQTT3-2.3.1-1], [MQTT3-3.1.0-2], [MQTT3-3.3.1-4],
    /// [MQTT3-3.3.2-1], [MQTT3-3.3.2-2], [MQTT3-3.6.1-1], [MQTT3-3.8.1-1], [MQTT3-3.8.3-1], [MQTT3-3.8.3-3], [MQTT3-3.8.3-4],
    /// [MQTT3-3.10.1-1], [MQTT3-3.10.3-1], [MQTT3-3.10.3-2], [MQTT3-3.14.1-1], [MQTT3-4.7.1-1], [MQTT3-4.7.1-2],
    /// [MQTT3-4.7.3-1], [MQTT3-4.7.3-2], [MQTT3-4.8.0-1]
    @Test(arguments: old)
    func `before MQTT 5 a malformed packet closes the connection without a word`(_ row: Malformed) {
        let bus = BusHarness()
        let other = bus.open().connect("other")
        other.subscribe("t/#")
        let client = bus.open()
        client.version = .v3_1_1
        client.connect("bad") { $0.will = Will(topic: "t/will", payload: Array("gone".utf8)) }
        client.forget()
        client.send(bytes: row.bytes + frame(0x30, text("t/x"), [0x21]))
        #expect(client.received.isEmpty)
        #expect(client.isClosed)
        #expect(other.payloads == ["gone"])
        #expect(bus.shards[0].sessionCount == 1)
    }

    // MARK: - Too much of something

    @Test func `ten thousand filters and one more`() {
        let bus = BusHarness()
        let client = bus.open().connect("c")
        for i in 0..<10_001 { client.subscribe("f/\(i)/+/#") }
        #expect(client.subAcks.filter { $0.reasonCodes == [.grantedQoS0] }.count == 10_000)
        #expect(client.subAcks.last?.reasonCodes == [.quotaExceeded])
        #expect(!client.isClosed)
        let publisher = bus.open().connect("p")
        publisher.publish("f/9999/x/y", "here")
        #expect(client.payloads == ["here"])
        client.lose()
        publisher.lose()
        #expect(bus.shards[0].subscriptionCount == 0)
        #expect(bus.shards[0].connectionCount == 0)
        #expect(bus.site.sessionCount == 0)
    }

    @Test func `one packet with a hundred thousand times every topic notes no more than there can be`() {
        let bus = BusHarness { $0.retainedMessagesMaximum = 1_000 }
        let publisher = bus.open().connect("p")
        for i in 0..<1_000 { publisher.publish("r/\(i)", "x", retain: true) }
        let client = bus.open().connect("c")
        client.answers = false
        var body: [UInt8] = [0, 1, 0]
        for _ in 0..<100_000 { body += [0, 1, 0x23, 1] }
        client.send(bytes: frame(0x82, body))
        let codes = client.subAcks.first?.reasonCodes ?? []
        #expect(codes.count == 100_000)
        #expect(codes.first == .grantedQoS1)
        #expect(codes.dropFirst(2).allSatisfy { $0 == .quotaExceeded })
        #expect(client.publishes.count <= 2_000)
        #expect(bus.shards[0].subscriptionCount == 1)
    }

    @Test func `topics and filters with thousands of levels are refused`() {
        let bus = BusHarness { $0.topicLengthMaximum = 65_535 }
        let client = bus.open().connect("c")
        let deep = String(repeating: "/", count: 60_000)
        client.subscribe(deep)
        client.subscribe("$share/g/" + deep)
        client.unsubscribe(deep)
        #expect(client.subAcks.map(\.reasonCodes) == [[.topicFilterInvalid], [.topicFilterInvalid]])
        client.publish(deep, "x")
        client.publish(deep, "x", .atLeastOnce, retain: true, packetID: 1)
        client.publish(deep, "x", .exactlyOnce, packetID: 2)
        #expect(client.acknowledgements(.pubAck).map(\.reasonCode) == [.topicNameInvalid])
        #expect(client.acknowledgements(.pubRec).map(\.reasonCode) == [.topicNameInvalid])
        #expect(bus.site.retained.count == 0)
        #expect(!client.isClosed)
        bus.open().connect("w") { $0.will = Will(topic: deep, payload: []) }.lose()
        let defaults = BusHarness()
        let other = defaults.open().connect("c")
        other.subscribe(deep)
        #expect(other.subAcks.map(\.reasonCodes) == [[.topicFilterInvalid]])
    }

    @Test(arguments: [BusSettings.SlowConsumerPolicy.thin, .disconnect])
    func `a subscriber that never reads is bounded, whatever the QoS`(
        _ policy: BusSettings.SlowConsumerPolicy
    ) {
        var access = AccessSettings()
        access.quotas.queuedMessages = 100
        let bus = BusHarness(access: access) {
            $0.outputBytesMaximum = 10_000
            $0.slowConsumerPolicy = policy
        }
        let stalled = bus.open().connect("stalled")
        stalled.subscribe("t", .exactlyOnce)
        stalled.isStalled = true
        let other = bus.open().connect("other")
        other.subscribe("t", .exactlyOnce)
        let publisher = bus.open().connect("p")
        let payload = String(repeating: "x", count: 500)
        for i in 0..<1_500 {
            publisher.publish("t", payload, QoS(rawValue: UInt8(i % 3)) ?? .atMostOnce, packetID: 9)
        }
        #expect(other.publishes.count == 1_500)
        if policy == .disconnect {
            #expect(bus.shards[0].connectionCount == 2)
        } else {
            #expect(bus.shards[0].output(of: stalled.id.slot).count < 12_000)
            #expect(bus.shards[0].counters.droppedSlowConsumer > 400)
            #expect(bus.shards[0].counters.droppedQueueFull > 500)
        }
        stalled.lose()
        #expect(bus.site.sessionCount == 2)
    }

    @Test func `a flood beyond the quota pauses its sender and nobody else`() {
        var access = AccessSettings()
        access.quotas.publishRate = 100
        access.quotas.publishBurst = 100
        let bus = BusHarness(access: access)
        let subscriber = bus.open().connect("s")
        subscriber.subscribe("#")
        let flooder = bus.open().connect("f")
        let packet = frame(0x30, text("flood"), [0])
        flooder.send(bytes: Array(repeating: packet, count: 2_000).flatMap { $0 })
        #expect(flooder.isPaused)
        #expect(!flooder.isClosed)
        let first = subscriber.publishes.count
        #expect(first < 400)
        bus.open().connect("p").publish("calm", "x")
        #expect(subscriber.publishes.last?.topic == "calm")
        bus.advance(seconds: 2)
        #expect(subscriber.publishes.count > first + 1)
        for _ in 0..<60 { bus.advance(seconds: 1) }
        #expect(subscriber.publishes.count == 2_001)
        #expect(!flooder.isPaused)
    }

    /// [MQTT3-4.8.0-2], [MQTT3-3.3.5-2]
    @Test(arguments: [ProtocolVersion.v3_1, .v3_1_1], [QoS.atLeastOnce, .exactlyOnce])
    func `before MQTT 5 a refused message closes the connection and is not acknowledged`(
        _ version: ProtocolVersion,
        _ qos: QoS
    ) {
        let bus = BusHarness { $0.retainedMessagesMaximum = 1 }
        let client = bus.open()
        client.version = version
        client.connect("c")
        client.publish("a", "kept", qos, retain: true, packetID: 1)
        #expect(client.acknowledgements(qos == .atLeastOnce ? .pubAck : .pubRec).map(\.packetID) == [1])
        client.publish("b", "one too many", qos, retain: true, packetID: 2)
        #expect(client.acknowledgements(qos == .atLeastOnce ? .pubAck : .pubRec).map(\.packetID) == [1])
        #expect(client.isClosed)
        let other = bus.open().connect("other")
        other.publish("c", "still served", .atLeastOnce)
        #expect(other.acknowledgements(.pubAck).count == 1)
    }
}
