import Glibc
import Synchronization

/// A group on its way to the medium.
private struct Group {
    let bytes: UnsafeRawBufferPointer
    let base: LogPosition
    let recordsBefore: UInt64

    var end: LogPosition { base + UInt64(bytes.count) }
}

extension Log {
    /// Writes everything that was appended before this call as one group, and makes it durable.
    ///
    /// After a failure the group stays in memory and the next call tries again:
    ///
    /// - A refused **write** (disk full, read-only) leaves the log ``LogState/stalled(_:)``; the
    ///   same bytes go to the same place once the system takes them.
    /// - A failed **sync** leaves it ``LogState/failed(_:)``. The kernel has by then marked the
    ///   pages clean and reported the error once: a second `fdatasync` would succeed without having
    ///   written them, and reading them back would show what the cache holds, not the medium. So
    ///   the file is not trusted beyond the last sync that succeeded. The whole group, which never
    ///   left memory, goes to a fresh segment that begins where the durable records end; that takes
    ///   the place of the doubtful tail for readers and for recovery alike. Only when the fresh
    ///   file and its directory are synced does ``durablePosition`` move.
    ///
    /// - Parameter now: Milliseconds since 1970; for retention by age and for finding by time.
    package func commitOnce(now: UInt64) -> CommitOutcome {
        var stateChange: LogState?
        let outcome = committer.withLock { committer in
            commit(&committer, now: now, stateChange: &stateChange)
        }
        if case .committed(let position) = outcome { observer.onCommit(position) }
        if let stateChange { observer.onState(stateChange) }
        return outcome
    }

    func commit(
        _ committer: inout Committer,
        now: UInt64,
        stateChange: inout LogState?
    ) -> CommitOutcome {
        let state = self.state
        if state == .closed { return .idle }
        prepareRetention(&committer, now: now)
        do throws(DiskError) {
            guard let group = beginGroup(&committer, now: now) else {
                if !state.isOpen {
                    try resume(&committer, now: now)
                    stateChange = publish(.open)
                }
                finishRetention(&committer, now: now)
                return .idle
            }
            let isFresh = try writeMakingRoom(group, &committer, now: now)
            publish(group, &committer, isFresh: isFresh)
            if !state.isOpen { stateChange = publish(.open) }
            finishRetention(&committer, now: now)
            return .committed(group.end)
        } catch {
            let failed = fail(error, &committer)
            if failed != state { stateChange = publish(failed) }
            return .failed(error)
        }
    }

    /// Swaps the buffers, or takes up the group that an earlier commit could not finish.
    private func beginGroup(_ committer: inout Committer, now: UInt64) -> Group? {
        if !shared.withLock({ $0.isCommitting }) { stageGaps(&committer) }
        let synced = committer.synced
        return shared.withLock { shared in
            if !shared.isCommitting {
                guard shared.active.used > 0 else { return nil }
                shared.endGroup(
                    CommitMark(time: now, syncedPosition: synced, recordCount: shared.recordCount),
                    alignment: configuration.commitAlignmentBytes,
                    salt: salt
                )
                end.store(shared.active.end, ordering: .releasing)
            }
            return Group(
                bytes: shared.group.bytes,
                base: shared.group.base,
                recordsBefore: shared.recordCountBeforeGroup
            )
        }
    }

    // MARK: - Writing

    private func writeMakingRoom(
        _ group: Group,
        _ committer: inout Committer,
        now: UInt64
    ) throws(DiskError) -> Bool {
        while true {
            do throws(DiskError) {
                return try write(group, &committer, now: now)
            } catch {
                guard error.isFull, error.operation != .sync, makeRoom(&committer) else { throw error }
            }
        }
    }

    /// - Returns: Whether the group began a segment.
    private func write(_ group: Group, _ committer: inout Committer, now: UInt64) throws(DiskError) -> Bool {
        var isFresh = false
        if committer.mustRoll || committer.writerEnd != group.base
            || committer.writerBytes + UInt64(group.bytes.count) > UInt64(configuration.segmentBytes)
        {
            committer.abandonWriter()
        }
        let writer: SegmentFile
        if let current = committer.writer {
            writer = current
        } else {
            writer = try makeSegment(base: group.base, recordsBefore: group.recordsBefore, now: now)
            committer.writer = writer
            committer.writerBytes = UInt64(SegmentHeader.byteCount)
            committer.mustRoll = false
            isFresh = true
        }
        do throws(DiskError) {
            let bytes = try storedBytes(group, &committer, writer)
            try writer.file.write(bytes, at: writer.offset(of: group.base))
            if configuration.durability == .fsync { try writer.file.sync() }
            if isFresh { try adopt(writer) }
        } catch {
            // A fresh segment has promised nothing: the next attempt makes another.
            if isFresh { committer.abandonWriter() }
            // The handle still knows the file by the temporary name it was made under.
            throw DiskError(error.operation, writer.path, code: error.code)
        }
        return isFresh
    }

    private func storedBytes(
        _ group: Group,
        _ committer: inout Committer,
        _ writer: SegmentFile
    ) throws(DiskError) -> UnsafeRawBufferPointer {
        guard isSealed else { return group.bytes }
        do {
            return try committer.sealed(
                group.bytes,
                capacity: configuration.stagingBytesMax / 2,
                writer: writer
            )
        } catch {
            throw DiskError(.seal, writer.path, code: ENOMEM)
        }
    }

    // MARK: - Telling

    private func publish(_ group: Group, _ committer: inout Committer, isFresh: Bool) {
        committer.writerBytes += UInt64(group.bytes.count)
        if configuration.durability == .fsync { committer.synced = group.end }
        let bytes = committer.writerBytes
        let writer = committer.writer
        let firstPosition = writer?.header.base ?? group.base
        shared.withLock { shared in
            shared.table.truncate(at: firstPosition)
            shared.table.append(
                Segment(base: firstPosition, end: group.end, fileBytes: bytes, file: writer)
            )
            shared.group.reset(base: 0)
            shared.commitCount &+= 1
            shared.recordCountBeforeGroup = shared.recordCountOfGroup
            shared.updateRoom()
            // Behind a group that recovery found there may be positions that are never used.
            durable.store(shared.active.base, ordering: .releasing)
        }
    }

    func publish(_ state: LogState) -> LogState {
        shared.withLock { shared in
            shared.state = state
            shared.updateRoom()
        }
        return state
    }

    /// Decides what a failure means for the file being written.
    func fail(_ error: DiskError, _ committer: inout Committer) -> LogState {
        let isRefusal = error.isFull || error.isReadOnly || error.code == ENOMEM
        switch error.operation {
        case .sync, .syncDirectory:
            committer.abandonWriter()
            return .failed(error)
        case _ where isRefusal:
            return .stalled(error)
        default:
            // What a write that failed otherwise left in the file is anybody's guess.
            committer.abandonWriter()
            return .failed(error)
        }
    }
}

extension SharedState {
    /// Ends the active buffer with what the journal adds, and makes it the group to be written.
    mutating func endGroup(_ mark: CommitMark, alignment: Int, salt: UInt32) {
        let markSize = RecordHeader.recordByteCount(payload: CommitMark.byteCount, isSealed: isSealed)
        let emptySize = RecordHeader.recordByteCount(payload: 0, isSealed: isSealed)
        var filling = (alignment - (active.used + markSize) % alignment) % alignment
        if filling > 0 {
            while filling < emptySize { filling += alignment }
            placeFinished(RecordType.padding, payload: filling - emptySize, salt: salt) { payload, count in
                payload.initializeMemory(as: UInt8.self, repeating: 0, count: count)
            }
        }
        placeFinished(RecordType.commitMark, payload: CommitMark.byteCount, salt: salt) { payload, _ in
            mark.store(to: payload)
        }
        swap(&active, &group)
        active.reset(base: group.end)
        recordCountOfGroup = recordCount
        updateRoom()
    }

    /// Appends a record of the journal's own; the commit reserve has room for it.
    mutating func placeFinished(
        _ type: UInt16,
        payload count: Int,
        salt: UInt32,
        _ fill: (UnsafeMutableRawPointer, Int) -> Void
    ) {
        guard let record = placeInternal(type: type, payload: count) else {
            preconditionFailure("the commit reserve is too small for a record of type \(type)")
        }
        fill(record + RecordHeader.byteCount, count)
        if !isSealed {
            RecordHeader(record: UnsafeRawPointer(record)).storeChecksums(to: record, salt: salt)
        }
    }
}
