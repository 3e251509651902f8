import Access
import EventBus
import MQTTWire
import Testing

/// CONNECT and CONNACK, byte by byte where it matters, in all versions.
@Suite struct ConnectConformanceTests {
    struct Refused: Sendable, CustomTestStringConvertible {
        var name: String
        var version: ProtocolVersion
        var bytes: [UInt8]
        /// The code of CONNACK, in the client's version; `nil` where the connection is closed without one.
        var code: UInt8?
        var testDescription: String { "\(version): \(name)" }

        init(_ name: String, _ version: ProtocolVersion, _ bytes: [UInt8], _ code: UInt8?) {
            self.name = name
            self.version = version
            self.bytes = bytes
            self.code = code
        }
    }

    static let versions: [ProtocolVersion] = [.v3_1, .v3_1_1, .v5]

    static let names: [Refused] = [
        .init("another protocol name", .v3_1_1, frame(0x10, text("MQTX"), [4, 2, 0, 0], text("c")), 1),
        .init("level 6", .v3_1_1, frame(0x10, text("MQTT"), [6, 2, 0, 0], text("c")), 1),
        .init("level 0", .v3_1_1, frame(0x10, text("MQTT"), [0, 2, 0, 0], text("c")), 1),
        .init(
            "3.1's name with 3.1.1's level",
            .v3_1_1,
            frame(0x10, text("MQIsdp"), [4, 2, 0, 0], text("c")),
            1
        ),
        .init(
            "3.1.1's name with 3.1's level",
            .v3_1_1,
            frame(0x10, text("MQTT"), [3, 2, 0, 0], text("c")),
            1
        ),
    ]

    static let flags: [Refused] = [
        .init("the reserved flag", .v5, frame(0x10, connectHead(.v5, flags: 0x03), text("c")), 0x81),
        .init("the reserved flag", .v3_1_1, frame(0x10, connectHead(.v3_1_1, flags: 0x03), text("c")), nil),
        .init("will QoS without will", .v5, frame(0x10, connectHead(.v5, flags: 0x0A), text("c")), 0x81),
        .init(
            "will QoS without will",
            .v3_1_1,
            frame(0x10, connectHead(.v3_1_1, flags: 0x0A), text("c")),
            nil
        ),
        .init("will retain without will", .v5, frame(0x10, connectHead(.v5, flags: 0x22), text("c")), 0x81),
        .init(
            "will retain without will",
            .v3_1_1,
            frame(0x10, connectHead(.v3_1_1, flags: 0x22), text("c")),
            nil
        ),
        .init(
            "will QoS 3",
            .v5,
            frame(0x10, connectHead(.v5, flags: 0x1E), text("c"), [0], text("w"), text("")),
            0x81
        ),
        .init(
            "will QoS 3",
            .v3_1_1,
            frame(0x10, connectHead(.v3_1_1, flags: 0x1E), text("c"), text("w"), text("")),
            nil
        ),
        .init(
            "will QoS 3",
            .v3_1,
            frame(0x10, connectHead(.v3_1, flags: 0x1E), text("c"), text("w"), text("")),
            nil
        ),
        .init(
            "a password without a user name",
            .v3_1_1,
            frame(0x10, connectHead(.v3_1_1, flags: 0x42), text("c"), text("p")),
            nil
        ),
    ]

    static let payloads: [Refused] = [
        .init("no client identifier", .v5, frame(0x10, connectHead(.v5, flags: 2)), 0x81),
        .init("no client identifier", .v3_1_1, frame(0x10, connectHead(.v3_1_1, flags: 2)), nil),
        .init(
            "a client identifier that is not UTF-8",
            .v5,
            frame(0x10, connectHead(.v5, flags: 2), [0, 1, 0xFF]),
            0x81
        ),
        .init(
            "a client identifier that is not UTF-8",
            .v3_1_1,
            frame(0x10, connectHead(.v3_1_1, flags: 2), [0, 1, 0xFF]),
            nil
        ),
        .init(
            "U+0000 in the client identifier",
            .v3_1_1,
            frame(0x10, connectHead(.v3_1_1, flags: 2), [0, 1, 0]),
            nil
        ),
        .init("a will announced and missing", .v5, frame(0x10, connectHead(.v5, flags: 6), text("c")), 0x81),
        .init(
            "a will announced and missing",
            .v3_1_1,
            frame(0x10, connectHead(.v3_1_1, flags: 6), text("c")),
            nil
        ),
        .init(
            "a will not announced",
            .v3_1_1,
            frame(0x10, connectHead(.v3_1_1, flags: 2), text("c"), text("w"), text("")),
            nil
        ),
        .init(
            "a will topic that is not UTF-8",
            .v3_1_1,
            frame(0x10, connectHead(.v3_1_1, flags: 6), text("c"), [0, 1, 0xC0], text("")),
            nil
        ),
        .init(
            "a will topic with a wildcard",
            .v5,
            frame(0x10, connectHead(.v5, flags: 6), text("c"), [0], text("w/#"), text("")),
            0x90
        ),
        .init(
            "a user name announced and missing",
            .v5,
            frame(0x10, connectHead(.v5, flags: 0x82), text("c")),
            0x81
        ),
        .init(
            "a user name announced and missing",
            .v3_1_1,
            frame(0x10, connectHead(.v3_1_1, flags: 0x82), text("c")),
            nil
        ),
        .init(
            "a user name not announced",
            .v5,
            frame(0x10, connectHead(.v5, flags: 2), text("c"), text("u")),
            0x81
        ),
        .init(
            "a user name not announced",
            .v3_1_1,
            frame(0x10, connectHead(.v3_1_1, flags: 2), text("c"), text("u")),
            nil
        ),
        .init(
            "a user name that is not UTF-8",
            .v3_1_1,
            frame(0x10, connectHead(.v3_1_1, flags: 0x82), text("c"), [0, 1, 0x80]),
            nil
        ),
        .init(
            "a password announced and missing",
            .v5,
            frame(0x10, connectHead(.v5, flags: 0x42), text("c")),
            0x81
        ),
        .init(
            "a password announced and missing",
            .v3_1_1,
            frame(0x10, connectHead(.v3_1_1, flags: 0xC2), text("c"), text("u")),
            nil
        ),
        .init(
            "a password not announced",
            .v5,
            frame(0x10, connectHead(.v5, flags: 0x82), text("c"), text("u"), text("p")),
            0x81
        ),
        .init(
            "a password not announced",
            .v3_1_1,
            frame(0x10, connectHead(.v3_1_1, flags: 0x82), text("c"), text("u"), text("p")),
            nil
        ),
        .init(
            "an empty identifier for a session to keep",
            .v3_1_1,
            frame(0x10, connectHead(.v3_1_1, flags: 0), text("")),
            2
        ),
        .init("an empty identifier", .v3_1, frame(0x10, connectHead(.v3_1, flags: 2), text("")), 2),
        .init(
            "an identifier longer than is allowed",
            .v5,
            frame(0x10, connectHead(.v5, flags: 2), text(String(repeating: "x", count: 257))),
            0x85
        ),
        .init(
            "an identifier longer than is allowed",
            .v3_1_1,
            frame(0x10, connectHead(.v3_1_1, flags: 2), text(String(repeating: "x", count: 257))),
            2
        ),
    ]

    /// [MQTT-3.1.2-1], [MQTT-3.1.2-2], [MQTT-3.1.2-3], [MQTT-3.1.2-9], [MQTT-3.1.2-11…13], [MQTT-3.1.2-16…19],
    /// [MQTT-3.1.3-1], [MQTT-3.1.3-3], [MQTT-3.1.3-4], [MQTT-3.1.3-8], [MQTT-3.1.3-11], [MQTT-3.1.3-12],
    /// [MQTT-3.1.4-1], [MQTT-3.1.4-6], [MQTT-3.2.2-6…8], [MQTT-3.14.0-1], [MQTT-4.13.1-1], [MQTT-4.13.2-1],
    /// [MQTT3-1.5.3-1], [MQTT3-1.5.3-2], [MQTT3-3.1.2-1], [MQTT3-3.1.2-2], [MQTT3-3.1.2-3], [MQTT3-3.1.2-9],
    /// [MQTT3-3.1.2-11], [MQTT3-3.1.2-13…15], [MQTT3-3.1.2-18…22], [MQTT3-3.1.3-1], [MQTT3-3.1.3-3], [MQTT3-3.1.3-4],
    /// [MQTT3-3.1.3-8…11], [MQTT3-3.1.4-1], [MQTT3-3.1.4-5], [MQTT3-3.2.2-4…6], [MQTT3-4.8.0-1]
    @Test(arguments: names + flags + payloads)
    func `a bad CONNECT is refused in its own version and what follows is not read`(_ row: Refused) {
        let bus = BusHarness()
        let watcher = bus.open().connect("watcher")
        watcher.subscribe("#")
        let client = bus.open()
        client.version = row.version
        let publish: [UInt8] = row.version == .v5 ? [0x30, 4, 0, 1, 0x74, 0] : [0x30, 3, 0, 1, 0x74]
        client.send(bytes: row.bytes + publish)
        #expect(client.isClosed)
        if let code = row.code {
            let expected =
                row.version == .v5 ? ReasonCode(rawValue: code) : ReasonCode(connectReturnCode: code)
            #expect(client.received.count == 1)
            #expect(client.connAck?.reasonCode == expected)
            #expect(client.connAck?.sessionPresent == false)
        } else {
            #expect(client.received.isEmpty)
        }
        #expect(watcher.publishes.isEmpty)
        #expect(bus.shards[0].sessionCount == 1)
        #expect(bus.shards[0].connectionCount == 1)
    }

    /// [MQTT-3.1.4-5], [MQTT-3.2.0-1], [MQTT-3.2.0-2], [MQTT-3.2.2-1], [MQTT3-3.1.4-4], [MQTT3-3.2.0-1]
    @Test(arguments: versions)
    func `one CONNACK with success comes before everything else`(_ version: ProtocolVersion) {
        let bus = BusHarness()
        let client = bus.open()
        client.version = version
        // All in one: the answers must keep their order.
        let subscribe = frame(0x82, [0, 9], version == .v5 ? [0] : [], text("t"), [1])
        client.send(bytes: frame(0x10, connectHead(version, flags: 2), text("c")) + subscribe + [0xC0, 0])
        #expect(client.received.count == 3)
        #expect(client.connAckCount == 1)
        guard case .connAck(let connAck)? = client.received.first else {
            Issue.record("the first packet is \(String(describing: client.received.first))")
            return
        }
        #expect(connAck.reasonCode == .success)
        #expect(!connAck.sessionPresent)
        #expect(client.received.last == .pingResp)
    }

    /// [MQTT-3.1.0-1], [MQTT-3.14.0-1], [MQTT3-3.1.0-1]
    @Test(arguments: versions)
    func `any other packet before CONNECT closes without a word`(_ version: ProtocolVersion) {
        let firsts: [[UInt8]] = [
            [0x30, 3, 0, 1, 0x74], [0x40, 2, 0, 1], [0x82, 6, 0, 1, 0, 1, 0x61, 0], [0xC0, 0], [0xE0, 0],
            [0x20, 2, 0, 0],
            [0xF0, 0], [0x00, 0],
        ]
        for first in firsts {
            let bus = BusHarness()
            let client = bus.open()
            client.version = version
            client.send(bytes: first + frame(0x10, connectHead(version, flags: 2), text("c")))
            #expect(client.isClosed)
            #expect(client.received.isEmpty)
            #expect(bus.shards[0].connectionCount == 0)
        }
    }

    /// [MQTT-3.1.0-2], [MQTT3-3.1.0-2]
    @Test(arguments: versions)
    func `a second CONNECT ends the connection`(_ version: ProtocolVersion) {
        let bus = BusHarness()
        let client = bus.open()
        client.version = version
        let connect = frame(0x10, connectHead(version, flags: 2), text("c"))
        client.send(bytes: connect + connect)
        #expect(client.isClosed)
        #expect(client.connAckCount == 1)
        #expect(client.disconnect?.reasonCode == (version == .v5 ? .protocolError : nil))
    }

    /// [MQTT-3.1.3-2], [MQTT-3.1.3-5], [MQTT3-3.1.3-2], [MQTT3-3.1.3-5]; MQTT 3.1 allowed no more than 23.
    @Test(arguments: versions)
    func `client identifiers of all letters and digits, and longer ones, name sessions`(
        _ version: ProtocolVersion
    ) {
        let bus = BusHarness()
        let identifiers = [
            "0", "0123456789abcdefghijklm", "nopqrstuvwxyzABCDEFGHIJ", "KLMNOPQRSTUVWXYZ",
            "a name with spaces, and longer than 23",
            "\u{FEFF}bom", "e\u{301}", "\u{e9}",
        ]
        for identifier in identifiers {
            let client = bus.open()
            client.version = version
            client.connect(identifier)
            #expect(client.connAck?.reasonCode == .success)
        }
        // The last two look alike and are not the same.
        #expect(bus.site.sessionCount == identifiers.count)
    }

    /// [MQTT-3.1.3-6], [MQTT-3.1.3-7], [MQTT-3.2.2-16], [MQTT3-3.1.3-6]
    @Test func `an empty identifier is replaced, or refused where that is wanted`() {
        let bus = BusHarness()
        let old = bus.open()
        old.version = .v3_1_1
        old.connect("")
        #expect(old.connAck?.reasonCode == .success)
        let new = bus.open().connect("", clean: false) { $0.properties.sessionExpiryInterval = 10 }
        let given = new.connAck?.properties.assignedClientIdentifier ?? ""
        #expect(bus.site.sessionCount == 2)
        new.lose()
        #expect(bus.open().connect(given, clean: false).connAck?.sessionPresent == true)

        let strict = BusHarness { $0.assignsClientIDs = false }
        let refused = strict.open().connect("")
        #expect(refused.connAck?.reasonCode == .clientIdentifierNotValid)
        #expect(refused.isClosed)
    }

    struct Capability: Sendable, CustomTestStringConvertible {
        var name: String
        var settings: @Sendable (inout BusSettings) -> Void
        var connect: @Sendable (inout Connect) -> Void
        var code: ReasonCode
        var testDescription: String { name }
    }

    static let capabilities: [Capability] = [
        .init(
            name: "will QoS above the maximum",
            settings: { $0.maximumQoS = .atLeastOnce },
            connect: { $0.will = Will(topic: "w", payload: [], qos: .exactlyOnce) },
            code: .qosNotSupported
        ),
        .init(
            name: "a retained will",
            settings: { $0.retainAvailable = false },
            connect: { $0.will = Will(topic: "w", payload: [], retain: true) },
            code: .retainNotSupported
        ),
        .init(
            name: "a will on a topic of the server",
            settings: { _ in },
            connect: { $0.will = Will(topic: "$SYS/x", payload: []) },
            code: .notAuthorized
        ),
        .init(
            name: "more sessions than there may be",
            settings: { $0.sessionsMaximum = 1 },
            connect: { _ in },
            code: .quotaExceeded
        ),
    ]

    /// [MQTT-3.1.4-2], [MQTT-3.2.2-7], [MQTT-3.2.2-12], [MQTT-3.2.2-13], [MQTT-4.13.2-1], [MQTT3-3.2.2-5]
    @Test(arguments: capabilities)
    func `what the server does not offer is refused`(_ row: Capability) {
        let bus = BusHarness(row.settings)
        bus.open().connect("first")
        let client = bus.open().connect("c", row.connect)
        #expect(client.connAck?.reasonCode == row.code)
        #expect(client.connAck?.sessionPresent == false)
        #expect(client.isClosed)
        let old = bus.open()
        old.version = .v3_1_1
        old.connect("d", row.connect)
        #expect(old.isClosed)
        #expect(old.connAck?.reasonCode.isFailure != false)
        #expect(bus.site.sessionCount == 1)
    }

    /// [MQTT-3.2.2-9], [MQTT-3.2.2-10], [MQTT-3.2.2-11], [MQTT-3.2.2-14], [MQTT-3.8.4-7]
    @Test func `what is switched off is told, and a client that uses it all the same is sent away`() {
        let bus = BusHarness {
            $0.maximumQoS = .atLeastOnce
            $0.retainAvailable = false
            $0.wildcardSubscriptionAvailable = false
            $0.subscriptionIdentifierAvailable = false
            $0.sharedSubscriptionAvailable = false
            $0.receiveMaximum = 7
        }
        let client = bus.open().connect("c")
        let properties = client.connAck?.properties
        #expect(properties?.maximumQoS == .atLeastOnce)
        #expect(properties?.retainAvailable == false)
        #expect(properties?.wildcardSubscriptionAvailable == false)
        #expect(properties?.subscriptionIdentifierAvailable == false)
        #expect(properties?.sharedSubscriptionAvailable == false)
        #expect(properties?.receiveMaximum == 7)
        #expect(properties?.maximumPacketSize == 1 << 20)
        client.subscribe("t", .exactlyOnce)
        #expect(client.subAcks.map(\.reasonCodes) == [[.grantedQoS1]])
        client.publish("t", "x", .exactlyOnce)
        #expect(client.disconnect?.reasonCode == .qosNotSupported)
        let keeper = bus.open().connect("keeper")
        keeper.publish("t", "x", retain: true)
        #expect(keeper.disconnect?.reasonCode == .retainNotSupported)
        let namer = bus.open().connect("namer")
        namer.subscribe("t", identifier: 4)
        #expect(namer.disconnect?.reasonCode == .subscriptionIdentifiersNotSupported)
        #expect(keeper.isClosed && namer.isClosed)
    }

    /// [MQTT3-3.8.3-2]
    @Test func `a server without wildcards refuses filters that have them`() {
        let bus = BusHarness { $0.wildcardSubscriptionAvailable = false }
        let client = bus.open()
        client.version = .v3_1_1
        client.connect("c")
        client.subscribe("a/+")
        client.subscribe("a")
        #expect(client.subAcks.map(\.reasonCodes) == [[.unspecifiedError], [.grantedQoS0]])
    }

    /// [MQTT-3.1.2-28]
    @Test func `response information is told to those who ask`() {
        let bus = BusHarness { $0.responseInformation = "answers/" }
        #expect(bus.open().connect("a").connAck?.properties.responseInformation == nil)
        let no = bus.open().connect("b") { $0.properties.requestResponseInformation = false }
        #expect(no.connAck?.properties.responseInformation == nil)
        let yes = bus.open().connect("c") { $0.properties.requestResponseInformation = true }
        #expect(yes.connAck?.properties.responseInformation == "answers/")
    }

    /// [MQTT-3.2.2-19], [MQTT-3.2.2-20], [MQTT-3.14.2-3], [MQTT-3.14.2-4], [MQTT-3.1.2-24]
    @Test func `a reason string is left out where it makes the packet too large`() {
        let bus = BusHarness()
        let roomy = bus.open().connect("roomy")
        roomy.send(bytes: [0x00, 0])
        #expect(roomy.disconnect?.properties.reasonString != nil)
        let small = bus.open().connect("small") { $0.properties.maximumPacketSize = 24 }
        #expect(small.connAck?.reasonCode == .success)
        small.send(bytes: [0x00, 0])
        #expect(small.disconnect?.reasonCode == .malformedPacket)
        #expect(small.disconnect?.properties.reasonString == nil)
        #expect(small.isClosed)
    }

    /// [MQTT-3.1.2-24]
    @Test func `a client that takes no packet as large as CONNACK is closed without one`() {
        let bus = BusHarness()
        let client = bus.open().connect("c") { $0.properties.maximumPacketSize = 4 }
        #expect(client.received.isEmpty)
        #expect(client.isClosed)
        #expect(bus.shards[0].sessionCount == 0)
        #expect(bus.site.sessionCount == 0)
        #expect(bus.shards[0].counters.clientsConnected == 0)
    }

    /// [MQTT-3.1.2-22], [MQTT-3.2.2-22], [MQTT3-3.1.2-24]
    @Test(arguments: versions)
    func `without a server keep alive the client's own holds`(_ version: ProtocolVersion) {
        let bus = BusHarness()
        let watcher = bus.open().connect("watcher")
        watcher.subscribe("will")
        let client = bus.open()
        client.version = version
        client.connect("c") {
            $0.keepAlive = 100
            $0.will = Will(topic: "will", payload: Array("gone".utf8))
        }
        let quiet = bus.open()
        quiet.version = version
        quiet.connect("quiet")
        bus.advance(seconds: 149)
        #expect(!client.isClosed)
        bus.advance(seconds: 3)
        #expect(client.isClosed)
        #expect(client.disconnect?.reasonCode == (version == .v5 ? .keepAliveTimeout : nil))
        #expect(watcher.payloads == ["gone"])
        bus.advance(seconds: 1_000_000)
        #expect(!quiet.isClosed, "a keep alive of 0 is none")
    }

    /// [MQTT-3.1.2-22]
    @Test func `a packet that never ends is silence`() {
        let bus = BusHarness()
        let client = bus.open().connect("c") { $0.keepAlive = 10 }
        client.send(bytes: [0x30, 100])
        for _ in 0..<20 where !client.isClosed {
            bus.advance(seconds: 1)
            client.send(bytes: [0])
        }
        #expect(client.disconnect?.reasonCode == .keepAliveTimeout)
    }

    /// [MQTT-3.1.2-29]
    @Test func `a client that wants no problem information gets none but in CONNACK and DISCONNECT`() {
        var access = AccessSettings()
        access.anonymousRoles = ["guest"]
        access.roles = [
            .init(name: "guest", rules: [.init(.deny, .both, "secret/#"), .init(.allow, .both, "#")])
        ]
        let bus = BusHarness(access: access)
        let client = bus.open().connect("c") { $0.properties.requestProblemInformation = false }
        client.subscribe("secret/a")
        client.unsubscribe("nothing")
        client.publish("secret/a", "x", .atLeastOnce, packetID: 1)
        client.publish("secret/a", "x", .exactlyOnce, packetID: 2)
        client.acknowledge(.pubRel, 77)
        client.acknowledge(.pubRec, 78)
        for packet in client.received {
            let properties: Properties? =
                switch packet {
                case .acknowledgement(let packet): packet.properties
                case .subAck(let packet): packet.properties
                case .unsubAck(let packet): packet.properties
                default: nil
                }
            #expect(properties?.reasonString == nil)
            #expect(properties?.userProperties.isEmpty != false)
        }
        #expect(client.subAcks.map(\.reasonCodes) == [[.notAuthorized]])
        #expect(client.acknowledgements(.pubAck).map(\.reasonCode) == [.notAuthorized])
        #expect(client.acknowledgements(.pubRec).map(\.reasonCode) == [.notAuthorized])
        // What publishers say is passed on all the same.
        client.subscribe("t")
        bus.open().connect("p").publish("t", "x") { $0.properties.userProperties = [.init("a", "b")] }
        #expect(client.publishes.first?.properties.userProperties == [.init("a", "b")])
    }
}
