/// PUBACK, PUBREC, PUBREL or PUBCOMP with everything in it, MQTT 5.0 sections 3.4 to 3.7.
///
/// ``AckView`` and ``AckEncoder`` are the hot path's; this is for clients, tests and reason strings.
package struct Acknowledgement: Equatable, Sendable {
    /// One of the four.
    package let type: PacketType
    package var packetID: UInt16
    package var reasonCode: ReasonCode
    package var properties = Properties()

    /// - Parameter type: One of the four; anything else is a mistake of ours and traps.
    package init(_ type: PacketType, packetID: UInt16, reasonCode: ReasonCode = .success) {
        precondition(Self.types.contains(type), "an acknowledgement is PUBACK, PUBREC, PUBREL or PUBCOMP")
        self.type = type
        self.packetID = packetID
        self.reasonCode = reasonCode
    }

    private static let types: [PacketType] = [.pubAck, .pubRec, .pubRel, .pubComp]

    /// Decodes all that follows the fixed header.
    package static func decode(
        _ body: RawSpan,
        type: PacketType,
        version: ProtocolVersion
    ) throws(WireError) -> Acknowledgement {
        var reader = PacketReader(body)
        var packet = Acknowledgement(type, packetID: try reader.packetID(body))
        if version == .v5, !reader.isAtEnd {
            packet.reasonCode = ReasonCode(rawValue: try reader.byte(body))
            guard packet.reasonCode.isAllowed(in: type) else { throw .reasonCodeInvalid }
            // A remaining length below 4 means no properties (section 3.4.2.2.1).
            if !reader.isAtEnd { packet.properties = try reader.properties(body, .acknowledgement, version) }
        }
        try reader.finish()
        return packet
    }
}

extension Acknowledgement: DiagnosingPacket {
    /// Appends the packet, as short as it may be: without property length when it has no properties,
    /// and without reason code when that is success besides. Before MQTT 5.0 it has neither.
    package func encode(into buffer: inout [UInt8], version: ProtocolVersion) throws(WireError) {
        try PacketWriter.packet(type, into: &buffer) { (buffer: inout [UInt8]) throws(WireError) in
            buffer.append(bigEndian: packetID)
            guard version == .v5 else { return }
            let hasProperties = !properties.isEmpty
            if hasProperties || reasonCode != .success { buffer.append(reasonCode.rawValue) }
            if hasProperties { try properties.encode(into: &buffer) }
        }
    }
}
