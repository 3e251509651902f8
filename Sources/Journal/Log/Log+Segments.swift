import Glibc
import Synchronization

extension Log {
    /// Creates a segment file with its header, under a temporary name until ``adopt(_:)``: so a
    /// crash leaves a whole segment or none, and one that takes another's place, because that
    /// one's first group is in doubt, does so in one step.
    func makeSegment(base: LogPosition, recordsBefore: UInt64, now: UInt64) throws(DiskError) -> SegmentFile {
        let path = directory + "/" + LogFileName.segment(base)
        let (previousEnd, key) = shared.withLock { shared in
            (shared.table.end(before: base) ?? base, shared.keys.current)
        }
        let header = SegmentHeader(
            base: base,
            previousEnd: previousEnd,
            recordsBefore: recordsBefore,
            createdAt: now,
            salt: salt,
            seal: nil
        )
        return try makeFile(path, header, key)
    }

    /// Creates a file with `header`, sealed with `key` where there is one, under a temporary name.
    func makeFile(_ path: String, _ header: SegmentHeader, _ key: KeyRing.Key?) throws(DiskError)
        -> SegmentFile
    {
        var header = header
        var sealer: RecordSealer?
        do throws(LogError) {
            if let key {
                let seal = SegmentHeader.SealDescription(
                    keyID: key.id,
                    keySalt: try Libcrypto.randomBytes(SegmentHeader.SealDescription.keySaltByteCount)
                )
                header.seal = seal
                sealer = try RecordSealer(seal: seal, keys: KeyRing(keys: [key]), path: path)
            }
        } catch {
            throw DiskError(.seal, path, code: ENOMEM)
        }
        let temporary = path + LogFileName.temporarySuffix
        let file: any DiskFile
        do throws(DiskError) {
            file = try disk.open(temporary, .create)
        } catch {
            guard error.code == EEXIST else { throw error }
            // What an attempt before this one left.
            try disk.remove(temporary)
            file = try disk.open(temporary, .create)
        }
        do throws(DiskError) {
            try file.write(header.encoded(), at: 0)
        } catch {
            try? disk.remove(temporary)
            throw error
        }
        return SegmentFile(file: file, info: SegmentInfo(path: path, header: header, sealer: sealer))
    }

    /// Gives a file, whose contents are durable, its name.
    func adopt(_ segment: SegmentFile) throws(DiskError) {
        try disk.rename(segment.path + LogFileName.temporarySuffix, to: segment.path)
        if configuration.durability == .fsync { try disk.syncDirectory(directory) }
    }

    /// Makes a segment with nothing in it: with no group to write, this is how a log that could not
    /// write finds out whether it can again.
    func resume(_ committer: inout Committer, now: UInt64) throws(DiskError) {
        let (base, records) = shared.withLock { ($0.active.base, $0.recordCount) }
        let writer = try makeSegment(base: base, recordsBefore: records, now: now)
        if configuration.durability == .fsync { try writer.file.sync() }
        try adopt(writer)
        committer.abandonWriter()
        committer.writer = writer
        committer.writerBytes = UInt64(SegmentHeader.byteCount)
        shared.withLock { shared in
            shared.table.truncate(at: base)
            shared.table.append(
                Segment(base: base, end: base, fileBytes: UInt64(SegmentHeader.byteCount), file: writer)
            )
            shared.updateRoom()
            durable.store(base, ordering: .releasing)
        }
    }
}
