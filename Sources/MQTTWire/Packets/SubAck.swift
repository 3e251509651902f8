/// SUBACK, MQTT 5.0 section 3.9: one reason code for each filter of the SUBSCRIBE `[MQTT-3.8.4-6]`.
package struct SubAck: Equatable, Sendable {
    package var packetID: UInt16
    package var reasonCodes: [ReasonCode]
    package var properties = Properties()

    package init(packetID: UInt16, reasonCodes: [ReasonCode]) {
        self.packetID = packetID
        self.reasonCodes = reasonCodes
    }

    /// Decodes all that follows the fixed header.
    package static func decode(_ body: RawSpan, version: ProtocolVersion) throws(WireError) -> SubAck {
        var reader = PacketReader(body)
        var packet = SubAck(packetID: try reader.packetID(body), reasonCodes: [])
        packet.properties = try reader.properties(body, .acknowledgement, version)
        while !reader.isAtEnd {
            let code = ReasonCode(rawValue: try reader.byte(body))
            guard code.isAllowedInSubAck(version) else { throw .reasonCodeInvalid }
            packet.reasonCodes.append(code)
        }
        return packet
    }
}

extension SubAck: DiagnosingPacket {
    /// Appends the packet. Before MQTT 5.0 every failure is 0x80, in 3.1.1 `[MQTT3-3.9.3-2]`.
    package func encode(into buffer: inout [UInt8], version: ProtocolVersion) throws(WireError) {
        try PacketWriter.packet(.subAck, into: &buffer) { (buffer: inout [UInt8]) throws(WireError) in
            buffer.append(bigEndian: packetID)
            if version == .v5 { try properties.encode(into: &buffer) }
            for code in reasonCodes {
                buffer.append(code.isFailure && version != .v5 ? 0x80 : code.rawValue)
            }
        }
    }
}

extension ReasonCode {
    /// `[MQTT-3.9.3-2]`; before MQTT 5.0 there is one failure only.
    fileprivate func isAllowedInSubAck(_ version: ProtocolVersion) -> Bool {
        switch self {
        case .grantedQoS0, .grantedQoS1, .grantedQoS2, .unspecifiedError: true
        case .implementationSpecificError, .notAuthorized, .topicFilterInvalid, .packetIdentifierInUse,
            .quotaExceeded, .sharedSubscriptionsNotSupported, .subscriptionIdentifiersNotSupported,
            .wildcardSubscriptionsNotSupported:
            version == .v5
        default: false
        }
    }
}
