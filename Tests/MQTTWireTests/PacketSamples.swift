import MQTTWire
import Testing

/// A packet and the bytes that it is, written by hand from the standard.
struct PacketSample: CustomTestStringConvertible, Sendable {
    let name: String
    let version: ProtocolVersion
    let sender: Peer
    let packet: Packet
    let wire: [UInt8]
    /// What the decoder gives back where that is not `packet`: a version that cannot say everything.
    let decoded: Packet

    var testDescription: String { "\(version): \(name)" }

    init(
        _ name: String,
        _ version: ProtocolVersion,
        from sender: Peer,
        _ packet: Packet,
        decoded: Packet? = nil,
        _ wire: [UInt8]
    ) {
        self.name = name
        self.version = version
        self.sender = sender
        self.packet = packet
        self.decoded = decoded ?? packet
        self.wire = wire
    }
}

extension PacketSample {
    static let all = connects + connAcks + publishes + acknowledgements + subscriptions + endings

    static let connects: [PacketSample] = [
        PacketSample(
            "CONNECT, bare",
            .v3_1,
            from: .client,
            .connect(Connect(version: .v3_1, clientID: "c", keepAlive: 10)),
            framed(0x10, bytes("MQIsdp", 3, 0x02, [0, 10], "c"))
        ),
        PacketSample(
            "CONNECT, bare",
            .v3_1_1,
            from: .client,
            .connect(Connect(version: .v3_1_1, clientID: "", keepAlive: 10)),
            framed(0x10, bytes("MQTT", 4, 0x02, [0, 10], ""))
        ),
        PacketSample(
            "CONNECT of a bridge",
            .v3_1_1,
            from: .client,
            .connect(with(Connect(version: .v3_1_1, clientID: "b", keepAlive: 0)) { $0.isBridge = true }),
            framed(0x10, bytes("MQTT", 0x84, 0x02, [0, 0], "b"))
        ),
        PacketSample(
            "CONNECT with everything",
            .v3_1_1,
            from: .client,
            .connect(
                with(Connect(version: .v3_1_1, clientID: "c", cleanStart: false, keepAlive: 65535)) {
                    $0.will = Will(topic: "w/t", payload: [1, 2], qos: .exactlyOnce, retain: true)
                    $0.userName = "u"
                    $0.password = [9]
                }
            ),
            framed(0x10, bytes("MQTT", 4, 0xF4, [255, 255], "c", "w/t", [0, 2, 1, 2], "u", [0, 1, 9]))
        ),
        PacketSample(
            "CONNECT, bare",
            .v5,
            from: .client,
            .connect(Connect(clientID: "", cleanStart: false, keepAlive: 0)),
            framed(0x10, bytes("MQTT", 5, 0x00, [0, 0], 0, ""))
        ),
        PacketSample(
            "CONNECT with a password and no user name",
            .v5,
            from: .client,
            .connect(with(Connect(clientID: "c", keepAlive: 0)) { $0.password = [1] }),
            framed(0x10, bytes("MQTT", 5, 0x42, [0, 0], 0, "c", [0, 1, 1]))
        ),
        PacketSample(
            "CONNECT with everything",
            .v5,
            from: .client,
            .connect(
                with(Connect(clientID: "c", keepAlive: 1)) {
                    $0.properties.sessionExpiryInterval = 0x0102_0304
                    $0.properties.authenticationMethod = "m"
                    $0.properties.authenticationData = [7]
                    $0.properties.requestProblemInformation = false
                    $0.properties.requestResponseInformation = true
                    $0.properties.receiveMaximum = 20
                    $0.properties.topicAliasMaximum = 5
                    $0.properties.maximumPacketSize = 1000
                    $0.properties.userProperties = [.init("k", "1"), .init("k", "0")]
                    $0.will = with(Will(topic: "w", payload: [], qos: .atLeastOnce)) {
                        $0.properties.payloadFormatIndicator = 1
                        $0.properties.messageExpiryInterval = 9
                        $0.properties.willDelayInterval = 10
                    }
                    $0.userName = ""
                    $0.password = []
                }
            ),
            framed(
                0x10,
                bytes(
                    "MQTT",
                    5,
                    0xCE,
                    [0, 1],
                    42,
                    0x11,
                    [1, 2, 3, 4],
                    0x15,
                    "m",
                    0x16,
                    [0, 1, 7],
                    0x17,
                    0,
                    0x19,
                    1,
                    0x21,
                    [0, 20],
                    0x22,
                    [0, 5],
                    0x27,
                    [0, 0, 3, 0xE8],
                    0x26,
                    "k",
                    "1",
                    0x26,
                    "k",
                    "0",
                    "c",
                    12,
                    0x01,
                    1,
                    0x02,
                    [0, 0, 0, 9],
                    0x18,
                    [0, 0, 0, 10],
                    "w",
                    [0, 0],
                    "",
                    [0, 0]
                )
            )
        ),
    ]

    static let connAcks: [PacketSample] = [
        PacketSample(
            "CONNACK with a session",
            .v3_1_1,
            from: .server,
            .connAck(ConnAck(sessionPresent: true)),
            [0x20, 2, 1, 0]
        ),
        PacketSample(
            "CONNACK cannot say that there is a session",
            .v3_1,
            from: .server,
            .connAck(ConnAck(sessionPresent: true)),
            decoded: .connAck(ConnAck()),
            [0x20, 2, 0, 0]
        ),
        PacketSample(
            "CONNACK refusing",
            .v3_1_1,
            from: .server,
            .connAck(ConnAck(reasonCode: .badUserNameOrPassword)),
            [0x20, 2, 0, 4]
        ),
        PacketSample(
            "CONNACK, bare",
            .v5,
            from: .server,
            .connAck(ConnAck(reasonCode: .serverMoved)),
            [0x20, 3, 0, 0x9D, 0]
        ),
        PacketSample(
            "CONNACK with everything",
            .v5,
            from: .server,
            .connAck(
                with(ConnAck(sessionPresent: true)) {
                    $0.properties.sessionExpiryInterval = 1
                    $0.properties.assignedClientIdentifier = "a"
                    $0.properties.serverKeepAlive = 2
                    $0.properties.authenticationMethod = "m"
                    $0.properties.authenticationData = []
                    $0.properties.responseInformation = "r"
                    $0.properties.serverReference = "s"
                    $0.properties.reasonString = "é"
                    $0.properties.receiveMaximum = 65535
                    $0.properties.topicAliasMaximum = 0
                    $0.properties.maximumQoS = .atLeastOnce
                    $0.properties.retainAvailable = true
                    $0.properties.maximumPacketSize = 1
                    $0.properties.wildcardSubscriptionAvailable = false
                    $0.properties.subscriptionIdentifierAvailable = true
                    $0.properties.sharedSubscriptionAvailable = false
                    $0.properties.userProperties = [.init("", "")]
                }
            ),
            framed(
                0x20,
                bytes(
                    1,
                    0,
                    58,
                    0x11,
                    [0, 0, 0, 1],
                    0x12,
                    "a",
                    0x13,
                    [0, 2],
                    0x15,
                    "m",
                    0x16,
                    [0, 0],
                    0x1A,
                    "r",
                    0x1C,
                    "s",
                    0x1F,
                    "é",
                    0x21,
                    [255, 255],
                    0x22,
                    [0, 0],
                    0x24,
                    1,
                    0x25,
                    1,
                    0x27,
                    [0, 0, 0, 1],
                    0x28,
                    0,
                    0x29,
                    1,
                    0x2A,
                    0,
                    0x26,
                    "",
                    ""
                )
            )
        ),
    ]

    static let publishes: [PacketSample] = [
        PacketSample(
            "PUBLISH, QoS 0, empty",
            .v3_1_1,
            from: .client,
            .publish(Publish(topic: "t", payload: [])),
            [0x30, 3, 0, 1, 0x74]
        ),
        PacketSample(
            "PUBLISH, QoS 2, retained, repeated",
            .v3_1,
            from: .server,
            .publish(
                with(Publish(topic: "a/b", payload: [1], qos: .exactlyOnce, retain: true, packetID: 258)) {
                    $0.isDuplicate = true
                }
            ),
            framed(0x3D, bytes("a/b", [1, 2], 1))
        ),
        PacketSample(
            "PUBLISH, QoS 1",
            .v5,
            from: .client,
            .publish(Publish(topic: "a/é", payload: [1, 2], qos: .atLeastOnce, packetID: 65535)),
            framed(0x32, bytes("a/é", [255, 255], 0, [1, 2]))
        ),
        PacketSample(
            "PUBLISH by alias",
            .v5,
            from: .client,
            .publish(with(Publish(topic: "", payload: [1])) { $0.properties.topicAlias = 3 }),
            framed(0x30, bytes("", 3, 0x23, [0, 3], 1))
        ),
        PacketSample(
            "PUBLISH with everything",
            .v5,
            from: .server,
            .publish(
                with(Publish(topic: "t", payload: [0])) {
                    $0.properties.payloadFormatIndicator = 0
                    $0.properties.messageExpiryInterval = 0xFFFF_FFFF
                    $0.properties.contentType = "c"
                    $0.properties.responseTopic = "r"
                    $0.properties.correlationData = [1, 0]
                    $0.properties.subscriptionIdentifiers = [1, 268_435_455]
                    $0.properties.topicAlias = 65535
                    $0.properties.userProperties = [.init("k", "v")]
                }
            ),
            framed(
                0x30,
                bytes(
                    "t",
                    37,
                    0x01,
                    0,
                    0x02,
                    [255, 255, 255, 255],
                    0x03,
                    "c",
                    0x08,
                    "r",
                    0x09,
                    [0, 2, 1, 0],
                    0x0B,
                    1,
                    0x0B,
                    [0xFF, 0xFF, 0xFF, 0x7F],
                    0x23,
                    [255, 255],
                    0x26,
                    "k",
                    "v",
                    0
                )
            )
        ),
    ]
}
