/// Writes fields of a record, little endian, into memory of exactly the size that was announced.
struct ByteWriter {
    private let memory: UnsafeMutableRawBufferPointer
    private var offset = 0

    init(_ memory: UnsafeMutableRawBufferPointer) { self.memory = memory }

    mutating func write<Value: FixedWidthInteger & BitwiseCopyable>(_ value: Value) {
        memory.storeBytes(of: value.littleEndian, toByteOffset: offset, as: Value.self)
        offset += MemoryLayout<Value>.size
    }

    mutating func write(_ bytes: UnsafeRawBufferPointer) {
        precondition(bytes.count <= memory.count - offset, "record larger than announced")
        if let start = bytes.baseAddress {
            (memory.baseAddress.unsafelyUnwrapped + offset).copyMemory(from: start, byteCount: bytes.count)
            offset += bytes.count
        }
    }
}

/// Reads fields back. What the journal hands out passed its checksum, so a record that does not fit
/// was written by another version: it is refused, not guessed at.
struct ByteReader {
    private let memory: UnsafeRawBufferPointer
    private(set) var offset = 0

    init(_ memory: UnsafeRawBufferPointer) { self.memory = memory }

    var isAtEnd: Bool { offset == memory.count }
    var left: Int { memory.count - offset }

    mutating func read<Value: FixedWidthInteger & BitwiseCopyable>(
        _: Value.Type = Value.self
    ) throws(StorageError) -> Value {
        let size = MemoryLayout<Value>.size
        guard size <= left else { throw .recordTooShort }
        defer { offset += size }
        return Value(littleEndian: memory.loadUnaligned(fromByteOffset: offset, as: Value.self))
    }

    mutating func read(_ count: Int) throws(StorageError) -> UnsafeRawBufferPointer {
        guard count >= 0, count <= left else { throw .recordTooShort }
        defer { offset += count }
        return UnsafeRawBufferPointer(rebasing: memory[offset..<offset + count])
    }

    mutating func readBytes() throws(StorageError) -> [UInt8] {
        let count = Int(try read(UInt32.self))
        return Array(try read(count))
    }

    mutating func readText() throws(StorageError) -> String {
        String(decoding: try readBytes(), as: UTF8.self)
    }
}

extension ByteReader {
    mutating func readTexts() throws(StorageError) -> [String] {
        var texts: [String] = []
        for _ in 0..<(try read(UInt32.self)) { texts.append(try readText()) }
        return texts
    }
}

/// Bytes of a small record, put together at leisure.
struct ByteBuilder {
    private(set) var bytes: [UInt8] = []

    mutating func write<Value: FixedWidthInteger & BitwiseCopyable>(_ value: Value) {
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }

    mutating func write(counted list: some Collection<UInt8>) {
        write(UInt32(list.count))
        bytes.append(contentsOf: list)
    }

    mutating func write(_ text: String) { write(counted: text.utf8) }
}

package enum StorageError: Error, Equatable, CustomStringConvertible {
    case recordTooShort
    case recordUnknown(UInt16)
    case checkpointVersion(UInt32)
    case journal(String)

    package var description: String {
        switch self {
        case .recordTooShort:
            "a record of the journal ends before its last field; it was written by another version of Weir"
        case .recordUnknown(let kind):
            "the journal holds a record of kind \(kind), which this version of Weir does not know"
        case .checkpointVersion(let version):
            "the checkpoint has version \(version), this Weir reads version \(StoredState.version)"
        case .journal(let text): text
        }
    }
}
