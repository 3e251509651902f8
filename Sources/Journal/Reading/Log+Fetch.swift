import Synchronization

/// Where a reader's next bytes come from.
enum Fetch {
    /// `count` bytes are in the buffer; they come from memory that is not written yet.
    case staged(count: Int)
    /// `count` bytes are in the buffer; `room` is what the segment still has from there on.
    case file(SegmentFile, count: Int, room: UInt64)
    /// Nothing is at this position; the next record is at `to` or behind.
    case jump(to: LogPosition, FetchJump)
    /// The position is the end of the log.
    case end
    /// The segment that holds the position cannot be used; its records end at `to`.
    case unusable(to: LogPosition, LogError)
}

enum FetchJump {
    /// Positions between two segments that were never used.
    case unused
    /// Retention took what was there.
    case dropped
    /// Records were there up to this position, and the file that held them ends too early or is gone.
    case lost(until: LogPosition)
}

private enum Plan {
    case done(Fetch)
    case read(SegmentFile, available: UInt64)
    case open(base: LogPosition, end: LogPosition)
}

extension Log {
    /// How much a reader copies at once from memory that is not written yet, under the lock that
    /// appends take as well: about two microseconds.
    private static let stagedCopyBytes = 32 << 10

    /// Fills `buffer` with the log's bytes from `position` on.
    ///
    /// - Parameter atLeast: Bytes needed for a whole record; `buffer` has at least that many.
    func fetch(
        from position: LogPosition,
        into buffer: UnsafeMutableRawBufferPointer,
        atLeast: Int
    ) throws(LogError) -> Fetch {
        while true {
            switch plan(position, buffer, atLeast: atLeast) {
            case .done(.jump(let start, .dropped)) where !hasRecords(between: position, and: start):
                return .jump(to: start, .unused)
            case .done(.jump(let next, .unused)):
                return .jump(to: next, gap(from: position, to: next))
            case .done(let fetch):
                return fetch
            case .read(let segment, let available):
                let count = Int(min(available, UInt64(buffer.count)))
                do throws(DiskError) {
                    let read = try segment.file.read(
                        into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<count]),
                        at: segment.offset(of: position)
                    )
                    return .file(segment, count: read, room: available)
                } catch {
                    throw LogError(error)
                }
            case .open(let base, let end):
                do throws(LogError) {
                    try openForReading(base)
                } catch {
                    // Retention may have unlinked it since: then the plan will be another.
                    if error.cause?.isMissing == true, !hasSegment(base) { continue }
                    guard error.code == .damaged else { throw error }
                    return .unusable(to: end, error)
                }
            }
        }
    }

    private func plan(
        _ position: LogPosition,
        _ buffer: UnsafeMutableRawBufferPointer,
        atLeast: Int
    ) -> Plan {
        shared.withLock { shared in
            if position >= shared.active.base {
                guard position < shared.active.end else { return .done(.end) }
                return .done(Self.copy(shared.active, from: position, buffer, atLeast: atLeast))
            }
            if shared.isCommitting, position >= shared.group.base {
                guard position < shared.group.end else {
                    return .done(.jump(to: shared.active.base, .unused))
                }
                return .done(Self.copy(shared.group, from: position, buffer, atLeast: atLeast))
            }
            guard let index = shared.table.index(at: position) else {
                let start = shared.startPosition
                return .done(.jump(to: start, .dropped))
            }
            let segment = shared.table[index]
            guard position < segment.end else {
                let isLast = index + 1 == shared.table.count
                let next =
                    isLast
                    ? (shared.isCommitting ? shared.group.base : shared.active.base)
                    : shared.table[index + 1].base
                return .done(.jump(to: next, .unused))
            }
            guard let file = segment.file else { return .open(base: segment.base, end: segment.end) }
            shared.tick &+= 1
            shared.table.use(index, file: file, tick: shared.tick, limit: configuration.openFilesMax)
            return .read(file, available: segment.end - position)
        }
    }

    private static func copy(
        _ staging: StagingBuffer,
        from position: LogPosition,
        _ buffer: UnsafeMutableRawBufferPointer,
        atLeast: Int
    ) -> Fetch {
        let offset = Int(position - staging.base)
        let count = min(staging.used - offset, buffer.count, max(stagedCopyBytes, atLeast))
        buffer.copyMemory(from: UnsafeRawBufferPointer(start: staging.start + offset, count: count))
        return .staged(count: count)
    }

    private func openForReading(_ base: LogPosition) throws(LogError) {
        let keys = shared.withLock { $0.keys }
        let file = try SegmentFile.open(disk, directory: directory, base: base, keys: keys)
        shared.withLock { shared in
            guard let index = shared.table.index(at: base), shared.table[index].base == base else { return }
            shared.tick &+= 1
            shared.table.use(index, file: file, tick: shared.tick, limit: configuration.openFilesMax)
        }
    }

    /// Where the records of the segment that holds `position` end.
    func segmentEnd(at position: LogPosition) -> LogPosition? {
        shared.withLock { shared in
            guard let index = shared.table.index(at: position), position < shared.table[index].end else {
                return nil
            }
            return shared.table[index].end
        }
    }

    /// The open file that holds a position which a commit has covered.
    func segmentFile(at position: LogPosition) throws(LogError) -> SegmentFile? {
        let found = shared.withLock { shared -> Segment? in
            guard let index = shared.table.index(at: position), position < shared.table[index].end else {
                return nil
            }
            return shared.table[index]
        }
        guard let found, found.file == nil else { return found?.file }
        try openForReading(found.base)
        return shared.withLock { shared in
            shared.table.index(at: position).flatMap { shared.table[$0].file }
        }
    }

    /// What lies between the end of one segment and the base of the next: the next one knows where
    /// the one before it ended when it was made.
    private func gap(from position: LogPosition, to next: LogPosition) -> FetchJump {
        guard position < next, hasSegment(next), (try? openForReading(next)) != nil else { return .unused }
        let header = shared.withLock { shared in
            shared.table.index(at: next).flatMap { shared.table[$0].file?.header }
        }
        guard let header, header.base == next, header.previousEnd > position else { return .unused }
        return .lost(until: header.previousEnd)
    }

    /// Whether the log ever had records in a range that ends where its oldest segment begins.
    private func hasRecords(between position: LogPosition, and start: LogPosition) -> Bool {
        // Nobody has read a record at 0 who has read none.
        guard position > 0 else { return false }
        do throws(LogError) {
            try openForReading(start)
        } catch {
            return true
        }
        let first = shared.withLock { $0.table.first }
        guard let first, first.base == start, let file = first.file else { return true }
        return position < file.header.previousEnd
    }

    private func hasSegment(_ base: LogPosition) -> Bool {
        shared.withLock { shared in
            guard let index = shared.table.index(at: base) else { return false }
            return shared.table[index].base == base
        }
    }
}
