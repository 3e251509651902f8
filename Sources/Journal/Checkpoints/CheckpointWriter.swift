/// Writes a checkpoint piece by piece; made by ``Log/beginCheckpoint(covering:now:)``.
///
/// The file has a temporary name until ``finish()``, so that a crash in the middle leaves the
/// checkpoints before it untouched. It is laid out like a segment: a header page, then records with
/// checksums, sealed where the log is. One thread at a time.
package final class CheckpointWriter {
    /// Longest piece that goes to the disk at once.
    static let pieceBytes = 256 << 10

    private let log: Log
    private let file: SegmentFile
    private let generation: UInt64
    private let context: SealContext?
    private let record: UnsafeMutableRawPointer
    /// Bytes of the next piece that are in `record` already.
    private var filled = 0
    /// Where the next record goes.
    private var position: LogPosition = 0
    private var byteCount: UInt64 = 0
    private var isDone = false

    init(_ log: Log, _ file: SegmentFile, generation: UInt64) throws(LogError) {
        self.log = log
        self.file = file
        self.generation = generation
        context = try file.info.sealer?.makeContext(forSealing: true)
        let most = RecordHeader.recordByteCount(payload: Self.pieceBytes, isSealed: true)
        record = UnsafeMutableRawPointer.allocate(byteCount: most, alignment: 4096)
    }

    /// A checkpoint that was not finished leaves nothing.
    deinit {
        record.deallocate()
        if !isDone { log.endCheckpoint(file, generation: generation, isKept: false) }
    }

    /// Adds bytes to the checkpoint. A reader gets them in the same order, in pieces of another size.
    ///
    /// - Throws: ``LogError/Code/disk``; then the checkpoint cannot be finished.
    package func write(_ bytes: UnsafeRawBufferPointer) throws(LogError) {
        var rest = bytes
        while !rest.isEmpty {
            let count = min(rest.count, Self.pieceBytes - filled)
            UnsafeMutableRawBufferPointer(start: record + RecordHeader.byteCount + filled, count: count)
                .copyMemory(from: UnsafeRawBufferPointer(rebasing: rest[..<count]))
            filled += count
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
            if filled == Self.pieceBytes { try writePiece(RecordType.checkpointPiece) }
        }
    }

    package func write(_ bytes: [UInt8]) throws(LogError) {
        let result = bytes.withUnsafeBytes { buffer -> Result<Void, LogError> in
            do throws(LogError) {
                return .success(try write(buffer))
            } catch {
                return .failure(error)
            }
        }
        try result.get()
    }

    /// Makes the checkpoint durable and the newest, and removes those that are one too many.
    ///
    /// From now on nothing before what the oldest kept checkpoint covers is needed for recovery.
    package func finish() throws(LogError) {
        guard !isDone else { throw LogError(.misuse, "the checkpoint is finished already") }
        if filled > 0 { try writePiece(RecordType.checkpointPiece) }
        let payload = record + RecordHeader.byteCount
        payload.storeBytes(of: byteCount.littleEndian, as: UInt64.self)
        filled = 8
        try writePiece(RecordType.checkpointEnd)
        do throws(DiskError) {
            if log.configuration.durability == .fsync { try file.file.sync() }
            try log.adopt(file)
        } catch {
            throw LogError(error)
        }
        isDone = true
        log.endCheckpoint(file, generation: generation, isKept: true)
    }

    private func writePiece(_ type: UInt16) throws(LogError) {
        let header = RecordHeader(
            position: position,
            length: UInt32(truncatingIfNeeded: filled),
            type: type,
            flags: context == nil ? 0 : RecordHeader.sealedFlag
        )
        let size = header.recordByteCount
        let stored = RecordHeader.byteCount + filled
        UnsafeMutableRawBufferPointer(start: record + stored, count: size - stored)
            .initializeMemory(as: UInt8.self, repeating: 0)
        header.store(to: record)
        if let context {
            let payload = record + RecordHeader.byteCount
            guard context.seal(payload, length: filled, position: position, header: UnsafeRawPointer(record))
            else {
                throw Libcrypto.error("AES-256-GCM")
            }
        }
        header.storeChecksums(to: record, salt: file.header.salt)
        do throws(DiskError) {
            try file.file.write(
                UnsafeRawBufferPointer(start: record, count: size),
                at: file.offset(of: position)
            )
        } catch {
            throw LogError(error)
        }
        if type == RecordType.checkpointPiece { byteCount += UInt64(filled) }
        position += UInt64(size)
        filled = 0
    }
}
