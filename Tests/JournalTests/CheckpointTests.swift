import Journal
import JournalTesting
import Testing

@Suite struct CheckpointTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let name: String
        let sizes: [Int]
        var testDescription: String { name }
    }

    static let cases = [
        Case(name: "empty", sizes: []),
        Case(name: "one byte", sizes: [1]),
        Case(name: "many small pieces", sizes: Array(repeating: 7, count: 1000)),
        Case(name: "one piece just as long as a record", sizes: [256 << 10]),
        Case(name: "one byte more", sizes: [256 << 10, 1]),
        Case(name: "a megabyte at once", sizes: [1 << 20]),
    ]

    @Test(arguments: cases, [false, true])
    func `a checkpoint gives back what was written`(_ testCase: Case, isSealed: Bool) throws {
        let disk = SimulatedDisk(seed: 1)
        let keys = isSealed ? try KeyRing(keys: [KeyRing.Key(bytes: Array(0..<32))]) : .none
        var written: [UInt8] = []
        var covered: LogPosition = 0
        do {
            let log = try openLog(disk, keys: keys)
            try log.fill(10)
            covered = log.durablePosition
            let writer = try log.beginCheckpoint(covering: covered, now: 77)
            for (index, size) in testCase.sizes.enumerated() {
                let piece = [UInt8](repeating: UInt8(truncatingIfNeeded: index), count: size)
                written += piece
                try writer.write(piece)
            }
            try writer.finish()
        }
        disk.crash()
        let log = try openLog(disk, keys: keys)
        let reader = try #require(try log.newestCheckpoint())
        #expect(reader.position == covered)
        #expect(reader.createdAt == 77)
        #expect(reader.skipped.isEmpty)
        var read: [UInt8] = []
        while let piece = try reader.nextPiece() { read += piece }
        #expect(read == written)
    }

    @Test func `a damaged newest checkpoint falls back to the one before`() throws {
        let disk = SimulatedDisk(seed: 1)
        do {
            let log = try openLog(disk)
            for byte in UInt8(1)...2 {
                try log.fill(10)
                try checkpoint(log, [UInt8](repeating: byte, count: 5000))
            }
            log.close(now: 1)
        }
        disk.flipBit("log/00000000000000000002.checkpoint", offset: 4096 + 200, bit: 3)
        let log = try openLog(disk)
        let reader = try #require(try log.newestCheckpoint())
        #expect(reader.generation == 1)
        #expect(reader.skipped.count == 1)
        #expect(try reader.nextPiece()?.first == 1)
        // The log still has everything from there on.
        #expect(try log.readAll(from: reader.position).records.count == 10)
    }

    @Test func `old generations go and the log keeps what the oldest needs`() throws {
        let disk = SimulatedDisk(seed: 1)
        let log = try openLog(disk)
        var covered: [LogPosition] = []
        for _ in 0..<5 {
            try log.fill(200)
            covered.append(log.durablePosition)
            try checkpoint(log, [1, 2, 3])
            log.setFloor(log.durablePosition)
            _ = log.commitOnce(now: 1)
        }
        let names = try disk.list("log").map(\.name).filter { $0.hasSuffix(".checkpoint") }.sorted()
        #expect(names == ["00000000000000000004.checkpoint", "00000000000000000005.checkpoint"])
        #expect(log.startPosition > covered[1])
        #expect(log.startPosition <= covered[3])
    }

    @Test func `one that was not finished leaves nothing`() throws {
        let disk = SimulatedDisk(seed: 1)
        let log = try openLog(disk)
        do {
            let writer = try log.beginCheckpoint(covering: 0, now: 1)
            try writer.write([UInt8](repeating: 1, count: 1 << 20))
            #expect(throws: LogError.self) { try log.beginCheckpoint(covering: 0, now: 1) }
        }
        #expect(try log.newestCheckpoint() == nil)
        #expect(try disk.list("log").allSatisfy { !$0.name.contains("checkpoint") })
        try checkpoint(log, [1])
        #expect(try log.newestCheckpoint()?.generation == 2)
    }

    @Test func `a checkpoint may not know more than the log`() throws {
        let log = try openLog(SimulatedDisk(seed: 1))
        _ = try log.append(type: 1, [1])
        #expect(throws: LogError.self) { try log.beginCheckpoint(covering: log.endPosition, now: 1) }
    }

    /// Every crash leaves the checkpoint before or the new one, whole.
    @Test(arguments: 0..<60)
    func `a crash while writing leaves a whole checkpoint`(_ operations: Int) throws {
        let disk = SimulatedDisk(seed: UInt64(operations))
        do {
            let log = try openLog(disk)
            try checkpoint(log, [UInt8](repeating: 1, count: 600 << 10))
            try checkpoint(log, [UInt8](repeating: 2, count: 600 << 10))
            disk.faults.stopAfter = operations
            try? checkpoint(log, [UInt8](repeating: 3, count: 600 << 10))
        }
        disk.crash()
        let log = try openLog(disk)
        let reader = try #require(try log.newestCheckpoint())
        #expect(reader.skipped.isEmpty)
        let generation = reader.generation
        #expect(generation == 2 || generation == 3)
        while let piece = try reader.nextPiece() {
            #expect(piece.allSatisfy { UInt64($0) == generation })
        }
    }

    private func checkpoint(_ log: Log, _ bytes: [UInt8]) throws {
        let writer = try log.beginCheckpoint(covering: log.durablePosition, now: 1)
        try writer.write(bytes)
        try writer.finish()
    }
}
