/// Mail for one other shard: records one behind the other, handed over whole once per turn.
///
/// Appending copies bytes into memory that is kept from turn to turn, so a forwarded message costs no
/// allocation; the reader walks the same bytes in place.
struct Outbox {
    private(set) var bytes: [UInt8] = []

    var isEmpty: Bool { bytes.isEmpty }

    mutating func take() -> [UInt8] {
        var taken: [UInt8] = []
        swap(&taken, &bytes)
        bytes.reserveCapacity(min(taken.count, 1 << 20))
        return taken
    }

    mutating func append<Value: BitwiseCopyable>(_ value: Value) {
        withUnsafeBytes(of: value) { bytes.append(contentsOf: $0) }
    }

    mutating func append(_ text: UnsafeRawBufferPointer) { bytes.append(contentsOf: text) }

    mutating func append(counted text: [UInt8]) {
        append(UInt32(text.count))
        bytes.append(contentsOf: text)
    }
}

/// Reads mail back. The writer is another shard of the same process, so a record that does not fit is
/// a fault of ours and stops the process.
struct MailReader {
    private let bytes: UnsafeRawBufferPointer
    private var offset = 0

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    var isAtEnd: Bool { offset == bytes.count }

    mutating func read<Value: BitwiseCopyable>(_: Value.Type = Value.self) -> Value {
        let size = MemoryLayout<Value>.size
        precondition(size <= bytes.count - offset, "mail ends inside a record")
        defer { offset += size }
        return bytes.loadUnaligned(fromByteOffset: offset, as: Value.self)
    }

    mutating func read(_ count: Int) -> UnsafeRawBufferPointer {
        precondition(count >= 0 && count <= bytes.count - offset, "mail ends inside a record")
        defer { offset += count }
        return UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + count])
    }

    mutating func readCounted() -> UnsafeRawBufferPointer {
        let count = Int(read(UInt32.self))
        return read(count)
    }
}
