import MQTTWire
import Testing

/// Bytes that are no packet, why, and the reason code that MQTT 5.0 asks for.
struct MalformedSample: CustomTestStringConvertible, Sendable {
    let name: String
    let version: ProtocolVersion
    let sender: Peer
    let wire: [UInt8]
    let error: WireError
    let reasonCode: UInt8
    /// The normative statement, of 3.1.1 where the version is 3.1.1.
    let clause: String

    var testDescription: String { "\(version): \(name) [\(clause)]" }

    init(
        _ name: String,
        _ version: ProtocolVersion,
        from sender: Peer = .client,
        _ wire: [UInt8],
        _ error: WireError,
        _ reasonCode: UInt8,
        _ clause: String
    ) {
        self.name = name
        self.version = version
        self.sender = sender
        self.wire = wire
        self.error = error
        self.reasonCode = reasonCode
        self.clause = clause
    }
}

extension MalformedSample {
    static let all =
        headers + connects + connectFlags + connAcks + publishes + publishProperties + acknowledgements
        + subscribes + unsubscribes + endings

    // A row on a line.
    // swift-format-ignore
    static let headers: [MalformedSample] = [
        .init("packet type 0", .v5, [0x00, 0], .packetTypeReserved, 0x81, "MQTT 2.1.2"),
        .init("AUTH", .v3_1_1, [0xF0, 0], .packetTypeReserved, 0x81, "MQTT 2.2.1"),
        .init("PINGREQ with a flag", .v5, [0xC1, 0], .headerFlagsReserved, 0x81, "MQTT-2.1.3-1"),
        .init("PUBREL without its flag", .v5, [0x60, 2, 0, 1], .headerFlagsReserved, 0x81, "MQTT-3.6.1-1"),
        .init("SUBSCRIBE without its flag", .v5, [0x80, 6, 0, 1, 0, 1, 0x61, 0], .headerFlagsReserved, 0x81, "MQTT-3.8.1-1"),
        .init("SUBSCRIBE without its flag", .v3_1_1, [0x80, 6, 0, 1, 0, 1, 0x61, 0], .headerFlagsReserved, 0x81, "MQTT3-3.8.1-1"),
        .init("UNSUBSCRIBE without its flag", .v5, [0xA0, 5, 0, 1, 0, 1, 0x61], .headerFlagsReserved, 0x81, "MQTT-3.10.1-1"),
        .init("DISCONNECT with a flag", .v5, [0xE2, 0], .headerFlagsReserved, 0x81, "MQTT-3.14.1-1"),
        .init("AUTH with a flag", .v5, [0xF4, 0], .headerFlagsReserved, 0x81, "MQTT-3.15.1-1"),
        .init("a length of five bytes", .v5, [0x30, 0xFF, 0xFF, 0xFF, 0xFF, 0x01], .remainingLengthInvalid, 0x81, "MQTT 1.5.5"),
        .init("a length longer than needed", .v5, [0xC0, 0x80, 0x00], .remainingLengthInvalid, 0x81, "MQTT-1.5.5-1"),
        .init("PINGREQ with a body", .v5, [0xC0, 1, 0], .bodyTooLong, 0x81, "MQTT 3.12"),
        .init("PINGRESP with a body", .v5, from: .server, [0xD0, 1, 0], .bodyTooLong, 0x81, "MQTT 3.13"),
    ]

    // A row on a line.
    // swift-format-ignore
    static let connects: [MalformedSample] = [
        .init("CONNECT without a body", .v5, [0x10, 0], .bodyTooShort, 0x81, "MQTT 3.1.2"),
        .init("another protocol's name", .v5, framed(0x10, bytes("HTTP", 5, 2, [0, 0], 0, "c")), .protocolNameInvalid, 0x84, "MQTT-3.1.2-1"),
        .init("the name in lower case", .v5, framed(0x10, bytes("mqtt", 5, 2, [0, 0], 0, "c")), .protocolNameInvalid, 0x84, "MQTT-3.1.2-1"),
        .init("version 6", .v5, framed(0x10, bytes("MQTT", 6, 2, [0, 0], 0, "c")), .protocolVersionUnsupported, 0x84, "MQTT-3.1.2-2"),
        .init("version 0", .v5, framed(0x10, bytes("MQTT", 0, 2, [0, 0], 0, "c")), .protocolVersionUnsupported, 0x84, "MQTT-3.1.2-2"),
        .init("version 3 under the name of 4", .v5, framed(0x10, bytes("MQTT", 3, 2, [0, 0], "c")), .protocolVersionUnsupported, 0x84, "MQTT-3.1.2-2"),
        .init("version 4 under the name of 3", .v5, framed(0x10, bytes("MQIsdp", 4, 2, [0, 0], "c")), .protocolVersionUnsupported, 0x84, "MQTT-3.1.2-2"),
        .init("a bridge's bit in version 5", .v5, framed(0x10, bytes("MQTT", 0x85, 2, [0, 0], 0, "c")), .protocolVersionUnsupported, 0x84, "MQTT-3.1.2-2"),
        .init("no client identifier", .v3_1, framed(0x10, bytes("MQIsdp", 3, 2, [0, 0], "")), .clientIdentifierInvalid, 0x85, "MQTT 3.1, 3.1"),
        .init("no client identifier for a session to keep", .v3_1_1, framed(0x10, bytes("MQTT", 4, 0, [0, 0], "")), .clientIdentifierInvalid, 0x85, "MQTT3-3.1.3-8"),
        .init("a client identifier that is not UTF-8", .v5, framed(0x10, bytes("MQTT", 5, 2, [0, 0], 0, [0, 1, 0xFF])), .stringNotUTF8, 0x81, "MQTT-3.1.3-4"),
        .init("a surrogate in the client identifier", .v5, framed(0x10, bytes("MQTT", 5, 2, [0, 0], 0, [0, 3, 0xED, 0xA0, 0x80])), .stringNotUTF8, 0x81, "MQTT-1.5.4-1"),
        .init("U+0000 in the client identifier", .v5, framed(0x10, bytes("MQTT", 5, 2, [0, 0], 0, [0, 1, 0])), .stringNotUTF8, 0x81, "MQTT-1.5.4-2"),
        .init("U+0000 in the user name", .v5, framed(0x10, bytes("MQTT", 5, 0x82, [0, 0], 0, "c", [0, 1, 0])), .stringNotUTF8, 0x81, "MQTT-3.1.3-12"),
        .init("bytes after the payload", .v5, framed(0x10, bytes("MQTT", 5, 2, [0, 0], 0, "c", 0)), .bodyTooLong, 0x81, "MQTT-3.1.3-1"),
        .init("bytes after the payload", .v3_1_1, framed(0x10, bytes("MQTT", 4, 2, [0, 0], "c", "u")), .bodyTooLong, 0x81, "MQTT3-3.1.2-18"),
        .init("no properties' length", .v5, framed(0x10, bytes("MQTT", 5, 2, [0, 0])), .bodyTooShort, 0x81, "MQTT-2.2.2-1"),
        .init("receive maximum 0", .v5, framed(0x10, bytes("MQTT", 5, 2, [0, 0], 3, 0x21, [0, 0], "c")), .propertyValueInvalid, 0x82, "MQTT 3.1.2.11.3"),
        .init("maximum packet size 0", .v5, framed(0x10, bytes("MQTT", 5, 2, [0, 0], 5, 0x27, [0, 0, 0, 0], "c")), .propertyValueInvalid, 0x82, "MQTT 3.1.2.11.4"),
        .init("request problem information 2", .v5, framed(0x10, bytes("MQTT", 5, 2, [0, 0], 2, 0x17, 2, "c")), .propertyValueInvalid, 0x82, "MQTT 3.1.2.11.7"),
        .init("authentication data alone", .v5, framed(0x10, bytes("MQTT", 5, 2, [0, 0], 5, 0x16, [0, 2, 1, 2], "c")), .authenticationDataWithoutMethod, 0x82, "MQTT 3.1.2.11.10"),
    ]

    // A row on a line.
    // swift-format-ignore
    static let connectFlags: [MalformedSample] = [
        .init("reserved flag", .v5, framed(0x10, bytes("MQTT", 5, 0x03, [0, 0], 0, "c")), .connectFlagReserved, 0x81, "MQTT-3.1.2-3"),
        .init("reserved flag", .v3_1_1, framed(0x10, bytes("MQTT", 4, 0x03, [0, 0], "c")), .connectFlagReserved, 0x81, "MQTT3-3.1.2-3"),
        .init("will QoS without will", .v5, framed(0x10, bytes("MQTT", 5, 0x0A, [0, 0], 0, "c")), .willFlagsWithoutWill, 0x81, "MQTT-3.1.2-11"),
        .init("will retain without will", .v5, framed(0x10, bytes("MQTT", 5, 0x22, [0, 0], 0, "c")), .willFlagsWithoutWill, 0x81, "MQTT-3.1.2-13"),
        .init("will retain without will", .v3_1_1, framed(0x10, bytes("MQTT", 4, 0x22, [0, 0], "c")), .willFlagsWithoutWill, 0x81, "MQTT3-3.1.2-15"),
        .init("will QoS 3", .v5, framed(0x10, bytes("MQTT", 5, 0x1E, [0, 0], 0, "c", 0, "w", "")), .willQoSInvalid, 0x81, "MQTT-3.1.2-12"),
        .init("will QoS 3", .v3_1_1, framed(0x10, bytes("MQTT", 4, 0x1E, [0, 0], "c", "w", "")), .willQoSInvalid, 0x81, "MQTT3-3.1.2-14"),
        .init("password without user name", .v3_1_1, framed(0x10, bytes("MQTT", 4, 0x42, [0, 0], "c", "p")), .passwordWithoutUserName, 0x81, "MQTT3-3.1.2-22"),
        .init("a will announced and missing", .v5, framed(0x10, bytes("MQTT", 5, 0x06, [0, 0], 0, "c", 0)), .bodyTooShort, 0x81, "MQTT-3.1.2-9"),
        .init("a user name announced and missing", .v5, framed(0x10, bytes("MQTT", 5, 0x82, [0, 0], 0, "c")), .bodyTooShort, 0x81, "MQTT-3.1.2-17"),
        .init("a password announced and missing", .v3_1_1, framed(0x10, bytes("MQTT", 4, 0xC2, [0, 0], "c", "u")), .bodyTooShort, 0x81, "MQTT3-3.1.2-21"),
        .init("a will topic with a wildcard", .v5, framed(0x10, bytes("MQTT", 5, 0x06, [0, 0], 0, "c", 0, "w/#", "")), .topicNameWildcard, 0x90, "MQTT-4.7.0-1"),
        .init("an empty will topic", .v5, framed(0x10, bytes("MQTT", 5, 0x06, [0, 0], 0, "c", 0, "", "")), .topicNameEmpty, 0x90, "MQTT-4.7.3-1"),
        .init("a will topic that is not UTF-8", .v5, framed(0x10, bytes("MQTT", 5, 0x06, [0, 0], 0, "c", 0, [0, 1, 0x80], "")), .stringNotUTF8, 0x81, "MQTT-3.1.3-11"),
        .init("a topic alias for the will", .v5, framed(0x10, bytes("MQTT", 5, 0x06, [0, 0], 0, "c", 3, 0x23, [0, 1], "w", "")), .propertyNotAllowed, 0x81, "MQTT 2.2.2.2"),
    ]

    // A row on a line.
    // swift-format-ignore
    static let connAcks: [MalformedSample] = [
        .init("reserved flags", .v5, from: .server, [0x20, 3, 2, 0, 0], .connAckFlagsReserved, 0x81, "MQTT-3.2.2-1"),
        .init("a session beside a failure", .v5, from: .server, [0x20, 3, 1, 0x87, 0], .sessionPresentOnFailure, 0x82, "MQTT-3.2.2-6"),
        .init("a session beside a failure", .v3_1_1, from: .server, [0x20, 2, 1, 5], .sessionPresentOnFailure, 0x82, "MQTT3-3.2.2-4"),
        .init("return code 6", .v3_1_1, from: .server, [0x20, 2, 0, 6], .reasonCodeInvalid, 0x82, "MQTT 3.2.2.3"),
        .init("a reason code of SUBACK", .v5, from: .server, [0x20, 3, 0, 1, 0], .reasonCodeInvalid, 0x82, "MQTT-3.2.2-8"),
        .init("maximum QoS 2", .v5, from: .server, [0x20, 5, 0, 0, 2, 0x24, 2], .propertyValueInvalid, 0x82, "MQTT 3.2.2.3.4"),
    ]

    // A row on a line.
    // swift-format-ignore
    static let publishes: [MalformedSample] = [
        .init("QoS 3", .v5, framed(0x36, bytes("t", [0, 1], 0)), .qosInvalid, 0x81, "MQTT-3.3.1-4"),
        .init("QoS 3", .v3_1_1, framed(0x36, bytes("t", [0, 1])), .qosInvalid, 0x81, "MQTT3-3.3.1-4"),
        .init("DUP with QoS 0", .v5, framed(0x38, bytes("t", 0)), .duplicateWithoutQoS, 0x81, "MQTT-3.3.1-2"),
        .init("DUP with QoS 0", .v3_1_1, framed(0x38, bytes("t")), .duplicateWithoutQoS, 0x81, "MQTT3-3.3.1-2"),
        .init("no topic", .v3_1_1, [0x30, 0], .bodyTooShort, 0x81, "MQTT3-3.3.2-1"),
        .init("a topic longer than the packet", .v5, [0x30, 4, 0, 9, 0x61, 0x62], .bodyTooShort, 0x81, "MQTT-3.3.2-1"),
        .init("a topic with '+'", .v5, framed(0x30, bytes("a/+/b", 0)), .topicNameWildcard, 0x90, "MQTT-3.3.2-2"),
        .init("a topic with '#'", .v5, framed(0x30, bytes("a/and/some/more/#", 0)), .topicNameWildcard, 0x90, "MQTT-3.3.2-2"),
        .init("a topic with a wildcard inside a level", .v3_1_1, framed(0x30, bytes("a#b")), .topicNameWildcard, 0x90, "MQTT3-4.7.1-1"),
        .init("a topic with U+0000", .v5, framed(0x30, bytes([0, 3, 0x61, 0, 0x62], 0)), .stringNotUTF8, 0x81, "MQTT-4.7.3-2"),
        .init("a topic that is not UTF-8", .v3_1_1, framed(0x30, bytes([0, 2, 0xC3, 0x28])), .stringNotUTF8, 0x81, "MQTT3-3.3.2-1"),
        .init("an empty topic", .v3_1_1, framed(0x30, bytes("")), .topicNameEmpty, 0x90, "MQTT3-4.7.3-1"),
        .init("an empty topic and no alias", .v5, framed(0x30, bytes("", 0)), .topicNameMissing, 0x82, "MQTT 3.3.2.1"),
        .init("an empty topic, properties, no alias", .v5, framed(0x30, bytes("", 2, 0x01, 0)), .topicNameMissing, 0x82, "MQTT 3.3.2.1"),
        .init("no packet identifier", .v5, framed(0x32, bytes("t", 0)), .bodyTooShort, 0x81, "MQTT-2.2.1-3"),
        .init("packet identifier 0", .v5, framed(0x32, bytes("t", [0, 0], 0)), .packetIdentifierZero, 0x82, "MQTT-2.2.1-3"),
        .init("packet identifier 0 of a server", .v5, from: .server, framed(0x34, bytes("t", [0, 0], 0)), .packetIdentifierZero, 0x82, "MQTT-2.2.1-4"),
        .init("packet identifier 0", .v3_1_1, framed(0x34, bytes("t", [0, 0])), .packetIdentifierZero, 0x82, "MQTT3-2.3.1-1"),
        .init("no properties' length", .v5, framed(0x30, bytes("t")), .bodyTooShort, 0x81, "MQTT-2.2.2-1"),
    ]

    // A row on a line.
    // swift-format-ignore
    static let publishProperties: [MalformedSample] = [
        .init("topic alias 0", .v5, framed(0x30, bytes("t", 3, 0x23, [0, 0])), .topicAliasZero, 0x94, "MQTT-3.3.2-8"),
        .init("subscription identifier of a client", .v5, framed(0x30, bytes("t", 2, 0x0B, 1)), .subscriptionIdentifierFromClient, 0x82, "MQTT-3.3.4-6"),
        .init("subscription identifier 0", .v5, from: .server, framed(0x30, bytes("t", 2, 0x0B, 0)), .propertyValueInvalid, 0x82, "MQTT 3.3.2.3.8"),
        .init("subscription identifier of five bytes", .v5, from: .server, framed(0x30, bytes("t", 6, 0x0B, [0xFF, 0xFF, 0xFF, 0xFF, 1])), .variableByteIntegerInvalid, 0x81, "MQTT 1.5.5"),
        .init("payload format 2", .v5, framed(0x30, bytes("t", 2, 0x01, 2)), .propertyValueInvalid, 0x82, "MQTT 3.3.2.3.2"),
        .init("response topic with a wildcard", .v5, framed(0x30, bytes("t", 4, 0x08, "+")), .responseTopicInvalid, 0x90, "MQTT-3.3.2-14"),
        .init("an empty response topic", .v5, framed(0x30, bytes("t", 3, 0x08, "")), .responseTopicInvalid, 0x90, "MQTT-4.7.3-1"),
        .init("response topic not UTF-8", .v5, framed(0x30, bytes("t", 4, 0x08, [0, 1, 0xFF])), .stringNotUTF8, 0x81, "MQTT-3.3.2-13"),
        .init("content type not UTF-8", .v5, framed(0x30, bytes("t", 4, 0x03, [0, 1, 0xFF])), .stringNotUTF8, 0x81, "MQTT-3.3.2-19"),
        .init("user property's name not UTF-8", .v5, framed(0x30, bytes("t", 7, 0x26, [0, 1, 0xC0], "v")), .stringNotUTF8, 0x81, "MQTT-1.5.7-1"),
        .init("user property's value not UTF-8", .v5, framed(0x30, bytes("t", 7, 0x26, "k", [0, 1, 0])), .stringNotUTF8, 0x81, "MQTT-1.5.7-1"),
        .init("user property without a value", .v5, framed(0x30, bytes("t", 4, 0x26, "k", 0, 0)), .propertyLengthInvalid, 0x81, "MQTT 2.2.2.1"),
        .init("properties longer than the packet", .v5, framed(0x30, bytes("t", 5, 0x01, 0)), .propertyLengthInvalid, 0x81, "MQTT 2.2.2.1"),
        .init("a property longer than the properties", .v5, framed(0x30, bytes("t", 4, 0x02, [0, 0, 0, 1])), .propertyLengthInvalid, 0x81, "MQTT 2.2.2.1"),
        .init("property length longer than needed", .v5, framed(0x30, bytes("t", [0x80, 0x00])), .variableByteIntegerInvalid, 0x81, "MQTT-1.5.5-1"),
        .init("property length of five bytes", .v5, framed(0x30, bytes("t", [0xFF, 0xFF, 0xFF, 0xFF, 1])), .variableByteIntegerInvalid, 0x81, "MQTT 1.5.5"),
        .init("unknown property", .v5, framed(0x30, bytes("t", 2, 0x04, 0)), .propertyUnknown, 0x81, "MQTT 2.2.2.2"),
        .init("unknown property of two bytes", .v5, framed(0x30, bytes("t", 3, [0x81, 0x01], 0)), .propertyUnknown, 0x81, "MQTT 2.2.2.2"),
        .init("another packet's property", .v5, framed(0x30, bytes("t", 3, 0x21, [0, 1])), .propertyNotAllowed, 0x81, "MQTT 2.2.2.2"),
        .init("a property twice", .v5, framed(0x30, bytes("t", 4, 0x01, 0, 0x01, 0)), .propertyRepeated, 0x82, "MQTT 3.3.2.3.2"),
    ]

    // A row on a line.
    // swift-format-ignore
    static let acknowledgements: [MalformedSample] = [
        .init("PUBACK without identifier", .v5, [0x40, 1, 0], .bodyTooShort, 0x81, "MQTT 3.4.2"),
        .init("PUBACK with identifier 0", .v5, [0x40, 2, 0, 0], .packetIdentifierZero, 0x82, "MQTT-2.2.1-5"),
        .init("PUBACK with a reason code", .v3_1_1, [0x40, 3, 0, 1, 0], .bodyTooLong, 0x81, "MQTT 3.4.2"),
        .init("PUBACK with a code of PUBREL", .v5, [0x40, 3, 0, 1, 0x92], .reasonCodeInvalid, 0x82, "MQTT-3.4.2-1"),
        .init("PUBREC with an unknown code", .v5, [0x50, 3, 0, 1, 0x7F], .reasonCodeInvalid, 0x82, "MQTT-3.5.2-1"),
        .init("PUBREL with a code of PUBACK", .v5, [0x62, 3, 0, 1, 0x10], .reasonCodeInvalid, 0x82, "MQTT-3.6.2-1"),
        .init("PUBCOMP with a code of PUBACK", .v5, [0x70, 3, 0, 1, 0x97], .reasonCodeInvalid, 0x82, "MQTT-3.7.2-1"),
        .init("PUBACK with bytes after its properties", .v5, [0x40, 5, 0, 1, 0, 0, 0], .bodyTooLong, 0x81, "MQTT 3.4.2.2"),
        .init("PUBACK with two reason strings", .v5, framed(0x40, bytes([0, 1], 0, 6, 0x1F, "", 0x1F, "")), .propertyRepeated, 0x82, "MQTT 3.4.2.2.2"),
        .init("PUBACK with a server reference", .v5, framed(0x40, bytes([0, 1], 0, 3, 0x1C, "")), .propertyNotAllowed, 0x81, "MQTT 2.2.2.2"),
    ]

    // A row on a line.
    // swift-format-ignore
    static let subscribes: [MalformedSample] = [
        .init("no filter", .v5, [0x82, 3, 0, 1, 0], .noTopicFilter, 0x82, "MQTT-3.8.3-2"),
        .init("no filter", .v3_1_1, [0x82, 2, 0, 1], .noTopicFilter, 0x82, "MQTT3-3.8.3-3"),
        .init("identifier 0", .v5, framed(0x82, bytes([0, 0], 0, "a", 0)), .packetIdentifierZero, 0x82, "MQTT-2.2.1-3"),
        .init("a filter without options", .v5, framed(0x82, bytes([0, 1], 0, "a")), .bodyTooShort, 0x81, "MQTT 3.8.3"),
        .init("an empty filter", .v5, framed(0x82, bytes([0, 1], 0, "", 0)), .topicFilterEmpty, 0x8F, "MQTT-4.7.3-1"),
        .init("a filter that is not UTF-8", .v5, framed(0x82, bytes([0, 1], 0, [0, 1, 0x80], 0)), .stringNotUTF8, 0x81, "MQTT-3.8.3-1"),
        .init("'#' before the end", .v5, framed(0x82, bytes([0, 1], 0, "#/a", 0)), .topicFilterWildcard, 0x8F, "MQTT-4.7.1-1"),
        .init("'+' inside a level", .v3_1_1, framed(0x82, bytes([0, 1], "a+", 0)), .topicFilterWildcard, 0x8F, "MQTT3-4.7.1-3"),
        .init("reserved options", .v5, framed(0x82, bytes([0, 1], 0, "a", 0x40)), .subscriptionOptionsReserved, 0x81, "MQTT-3.8.3-5"),
        .init("reserved options", .v3_1_1, framed(0x82, bytes([0, 1], "a", 0x04)), .subscriptionOptionsReserved, 0x81, "MQTT3-3.8.3-4"),
        .init("QoS 3", .v5, framed(0x82, bytes([0, 1], 0, "a", 3)), .subscriptionQoSInvalid, 0x82, "MQTT 3.8.3.1"),
        .init("QoS 3", .v3_1_1, framed(0x82, bytes([0, 1], "a", 3)), .subscriptionQoSInvalid, 0x82, "MQTT3-3.8.3-4"),
        .init("retain handling 3", .v5, framed(0x82, bytes([0, 1], 0, "a", 0x30)), .retainHandlingInvalid, 0x82, "MQTT 3.8.3.1"),
        .init("No Local, shared", .v5, framed(0x82, bytes([0, 1], 0, "$share/g/a", 4)), .noLocalOnSharedSubscription, 0x82, "MQTT-3.8.3-4"),
        .init("no share name", .v5, framed(0x82, bytes([0, 1], 0, "$share//a", 0)), .shareNameInvalid, 0x8F, "MQTT-4.8.2-1"),
        .init("a wildcard in the share name", .v5, framed(0x82, bytes([0, 1], 0, "$share/+/a", 0)), .shareNameInvalid, 0x8F, "MQTT-4.8.2-2"),
        .init("subscription identifier 0", .v5, framed(0x82, bytes([0, 1], 2, 0x0B, 0, "a", 0)), .propertyValueInvalid, 0x82, "MQTT 3.8.2.1.2"),
        .init("two subscription identifiers", .v5, framed(0x82, bytes([0, 1], 4, 0x0B, 1, 0x0B, 2, "a", 0)), .propertyRepeated, 0x82, "MQTT 3.8.2.1.2"),
        .init("SUBACK with an unknown code", .v5, from: .server, [0x90, 4, 0, 1, 0, 3], .reasonCodeInvalid, 0x82, "MQTT-3.9.3-2"),
        .init("SUBACK with a code of MQTT 5.0", .v3_1_1, from: .server, [0x90, 3, 0, 1, 0x87], .reasonCodeInvalid, 0x82, "MQTT3-3.9.3-2"),
    ]

    // A row on a line.
    // swift-format-ignore
    static let unsubscribes: [MalformedSample] = [
        .init("no filter", .v5, [0xA2, 3, 0, 1, 0], .noTopicFilter, 0x82, "MQTT-3.10.3-2"),
        .init("no filter", .v3_1_1, [0xA2, 2, 0, 1], .noTopicFilter, 0x82, "MQTT3-3.10.3-2"),
        .init("identifier 0", .v3_1_1, framed(0xA2, bytes([0, 0], "a")), .packetIdentifierZero, 0x82, "MQTT3-2.3.1-1"),
        .init("a filter that is not UTF-8", .v5, framed(0xA2, bytes([0, 1], 0, [0, 1, 0x80])), .stringNotUTF8, 0x81, "MQTT-3.10.3-1"),
        .init("a reason string", .v5, framed(0xA2, bytes([0, 1], 3, 0x1F, "", "a")), .propertyNotAllowed, 0x81, "MQTT 2.2.2.2"),
        .init("UNSUBACK with a granted QoS", .v5, from: .server, [0xB0, 4, 0, 1, 0, 1], .reasonCodeInvalid, 0x82, "MQTT-3.11.3-2"),
        .init("UNSUBACK with a reason code", .v3_1_1, from: .server, [0xB0, 3, 0, 1, 0], .bodyTooLong, 0x81, "MQTT 3.11"),
    ]

    // A row on a line.
    // swift-format-ignore
    static let endings: [MalformedSample] = [
        .init("DISCONNECT with a body", .v3_1_1, [0xE0, 1, 0], .bodyTooLong, 0x81, "MQTT 3.14"),
        .init("DISCONNECT of a client with a server's code", .v5, [0xE0, 1, 0x8E], .reasonCodeInvalid, 0x82, "MQTT-3.14.2-1"),
        .init("DISCONNECT of a server with a client's code", .v5, from: .server, [0xE0, 1, 0x04], .reasonCodeInvalid, 0x82, "MQTT-3.14.2-1"),
        .init("DISCONNECT of a server with a session expiry", .v5, from: .server, framed(0xE0, bytes(0, 5, 0x11, [0, 0, 0, 1])), .propertyNotAllowed, 0x81, "MQTT-3.14.2-2"),
        .init("DISCONNECT of a client with a server reference", .v5, framed(0xE0, bytes(0, 3, 0x1C, "")), .propertyNotAllowed, 0x81, "MQTT 3.14.2.2.5"),
        .init("DISCONNECT with bytes after its properties", .v5, [0xE0, 3, 0, 0, 0], .bodyTooLong, 0x81, "MQTT 3.14.2.2"),
        .init("AUTH without a method", .v5, [0xF0, 2, 0x18, 0], .authenticationMethodMissing, 0x82, "MQTT 3.15.2.2.2"),
        .init("AUTH with data and no method", .v5, framed(0xF0, bytes(0x18, 3, 0x16, "")), .authenticationDataWithoutMethod, 0x82, "MQTT 3.15.2.2.3"),
        .init("AUTH of a client that says success", .v5, [0xF0, 0], .reasonCodeInvalid, 0x82, "MQTT-3.15.2-1"),
        .init("AUTH of a server that asks to start again", .v5, from: .server, framed(0xF0, bytes(0x19, 4, 0x15, "m")), .reasonCodeInvalid, 0x82, "MQTT-3.15.2-1"),
    ]
}
