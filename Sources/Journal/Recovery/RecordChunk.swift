/// Reads a segment file record by record for recovery and inspection. Sealed payloads stay sealed,
/// except the journal's own records where the file's key is there.
struct RecordChunk {
    enum Found {
        /// The payload is valid until the next call.
        case valid(RecordHeader, UnsafeRawBufferPointer)
        /// No whole record; with the header where that much is whole.
        case invalid(RecordHeader?)
    }

    private static let chunkBytes = 1 << 20

    private let segment: SegmentFile
    private let end: LogPosition
    private var bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: chunkBytes, alignment: 4096)
    private var base: LogPosition = 0
    private var count = 0
    /// What was opened in place is no longer what its checksum says; bytes before this are not
    /// looked at again.
    private var usableFrom: LogPosition = 0
    private var context: SealContext?
    /// Whether every sealed record is opened, not only the journal's own.
    var opensAll = false

    /// - Parameter end: Nothing is read behind.
    init(segment: SegmentFile, end: LogPosition) {
        self.segment = segment
        self.end = end
    }

    mutating func deallocate() { bytes.deallocate() }

    mutating func record(at position: LogPosition) throws(DiskError) -> Found {
        var atLeast = RecordHeader.byteCount
        while true {
            if position < usableFrom || position + UInt64(atLeast) > base + UInt64(count) {
                try load(position, atLeast: atLeast)
                guard count >= atLeast else { return .invalid(nil) }
            }
            let offset = Int(position - base)
            let record = UnsafeRawBufferPointer(rebasing: bytes[offset..<count])
            switch RecordCheck.examine(
                record,
                position: position,
                salt: segment.header.salt,
                room: end - position
            ) {
            case .valid(let header):
                guard segment.info.allows(header) else { return .invalid(header) }
                let payload = UnsafeMutableRawBufferPointer(
                    rebasing: bytes[
                        offset + RecordHeader.byteCount..<offset + RecordHeader.byteCount + Int(header.length)
                    ]
                )
                if header.isSealed, opensAll || header.type >= RecordType.firstReserved {
                    guard open(header, at: offset) else { return .invalid(header) }
                }
                return .valid(header, UnsafeRawBufferPointer(payload))
            case .short(let needed): atLeast = needed
            case .badHeader: return .invalid(nil)
            case .badPayload(let header): return .invalid(header)
            }
        }
    }

    private mutating func load(_ position: LogPosition, atLeast: Int) throws(DiskError) {
        if bytes.count < atLeast {
            bytes.deallocate()
            bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: atLeast, alignment: 4096)
        }
        base = position
        usableFrom = position
        count = 0
        let wanted = Int(min(UInt64(bytes.count), end - position))
        count = try segment.file.read(
            into: UnsafeMutableRawBufferPointer(rebasing: bytes[..<wanted]),
            at: segment.offset(of: position)
        )
    }

    private mutating func open(_ header: RecordHeader, at offset: Int) -> Bool {
        // Without the key the journal's own records cannot be read either: the caller decides.
        guard let sealer = segment.info.sealer else { return true }
        if context == nil { context = try? sealer.makeContext(forSealing: false) }
        guard let context, let start = bytes.baseAddress else { return false }
        let isOpen = context.open(
            start + offset + RecordHeader.byteCount,
            length: Int(header.length),
            position: header.position,
            header: UnsafeRawPointer(start + offset)
        )
        usableFrom = header.position + UInt64(header.recordByteCount)
        return isOpen
    }
}
