import Collector
import FoundationEssentials
import JournalTesting
import Testing
import Uplink

/// A SQLite file of its own for each test.
final class TemporaryFile {
    let path: String

    init() {
        path =
            FileManager.default.temporaryDirectory.path
            + "/weir-collector-\(UInt64.random(in: 0...UInt64.max)).db"
    }

    deinit {
        for suffix in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + suffix) }
    }
}

@Suite struct IntakeTests {
    static let first = SiteInstance(repeating: 1)
    static let second = SiteInstance(repeating: 2)

    /// Batches of `sizes` events, one behind the other.
    static func batches(
        _ sizes: [Int],
        instance: SiteInstance = first,
        epoch: UInt64 = 7,
        lane: String = "bulk",
        after: UInt64 = 0
    ) -> [EncodedBatch] {
        let builder = BatchBuilder(site: "monaco", instance: instance, lane: lane, epoch: epoch, after: after)
        var sequence = after
        return sizes.map { size in
            for _ in 0..<size {
                sequence += 1
                append(builder, sequence)
            }
            return builder.finish()
        }
    }

    static func append(_ builder: BatchBuilder, _ sequence: UInt64) {
        var topic = "plant/\(sequence % 5)"
        var source = "device-\(sequence % 3)"
        topic.withUTF8 { topic in
            source.withUTF8 { source in
                Array("\(sequence)".utf8).withUnsafeBytes { payload in
                    builder.append(
                        sequence: sequence,
                        time: Int64(sequence) * 1_000,
                        qos: 1,
                        retain: false,
                        source: UnsafeRawBufferPointer(source),
                        topic: UnsafeRawBufferPointer(topic),
                        properties: UnsafeRawBufferPointer(start: nil, count: 0),
                        payload: payload
                    )
                }
            }
        }
    }

    private func results(_ replies: [BatchIntake.Reply]) -> [Answer.Result] {
        replies.flatMap(\.answer.outcomes).map(\.result)
    }

    @Test func `stores once, whatever the order and however often`() throws {
        let file = TemporaryFile()
        let database = try SQLiteDatabase(path: file.path)
        let intake = BatchIntake(database)
        let batches = Self.batches([10, 1, 30, 4])
        #expect(
            results(try intake.store([batches[2].bytes, batches[0].bytes], now: 1_000)) == [
                .committed, .committed,
            ]
        )
        #expect(try database.status()[0].lanes[0].coverage.missing == 1)
        #expect(results(try intake.store([batches[0].bytes], now: 1_000)) == [.repeated])
        #expect(
            results(try intake.store([batches[1].bytes, batches[1].bytes, batches[3].bytes], now: 1_000))
                == [.committed, .repeated, .committed]
        )
        let lane = try database.status()[0].lanes[0]
        #expect(lane.events == 45 && lane.coverage.watermark == 45 && lane.repeats == 11)
        #expect(try SQLiteProbe.count(file.path) == 45)
    }

    /// After a crash a site builds its batches anew, with other borders.
    @Test(arguments: 1...30) func `batches with other borders fill only what is missing`(seed: UInt64) throws
    {
        var random = SimulatedRandom(seed: seed)
        let file = TemporaryFile()
        let intake = BatchIntake(try SQLiteDatabase(path: file.path))
        for _ in 0..<6 {
            var sizes: [Int] = []
            while sizes.reduce(0, +) < 200 { sizes.append(Int(random.next() % 40) + 1) }
            sizes[sizes.count - 1] -= sizes.reduce(0, +) - 200
            var batches = Self.batches(sizes)
            batches.shuffle(using: &random)
            _ = try intake.store(batches.prefix(Int(random.next() % 8)).map(\.bytes), now: 1_000)
        }
        let all = Self.batches([200])
        _ = try intake.store(all.map(\.bytes), now: 1_000)
        #expect(try SQLiteProbe.count(file.path) == 200)
    }

    @Test func `a second site of the name is refused and both are told`() throws {
        let file = TemporaryFile()
        let database = try SQLiteDatabase(path: file.path)
        let intake = BatchIntake(database)
        _ = try intake.store([Self.batches([3])[0].bytes], now: 100_000)
        let replies = try intake.store(
            [Self.batches([5], instance: Self.second, epoch: 8)[0].bytes],
            now: 101_000
        )
        #expect(results(replies) == [.conflict])
        #expect(Set(replies.map(\.instance)) == [Self.first, Self.second])
        #expect(replies.first { $0.instance == Self.first }?.answer.conflict.isEmpty == false)
        #expect(try SQLiteProbe.count(file.path) == 3)
        // The first goes on.
        let more = Self.batches([3, 2])[1]
        #expect(results(try intake.store([more.bytes], now: 102_000)) == [.committed])
        // A sign of life of the second is answered without watermarks, and one of the first says so too.
        var hello = Hello(site: "monaco", instance: Self.second, nonce: 5)
        hello.lanes = [.init(lane: "bulk", epoch: 8, committed: 0)]
        let refused = try intake.hello(hello, now: 103_000).filter { $0.instance == Self.second }
        #expect(
            refused.count == 1 && refused[0].answer.watermarks.isEmpty && !refused[0].answer.conflict.isEmpty
        )
    }

    @Test func `a site that was wiped takes its place when the old one has been silent`() throws {
        let file = TemporaryFile()
        let intake = BatchIntake(try SQLiteDatabase(path: file.path))
        _ = try intake.store([Self.batches([3])[0].bytes], now: 100_000)
        let anew = Self.batches([5], instance: Self.second, epoch: 8)[0].bytes
        #expect(results(try intake.store([anew], now: 129_000)) == [.conflict])
        #expect(results(try intake.store([anew], now: 131_000)) == [.committed])
        #expect(try SQLiteProbe.count(file.path) == 8)
    }

    @Test func `a clock that goes back locks no replacement out`() throws {
        let file = TemporaryFile()
        let intake = BatchIntake(try SQLiteDatabase(path: file.path))
        _ = try intake.store([Self.batches([3])[0].bytes], now: 90_000_000)
        let anew = Self.batches([5], instance: Self.second, epoch: 8)[0].bytes
        // A day earlier: the first site counts as seen now, and as silent half a minute later.
        #expect(results(try intake.store([anew], now: 3_600_000)) == [.conflict])
        #expect(results(try intake.store([anew], now: 3_629_000)) == [.conflict])
        #expect(results(try intake.store([anew], now: 3_631_000)) == [.committed])
        #expect(try SQLiteProbe.count(file.path) == 8)
    }

    @Test func `a sign of life tells how far each lane is stored`() throws {
        let file = TemporaryFile()
        let intake = BatchIntake(try SQLiteDatabase(path: file.path))
        _ = try intake.store(Self.batches([3, 4]).map(\.bytes), now: 1_000)
        var hello = Hello(site: "monaco", instance: Self.first, nonce: 5)
        hello.lanes = [
            .init(lane: "bulk", epoch: 7, committed: 0), .init(lane: "alarms", epoch: 9, committed: 0),
        ]
        let replies = try intake.hello(hello, now: 2_000)
        #expect(replies.count == 1 && replies[0].answer.nonce == 5)
        #expect(
            replies[0].answer.watermarks == [
                .init(lane: "bulk", epoch: 7, sequence: 7), .init(lane: "alarms", epoch: 9, sequence: 0),
            ]
        )
    }

    @Test func `damage is not answered, and what can never be stored is refused`() throws {
        let file = TemporaryFile()
        let intake = BatchIntake(try SQLiteDatabase(path: file.path))
        var damaged = Self.batches([3])[0].bytes
        damaged[40] ^= 1
        #expect(try intake.store([damaged], now: 1_000).isEmpty)
        #expect(intake.counters.corrupt == 1)
        #expect(try intake.store([[1, 2, 3]], now: 1_000).isEmpty)
    }

    @Test func `what is stored survives another opening`() throws {
        let file = TemporaryFile()
        _ = try BatchIntake(try SQLiteDatabase(path: file.path)).store(
            Self.batches([3, 4]).map(\.bytes),
            now: 1_000
        )
        let again = BatchIntake(try SQLiteDatabase(path: file.path))
        #expect(
            results(try again.store(Self.batches([3, 4]).map(\.bytes), now: 2_000)) == [.repeated, .repeated]
        )
        #expect(try SQLiteProbe.count(file.path) == 7)
    }
}

/// Counts rows by the `sqlite3` program: nothing of ours is believed.
enum SQLiteProbe {
    static func count(_ path: String) throws -> Int {
        Int(try query(path, "SELECT count(*) FROM event")) ?? -1
    }

    static func query(_ path: String, _ text: String) throws -> String {
        let output = path + ".out"
        defer { try? FileManager.default.removeItem(atPath: output) }
        try run(["/bin/sh", "-c", "sqlite3 '\(path)' \"\(text)\" > '\(output)'"])
        let bytes = try Data(contentsOf: URL(filePath: output))
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").joined(separator: "\n")
    }
}
