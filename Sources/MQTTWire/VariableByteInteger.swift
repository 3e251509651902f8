/// The variable byte integer, MQTT 5.0 section 1.5.5: seven bits a byte, at most four bytes.
@usableFromInline
package enum VariableByteInteger {
    /// The largest value that four bytes hold, 268,435,455.
    @inlinable package static var maximum: Int { 0x0FFF_FFFF }

    /// Bytes that `value` (0…``maximum``) takes.
    @inlinable
    package static func length(of value: Int) -> Int {
        if value < 0x80 { return 1 }
        if value < 0x4000 { return 2 }
        return value < 0x20_0000 ? 3 : 4
    }

    /// Reads a value that must end before `end`, and moves `offset` behind it.
    ///
    /// - Throws: ``WireError/variableByteIntegerInvalid`` when it has a fifth byte, ends outside, or
    ///   takes more bytes than it needs `[MQTT-1.5.5-1]`.
    @inlinable
    static func read(_ bytes: RawSpan, at offset: inout Int, end: Int) throws(WireError) -> Int {
        var value = 0
        var shift = 0
        while shift < 28 {
            guard offset < end else { throw .variableByteIntegerInvalid }
            let byte = bytes.byte(at: offset)
            offset += 1
            value |= Int(byte & 0x7F) << shift
            if byte < 0x80 {
                guard byte != 0 || shift == 0 else { throw .variableByteIntegerInvalid }
                return value
            }
            shift += 7
        }
        throw .variableByteIntegerInvalid
    }

    /// Writes `value` (0…``maximum``, larger ones are cut) at `offset` and returns the offset behind it.
    @inlinable
    package static func write(_ value: Int, to buffer: UnsafeMutableRawBufferPointer, at offset: Int) -> Int {
        var rest = UInt32(truncatingIfNeeded: value)
        var next = offset
        repeat {
            var byte = UInt8(truncatingIfNeeded: rest & 0x7F)
            rest >>= 7
            if rest != 0 { byte |= 0x80 }
            buffer[next] = byte
            next += 1
        } while rest != 0 && next - offset < 4
        return next
    }

    /// Appends `value` (0…``maximum``) to `buffer`.
    package static func append(_ value: Int, to buffer: inout [UInt8]) {
        precondition((0...maximum).contains(value), "a variable byte integer has at most four bytes")
        var rest = value
        while rest > 0x7F {
            buffer.append(UInt8(rest & 0x7F) | 0x80)
            rest >>= 7
        }
        buffer.append(UInt8(rest))
    }
}
