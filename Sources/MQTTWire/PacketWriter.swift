/// Appends a packet's fields to a buffer, for the packets that are not hot.
enum PacketWriter {
    /// Appends a packet: first byte, remaining length, and what `body` appends.
    ///
    /// - Throws: What `body` throws, or ``WireError/packetTooLarge``; `buffer` is then as it was.
    static func packet(
        _ type: PacketType,
        flags: UInt8? = nil,
        into buffer: inout [UInt8],
        body: (inout [UInt8]) throws(WireError) -> Void
    ) throws(WireError) {
        let start = buffer.count
        buffer.append(type.rawValue << 4 | (flags ?? type.prescribedFlags))
        do throws(WireError) {
            try measured(into: &buffer, content: body)
        } catch {
            buffer.removeSubrange(start...)
            throw error
        }
    }

    /// Appends a variable byte integer that counts what `content` appends behind it.
    static func measured(
        into buffer: inout [UInt8],
        content: (inout [UInt8]) throws(WireError) -> Void
    ) throws(WireError) {
        let start = buffer.count
        try content(&buffer)
        let length = buffer.count - start
        guard length <= VariableByteInteger.maximum else { throw .packetTooLarge }
        var prefix: [UInt8] = []
        VariableByteInteger.append(length, to: &prefix)
        buffer.insert(contentsOf: prefix, at: start)
    }
}

extension [UInt8] {
    mutating func append(bigEndian value: UInt16) {
        append(UInt8(truncatingIfNeeded: value >> 8))
        append(UInt8(truncatingIfNeeded: value))
    }

    mutating func append(bigEndian value: UInt32) {
        append(bigEndian: UInt16(truncatingIfNeeded: value >> 16))
        append(bigEndian: UInt16(truncatingIfNeeded: value))
    }

    /// - Throws: ``WireError/fieldTooLong``.
    mutating func append(string: String) throws(WireError) {
        try append(binary: string.utf8)
    }

    /// - Throws: ``WireError/fieldTooLong``.
    mutating func append(binary: some Collection<UInt8>) throws(WireError) {
        guard let length = UInt16(exactly: binary.count) else { throw .fieldTooLong }
        append(bigEndian: length)
        append(contentsOf: binary)
    }
}
