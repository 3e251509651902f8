import MQTTWire

/// A whole packet: the first byte, the remaining length, the body's parts one after another.
func frame(_ first: UInt8, _ parts: [UInt8]...) -> [UInt8] {
    let body = parts.flatMap { $0 }
    var packet = [first]
    VariableByteInteger.append(body.count, to: &packet)
    return packet + body
}

/// A UTF-8 Encoded String: its length in two bytes, then its text.
func text(_ string: String) -> [UInt8] {
    [UInt8(truncatingIfNeeded: string.utf8.count >> 8), UInt8(truncatingIfNeeded: string.utf8.count)]
        + Array(string.utf8)
}

/// A CONNECT's beginning: name, level, flags, keep alive of 0, and in MQTT 5 no properties.
func connectHead(_ version: ProtocolVersion, flags: UInt8) -> [UInt8] {
    text(version == .v3_1 ? "MQIsdp" : "MQTT") + [version.rawValue, flags, 0, 0] + (version == .v5 ? [0] : [])
}

extension TestClient {
    func acknowledge(_ type: PacketType, _ packetID: UInt16, _ reason: ReasonCode = .success) {
        send(.acknowledgement(Acknowledgement(type, packetID: packetID, reasonCode: reason)))
    }

    var unsubAcks: [UnsubAck] {
        received.compactMap { if case .unsubAck(let packet) = $0 { packet } else { nil } }
    }

    var auths: [Auth] { received.compactMap { if case .auth(let packet) = $0 { packet } else { nil } } }

    var connAckCount: Int {
        received.reduce(0) { if case .connAck = $1 { $0 + 1 } else { $0 } }
    }
}
