extension Connect {
    private struct Flags {
        let rawValue: UInt8
        var isReservedSet: Bool { rawValue & 0b0000_0001 != 0 }
        var cleanStart: Bool { rawValue & 0b0000_0010 != 0 }
        var hasWill: Bool { rawValue & 0b0000_0100 != 0 }
        var willQoS: UInt8 { rawValue >> 3 & 0b11 }
        var willRetain: Bool { rawValue & 0b0010_0000 != 0 }
        var hasPassword: Bool { rawValue & 0b0100_0000 != 0 }
        var hasUserName: Bool { rawValue & 0b1000_0000 != 0 }
    }

    /// Decodes a CONNECT's body, all that follows the fixed header.
    ///
    /// - Throws: On the way to the error ``version(of:)`` tells in which version to answer.
    package static func decode(_ body: RawSpan) throws(WireError) -> Connect {
        var reader = PacketReader(body)
        let (version, isBridge) = try decodeProtocol(body, &reader)
        let flags = Flags(rawValue: try reader.byte(body))
        try check(flags, version)
        let keepAlive = try reader.uint16(body)
        let properties = try reader.properties(body, .connect, version)

        // [MQTT-3.1.3-1]: identifier, will properties, will topic, will payload, user name, password.
        let clientID = try reader.string(body)  // [MQTT-3.1.3-3], [MQTT-3.1.3-4]
        // 3.1.1 [MQTT3-3.1.3-8]: without an identifier there is no session to keep; 3.1 demands one.
        if clientID.isEmpty, version == .v3_1 || version == .v3_1_1 && !flags.cleanStart {
            throw .clientIdentifierInvalid
        }
        var connect = Connect(
            version: version,
            clientID: clientID,
            cleanStart: flags.cleanStart,
            keepAlive: keepAlive
        )
        connect.isBridge = isBridge
        connect.properties = properties
        if flags.hasWill { connect.will = try decodeWill(body, &reader, flags, version) }  // [MQTT-3.1.2-9]
        // MQTT 3.1 section 3.1: a flag may be set and its field left out.
        let mayLackFields = version == .v3_1
        if flags.hasUserName, !(mayLackFields && reader.isAtEnd) {  // [MQTT-3.1.2-17], [MQTT-3.1.3-12]
            connect.userName = try reader.string(body)
        }
        if flags.hasPassword, !(mayLackFields && reader.isAtEnd) {  // [MQTT-3.1.2-19]
            connect.password = try reader.binary(body)
        }
        try reader.finish()
        return connect
    }

    /// The version that a CONNECT's body asks for, even where the rest is wrong; `nil` when it is none of
    /// ours. Answer an unknown one with a 3.1.1 CONNACK, which every client understands.
    package static func version(of body: RawSpan) -> ProtocolVersion? {
        var reader = PacketReader(body)
        return try? decodeProtocol(body, &reader).version
    }

    private static func decodeProtocol(
        _ body: RawSpan,
        _ reader: inout PacketReader
    ) throws(WireError) -> (version: ProtocolVersion, isBridge: Bool) {
        let name = try reader.string(body)
        guard name == "MQTT" || name == "MQIsdp" else { throw .protocolNameInvalid }  // [MQTT-3.1.2-1]
        let level = try reader.byte(body)
        let isBridge = level & 0x80 != 0
        // [MQTT-3.1.2-2]
        guard let version = ProtocolVersion(rawValue: level & 0x7F),
            (version == .v3_1) == (name == "MQIsdp"), !isBridge || version != .v5
        else { throw .protocolVersionUnsupported }
        return (version, isBridge)
    }

    private static func check(_ flags: Flags, _ version: ProtocolVersion) throws(WireError) {
        // [MQTT-3.1.2-3]; MQTT 3.1 calls the bit unused.
        guard !flags.isReservedSet || version == .v3_1 else { throw .connectFlagReserved }
        guard flags.willQoS <= 2 else { throw .willQoSInvalid }  // [MQTT-3.1.2-12]
        // [MQTT-3.1.2-11], [MQTT-3.1.2-13]; in 3.1.1 [MQTT3-3.1.2-13], [MQTT3-3.1.2-15]
        guard flags.hasWill || flags.willQoS == 0 && !flags.willRetain else { throw .willFlagsWithoutWill }
        // 3.1.1 [MQTT3-3.1.2-22]; MQTT 5.0 allows a password alone (section 3.1.2.9).
        guard flags.hasUserName || !flags.hasPassword || version == .v5 else {
            throw .passwordWithoutUserName
        }
    }

    private static func decodeWill(
        _ body: RawSpan,
        _ reader: inout PacketReader,
        _ flags: Flags,
        _ version: ProtocolVersion
    ) throws(WireError) -> Will {
        let properties = try reader.properties(body, .will, version)
        let topic = try reader.stringRange(body)  // [MQTT-3.1.3-11]
        try TopicName.validate(body, topic)
        let payload = try reader.binary(body)
        var will = Will(topic: body.text(topic), payload: payload, retain: flags.willRetain)
        will.qos = QoS(rawValue: flags.willQoS) ?? .atMostOnce
        will.properties = properties
        return will
    }
}
