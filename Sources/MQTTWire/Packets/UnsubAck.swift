/// UNSUBACK, MQTT 5.0 section 3.11: one reason code for each filter; before MQTT 5.0 there are none.
package struct UnsubAck: Equatable, Sendable {
    package var packetID: UInt16
    /// Empty before MQTT 5.0.
    package var reasonCodes: [ReasonCode]
    package var properties = Properties()

    package init(packetID: UInt16, reasonCodes: [ReasonCode]) {
        self.packetID = packetID
        self.reasonCodes = reasonCodes
    }

    /// Decodes all that follows the fixed header.
    package static func decode(_ body: RawSpan, version: ProtocolVersion) throws(WireError) -> UnsubAck {
        var reader = PacketReader(body)
        var packet = UnsubAck(packetID: try reader.packetID(body), reasonCodes: [])
        packet.properties = try reader.properties(body, .acknowledgement, version)
        while version == .v5, !reader.isAtEnd {
            let code = ReasonCode(rawValue: try reader.byte(body))
            guard code.isAllowedInUnsubAck else { throw .reasonCodeInvalid }
            packet.reasonCodes.append(code)
        }
        try reader.finish()
        return packet
    }
}

extension UnsubAck: DiagnosingPacket {
    /// Appends the packet; before MQTT 5.0 without reason codes.
    package func encode(into buffer: inout [UInt8], version: ProtocolVersion) throws(WireError) {
        try PacketWriter.packet(.unsubAck, into: &buffer) { (buffer: inout [UInt8]) throws(WireError) in
            buffer.append(bigEndian: packetID)
            guard version == .v5 else { return }
            try properties.encode(into: &buffer)
            buffer.append(contentsOf: reasonCodes.lazy.map(\.rawValue))
        }
    }
}

extension ReasonCode {
    /// `[MQTT-3.11.3-2]`
    fileprivate var isAllowedInUnsubAck: Bool {
        switch self {
        case .success, .noSubscriptionExisted, .unspecifiedError, .implementationSpecificError,
            .notAuthorized,
            .topicFilterInvalid, .packetIdentifierInUse:
            true
        default: false
        }
    }
}
