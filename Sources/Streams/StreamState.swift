import Journal

/// What a stream knows besides its events: how many there were, and where its named cursors stand.
struct StreamState: Sendable, Equatable {
    private static let version: UInt8 = 1

    /// Of the newest event; 0 before the first.
    var sequence: UInt64 = 0
    var cursors: [String: LogPosition] = [:]

    /// Applies one record of the log.
    mutating func apply(_ record: LogRecord) {
        switch record.type {
        case StreamRecord.Kind.event:
            if let sequence = StreamRecord.sequence(of: record) { self.sequence = sequence }
        case StreamRecord.Kind.cursor:
            guard record.payload.count >= 8 else { return }
            let position = LogPosition(littleEndian: record.payload.loadUnaligned(as: LogPosition.self))
            cursors[String(decoding: record.payload.dropFirst(8), as: UTF8.self)] = position
        case StreamRecord.Kind.cursorRemoved:
            cursors[String(decoding: record.payload, as: UTF8.self)] = nil
        case StreamRecord.Kind.mark:
            if let state = StreamState(decoding: record.payload) { self = state }
        default: break
        }
    }

    static func cursorRecord(_ name: String, _ position: LogPosition) -> [UInt8] {
        withUnsafeBytes(of: position.littleEndian) { Array($0) } + Array(name.utf8)
    }

    func encode() -> [UInt8] {
        var bytes = [Self.version]
        func append<Value: FixedWidthInteger>(_ value: Value) {
            withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
        }
        append(sequence)
        append(UInt32(cursors.count))
        for (name, position) in cursors.sorted(by: { $0.key < $1.key }) {
            append(position)
            append(UInt16(truncatingIfNeeded: name.utf8.count))
            bytes.append(contentsOf: name.utf8)
        }
        return bytes
    }

    /// `nil` where another version of Weir wrote it, or the bytes do not add up.
    init?(decoding bytes: UnsafeRawBufferPointer) {
        var offset = 0
        func load<Value: FixedWidthInteger & BitwiseCopyable>(_: Value.Type) -> Value? {
            guard offset + MemoryLayout<Value>.size <= bytes.count else { return nil }
            defer { offset += MemoryLayout<Value>.size }
            return Value(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: Value.self))
        }
        guard load(UInt8.self) == Self.version, let sequence = load(UInt64.self),
            let count = load(UInt32.self)
        else { return nil }
        self.sequence = sequence
        for _ in 0..<count {
            guard let position = load(LogPosition.self), let length = load(UInt16.self),
                offset + Int(length) <= bytes.count
            else { return nil }
            let name = bytes[offset..<offset + Int(length)]
            offset += Int(length)
            cursors[String(decoding: name, as: UTF8.self)] = position
        }
    }

    init() {}
}
