import EventBus
import MQTTWire
import Testing

/// QoS 0, 1 and 2 in both directions, with packets that come in the wrong order.
@Suite struct HandshakeConformanceTests {
    static let versions: [ProtocolVersion] = [.v3_1, .v3_1_1, .v5]

    private func client(_ bus: BusHarness, _ version: ProtocolVersion, _ name: String, keeps: Bool = false)
        -> TestClient
    {
        let client = bus.open()
        client.version = version
        client.answers = false
        return client.connect(name, clean: !keeps) {
            if keeps, version == .v5 { $0.properties.sessionExpiryInterval = 1_000 }
        }
    }

    // MARK: - The broker receives

    /// [MQTT-3.3.4-1], [MQTT-4.3.2-4], [MQTT-4.3.2-5], [MQTT-2.2.1-5], [MQTT3-3.3.4-1], [MQTT3-4.3.2-2], [MQTT3-2.3.1-6]
    @Test(arguments: versions)
    func `each QoS 1 PUBLISH is a new message, even with DUP and the same identifier`(
        _ version: ProtocolVersion
    ) {
        let bus = BusHarness()
        let subscriber = bus.open().connect("s")
        subscriber.subscribe("t", .atLeastOnce)
        let publisher = client(bus, version, "p")
        publisher.publish("t", "zero")
        #expect(publisher.received.count == 1, "QoS 0 has no answer")
        publisher.publish("t", "a", .atLeastOnce, packetID: 65_535)
        publisher.publish("t", "b", .atLeastOnce, packetID: 65_535) { $0.isDuplicate = true }
        #expect(subscriber.payloads == ["zero", "a", "b"])
        #expect(publisher.acknowledgements(.pubAck).map(\.packetID) == [65_535, 65_535])
    }

    /// [MQTT-3.3.4-1], [MQTT-4.3.3-8], [MQTT-4.3.3-10…12], [MQTT3-4.3.3-2]
    @Test(arguments: versions)
    func `an identifier means one QoS 2 message until PUBCOMP, and a new one afterwards`(
        _ version: ProtocolVersion
    ) {
        let bus = BusHarness()
        let subscriber = bus.open().connect("s")
        subscriber.subscribe("t", .exactlyOnce)
        let publisher = client(bus, version, "p")
        publisher.publish("t", "a", .exactlyOnce, packetID: 5)
        publisher.publish("t", "a", .exactlyOnce, packetID: 5) { $0.isDuplicate = true }
        publisher.publish("t", "other", .exactlyOnce, packetID: 5)
        #expect(publisher.acknowledgements(.pubRec).map(\.packetID) == [5, 5, 5])
        publisher.acknowledge(.pubRel, 5)
        publisher.acknowledge(.pubRel, 5)
        let completions = publisher.acknowledgements(.pubComp)
        #expect(completions.map(\.packetID) == [5, 5])
        #expect(
            completions.map(\.reasonCode) == [
                .success, version == .v5 ? .packetIdentifierNotFound : .success,
            ]
        )
        publisher.publish("t", "b", .exactlyOnce, packetID: 5)
        #expect(subscriber.payloads == ["a", "b"])
    }

    /// [MQTT-4.3.3-10], [MQTT-4.1.0-1], [MQTT3-4.1.0-1]
    @Test(arguments: versions)
    func `an identifier that was not released is remembered across connections`(_ version: ProtocolVersion) {
        let bus = BusHarness()
        let subscriber = bus.open().connect("s")
        subscriber.subscribe("t", .exactlyOnce)
        let first = client(bus, version, "p", keeps: true)
        first.publish("t", "a", .exactlyOnce, packetID: 3)
        first.lose()
        let second = client(bus, version, "p", keeps: true)
        second.publish("t", "a", .exactlyOnce, packetID: 3) { $0.isDuplicate = true }
        second.acknowledge(.pubRel, 3)
        #expect(subscriber.payloads == ["a"])
        #expect(second.acknowledgements(.pubComp).map(\.packetID) == [3])
    }

    /// [MQTT-4.3.3-9], [MQTT-3.5.2-1]: a refused message leaves its identifier free. [MQTT3-3.3.5-2]: before
    /// MQTT 5 there is no refusal, so the answer is positive and the message goes nowhere.
    @Test(arguments: versions)
    func `a message that may not be published is refused as the version allows`(_ version: ProtocolVersion) {
        let bus = BusHarness()
        let subscriber = bus.open().connect("s")
        subscriber.subscribe("t", .exactlyOnce)
        let publisher = client(bus, version, "p")
        publisher.publish("$SYS/broker", "x", .atLeastOnce, packetID: 1)
        publisher.publish("$SYS/broker", "x", .exactlyOnce, packetID: 2)
        publisher.publish("t", "new", .exactlyOnce, packetID: 2)
        #expect(
            publisher.acknowledgements(.pubAck).map(\.reasonCode) == [
                version == .v5 ? .notAuthorized : .success
            ]
        )
        #expect(
            publisher.acknowledgements(.pubRec).map(\.reasonCode) == [
                version == .v5 ? .notAuthorized : .success, .success,
            ]
        )
        #expect(subscriber.payloads == (version == .v5 ? ["new"] : []))
        #expect(!publisher.isClosed)
    }

    /// [MQTT-4.3.3-13]
    @Test func `the acknowledgements of an expired message go on`() {
        let bus = BusHarness()
        let publisher = client(bus, .v5, "p")
        publisher.publish("t", "x", .exactlyOnce, packetID: 4) { $0.properties.messageExpiryInterval = 1 }
        bus.advance(seconds: 5)
        publisher.publish("t", "x", .exactlyOnce, packetID: 4) { $0.properties.messageExpiryInterval = 1 }
        publisher.acknowledge(.pubRel, 4)
        #expect(publisher.acknowledgements(.pubRec).map(\.packetID) == [4, 4])
        #expect(publisher.acknowledgements(.pubComp).map(\.packetID) == [4])
    }

    /// [MQTT-3.3.4-7]
    @Test func `more unreleased messages than the receive maximum end the connection`() {
        let bus = BusHarness { $0.receiveMaximum = 3 }
        let publisher = client(bus, .v5, "p")
        #expect(publisher.connAck?.properties.receiveMaximum == 3)
        for id in 1...3 { publisher.publish("t", "x", .exactlyOnce, packetID: UInt16(id)) }
        #expect(!publisher.isClosed)
        publisher.publish("t", "x", .exactlyOnce, packetID: 4)
        #expect(publisher.disconnect?.reasonCode == .receiveMaximumExceeded)
        // A 3.1.1 client was never told.
        let old = client(bus, .v3_1_1, "old")
        for id in 1...10 { old.publish("t", "x", .exactlyOnce, packetID: UInt16(id)) }
        #expect(old.acknowledgements(.pubRec).count == 10)
    }

    // MARK: - The broker sends

    /// [MQTT-4.3.1-1], [MQTT-4.3.2-1], [MQTT-4.3.2-2], [MQTT-4.3.3-1], [MQTT-4.3.3-2], [MQTT-2.2.1-2], [MQTT-2.2.1-4],
    /// [MQTT-3.3.1-2], [MQTT-3.3.1-3], [MQTT3-2.3.1-4], [MQTT3-2.3.1-5], [MQTT3-3.3.1-2], [MQTT3-3.3.1-3],
    /// [MQTT3-4.3.1-1], [MQTT3-4.3.2-1], [MQTT3-4.3.3-1]
    @Test(arguments: versions)
    func `what is sent first has no DUP, whatever the publisher set, and an identifier of its own`(
        _ version: ProtocolVersion
    ) {
        let bus = BusHarness()
        let subscriber = client(bus, version, "s")
        subscriber.subscribe("t", .exactlyOnce)
        let publisher = bus.open().connect("p")
        publisher.publish("t", "0")
        for i in 1...6 {
            publisher.publish("t", "\(i)", i % 2 == 0 ? .exactlyOnce : .atLeastOnce, packetID: 9) {
                $0.isDuplicate = true
            }
        }
        let sent = subscriber.publishes
        #expect(sent.map(\.isDuplicate) == Array(repeating: false, count: 7))
        #expect(
            sent.map(\.qos) == [
                .atMostOnce, .atLeastOnce, .exactlyOnce, .atLeastOnce, .exactlyOnce, .atLeastOnce,
                .exactlyOnce,
            ]
        )
        let identifiers = sent.dropFirst().map(\.packetID)
        #expect(Set(identifiers).count == 6)
        #expect(!identifiers.contains(0))
        #expect(sent.first?.packetID == 0)
    }

    /// [MQTT-4.3.2-3], [MQTT-4.3.3-3…6], [MQTT-4.4.0-1], [MQTT-3.3.1-1], [MQTT-2.2.1-5], [MQTT-4.6.0-1],
    /// [MQTT3-4.3.2-1], [MQTT3-4.3.3-1], [MQTT3-4.4.0-1], [MQTT3-3.3.1-1], [MQTT3-2.3.1-4], [MQTT3-4.6.0-6]
    @Test(arguments: versions)
    func `what is not acknowledged comes again with DUP after a new connection and at no other time`(
        _ version: ProtocolVersion
    ) {
        let bus = BusHarness()
        let first = client(bus, version, "s", keeps: true)
        first.subscribe("t", .exactlyOnce)
        let publisher = bus.open().connect("p")
        for (payload, qos) in [
            ("a1", QoS.atLeastOnce), ("b2", .exactlyOnce), ("c1", .atLeastOnce), ("d2", .exactlyOnce),
            ("e2", .exactlyOnce),
        ] {
            publisher.publish("t", payload, qos)
        }
        let ids = first.publishes.map(\.packetID)
        first.acknowledge(.pubAck, ids[0])
        first.acknowledge(.pubRec, ids[3])
        #expect(first.acknowledgements(.pubRel).map(\.packetID) == [ids[3]])
        first.acknowledge(.pubRec, ids[4])
        first.acknowledge(.pubComp, ids[4])
        bus.advance(seconds: 600)
        #expect(first.publishes.count == 5, "time alone makes nothing come again")
        first.lose()
        let second = client(bus, version, "s", keeps: true)
        #expect(second.payloads == ["b2", "c1"])
        #expect(second.publishes.map(\.isDuplicate) == [true, true])
        #expect(second.publishes.map(\.packetID) == [ids[1], ids[2]])
        #expect(second.acknowledgements(.pubRel).map(\.packetID) == [ids[3]])
        // Only PUBCOMP ends it.
        second.lose()
        let third = client(bus, version, "s", keeps: true)
        #expect(third.acknowledgements(.pubRel).map(\.packetID) == [ids[3]])
        third.acknowledge(.pubComp, ids[3])
        third.lose()
        #expect(client(bus, version, "s", keeps: true).acknowledgements(.pubRel).isEmpty)
    }

    /// [MQTT-4.3.3-7]
    @Test func `a message that was sent does not expire`() {
        let bus = BusHarness()
        let first = client(bus, .v5, "s", keeps: true)
        first.subscribe("t", .exactlyOnce)
        bus.open().connect("p").publish("t", "x", .exactlyOnce) { $0.properties.messageExpiryInterval = 5 }
        first.lose()
        bus.advance(seconds: 60)
        let second = client(bus, .v5, "s", keeps: true)
        #expect(second.payloads == ["x"])
        #expect(second.publishes.map(\.isDuplicate) == [true])
    }

    /// [MQTT-4.4.0-2], [MQTT-4.8.2-6]
    @Test(arguments: [QoS.atLeastOnce, .exactlyOnce])
    func `what a subscriber refuses is settled and goes to nobody else`(_ qos: QoS) {
        let bus = BusHarness()
        let member = client(bus, .v5, "m", keeps: true)
        member.subscribe("$share/g/t", .exactlyOnce)
        let other = client(bus, .v5, "o", keeps: true)
        bus.open().connect("p").publish("t", "x", qos)
        other.subscribe("$share/g/t", .exactlyOnce)
        let type: PacketType = qos == .atLeastOnce ? .pubAck : .pubRec
        member.acknowledge(type, member.publishes.first?.packetID ?? 0, .quotaExceeded)
        #expect(member.acknowledgements(.pubRel).isEmpty)
        member.lose()
        bus.advance(seconds: 2_000)
        #expect(other.payloads == [])
        #expect(client(bus, .v5, "m", keeps: true).payloads == [])
    }

    struct WrongOrder: Sendable, CustomTestStringConvertible {
        var name: String
        var published: QoS
        var packets: [PacketType]
        /// Packets of the broker, behind the PUBLISH.
        var answers: [PacketType]
        var testDescription: String { name }
    }

    static let repeatedOrders: [WrongOrder] = [
        .init(
            name: "PUBREC twice",
            published: .exactlyOnce,
            packets: [.pubRec, .pubRec],
            answers: [.pubRel, .pubRel]
        ),
        .init(
            name: "PUBREL from the subscriber",
            published: .exactlyOnce,
            packets: [.pubRel],
            answers: [.pubComp]
        ),
    ]

    static let wrongOrders: [WrongOrder] = [
        .init(name: "PUBREC for QoS 1", published: .atLeastOnce, packets: [.pubRec], answers: []),
        .init(name: "PUBCOMP for QoS 1", published: .atLeastOnce, packets: [.pubComp], answers: []),
        .init(name: "PUBACK for QoS 2", published: .exactlyOnce, packets: [.pubAck], answers: []),
        .init(name: "PUBCOMP before PUBREC", published: .exactlyOnce, packets: [.pubComp], answers: []),
        .init(
            name: "PUBACK after PUBREC",
            published: .exactlyOnce,
            packets: [.pubRec, .pubAck],
            answers: [.pubRel]
        ),
    ]

    /// [MQTT-4.3.3-3], [MQTT-4.3.3-4]
    @Test(arguments: repeatedOrders)
    func `an answer that comes again is answered again`(_ row: WrongOrder) {
        let bus = BusHarness()
        let first = client(bus, .v5, "s", keeps: true)
        first.subscribe("t", .exactlyOnce)
        bus.open().connect("p").publish("t", "x", row.published)
        let id = first.publishes.first?.packetID ?? 0
        first.forget()
        for packet in row.packets { first.acknowledge(packet, id) }
        let answers = first.received.compactMap {
            if case .acknowledgement(let ack) = $0 { ack.type } else { nil }
        }
        #expect(answers == row.answers)
        #expect(!first.isClosed)
        // The real answers still work, and leave nothing behind.
        first.acknowledge(.pubRec, id)
        first.acknowledge(.pubComp, id)
        first.lose()
        let second = client(bus, .v5, "s", keeps: true)
        #expect(second.publishes.isEmpty)
        #expect(second.acknowledgements(.pubRel).isEmpty)
    }

    /// [MQTT-4.13.1-1], [MQTT-4.3.3-3], [MQTT-4.4.0-1], [MQTT3-4.8.0-1]
    @Test(arguments: wrongOrders, [ProtocolVersion.v3_1_1, .v5])
    func `an answer that does not fit ends the connection, and loses no message`(
        _ row: WrongOrder,
        _ version: ProtocolVersion
    ) {
        let bus = BusHarness()
        let first = client(bus, version, "s", keeps: true)
        first.subscribe("t", .exactlyOnce)
        bus.open().connect("p").publish("t", "x", row.published)
        let id = first.publishes.first?.packetID ?? 0
        first.forget()
        for packet in row.packets { first.acknowledge(packet, id) }
        let answers = first.received.compactMap {
            if case .acknowledgement(let ack) = $0 { ack.type } else { nil }
        }
        #expect(answers == row.answers)
        #expect(first.isClosed)
        #expect(first.disconnect?.reasonCode == (version == .v5 ? .protocolError : nil))
        // It goes on where it was, and the right answers leave nothing behind.
        let second = client(bus, version, "s", keeps: true)
        if row.packets.first == .pubRec, row.published == .exactlyOnce {
            #expect(second.acknowledgements(.pubRel).map(\.packetID) == [id])
        } else {
            #expect(second.publishes.map(\.packetID) == [id])
            #expect(second.publishes.first?.isDuplicate == true)
            second.acknowledge(row.published == .atLeastOnce ? .pubAck : .pubRec, id)
        }
        if row.published == .exactlyOnce { second.acknowledge(.pubComp, id) }
        second.lose()
        let third = client(bus, version, "s", keeps: true)
        #expect(third.publishes.isEmpty)
        #expect(third.acknowledgements(.pubRel).isEmpty)
    }

    /// MQTT 5, 4.3.3 and 3.6.2.1
    @Test func `answers about identifiers that mean nothing are survived and said so`() {
        let bus = BusHarness()
        let subscriber = client(bus, .v5, "s")
        subscriber.subscribe("t", .exactlyOnce)
        let publisher = bus.open().connect("p")
        publisher.publish("t", "slow", .exactlyOnce)
        publisher.publish("t", "x", .exactlyOnce)
        let settled = subscriber.publishes[1].packetID
        subscriber.acknowledge(.pubRec, settled)
        subscriber.acknowledge(.pubComp, settled)
        subscriber.forget()
        for id in [settled, 4_000, 65_535] {
            subscriber.acknowledge(.pubAck, id)
            subscriber.acknowledge(.pubComp, id)
            subscriber.acknowledge(.pubRec, id)
        }
        #expect(subscriber.acknowledgements(.pubRel).map(\.packetID) == [settled, 4_000, 65_535])
        #expect(
            subscriber.acknowledgements(.pubRel).allSatisfy { $0.reasonCode == .packetIdentifierNotFound }
        )
        #expect(!subscriber.isClosed)
    }

    /// An early acknowledgement of what is still to be sent again once trapped.
    @Test(arguments: 1...6)
    func `a client may acknowledge what was not sent again yet`(_ early: Int) {
        let bus = BusHarness()
        let first = client(bus, .v5, "s", keeps: true)
        first.subscribe("t", .atLeastOnce)
        let publisher = bus.open().connect("p")
        for i in 1...6 { publisher.publish("t", "\(i)", .atLeastOnce) }
        let ids = first.publishes.map(\.packetID)
        first.lose()
        let second = bus.open()
        second.answers = false
        second.connect("s", clean: false) {
            $0.properties.sessionExpiryInterval = 1_000
            $0.properties.receiveMaximum = 2
        }
        for i in (0..<early).reversed() { second.acknowledge(.pubAck, ids[i]) }
        publisher.publish("t", "last", .atLeastOnce)
        for _ in 0..<7 {
            for publish in second.publishes { second.acknowledge(.pubAck, publish.packetID) }
        }
        #expect(second.payloads.last == "last")
        #expect(Set(second.payloads).isSuperset(of: (early + 1..<7).map(String.init)))
    }

    /// [MQTT-3.1.2-25]
    @Test func `what is too large for the returning client leaves its place to others`() {
        let bus = BusHarness()
        let first = client(bus, .v5, "s", keeps: true)
        first.subscribe("t", .atLeastOnce)
        let publisher = bus.open().connect("p")
        publisher.publish("t", String(repeating: "x", count: 200), .atLeastOnce)
        publisher.publish("t", "small", .atLeastOnce)
        first.lose()
        let second = bus.open().connect("s", clean: false) {
            $0.properties.sessionExpiryInterval = 1_000
            $0.properties.maximumPacketSize = 60
            $0.properties.receiveMaximum = 1
        }
        publisher.publish("t", "next", .atLeastOnce)
        #expect(second.payloads == ["small", "next"])
    }

    /// [MQTT-3.3.4-9], [MQTT-3.3.4-10], [MQTT-4.9.0-1…3]
    @Test func `at a send quota of nothing only PUBLISH of QoS 1 and 2 waits`() {
        let bus = BusHarness()
        let client = bus.open()
        client.answers = false
        client.connect("s") { $0.properties.receiveMaximum = 1 }
        client.subscribe("t", .exactlyOnce)
        let publisher = bus.open().connect("p")
        publisher.publish("t", "1", .exactlyOnce)
        publisher.publish("t", "2", .atLeastOnce)
        #expect(client.payloads == ["1"])
        client.send(.pingReq)
        client.subscribe("u")
        client.unsubscribe("u")
        client.publish("v", "x", .atLeastOnce, packetID: 3)
        #expect(client.received.contains(.pingResp))
        #expect(client.subAcks.count == 2)
        #expect(client.unsubAcks.count == 1)
        #expect(client.acknowledgements(.pubAck).count == 1)
        let id = client.publishes[0].packetID
        client.acknowledge(.pubRec, id)
        #expect(client.payloads == ["1"], "PUBREC with success does not give the quota back")
        client.acknowledge(.pubComp, id)
        #expect(client.payloads == ["1", "2"])
    }

    /// [MQTT-4.6.0-5], [MQTT-4.6.0-6], [MQTT-4.5.0-1], [MQTT-4.9.0-2], [MQTT3-4.5.0-1], [MQTT3-4.6.0-5], [MQTT3-4.6.0-6]
    @Test(arguments: versions)
    func `a publisher's messages keep their order under flow control, away and back`(
        _ version: ProtocolVersion
    ) {
        let bus = BusHarness()
        let first = client(bus, version, "s", keeps: true)
        first.subscribe("t/#", .exactlyOnce)
        let publisher = bus.open().connect("p")
        for i in 0..<1_500 { publisher.publish("t/\(i % 3)", "\(i)", .atLeastOnce) }
        first.lose()
        for i in 1_500..<1_600 { publisher.publish("t/\(i % 3)", "\(i)", .atLeastOnce) }
        let second = bus.open()
        second.version = version
        second.connect("s", clean: false) { if version == .v5 { $0.properties.sessionExpiryInterval = 9 } }
        #expect(second.payloads == (0..<1_600).map(String.init))
    }
}
