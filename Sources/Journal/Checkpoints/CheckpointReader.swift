/// Reads a checkpoint piece by piece; made by ``Log/newestCheckpoint()``, which has checked all of it.
package final class CheckpointReader {
    /// The checkpoint holds the effect of every record before this position, and of none behind.
    package let position: LogPosition
    /// Grows with every checkpoint of a log.
    package let generation: UInt64
    /// Milliseconds since 1970, as the writer said.
    package let createdAt: UInt64
    /// Newer checkpoints that could not be used, and why.
    package internal(set) var skipped: [String] = []

    private let path: String
    private var chunk: RecordChunk
    private let fileEnd: LogPosition
    private var next: LogPosition = 0
    private(set) var byteCount: UInt64 = 0

    init(_ file: SegmentFile, fileBytes: UInt64) {
        position = file.header.previousEnd
        generation = file.header.recordsBefore
        createdAt = file.header.createdAt
        path = file.path
        fileEnd = fileBytes - min(fileBytes, UInt64(SegmentHeader.byteCount))
        chunk = RecordChunk(segment: file, end: fileEnd)
        chunk.opensAll = true
    }

    deinit { chunk.deallocate() }

    /// The next piece, or `nil` behind the last. Valid until the next call.
    ///
    /// - Throws: ``LogError/Code/damaged`` where the medium gives back something else than was
    ///   written, or the checkpoint has no end.
    package func nextPiece() throws(LogError) -> UnsafeRawBufferPointer? {
        let found: RecordChunk.Found
        do throws(DiskError) {
            found = try chunk.record(at: next)
        } catch {
            throw LogError(error)
        }
        guard case .valid(let header, let payload) = found else {
            throw LogError(
                .damaged,
                "checkpoint \"\(path)\" is damaged at offset \(next + UInt64(SegmentHeader.byteCount))"
            )
        }
        next += UInt64(header.recordByteCount)
        if header.type == RecordType.checkpointPiece {
            byteCount += UInt64(payload.count)
            return payload
        }
        guard header.type == RecordType.checkpointEnd, payload.count == 8,
            UInt64(littleEndian: payload.loadUnaligned(as: UInt64.self)) == byteCount
        else { throw LogError(.damaged, "checkpoint \"\(path)\" ends after \(byteCount) bytes, too early") }
        return nil
    }
}
