/// The one property of a CONNACK that binds the generator.
enum ConnectAnswer {
    /// The broker's Receive Maximum.
    ///
    /// - Parameter body: a CONNACK of version 5.0 without its fixed header.
    static func receiveMaximum(in body: UnsafeRawBufferPointer) -> UInt16? {
        guard let length = try? PacketScanner.variableByteInteger(body, at: 2) else { return nil }
        var at = 2 + length.size
        let end = min(body.count, at + length.value)
        while at < end {
            let identifier = body[at]
            at += 1
            switch identifier {
            case 0x21:
                guard at + 2 <= end else { return nil }
                return UInt16(body[at]) << 8 | UInt16(body[at + 1])
            case 0x24, 0x25, 0x28, 0x29, 0x2A: at += 1
            case 0x13, 0x22: at += 2
            case 0x11, 0x27: at += 4
            case 0x12, 0x15, 0x16, 0x1A, 0x1C, 0x1F:
                guard let skipped = string(body, at: at, end: end) else { return nil }
                at = skipped
            case 0x26:
                guard let key = string(body, at: at, end: end), let value = string(body, at: key, end: end)
                else {
                    return nil
                }
                at = value
            default: return nil
            }
        }
        return nil
    }

    /// - Returns: where the string or binary data that begins at `at` ends.
    private static func string(_ body: UnsafeRawBufferPointer, at: Int, end: Int) -> Int? {
        guard at + 2 <= end else { return nil }
        let after = at + 2 + (Int(body[at]) << 8 | Int(body[at + 1]))
        return after <= end ? after : nil
    }
}
