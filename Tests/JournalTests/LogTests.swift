import Journal
import Testing

@Suite struct LogTests {
    static let durabilities = Durability.allCases

    @Test(arguments: durabilities)
    func `what was appended is read back in order`(_ durability: Durability) throws {
        let directory = try TemporaryDirectory()
        defer { directory.remove() }
        let configuration = LogConfiguration(durability: durability)
        let (log, report) = try Log.open(directory.path, configuration: configuration, now: 1)
        #expect(report == RecoveryReport())
        var positions: [LogPosition] = []
        for index in 0..<1000 {
            positions.append(try log.append(type: UInt16(index % 7), payload(index)))
            if index % 100 == 99 { #expect(log.commitOnce(now: 2) == .committed(log.endPosition)) }
        }
        #expect(log.durablePosition == log.endPosition)
        let reader = LogReader(log)
        for index in 0..<1000 {
            let record = try #require(try reader.next())
            #expect(record.position == positions[index])
            #expect(record.type == UInt16(index % 7))
            #expect(Array(record.payload) == payload(index))
        }
        #expect(try reader.next() == nil)
        #expect(reader.takeNotices().isEmpty)
    }

    @Test func `a closed log goes on where it ended`() throws {
        let directory = try TemporaryDirectory()
        defer { directory.remove() }
        var positions: [LogPosition] = []
        for round in 0..<4 {
            let (log, report) = try Log.open(directory.path, now: 1)
            #expect(report.wasClosed)
            #expect(report.summary == nil)
            #expect(log.endPosition < 1 << 32)
            for index in 0..<10 { positions.append(try log.append(type: 1, payload(round * 10 + index))) }
            log.close(now: 2)
        }
        let (log, _) = try Log.open(directory.path, now: 1)
        let reader = LogReader(log)
        for index in 0..<40 {
            let record = try #require(try reader.next())
            #expect(record.position == positions[index])
            #expect(Array(record.payload) == payload(index))
        }
        #expect(try reader.next() == nil)
    }

    @Test func `a log that was not closed keeps what was committed and jumps ahead`() throws {
        let directory = try TemporaryDirectory()
        defer { directory.remove() }
        var lost: LogPosition = 0
        do {
            let (log, _) = try Log.open(directory.path, now: 1)
            _ = try log.append(type: 1, payload(1))
            _ = log.commitOnce(now: 1)
            lost = try log.append(type: 1, payload(2))
        }
        let (log, report) = try Log.open(directory.path, now: 1)
        #expect(!report.wasClosed)
        #expect(log.endPosition > lost)
        #expect(log.endPosition - lost > 1 << 31)
        let reader = LogReader(log)
        #expect(try reader.next().map { Array($0.payload) } == payload(1))
        #expect(try reader.next() == nil)
    }

    @Test func `records that are not written yet can be read`() throws {
        let directory = try TemporaryDirectory()
        defer { directory.remove() }
        let (log, _) = try Log.open(directory.path, now: 1)
        let reader = LogReader(log)
        let position = try log.append(type: 3, payload(5))
        #expect(try reader.next(upTo: log.durablePosition) == nil)
        let record = try #require(try reader.next())
        #expect(record.position == position)
        #expect(Array(record.payload) == payload(5))
    }

    @Test func `the commit thread makes appends durable and tells`() async throws {
        let directory = try TemporaryDirectory()
        defer { directory.remove() }
        let (commits, continuation) = AsyncStream.makeStream(of: LogPosition.self)
        let (log, _) = try Log.open(
            directory.path,
            observer: LogObserver(onCommit: { continuation.yield($0) }),
            now: 1
        )
        let thread = try CommitThread(log)
        let position = try log.append(type: 1, payload(1))
        thread.requestCommit()
        for await durable in commits where durable > position { break }
        #expect(log.durablePosition > position)
        _ = try log.append(type: 1, payload(2))
        thread.stop()
        #expect(throws: AppendRefusal.unavailable) { try log.append(type: 1, payload(3)) }
    }

    @Test func `segments roll and are all read`() throws {
        let directory = try TemporaryDirectory()
        defer { directory.remove() }
        var configuration = LogConfiguration()
        configuration.segmentBytes = 64 << 10
        configuration.stagingBytesMax = 64 << 10
        let (log, _) = try Log.open(directory.path, configuration: configuration, now: 1)
        for index in 0..<5000 {
            _ = try log.append(type: 1, payload(index))
            if index % 50 == 49 { #expect(log.commitOnce(now: 1) == .committed(log.endPosition)) }
        }
        #expect(log.shape.segments > 5)
        let reader = LogReader(log, chunkBytes: 4096)
        for index in 0..<5000 {
            let record = try #require(try reader.next())
            #expect(Array(record.payload) == payload(index))
        }
        #expect(try reader.next() == nil)
    }

    private func payload(_ index: Int) -> [UInt8] {
        [UInt8](repeating: UInt8(truncatingIfNeeded: index), count: (index * 37) % 300)
    }
}
