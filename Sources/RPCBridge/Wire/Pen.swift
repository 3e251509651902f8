/// Writes protocol buffers to memory that is known to be large enough.
struct Pen {
    var at: UnsafeMutableRawPointer

    @inline(__always)
    mutating func byte(_ value: UInt8) {
        at.storeBytes(of: value, as: UInt8.self)
        at += 1
    }

    @inline(__always)
    mutating func varint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            byte(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        byte(UInt8(truncatingIfNeeded: rest))
    }

    @inline(__always)
    mutating func fixed64(_ value: Int64) {
        at.storeBytes(of: value.littleEndian, as: Int64.self)
        at += 8
    }

    @inline(__always)
    mutating func bytes(_ source: UnsafeRawBufferPointer) {
        guard let base = source.baseAddress, source.count > 0 else { return }
        at.copyMemory(from: base, byteCount: source.count)
        at += source.count
    }

    /// A field of bytes or text; nothing where it is empty, as proto3 has it. `tag` has one or two bytes.
    @inline(__always)
    mutating func field(_ tag: UInt64, _ source: UnsafeRawBufferPointer) {
        guard source.count > 0 else { return }
        varint(tag)
        varint(UInt64(source.count))
        bytes(source)
    }

    @inline(__always)
    mutating func field(_ tag: UInt64, _ value: UInt64) {
        guard value != 0 else { return }
        varint(tag)
        varint(value)
    }

    /// Puts the length in front of what was written since `start`, which left two bytes for it.
    @inline(__always)
    mutating func close(from start: UnsafeMutableRawPointer) {
        let count = at - (start + 2)
        let width = Self.width(UInt64(count))
        if width != 2 {
            (start + width).copyMemory(from: start + 2, byteCount: count)
            at += width - 2
        }
        var pen = Pen(at: start)
        pen.varint(UInt64(count))
    }

    /// Bytes that a varint takes.
    @inline(__always)
    static func width(_ value: UInt64) -> Int {
        (70 - (value | 1).leadingZeroBitCount) / 7
    }
}
