/// What only the one who commits touches.
struct Committer {
    /// The segment being written; `nil` where the next group has to begin a fresh one.
    var writer: SegmentFile?
    /// Bytes in the writer's file, all of them covered by a commit.
    var writerBytes: UInt64 = 0
    /// Everything before is on the medium, as far as syncs told.
    var synced: LogPosition
    /// Asks the next commit to begin a fresh segment.
    var mustRoll = false
    /// Gaps that no group tells of yet, at most one for each cause.
    private(set) var gaps: [GapRecord] = []
    /// Segments that are no longer part of the log and still have a file.
    var doomed: [LogPosition] = []
    /// Whether a gap record tells that new records are being dropped at present.
    var hasToldDropping = false
    var sealContext: SealContext?
    private var sealBuffer: UnsafeMutableRawPointer?
    private var sealBytes = 0

    init(synced: LogPosition) { self.synced = synced }

    mutating func deallocate() {
        sealBuffer?.deallocate()
        sealBuffer = nil
        sealBytes = 0
    }

    /// The position that the writer's next byte would have.
    var writerEnd: LogPosition? {
        writer.map { $0.header.base + writerBytes - UInt64(SegmentHeader.byteCount) }
    }

    /// Forgets the segment being written: the next group begins another.
    mutating func abandonWriter() {
        writer = nil
        writerBytes = 0
        sealContext = nil
    }

    /// Adds a gap, to the one of the same cause where there is one already.
    mutating func note(_ gap: GapRecord) {
        guard let index = gaps.firstIndex(where: { $0.cause == gap.cause }) else {
            gaps.append(gap)
            return
        }
        gaps[index].to = gap.to
        gaps[index].count &+= gap.count
    }

    mutating func clearGaps() { gaps = [] }

    /// The group as it will stand in the file of `writer`: sealed records are made from the plain
    /// ones, which stay as they are, in case they must be sealed again for another file.
    mutating func sealed(
        _ group: UnsafeRawBufferPointer,
        capacity: Int,
        writer: SegmentFile
    ) throws(LogError) -> UnsafeRawBufferPointer {
        guard let sealer = writer.info.sealer, let source = group.baseAddress else { return group }
        if sealBytes < group.count {
            sealBuffer?.deallocate()
            sealBytes = max(capacity, group.count)
            sealBuffer = UnsafeMutableRawPointer.allocate(byteCount: sealBytes, alignment: 4096)
        }
        guard let buffer = sealBuffer else { return group }
        let context: SealContext
        if let sealContext {
            context = sealContext
        } else {
            context = try sealer.makeContext(forSealing: true)
            sealContext = context
        }
        buffer.copyMemory(from: source, byteCount: group.count)
        var offset = 0
        while offset < group.count {
            let record = buffer + offset
            let header = RecordHeader(record: UnsafeRawPointer(record))
            let payload = record + RecordHeader.byteCount
            guard
                context.seal(
                    payload,
                    length: Int(header.length),
                    position: header.position,
                    header: UnsafeRawPointer(record)
                )
            else { throw Libcrypto.error("AES-256-GCM") }
            header.storeChecksums(to: record, salt: writer.header.salt)
            offset += header.recordByteCount
        }
        return UnsafeRawBufferPointer(start: buffer, count: group.count)
    }
}
