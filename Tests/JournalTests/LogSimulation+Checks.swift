import Journal
import JournalTesting

extension LogSimulation {
    mutating func reopen() throws {
        let (log, report) = try Log.open(
            Self.directory,
            on: disk,
            configuration: configuration,
            keys: keys,
            now: now
        )
        guard log.state.isOpen else { throw Violation(description: "a whole disk, and yet \(log.state)") }
        guard report.damages.isEmpty, report.quarantined.isEmpty else {
            throw Violation(description: "damage where there was none: \(report)")
        }
        if report.tornBytes > 0 { coverage.tornTails += 1 }
        if isTraced { print("opened", report, log.shape) }
        self.log = log
        reader = LogReader(log, chunkBytes: 4096)
        readerIndex = 0
        if let highest, log.endPosition <= highest {
            throw Violation(description: "goes on at \(log.endPosition), \(highest) was given before")
        }
        if floor > 0 { log.setFloor(floor) }
        gapReader = LogReader(log, chunkBytes: 4096)
        // Opening may have dropped something; word of it goes out with the next group.
        if hasRetention { _ = log.commitOnce(now: now) }
        try collectGaps()
        let survivors = try readAll(log)
        try dropFront(before: survivors.first?.position ?? min(log.startPosition, acknowledged))
        let known = entries
        guard survivors == Array(known.prefix(survivors.count)) else {
            throw Violation(description: "what is there is not a prefix of what was appended")
        }
        if let lost = known.dropFirst(survivors.count).first, lost.position < acknowledged {
            throw Violation(description: "lost \(lost.position), acknowledged up to \(acknowledged)")
        }
        coverage.unackedSurvivors += survivors.filter { $0.position >= acknowledged }.count
        coverage.unackedLost += known.count - survivors.count
        entries = survivors
        guard log.durablePosition >= acknowledged else { throw Violation(description: "durable went back") }
        acknowledged = log.durablePosition
    }

    func readAll(_ log: Log) throws -> [Entry] {
        let reader = LogReader(log, chunkBytes: 4096 << Int(entries.count % 4))
        var found: [Entry] = []
        while let record = try reader.next() {
            if record.gap != nil { continue }
            found.append(Entry(position: record.position, type: record.type, bytes: Array(record.payload)))
        }
        let notices = reader.takeNotices()
        guard notices.allSatisfy({ hasRetention && $0.isDropped }) else {
            throw Violation(description: "a whole log tells of \(notices)")
        }
        return found
    }

    /// Reads on with the cursor that lives as long as the log is open.
    mutating func readOn() throws {
        guard let reader, let log, !disk.isStopped else { return }
        let limit = random.oneIn(2) ? log.durablePosition : .max
        var count = Int(random.next() % 40)
        while count > 0 {
            count -= 1
            guard let record = try next(reader, limit) else { break }
            if record.gap != nil { continue }
            while hasRetention, readerIndex < entries.count, entries[readerIndex].position < record.position {
                try expectDropped(entries[readerIndex])
                readerIndex += 1
            }
            guard readerIndex < entries.count else {
                throw Violation(description: "a record nobody appended")
            }
            let expected = entries[readerIndex]
            guard record.position == expected.position, record.type == expected.type,
                Array(record.payload) == expected.bytes
            else { throw Violation(description: "expected \(expected.position), read \(record.position)") }
            readerIndex += 1
        }
        if count > 0, !disk.isStopped, !hasRetention, readerIndex < entries.count,
            entries[readerIndex].position < limit
        {
            throw Violation(description: "the reader ends before \(entries[readerIndex].position)")
        }
        let notices = reader.takeNotices()
        guard notices.allSatisfy({ hasRetention && $0.isDropped }) else {
            throw Violation(description: "a whole log tells of \(notices)")
        }
    }

    /// A disk that stops during a read is no violation.
    func next(_ reader: LogReader, _ limit: LogPosition) throws -> LogRecord? {
        do {
            return try reader.next(upTo: limit)
        } catch {
            if disk.isStopped { return nil }
            throw error
        }
    }

    mutating func checkRandomRead() throws {
        guard let log, !disk.isStopped, !entries.isEmpty else { return }
        let index = Int(random.next() % UInt64(entries.count))
        guard entries[index].position >= log.startPosition else { return try expectDropped(entries[index]) }
        let reader = LogReader(log, from: entries[index].position, chunkBytes: 4096)
        guard let record = try next(reader, .max) else {
            if disk.isStopped { return }
            throw Violation(description: "nothing at \(entries[index].position)")
        }
        guard record.position == entries[index].position, Array(record.payload) == entries[index].bytes else {
            throw Violation(
                description:
                    "another record at \(entries[index].position): \(record.position) \(record.type) \(record.payload.count) instead of \(entries[index].bytes.count) \(reader.takeNotices()) \(log.shape) \(log.state) \(index) of \(entries.count)"
            )
        }
    }

    // MARK: - Retention

    /// Reads the gaps that a crash can no longer take back.
    mutating func collectGaps() throws {
        guard hasRetention, let log, let gapReader, !disk.isStopped else { return }
        while let record = try next(gapReader, log.durablePosition) {
            guard let gap = record.gap else { continue }
            told.append(gap)
        }
        _ = gapReader.takeNotices()
    }

    /// Forgets the entries before `position`, of which each must have been released or told.
    mutating func dropFront(before position: LogPosition) throws {
        guard hasRetention else { return }
        while let first = entries.first, first.position < position {
            try expectDropped(first, isTold: true)
            if first.position < floor { coverage.released += 1 } else { coverage.recordsDropped += 1 }
            entries.removeFirst()
        }
    }

    /// - Parameter isTold: Whether the log must have told of it by now; a gap goes out with the
    ///   next group, and the files before that are only unlinked where the disk is full.
    func expectDropped(_ entry: Entry, isTold: Bool = false) throws {
        if entry.position < floor { return }
        guard configuration.retention.whenFull == .dropOldest else {
            throw Violation(description: "dropped \(entry.position), which is needed from \(floor) on")
        }
        guard isTold, !wasFull else { return }
        guard told.contains(where: { $0.from <= entry.position && entry.position < $0.to }) else {
            throw Violation(description: "dropped \(entry.position) without a word; told \(told)")
        }
    }
}

extension ReadNotice {
    var isDropped: Bool {
        if case .dropped = self { true } else { false }
    }
}
