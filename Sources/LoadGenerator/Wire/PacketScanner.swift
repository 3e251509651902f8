/// Walks over received bytes packet by packet, in place.
package struct PacketScanner {
    /// Bytes that cannot be MQTT.
    package struct Malformed: Error, Equatable, CustomStringConvertible {
        package let reason: String
        package var description: String { "the broker sent \(reason)" }
    }

    package struct Packet {
        package var firstByte: UInt8
        /// What follows the fixed header.
        package var remaining: UnsafeRawBufferPointer
    }

    private let bytes: UnsafeRawBufferPointer
    /// How many bytes the packets that were handed out took; what follows is the beginning of another one.
    package private(set) var consumed = 0

    package init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    /// The next complete packet, or `nil` when the rest is less than one.
    @inline(__always)
    package mutating func next() throws(Malformed) -> Packet? {
        let left = bytes.count - consumed
        guard left >= 2 else { return nil }
        var length = Int(bytes[consumed + 1])
        var header = 2
        if length >= 0x80 {
            guard let long = try Self.variableByteInteger(bytes, at: consumed + 1) else { return nil }
            length = long.value
            header = 1 + long.size
        }
        guard length <= left - header else { return nil }
        let start = consumed + header
        let packet = Packet(
            firstByte: bytes[consumed],
            remaining: UnsafeRawBufferPointer(rebasing: bytes[start..<start + length])
        )
        consumed = start + length
        return packet
    }

    /// A variable byte integer of one to four bytes; `nil` when some of it has not come yet.
    static func variableByteInteger(
        _ bytes: UnsafeRawBufferPointer,
        at start: Int
    ) throws(Malformed) -> (value: Int, size: Int)? {
        var value = 0
        for index in 0..<4 {
            guard start + index < bytes.count else { return nil }
            let byte = bytes[start + index]
            value |= Int(byte & 0x7F) << (7 * index)
            if byte & 0x80 == 0 { return (value, index + 1) }
        }
        throw Malformed(reason: "a length of more than four bytes")
    }
}
