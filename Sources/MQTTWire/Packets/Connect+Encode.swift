extension Connect {
    /// Appends the packet. Properties are left out before MQTT 5.0.
    ///
    /// - Throws: ``WireError/fieldTooLong``, ``WireError/packetTooLarge``; `buffer` is then as it was.
    package func encode(into buffer: inout [UInt8]) throws(WireError) {
        try PacketWriter.packet(.connect, into: &buffer) { (buffer: inout [UInt8]) throws(WireError) in
            try buffer.append(string: version == .v3_1 ? "MQIsdp" : "MQTT")
            buffer.append(version.rawValue | (isBridge ? 0x80 : 0))
            buffer.append(flags)
            buffer.append(bigEndian: keepAlive)
            if version == .v5 { try properties.encode(into: &buffer) }
            try buffer.append(string: clientID)
            if let will {
                if version == .v5 { try will.properties.encode(into: &buffer) }
                try buffer.append(string: will.topic)
                try buffer.append(binary: will.payload)
            }
            if let userName { try buffer.append(string: userName) }
            if let password { try buffer.append(binary: password) }
        }
    }

    private var flags: UInt8 {
        var flags: UInt8 = cleanStart ? 0b0000_0010 : 0
        if let will {
            flags |= 0b0000_0100 | will.qos.rawValue << 3
            if will.retain { flags |= 0b0010_0000 }
        }
        if password != nil { flags |= 0b0100_0000 }
        if userName != nil { flags |= 0b1000_0000 }
        return flags
    }
}
