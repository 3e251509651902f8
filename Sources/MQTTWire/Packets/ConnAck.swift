/// CONNACK, MQTT 5.0 section 3.2: the server's answer to CONNECT.
package struct ConnAck: Equatable, Sendable {
    package var sessionPresent: Bool
    package var reasonCode: ReasonCode
    package var properties = Properties()

    package init(sessionPresent: Bool = false, reasonCode: ReasonCode = .success) {
        self.sessionPresent = sessionPresent
        self.reasonCode = reasonCode
    }

    /// Decodes all that follows the fixed header. A return code of 3.1 or 3.1.1 is given as the reason
    /// code that says the same.
    package static func decode(_ body: RawSpan, version: ProtocolVersion) throws(WireError) -> ConnAck {
        var reader = PacketReader(body)
        let flags = try reader.byte(body)
        // [MQTT-3.2.2-1]; the byte is unused in MQTT 3.1.
        guard flags <= 1 || version == .v3_1 else { throw .connAckFlagsReserved }
        let code = try reader.byte(body)
        let reasonCode =
            version == .v5 ? ReasonCode(rawValue: code) : ReasonCode(connectReturnCode: code)
        guard let reasonCode, version != .v5 || reasonCode.isAllowedInConnAck else {
            throw .reasonCodeInvalid  // [MQTT-3.2.2-8]
        }
        let sessionPresent = flags & 1 != 0 && version != .v3_1
        // [MQTT-3.2.2-6]; in 3.1.1 [MQTT3-3.2.2-4]
        guard !sessionPresent || !reasonCode.isFailure else { throw .sessionPresentOnFailure }
        var connAck = ConnAck(sessionPresent: sessionPresent, reasonCode: reasonCode)
        connAck.properties = try reader.properties(body, .connAck, version)
        try reader.finish()
        return connAck
    }
}

extension ConnAck: DiagnosingPacket {
    /// Appends the packet. Before MQTT 5.0 a reason code without a return code of its own
    /// (``ReasonCode/connectReturnCode``) becomes 3, server unavailable: better close without a CONNACK.
    package func encode(into buffer: inout [UInt8], version: ProtocolVersion) throws(WireError) {
        try PacketWriter.packet(.connAck, into: &buffer) { (buffer: inout [UInt8]) throws(WireError) in
            buffer.append(sessionPresent && version != .v3_1 ? 1 : 0)
            if version == .v5 {
                buffer.append(reasonCode.rawValue)
                try properties.encode(into: &buffer)
            } else {
                buffer.append(reasonCode.connectReturnCode ?? 3)
            }
        }
    }
}

extension ReasonCode {
    /// Table 3-1 of MQTT 5.0.
    fileprivate var isAllowedInConnAck: Bool {
        switch rawValue {
        case 0x00, 0x80...0x8A, 0x8C, 0x90, 0x95, 0x97, 0x99...0x9D, 0x9F: true
        default: false
        }
    }
}
