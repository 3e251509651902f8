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
    var sealContext: SealContext?
    private var sealBuffer: UnsafeMutableRawPointer?

    init(synced: LogPosition) { self.synced = synced }

    mutating func deallocate() {
        sealBuffer?.deallocate()
        sealBuffer = nil
    }

    /// Forgets the segment being written: the next group begins another.
    mutating func abandonWriter() {
        writer = nil
        writerBytes = 0
        sealContext = nil
    }

    /// The group as it will stand in the file of `writer`: sealed records are made from the plain
    /// ones, which stay as they are, in case they must be sealed again for another file.
    mutating func sealed(
        _ group: UnsafeRawBufferPointer,
        capacity: Int,
        writer: SegmentFile
    ) throws(LogError) -> UnsafeRawBufferPointer {
        guard let sealer = writer.info.sealer, let source = group.baseAddress else { return group }
        let buffer =
            sealBuffer ?? UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 4096)
        sealBuffer = buffer
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
