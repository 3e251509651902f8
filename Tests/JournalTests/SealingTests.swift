import Journal
import JournalTesting
import Testing

@Suite struct SealingTests {
    private func key(_ byte: UInt8) throws -> KeyRing.Key {
        try KeyRing.Key(bytes: [UInt8](repeating: byte, count: 32))
    }

    private let secret = Array("the mast on the hill".utf8)

    @Test func `nothing legible is on the disk`() throws {
        let disk = SimulatedDisk(seed: 1)
        let keys = KeyRing(keys: [try key(1)])
        let log = try openLog(disk, keys: keys)
        for _ in 0..<10 { _ = try log.append(type: 1, secret) }
        _ = log.commitOnce(now: 1)
        let writer = try log.beginCheckpoint(covering: log.durablePosition, now: 1)
        try writer.write(secret)
        try writer.finish()
        for entry in try disk.list("log") {
            let bytes = disk.contents(of: "log/" + entry.name) ?? []
            #expect(!bytes.contains(secret), "\(entry.name)")
        }
        #expect(try log.readAll().records.map(\.bytes) == Array(repeating: secret, count: 10))
    }

    @Test func `records staged and written read alike, also after a restart`() throws {
        let disk = SimulatedDisk(seed: 1)
        let keys = KeyRing(keys: [try key(1)])
        var expected: [[UInt8]] = []
        do {
            let log = try openLog(disk, keys: keys)
            for size in [0, 1, 7, 8, 9, 15, 16, 17, 1000, 20_000] {
                expected.append([UInt8](repeating: UInt8(size & 255), count: size))
                _ = try log.append(type: 1, expected.last ?? [])
            }
            #expect(try log.readAll().records.map(\.bytes) == expected)
            _ = log.commitOnce(now: 1)
            #expect(try log.readAll().records.map(\.bytes) == expected)
        }
        disk.crash()
        #expect(try openLog(disk, keys: keys).readAll().records.map(\.bytes) == expected)
    }

    @Test func `a wrong key is a clear error and changes nothing`() throws {
        let disk = SimulatedDisk(seed: 1)
        let right = try key(1)
        do {
            let log = try openLog(disk, keys: KeyRing(keys: [right]))
            _ = try log.append(type: 1, secret)
            _ = log.commitOnce(now: 1)
        }
        disk.crash()
        let before = Dictionary(
            uniqueKeysWithValues: try disk.list("log").map { ($0.name, disk.contents(of: "log/" + $0.name)) }
        )
        for keys in [KeyRing.none, KeyRing(keys: [try key(2)])] {
            let error = #expect(throws: LogError.self) { try openLog(disk, keys: keys) }
            #expect(error?.code == .wrongKey)
            #expect(error?.message.contains(right.name) == true)
        }
        let after = Dictionary(
            uniqueKeysWithValues: try disk.list("log").map { ($0.name, disk.contents(of: "log/" + $0.name)) }
        )
        #expect(before == after)
        let log = try openLog(disk, keys: KeyRing(keys: [right]))
        #expect(try log.readAll().records.map(\.bytes) == [secret])
    }

    @Test func `a rotated key seals what is new and the old one opens what is old`() throws {
        let disk = SimulatedDisk(seed: 1)
        let (old, new) = (try key(1), try key(2))
        do {
            let log = try openLog(disk, keys: KeyRing(keys: [old]))
            _ = try log.append(type: 1, [1])
            log.close(now: 1)
        }
        do {
            let log = try openLog(disk, keys: KeyRing(keys: [new, old]))
            _ = try log.append(type: 1, [2])
            #expect(try log.readAll().records.map(\.bytes) == [[1], [2]])
            log.close(now: 1)
        }
        let error = #expect(throws: LogError.self) { try openLog(disk, keys: KeyRing(keys: [new])) }
        #expect(error?.message.contains(old.name) == true)
        #expect(try openLog(disk, keys: KeyRing(keys: [new, old])).readAll().records.count == 2)
    }

    @Test func `a key can be rotated while the log is open`() throws {
        let disk = SimulatedDisk(seed: 1)
        let (old, new) = (try key(1), try key(2))
        let log = try openLog(disk, keys: KeyRing(keys: [old]))
        _ = try log.append(type: 1, [1])
        _ = log.commitOnce(now: 1)
        try log.rotate(to: KeyRing(keys: [new, old]))
        _ = try log.append(type: 1, [2])
        _ = log.commitOnce(now: 1)
        #expect(try log.readAll().records.map(\.bytes) == [[1], [2]])
        let report = try Set(
            disk.segmentPaths.compactMap { try JournalInspector("log", on: disk).header(of: $0).seal?.keyID }
        )
        #expect(report == [old.id, new.id])
        #expect(throws: LogError.self) { try log.rotate(to: .none) }
    }

    @Test func `a log that was plain goes on sealed`() throws {
        let disk = SimulatedDisk(seed: 1)
        do {
            let log = try openLog(disk)
            _ = try log.append(type: 1, [1])
            _ = log.commitOnce(now: 1)
        }
        disk.kill()
        do {
            let log = try openLog(disk, keys: KeyRing(keys: [try key(1)]))
            _ = try log.append(type: 1, secret)
            _ = log.commitOnce(now: 1)
            #expect(try log.readAll().records.map(\.bytes) == [[1], secret])
        }
        disk.crash()
        let log = try openLog(disk, keys: KeyRing(keys: [try key(1)]))
        #expect(try log.readAll().records.map(\.bytes) == [[1], secret])
    }

    @Test func `a sealed record that was tampered with is damage`() throws {
        let disk = SimulatedDisk(seed: 1)
        let log = try openLog(disk, keys: KeyRing(keys: [try key(1)]))
        for index in UInt8(0)..<5 { _ = try log.append(type: 1, [index]) }
        _ = log.commitOnce(now: 1)
        // Someone who can compute checksums changes a byte of the third record's payload.
        try disk.rewriteRecord(try disk.segmentPaths[0], index: 2) { $0[24] ^= 1 }
        let (records, _, notices) = try log.readAll()
        #expect(records.map(\.bytes) == [[0], [1], [3], [4]])
        #expect(notices.count == 1)
    }

    @Test(arguments: [0, 16, 31, 33])
    func `a key of another length is refused`(_ count: Int) {
        #expect(throws: LogError.self) { try KeyRing.Key(bytes: [UInt8](repeating: 1, count: count)) }
    }
}

extension Array where Element: Equatable {
    func contains(_ other: [Element]) -> Bool {
        guard !other.isEmpty, count >= other.count else { return other.isEmpty }
        return (0...(count - other.count)).contains { Array(self[$0..<$0 + other.count]) == other }
    }
}
