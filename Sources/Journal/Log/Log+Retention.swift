import Synchronization

/// How retention works: a commit first decides what has to go (``prepareRetention(_:now:)``). Readers
/// no longer see it from then on, and the gap record that tells of it is part of the group being
/// committed. The files are unlinked when that group is durable (``finishRetention(_:now:)``), so no
/// crash can take records without leaving word. Where the disk is full the order is the other way
/// round, since the word needs room.
extension Log {
    func prepareRetention(_ committer: inout Committer, now: UInt64) {
        // Nothing may follow the note that the log was closed, gaps included.
        guard !shared.withLock({ $0.isClosing }) else { return }
        dropAged(&committer, now: now)
        dropForBytes(&committer)
        noteDroppedNewest(&committer)
    }

    // MARK: - Deciding

    private func dropAged(_ committer: inout Committer, now: UInt64) {
        guard let ageMax = configuration.retention.ageMax else { return }
        let ageMs = ageMax.wholeMilliseconds
        guard now > ageMs else { return }
        while let (victim, next) = oldestClosed(), mayDrop(victim) {
            // The next segment was made when this one had its last record.
            guard let born = try? header(of: next.base).createdAt, born < now - ageMs else { return }
            drop(victim, next, .age, &committer)
        }
    }

    private func dropForBytes(_ committer: inout Committer) {
        while let (victim, next) = oldestClosed() {
            let (excess, isNeeded) = shared.withLock { shared -> (Bool, Bool) in
                let kept = shared.table.bytes + UInt64(shared.stagedBytes)
                let isNeeded = victim.end > shared.retention.floor
                // History that nobody needs goes a segment early, so that it never makes an
                // append wait or fail.
                let room = isNeeded ? 0 : UInt64(configuration.segmentBytes)
                return (kept + room > shared.retention.bytesMax, isNeeded)
            }
            guard excess else { break }
            guard !isNeeded || configuration.retention.whenFull == .dropOldest else { return }
            guard mayDrop(victim) else { return setBlocked(true) }
            drop(victim, next, .oldestForBytes, &committer)
        }
        setBlocked(false)
    }

    /// The oldest segment, if it is not the one being written, and the one behind it.
    private func oldestClosed() -> (Segment, next: Segment)? {
        shared.withLock { shared in
            guard shared.table.count > 1 else { return nil }
            return (shared.table[0], shared.table[1])
        }
    }

    private func mayDrop(_ victim: Segment) -> Bool {
        shared.withLock { victim.end <= $0.retention.recoveryFloor ?? .max }
    }

    private func setBlocked(_ isBlocked: Bool) {
        shared.withLock { shared in
            guard shared.retention.isBlocked != isBlocked else { return }
            shared.retention.isBlocked = isBlocked
            shared.updateRoom()
        }
    }

    /// Takes the oldest segment out of the log, and notes the gap where a cursor still needed it.
    private func drop(
        _ victim: Segment,
        _ next: Segment,
        _ cause: GapRecord.Cause,
        _ committer: inout Committer
    ) {
        let floor = self.floor
        if victim.end > floor {
            let from = max(victim.base, floor)
            let count = recordCount(of: victim, next, from: from)
            committer.note(GapRecord(from: from, to: victim.end, count: count, cause: cause))
            shared.withLock { $0.retention.recordsDropped &+= count }
        }
        shared.withLock { shared in
            _ = shared.table.removeFirst(1)
            shared.updateRoom()
        }
        committer.doomed.append(victim.base)
    }

    /// The user's records of a segment from a position on.
    private func recordCount(of victim: Segment, _ next: Segment, from: LogPosition) -> UInt64 {
        if from == victim.base, let first = try? header(of: victim.base),
            let behind = try? header(of: next.base)
        {
            return behind.recordsBefore - min(behind.recordsBefore, first.recordsBefore)
        }
        // The slowest cursor stands in the middle: what it has read is not lost.
        let reader = LogReader(self, from: from)
        var count: UInt64 = 0
        while let record = try? reader.next(upTo: victim.end) {
            if RecordType.isCounted(record.type) { count += 1 }
        }
        return count
    }

    /// Two gap records tell of a time in which new records were dropped: one where it began, so
    /// that a crash cannot hide it, and one behind it with the rest of the count.
    private func noteDroppedNewest(_ committer: inout Committer) {
        let told = shared.withLock { shared -> GapRecord? in
            let kept = shared.table.bytes + UInt64(shared.stagedBytes)
            let isFull = kept + 4096 > shared.retention.bytesMax
            guard shared.retention.droppedNewest > 0, !committer.hasToldDropping || !isFull else {
                if !isFull { committer.hasToldDropping = false }
                return nil
            }
            committer.hasToldDropping = isFull
            let count = shared.retention.droppedNewest
            shared.retention.droppedNewest = 0
            shared.retention.recordsDropped &+= count
            let position = shared.active.end
            return GapRecord(from: position, to: position, count: count, cause: .newestForBytes)
        }
        if let told { committer.note(told) }
    }

    // MARK: - Doing

    /// Puts the gaps that wait into the active buffer, ahead of the commit that covers them.
    func stageGaps(_ committer: inout Committer) {
        guard !committer.gaps.isEmpty else { return }
        shared.withLock { shared in
            for gap in committer.gaps {
                shared.placeFinished(RecordType.gap, payload: GapRecord.byteCount, salt: salt) { payload, _ in
                    gap.store(to: payload)
                }
            }
            end.store(shared.active.end, ordering: .releasing)
        }
        committer.clearGaps()
    }

    /// Unlinks what was dropped, and what every cursor has passed.
    func finishRetention(_ committer: inout Committer, now: UInt64) {
        if committer.gaps.isEmpty { unlinkDoomed(&committer) }
        guard !configuration.retention.keepsHistory else { return }
        giveBackCurrent(&committer, now: now)
        let released = shared.withLock { shared -> [Segment] in
            let releasable = shared.retention.releasable
            var count = 0
            while count + 1 < shared.table.count, shared.table[count].end <= releasable { count += 1 }
            defer { shared.updateRoom() }
            return shared.table.removeFirst(count)
        }
        guard !released.isEmpty else { return }
        committer.doomed.append(contentsOf: released.map(\.base))
        if committer.gaps.isEmpty { unlinkDoomed(&committer) }
    }

    /// Removes the files of dropped and released segments. One that cannot be removed is tried again
    /// after the next commit.
    func unlinkDoomed(_ committer: inout Committer) {
        guard !committer.doomed.isEmpty else { return }
        let before = committer.doomed.count
        committer.doomed.removeAll { base in
            do throws(DiskError) {
                try disk.remove(path(of: base))
                return true
            } catch {
                return error.isMissing
            }
        }
        // Not for any promise: so that a crash does not bring back what a gap record says is gone.
        if configuration.durability == .fsync, committer.doomed.count < before {
            try? disk.syncDirectory(directory)
        }
    }

    /// Begins a fresh segment where the current one is large and everybody is through with it: an
    /// idle log gives its space back too.
    private func giveBackCurrent(_ committer: inout Committer, now: UInt64) {
        let isSpent = shared.withLock { shared in
            guard let last = shared.table.last, shared.stagedBytes == 0, shared.state.isOpen else {
                return false
            }
            let large = UInt64(min(configuration.segmentBytes / 4, 1 << 20))
            return last.end <= shared.retention.releasable && last.fileBytes > large
        }
        if isSpent { try? resume(&committer, now: now) }
    }

    /// Makes room on a full disk where the policy is that the oldest go.
    ///
    /// - Returns: Whether a file was unlinked, so that writing again makes sense.
    func makeRoom(_ committer: inout Committer) -> Bool {
        if committer.doomed.isEmpty, configuration.retention.whenFull == .dropOldest,
            let (victim, next) = oldestClosed(), mayDrop(victim)
        {
            drop(victim, next, .oldestForBytes, &committer)
        }
        let before = committer.doomed.count
        unlinkDoomed(&committer)
        return committer.doomed.count < before
    }

    // MARK: - Helpers

    func header(of base: LogPosition) throws(LogError) -> SegmentHeader {
        let cached = shared.withLock { shared in
            shared.table.index(at: base).flatMap {
                shared.table[$0].base == base ? shared.table[$0].file : nil
            }
        }
        if let cached { return cached.header }
        return try SegmentFile.open(disk, directory: directory, base: base, keys: nil).header
    }
}

extension Duration {
    /// Rounded down; zero where it is negative.
    package var wholeMilliseconds: UInt64 {
        let (seconds, attoseconds) = components
        guard seconds >= 0, attoseconds >= 0 else { return 0 }
        return UInt64(seconds).multipliedReportingOverflow(by: 1000).partialValue
            + UInt64(attoseconds) / 1_000_000_000_000_000
    }
}
