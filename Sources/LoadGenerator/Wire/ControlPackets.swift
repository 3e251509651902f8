/// The few packets of a client that are not on the hot path, encoded as plain byte arrays.
///
/// The generator has a codec of its own: it must stay far cheaper than any broker it loads, and it must not
/// share a fault with the codec of the broker that it checks.
enum ControlPackets {
    /// What a CONNECT asks for.
    struct Connect {
        var version: BrokerTarget.Version
        var clientID: String
        /// Clean session (3.x) or clean start (5.0).
        var clean = true
        /// Version 5.0 only: seconds that a session outlives its connection.
        var sessionExpirySeconds: UInt32 = 0
        /// Version 5.0 only: how many QoS 1 and 2 messages may be in flight towards us.
        var receiveMaximum: UInt16 = 65535
        var keepAliveSeconds: UInt16 = 0
        var username: String?
        var password: String?
    }

    static func connect(_ connect: Connect) -> [UInt8] {
        var body: [UInt8] = []
        append(connect.version == .v31 ? "MQIsdp" : "MQTT", to: &body)
        body.append(connect.version.rawValue)
        var flags: UInt8 = connect.clean ? 0x02 : 0
        if connect.username != nil { flags |= 0x80 }
        if connect.password != nil { flags |= 0x40 }
        body.append(flags)
        append(connect.keepAliveSeconds, to: &body)
        if connect.version == .v5 {
            var properties: [UInt8] = []
            if connect.sessionExpirySeconds > 0 {
                properties.append(0x11)
                append(UInt16(truncatingIfNeeded: connect.sessionExpirySeconds >> 16), to: &properties)
                append(UInt16(truncatingIfNeeded: connect.sessionExpirySeconds), to: &properties)
            }
            if connect.receiveMaximum < 65535 {
                properties.append(0x21)
                append(connect.receiveMaximum, to: &properties)
            }
            appendVariableByteInteger(properties.count, to: &body)
            body += properties
        }
        append(connect.clientID, to: &body)
        if let username = connect.username { append(username, to: &body) }
        if let password = connect.password { append(password, to: &body) }
        return packet(0x10, body)
    }

    /// - Parameter filters: together at most a few thousand bytes: one packet is made of them.
    static func subscribe(
        version: BrokerTarget.Version,
        packetID: UInt16,
        filters: some Sequence<String>,
        qos: UInt8
    ) -> [UInt8] {
        var body: [UInt8] = []
        append(packetID, to: &body)
        if version == .v5 { body.append(0) }
        for filter in filters {
            append(filter, to: &body)
            body.append(qos)
        }
        return packet(0x82, body)
    }

    static let disconnect: [UInt8] = [0xE0, 0]

    static func packet(_ firstByte: UInt8, _ body: [UInt8]) -> [UInt8] {
        var packet: [UInt8] = []
        packet.reserveCapacity(body.count + 5)
        packet.append(firstByte)
        appendVariableByteInteger(body.count, to: &packet)
        return packet + body
    }

    static func append(_ string: String, to bytes: inout [UInt8]) {
        append(UInt16(clamping: string.utf8.count), to: &bytes)
        bytes.append(contentsOf: string.utf8.prefix(Int(UInt16.max)))
    }

    static func append(_ value: UInt16, to bytes: inout [UInt8]) {
        bytes.append(UInt8(truncatingIfNeeded: value >> 8))
        bytes.append(UInt8(truncatingIfNeeded: value))
    }

    static func appendVariableByteInteger(_ value: Int, to bytes: inout [UInt8]) {
        var rest = value
        repeat {
            let low = UInt8(truncatingIfNeeded: rest & 0x7F)
            rest >>= 7
            bytes.append(rest > 0 ? low | 0x80 : low)
        } while rest > 0
    }
}
