/// AUTH, MQTT 5.0 section 3.15: one step of an enhanced authentication.
package struct Auth: Equatable, Sendable {
    package var reasonCode: ReasonCode
    package var properties = Properties()

    package init(reasonCode: ReasonCode, method: String? = nil, data: [UInt8]? = nil) {
        self.reasonCode = reasonCode
        properties.authenticationMethod = method
        properties.authenticationData = data
    }

    /// Decodes all that follows the fixed header, as `sender` may send it.
    package static func decode(_ body: RawSpan, sender: Peer = .client) throws(WireError) -> Auth {
        var reader = PacketReader(body)
        var packet = Auth(reasonCode: .success)
        if !reader.isAtEnd {
            packet.reasonCode = ReasonCode(rawValue: try reader.byte(body))
            packet.properties = try reader.properties(body, .auth, .v5)
            // Section 3.15.2.2.2
            guard packet.properties.authenticationMethod != nil else { throw .authenticationMethodMissing }
        }
        try reader.finish()
        // [MQTT-3.15.2-1], table 3-11
        switch packet.reasonCode {
        case .continueAuthentication: break
        case .success where sender == .server: break
        case .reauthenticate where sender == .client: break
        default: throw .reasonCodeInvalid
        }
        return packet
    }
}

extension Auth: DiagnosingPacket {
    /// Appends the packet, whatever the version: only MQTT 5.0 has it.
    package func encode(into buffer: inout [UInt8], version: ProtocolVersion = .v5) throws(WireError) {
        try PacketWriter.packet(.auth, into: &buffer) { (buffer: inout [UInt8]) throws(WireError) in
            guard !properties.isEmpty || reasonCode != .success else { return }
            buffer.append(reasonCode.rawValue)
            try properties.encode(into: &buffer)
        }
    }
}
