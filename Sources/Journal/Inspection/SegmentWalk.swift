/// Walks all records of a file, and the holes between them.
struct SegmentWalk {
    enum Step {
        /// The payload is valid until the next step.
        case record(RecordHeader, UnsafeRawBufferPointer)
        /// No whole record between the two positions.
        case hole(from: LogPosition, to: LogPosition, reason: String)
    }

    private let segment: SegmentFile
    private let end: LogPosition
    private var position: LogPosition
    private var chunk: RecordChunk

    /// - Parameter end: Where the records end, for a file that was continued elsewhere.
    init(_ segment: SegmentFile, from: LogPosition? = nil, end: LogPosition) {
        self.segment = segment
        self.end = end
        position = from ?? segment.header.base
        chunk = RecordChunk(segment: segment, end: end)
        chunk.opensAll = segment.info.sealer != nil
    }

    mutating func deallocate() { chunk.deallocate() }

    mutating func next() throws(DiskError) -> Step? {
        guard position < end else { return nil }
        switch try chunk.record(at: position) {
        case .valid(let header, let payload):
            position += UInt64(header.recordByteCount)
            return .record(header, payload)
        case .invalid(let header):
            let from = position
            let behind = from + UInt64(header?.recordByteCount ?? RecordHeader.alignment)
            position = try RecordSearch(segment: segment, end: end).next(from: behind) ?? end
            let reason =
                header.map { "the checksum or seal of a record of type \($0.type) is wrong" }
                ?? "no record begins here"
            return .hole(from: from, to: position, reason: reason)
        }
    }
}
