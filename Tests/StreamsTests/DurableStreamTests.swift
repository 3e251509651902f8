import Journal
import JournalTesting
import Streams
import Testing

@Suite struct DurableStreamTests {
    let harness = StreamHarness()
    let events = StreamConfiguration(name: "events", filters: ["a/#"])

    private func stream(_ configuration: StreamConfiguration) throws -> (StreamCatalogue, DurableStream) {
        let catalogue = try harness.open([configuration])
        return (catalogue, try #require(catalogue.stream(named: configuration.name)))
    }

    @Test func readersSeeWhatIsDurableInOrder() throws {
        let (_, stream) = try stream(events)
        let reader = try stream.reader(from: .earliest)
        for i in 1...3 { _ = try harness.append(stream, "a/\(i)", "\(i)") }
        #expect(try reader.next() == nil)
        harness.commit()
        let first = try #require(try reader.next())
        #expect(String(decoding: first.topic, as: UTF8.self) == "a/1")
        #expect(String(decoding: first.source, as: UTF8.self) == "device")
        #expect(first.sequence == 1)
        #expect(first.ingestTime == 1_700_000_000_000_000_000)
        #expect(try reader.payloads() == ["2", "3"])
        #expect(try reader.next() == nil)
        _ = try harness.append(stream, "a", "4")
        harness.commit()
        #expect(try reader.payloads() == ["4"])
        #expect(reader.takeGaps().isEmpty)
    }

    @Test func aRestartKeepsEventsNumbersSequenceAndCursors() throws {
        var position: LogPosition = 0
        do {
            let (catalogue, stream) = try stream(events)
            for i in 1...5 {
                _ = try harness.append(stream, "a", "\(i)")
                if i == 3 { position = stream.endPosition }
            }
            try stream.setCursor("app", to: position)
            try stream.setCursor("gone", to: position)
            try stream.removeCursor("gone")
            harness.commit()
            // Never committed, so a power cut may take it.
            _ = try harness.append(stream, "a", "6")
            _ = catalogue
        }
        harness.disk.crash()
        let (_, stream) = try stream(events)
        #expect(stream.number == 1)
        #expect(stream.cursors == ["app": position])
        harness.commit()
        let reader = try stream.reader(from: .at(position))
        #expect(try reader.payloads() == ["4", "5"])
        _ = try harness.append(stream, "a", "7")
        harness.commit()
        #expect(try #require(try reader.next()).sequence == 6)
    }

    @Test func cursorsOutliveTheSegmentsTheyWereWrittenTo() throws {
        var small = events
        small.bytesMaximum = 1 << 20
        let payload = String(repeating: "x", count: 10_000)
        var cursor: LogPosition = 0
        do {
            let (_, stream) = try stream(small)
            try stream.setCursor("app", to: 17)
            for _ in 0..<500 {
                _ = try harness.append(stream, "a", payload)
                harness.commit()
            }
            #expect(stream.startPosition > 17, "the first segment is gone")
            #expect(stream.shape.fileBytes <= 2 << 20)
            cursor = try #require(stream.cursor("app"))
        }
        harness.disk.kill()
        let (_, stream) = try stream(small)
        #expect(stream.cursor("app") == cursor)
        _ = try harness.append(stream, "a", "last")
        harness.commit()
        let reader = try stream.reader(from: .earliest)
        var last: UInt64 = 0
        while let entry = try reader.next() { last = entry.sequence }
        #expect(last == 501)
    }

    @Test func aLimitLeavesAGapThatSaysHowMany() throws {
        var small = events
        small.bytesMaximum = 1 << 20
        let (_, stream) = try stream(small)
        let reader = try stream.reader(from: .earliest)
        let payload = String(repeating: "x", count: 10_000)
        _ = try harness.append(stream, "a", payload)
        harness.commit()
        #expect(try reader.next()?.sequence == 1)
        for _ in 0..<300 {
            _ = try harness.append(stream, "a", payload)
            harness.commit()
        }
        let next = try #require(try reader.next())
        let gap = try #require(reader.takeGaps().first)
        #expect(next.sequence > 100)
        #expect(gap.count == next.sequence - 2)
        #expect(gap.cause == .oldestForBytes)
        #expect(gap.to == next.position)
    }

    @Test func aQueueRefusesWhenFullAndGoesOnWhenItsCursorMoves() throws {
        var queue = events
        queue.bytesMaximum = 1 << 20
        queue.whenFull = .refuse
        queue.keepsHistory = false
        let (_, stream) = try stream(queue)
        try stream.setCursor("uplink", to: stream.startPosition)
        let payload = String(repeating: "x", count: 10_000)
        var taken: UInt64 = 0
        #expect(throws: AppendRefusal.full) {
            while true {
                _ = try harness.append(stream, "a", payload)
                taken += 1
                harness.commit()
            }
        }
        #expect(taken > 50 && taken < 110)
        let reader = try stream.reader(from: .earliest)
        var count: UInt64 = 0
        while let entry = try reader.next() {
            count += 1
            try stream.setCursor("uplink", to: entry.next)
        }
        #expect(count == taken)
        harness.commit()
        harness.commit()
        for _ in 0..<taken / 2 {
            _ = try harness.append(stream, "a", payload)
            harness.commit()
        }
        #expect(reader.takeGaps().isEmpty)
        #expect(try reader.payloads().count == Int(taken / 2))
    }

    @Test(arguments: [0, 1, 250, 499, 500, 777])
    func aReaderBeginsAtATime(_ second: UInt64) throws {
        var small = events
        small.bytesMaximum = 8 << 20
        let (_, stream) = try stream(small)
        let payload = String(repeating: "x", count: 10_000)
        let began = harness.milliseconds.withLock { $0 }
        for i in 0..<500 {
            harness.milliseconds.withLock { $0 = began + UInt64(i) * 1000 }
            _ = try harness.append(stream, "a", payload)
            if i % 3 == 0 { harness.commit() }
        }
        harness.commit()
        let reader = try stream.reader(from: .time(Int64(began + second * 1000) * 1_000_000))
        #expect(try reader.next()?.sequence == (second < 500 ? second + 1 : nil))
    }

    @Test func flushReturnsWhenTheCommitIsDone() async throws {
        let (_, stream) = try stream(events)
        _ = try harness.append(stream, "a", "1")
        let watched = Counter()
        let watch = stream.onCommit { watched.increment() }
        async let flushed: Void = stream.flush()
        while stream.durablePosition < stream.endPosition {
            harness.commit()
            await Task.yield()
        }
        await flushed
        #expect(watched.value >= 1)
        watch.cancel()
        let before = watched.value
        _ = try harness.append(stream, "a", "2")
        harness.commit()
        #expect(watched.value == before)
    }

    /// What was durable when the machine died is there afterwards, once, in order; the sequence has no holes but
    /// those of events that nobody was promised.
    @Test(arguments: 0..<40 as Range<UInt64>)
    func crashesLoseNothingThatWasDurable(_ seed: UInt64) throws {
        let harness = StreamHarness(seed: seed)
        var random = SimulatedRandom(seed: seed)
        var promised: [String] = []
        var cursor: LogPosition?
        var next = 0
        for _ in 0..<6 {
            let catalogue = try harness.open([events])
            harness.commit()
            let stream = try #require(catalogue.stream(named: "events"))
            if let cursor { #expect(stream.cursor("app") == cursor) }
            var waiting: [String] = []
            var moved: LogPosition?
            for _ in 0..<Int.random(in: 1...60, using: &random) {
                switch Int.random(in: 0..<10, using: &random) {
                case 0:
                    harness.commit()
                    promised += waiting
                    waiting = []
                    if let position = moved { cursor = position }
                    moved = nil
                case 1:
                    try stream.setCursor("app", to: stream.durablePosition)
                    moved = stream.durablePosition
                default:
                    _ = try harness.append(stream, "a", "\(next)")
                    waiting.append("\(next)")
                    next += 1
                }
            }
            // A cursor that was moved but not committed may be found at either place.
            if moved != nil { cursor = nil }
            if Bool.random(using: &random) { harness.disk.crash() } else { harness.disk.kill() }
            let after = try harness.open([events])
            harness.commit()
            let found = try #require(after.stream(named: "events")).reader(from: .earliest).payloads()
            #expect(Array(found.prefix(promised.count)) == promised, "seed \(seed)")
            #expect(
                Array(found.dropFirst(promised.count)) == Array(waiting.prefix(found.count - promised.count))
            )
            promised = found
            next = (Int(found.last ?? "-1") ?? -1) + 1
            harness.disk.kill()
        }
    }
}
