import Journal
import JournalTesting
import Testing

@Suite struct RetentionTests {
    private let limit: UInt64 = 256 << 10

    @Test func `what every cursor has passed is unlinked`() throws {
        let disk = SimulatedDisk(seed: 1)
        let log = try openLog(disk)
        let positions = try log.fill(300)
        log.setCursor("a", positions[250])
        log.setCursor("b", positions[100])
        _ = log.commitOnce(now: 1)
        #expect(log.startPosition > 0)
        #expect(log.startPosition <= positions[100])
        let before = disk.usedBytes
        log.removeCursor("b")
        _ = log.commitOnce(now: 1)
        #expect(log.startPosition > positions[100])
        #expect(disk.usedBytes < before - (64 << 10))
        #expect(try log.readAll(from: positions[250]).records.count == 50)
        #expect(try log.readAll(from: positions[250]).gaps.isEmpty)
    }

    @Test func `an idle log gives back the segment it has just filled`() throws {
        let disk = SimulatedDisk(seed: 1)
        let log = try openLog(disk)
        try log.fill(300)
        log.setFloor(log.endPosition)
        while case .committed = log.commitOnce(now: 1) {}
        _ = log.commitOnce(now: 1)
        #expect(disk.usedBytes <= 2 * 4096)
        #expect(log.state == .open)
        try log.fill(10)
        #expect(try log.readAll().records.count == 10)
    }

    @Test func `refuse tells the publisher and keeps everything`() throws {
        let disk = SimulatedDisk(seed: 1)
        let log = try openLog(disk, smallConfiguration(Retention(bytesMax: limit, whenFull: .refuse)))
        var positions: [LogPosition] = []
        let refusal = #expect(throws: AppendRefusal.self) {
            while true {
                positions.append(try log.append(type: 1, [UInt8](repeating: 1, count: 1000)))
                if positions.count % 20 == 0 { _ = log.commitOnce(now: 1) }
            }
        }
        #expect(refusal == .full)
        #expect(disk.usedBytes <= limit)
        // What releases others still gets through.
        _ = try log.append(type: 2, [1], isControl: true)
        _ = log.commitOnce(now: 1)
        #expect(try log.readAll().records.count == positions.count + 1)
        // Room comes back with the cursor.
        log.setFloor(positions[150])
        _ = log.commitOnce(now: 1)
        _ = try log.append(type: 1, [UInt8](repeating: 1, count: 1000))
    }

    @Test func `drop oldest keeps the limit and tells how many`() throws {
        let disk = SimulatedDisk(seed: 1)
        let log = try openLog(disk, smallConfiguration(Retention(bytesMax: limit, whenFull: .dropOldest)))
        let positions = try log.fill(1000)
        #expect(disk.usedBytes <= limit + 64 << 10)
        let (records, gaps, _) = try log.readAll()
        #expect(records.map(\.position) == Array(positions.suffix(records.count)))
        #expect(gaps.allSatisfy { $0.cause == .oldestForBytes })
        // A cursor at the beginning sees the last gap only; one that followed has seen them all.
        let lost = positions.filter { $0 < log.startPosition }.count
        let told = try countTold(disk, log)
        #expect(lost + records.count == 1000)
        #expect(told <= lost)
    }

    @Test func `the gaps that a reader meets add up to what it missed`() throws {
        let disk = SimulatedDisk(seed: 1)
        let log = try openLog(disk, smallConfiguration(Retention(bytesMax: limit, whenFull: .dropOldest)))
        let follower = LogReader(log)
        var told: UInt64 = 0
        var end: LogPosition = 0
        for _ in 0..<50 {
            try log.fill(20)
            while let record = try follower.next() {
                guard let gap = record.gap else { continue }
                told += gap.count
                #expect(gap.from == end)
                end = gap.to
            }
        }
        let records = try log.readAll().records.count
        #expect(told == UInt64(1000 - records))
        #expect(end == log.startPosition)
        #expect(follower.takeNotices().isEmpty)
    }

    @Test func `a cursor in the middle of a dropped segment is told of the rest of it`() throws {
        let disk = SimulatedDisk(seed: 1)
        let log = try openLog(disk, smallConfiguration(Retention(bytesMax: limit, whenFull: .dropOldest)))
        let positions = try log.fill(150)
        log.setFloor(positions[30])
        // Not enough to be released whole, so the bytes limit drops it later.
        try log.fill(100)
        let gap = try #require(try log.readAll().gaps.first)
        #expect(gap.from == positions[30])
        let missed = positions.filter { $0 >= gap.from && $0 < gap.to }.count
        #expect(gap.count == UInt64(missed))
    }

    @Test func `drop newest counts and tells where the stream is interrupted`() throws {
        let disk = SimulatedDisk(seed: 1)
        let log = try openLog(disk, smallConfiguration(Retention(bytesMax: limit, whenFull: .dropNewest)))
        var kept: [LogPosition] = []
        var dropped: UInt64 = 0
        for index in 0..<400 {
            do {
                kept.append(try log.append(type: 1, [UInt8](repeating: 1, count: 1000)))
            } catch AppendRefusal.dropped {
                dropped += 1
            }
            if index % 20 == 19 { _ = log.commitOnce(now: 1) }
        }
        #expect(dropped > 0)
        #expect(log.recordsDropped == dropped)
        // It began, and that is durable already.
        let begun = try log.readAll().gaps
        #expect(begun.count == 1)
        log.setFloor(kept[200])
        _ = log.commitOnce(now: 1)
        kept.append(try log.append(type: 1, [7]))
        _ = log.commitOnce(now: 1)
        let (records, gaps, _) = try log.readAll()
        #expect(gaps.allSatisfy { $0.cause == .newestForBytes && $0.from == $0.to })
        #expect(gaps.reduce(0) { $0 + $1.count } == dropped)
        #expect(records.last?.bytes == [7])
    }

    @Test func `records older than the age limit go`() throws {
        let disk = SimulatedDisk(seed: 1)
        let retention = Retention(ageMax: .seconds(60), keepsHistory: true)
        let log = try openLog(disk, smallConfiguration(retention))
        try log.fill(100, now: 1_000)
        let late = try log.fill(100, now: 50_000)
        let last = try log.fill(60, now: 100_000)
        _ = log.commitOnce(now: 105_000)
        let (records, gaps, _) = try log.readAll()
        // To within one segment: the first of those that stay may still hold some that are older.
        #expect(records.last?.position == last.last)
        #expect(records.contains { $0.position == late.last })
        #expect(gaps.first?.cause == .age)
        #expect(gaps.reduce(0) { $0 + $1.count } + UInt64(records.count) == 260)
    }

    @Test func `history stays for replay until a limit asks for its room`() throws {
        let disk = SimulatedDisk(seed: 1)
        let retention = Retention(bytesMax: limit, whenFull: .refuse, keepsHistory: true)
        let log = try openLog(disk, smallConfiguration(retention))
        for _ in 0..<60 {
            try log.fill(20)
            log.setFloor(log.durablePosition)
        }
        // Nothing was refused and nothing was lost to anybody, yet most of the limit is in use.
        #expect(disk.usedBytes <= limit)
        #expect(disk.usedBytes > limit / 2)
        let (records, gaps, _) = try log.readAll()
        #expect(gaps.isEmpty)
        #expect(records.count > 100)
    }

    @Test func `what recovery needs is not dropped, and the publisher is told`() throws {
        let disk = SimulatedDisk(seed: 1)
        let log = try openLog(disk, smallConfiguration(Retention(bytesMax: limit, whenFull: .dropOldest)))
        log.setRecoveryFloor(0)
        let refusal = #expect(throws: AppendRefusal.self) { try log.fill(2000) }
        #expect(refusal == .full)
        #expect(log.startPosition == 0)
        log.setRecoveryFloor(log.durablePosition)
        _ = log.commitOnce(now: 1)
        try log.fill(100)
        #expect(log.startPosition > 0)
    }

    /// Gaps in the part that is still there.
    private func countTold(_ disk: SimulatedDisk, _ log: Log) throws -> Int {
        Int(try log.readAll().gaps.reduce(0) { $0 + $1.count })
    }
}
