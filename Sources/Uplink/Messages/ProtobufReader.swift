/// Reads the wire format of Protocol Buffers in place. Never traps, whatever the bytes are.
struct ProtobufReader {
    enum Value {
        case varint(UInt64)
        case fixed64(UInt64)
        case bytes(UnsafeRawBufferPointer)
        case fixed32(UInt32)
    }

    private let bytes: UnsafeRawBufferPointer
    private(set) var offset = 0

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    var isAtEnd: Bool { offset == bytes.count }

    /// The next field, or `nil` at the end.
    /// - Throws: ``BatchError/malformed(_:)`` where the bytes are no such message.
    mutating func next() throws(BatchError) -> (field: UInt64, value: Value)? {
        guard offset < bytes.count else { return nil }
        let key = try varint()
        let field = key >> 3
        guard field > 0 else { throw .malformed("field 0 at byte \(offset)") }
        switch key & 7 {
        case 0: return (field, .varint(try varint()))
        case 1:
            guard bytes.count - offset >= 8 else { throw .malformed("field \(field) ends early") }
            defer { offset += 8 }
            return (
                field,
                .fixed64(UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)))
            )
        case 2:
            let count = try varint()
            guard count <= UInt64(bytes.count - offset) else { throw .malformed("field \(field) ends early") }
            defer { offset += Int(count) }
            return (field, .bytes(UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + Int(count)])))
        case 5:
            guard bytes.count - offset >= 4 else { throw .malformed("field \(field) ends early") }
            defer { offset += 4 }
            return (
                field,
                .fixed32(UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self)))
            )
        default: throw .malformed("field \(field) has wire type \(key & 7), expected 0, 1, 2 or 5")
        }
    }

    @inline(__always)
    mutating func varint() throws(BatchError) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while offset < bytes.count {
            let byte = bytes[offset]
            offset += 1
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
            shift += 7
            guard shift < 70 else { break }
        }
        throw .malformed("a number of more than ten bytes, or cut short, at byte \(offset)")
    }
}

extension ProtobufReader.Value {
    var number: UInt64 {
        switch self {
        case .varint(let value), .fixed64(let value): value
        case .fixed32(let value): UInt64(value)
        case .bytes: 0
        }
    }

    var bytes: UnsafeRawBufferPointer {
        if case .bytes(let bytes) = self { bytes } else { UnsafeRawBufferPointer(start: nil, count: 0) }
    }

    var text: String { String(decoding: bytes, as: UTF8.self) }
}
