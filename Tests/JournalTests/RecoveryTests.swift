import Journal
import JournalTesting
import Testing

@Suite struct RecoveryTests {
    /// Three groups of records of all sizes, and the file that holds them.
    private func writeLog(_ disk: SimulatedDisk) throws -> (
        records: [ReadRecord], path: String, bytes: [UInt8]
    ) {
        let log = try openLog(disk)
        for group in 0..<3 {
            for index in 0..<4 {
                _ = try log.append(type: UInt16(group), [UInt8](repeating: UInt8(index), count: index * 13))
            }
            _ = log.commitOnce(now: 1)
        }
        let path = try disk.segmentPaths[0]
        return (try log.readAll().records, path, disk.contents(of: path) ?? [])
    }

    @Test func `a tail torn at any byte is cut and what stands before it stays`() throws {
        let (records, path, bytes) = try writeLog(SimulatedDisk(seed: 1))
        for length in SegmentHeader.byteCount...bytes.count {
            let disk = SimulatedDisk(seed: 1)
            disk.place(path, Array(bytes[..<length]))
            let (log, report) = try Log.open("log", on: disk, configuration: smallConfiguration(), now: 1)
            let (found, _, notices) = try log.readAll()
            #expect(found == Array(records.prefix(found.count)))
            let data = LogPosition(length - SegmentHeader.byteCount)
            #expect(found.count >= records.filter { $0.position + 100 < data }.count)
            #expect(notices.isEmpty && report.damages.isEmpty)
            // What is appended now is found again, whatever the old tail looked like.
            let position = try log.append(type: 9, [1, 2, 3])
            _ = log.commitOnce(now: 1)
            disk.crash()
            let again = try openLog(disk).readAll().records
            #expect(again == found + [ReadRecord(position: position, type: 9, bytes: [1, 2, 3])])
        }
    }

    @Test func `a tail overwritten with garbage from any byte is cut`() throws {
        let (records, path, bytes) = try writeLog(SimulatedDisk(seed: 1))
        var random = SimulatedRandom(seed: 5)
        for length in SegmentHeader.byteCount..<bytes.count {
            let disk = SimulatedDisk(seed: 1)
            disk.place(path, Array(bytes[..<length]) + random.bytes(bytes.count - length))
            let log = try openLog(disk)
            let (found, _, notices) = try log.readAll()
            #expect(found == Array(records.prefix(found.count)))
            #expect(notices.isEmpty)
        }
    }

    @Test func `any flipped bit costs at most the record it is in, and is told`() throws {
        let (records, path, bytes) = try writeLog(SimulatedDisk(seed: 1))
        for offset in SegmentHeader.byteCount..<bytes.count {
            for bit in [0, 5] {
                let disk = SimulatedDisk(seed: 1)
                disk.place(path, bytes)
                disk.flipBit(path, offset: offset, bit: bit)
                let (log, report) = try Log.open("log", on: disk, configuration: smallConfiguration(), now: 1)
                let (found, _, notices) = try log.readAll()
                let isInLastGroup = found == Array(records.prefix(found.count)) && found.count >= 8
                // In what later marks prove durable it is damage; in the last group, a torn tail.
                if notices.isEmpty {
                    #expect(isInLastGroup, "offset \(offset)")
                } else {
                    #expect(records.filter { !found.contains($0) }.count <= 1, "offset \(offset)")
                    #expect(report.damages.count == 1)
                }
            }
        }
    }

    @Test func `a segment header survives the loss of its first sector`() throws {
        let disk = SimulatedDisk(seed: 1)
        let (records, path, bytes) = try writeLog(disk)
        disk.crash()
        disk.place(path, [UInt8](repeating: 0, count: 512) + bytes[512...])
        #expect(try openLog(disk).readAll().records == records)
    }

    @Test func `a segment without a header is set aside and the rest is read`() throws {
        let disk = SimulatedDisk(seed: 1)
        do { try openLog(disk).fill(200) }
        disk.crash()
        let path = try disk.segmentPaths.last ?? ""
        let bytes = disk.contents(of: path) ?? []
        disk.place(path, [UInt8](repeating: 0, count: 4096) + bytes[4096...])
        let (log, report) = try Log.open("log", on: disk, configuration: smallConfiguration(), now: 1)
        #expect(report.quarantined == [String(path.dropFirst(4)) + ".damaged"])
        #expect(report.summary?.contains("set aside") == true)
        #expect(try log.readAll().records.count > 100)
        #expect(disk.contents(of: path + ".damaged")?.count == bytes.count)
    }

    @Test func `damage in an old segment is found by the reader that comes there`() throws {
        let disk = SimulatedDisk(seed: 1)
        do { try openLog(disk).fill(300) }
        disk.crash()
        let path = try disk.segmentPaths[1]
        disk.flipBit(path, offset: 4096 + 24 + 500, bit: 1)
        let (log, report) = try Log.open("log", on: disk, configuration: smallConfiguration(), now: 1)
        #expect(report.damages.isEmpty)
        let (records, _, notices) = try log.readAll()
        #expect(records.count == 299)
        guard case .damaged(let damage) = notices.first else { Issue.record("no notice"); return }
        #expect(notices.count == 1)
        #expect(damage.path == path)
        #expect(damage.offset == 4096)
        #expect(damage.length == 1024)
    }

    @Test func `a destroyed header in the middle is passed over to the next record`() throws {
        let disk = SimulatedDisk(seed: 1)
        let log = try openLog(disk)
        let positions = try log.fill(30, size: 100)
        let path = try disk.segmentPaths[0]
        for offset in 0..<24 {
            disk.flipBit(path, offset: 4096 + Int(positions[10]) + offset, bit: offset % 8)
        }
        let (records, _, notices) = try log.readAll()
        #expect(records.map(\.position) == positions.filter { $0 != positions[10] })
        #expect(notices.count == 1)
    }

    @Test func `a payload that imitates records is not taken for some`() throws {
        // Everything the forger can know: the positions, and the format. Not the salt.
        let disk = SimulatedDisk(seed: 1)
        let log = try openLog(disk)
        let first = try log.append(type: 1, [UInt8](repeating: 0, count: 1000))
        _ = log.commitOnce(now: 1)
        let path = try disk.segmentPaths[0]
        let donor = SimulatedDisk(seed: 2)
        let other = try openLog(donor)
        for _ in 0..<20 { _ = try other.append(type: 66, [UInt8](repeating: 6, count: 24)) }
        _ = other.commitOnce(now: 1)
        let forged = donor.contents(of: try donor.segmentPaths[0]) ?? []
        var bytes = disk.contents(of: path) ?? []
        // The record's header is destroyed and its payload holds whole records of these positions.
        bytes.replaceSubrange(4096..<4096 + 1000, with: forged[4096..<4096 + 1000])
        disk.place(path, bytes)
        #expect(first == 0)
        #expect(try log.readAll().records.isEmpty)
        let (records, _, _) = try openLogAgain(disk).readAll()
        #expect(records.isEmpty)
    }

    private func openLogAgain(_ disk: SimulatedDisk) throws -> Log {
        disk.kill()
        return try openLog(disk)
    }
}
