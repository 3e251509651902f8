/// DISCONNECT, MQTT 5.0 section 3.14. Before MQTT 5.0 only a client sends it, and it is empty.
package struct Disconnect: Equatable, Sendable {
    package var reasonCode: ReasonCode
    package var properties = Properties()

    package init(reasonCode: ReasonCode = .normalDisconnection) { self.reasonCode = reasonCode }

    /// Decodes all that follows the fixed header, as `sender` may send it.
    package static func decode(
        _ body: RawSpan,
        version: ProtocolVersion,
        sender: Peer = .client
    ) throws(WireError) -> Disconnect {
        var reader = PacketReader(body)
        var packet = Disconnect()
        if version == .v5, !reader.isAtEnd {
            packet.reasonCode = ReasonCode(rawValue: try reader.byte(body))
            // [MQTT-3.14.2-1]
            guard packet.reasonCode.isAllowedInDisconnect(from: sender) else { throw .reasonCodeInvalid }
            // A remaining length below 2 means no properties (section 3.14.2.2.1).
            if !reader.isAtEnd {
                packet.properties = try reader.properties(
                    body,
                    sender == .client ? .disconnectFromClient : .disconnectFromServer,
                    version
                )
            }
        }
        try reader.finish()
        return packet
    }
}

extension Disconnect: DiagnosingPacket {
    /// Appends the packet, as short as it may be; before MQTT 5.0 always two bytes.
    package func encode(into buffer: inout [UInt8], version: ProtocolVersion) throws(WireError) {
        try PacketWriter.packet(.disconnect, into: &buffer) { (buffer: inout [UInt8]) throws(WireError) in
            guard version == .v5 else { return }
            let hasProperties = !properties.isEmpty
            if hasProperties || reasonCode != .normalDisconnection { buffer.append(reasonCode.rawValue) }
            if hasProperties { try properties.encode(into: &buffer) }
        }
    }
}

extension ReasonCode {
    /// Table 3-10 of MQTT 5.0.
    package func isAllowedInDisconnect(from sender: Peer) -> Bool {
        switch rawValue {
        case 0x00, 0x80...0x83, 0x90, 0x93...0x99: true
        case 0x04: sender == .client
        case 0x87, 0x89, 0x8B, 0x8D...0x8F, 0x9A...0xA2: sender == .server
        default: false
        }
    }
}
