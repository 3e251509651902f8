import Journal
import JournalTesting

/// A record as tests compare it.
struct ReadRecord: Equatable {
    var position: LogPosition
    var type: UInt16
    var bytes: [UInt8]
}

extension Log {
    /// Everything from `position` on, and what was passed over.
    func readAll(
        from position: LogPosition = 0,
        chunkBytes: Int = 4096
    ) throws -> (records: [ReadRecord], gaps: [GapRecord], notices: [ReadNotice]) {
        let reader = LogReader(self, from: position, chunkBytes: chunkBytes)
        var records: [ReadRecord] = []
        var gaps: [GapRecord] = []
        while let record = try reader.next() {
            if let gap = record.gap {
                gaps.append(gap)
            } else {
                records.append(
                    ReadRecord(position: record.position, type: record.type, bytes: Array(record.payload))
                )
            }
        }
        return (records, gaps, reader.takeNotices())
    }

    /// Appends records of `size` bytes, each filled with its number, and commits in groups of `group`.
    @discardableResult
    func fill(_ count: Int, size: Int = 1000, group: Int = 20, now: UInt64 = 1) throws -> [LogPosition] {
        var positions: [LogPosition] = []
        for index in 0..<count {
            let byte = UInt8(truncatingIfNeeded: index)
            positions.append(try append(type: 1, [UInt8](repeating: byte, count: size)))
            if index % group == group - 1 { _ = commitOnce(now: now) }
        }
        _ = commitOnce(now: now)
        return positions
    }
}

/// A small log, so that limits are met soon: segments of 64 KiB, groups of at most 32 KiB.
func smallConfiguration(_ retention: Retention = Retention()) -> LogConfiguration {
    var configuration = LogConfiguration()
    configuration.segmentBytes = 64 << 10
    configuration.stagingBytesMax = 64 << 10
    configuration.retention = retention
    return configuration
}

func openLog(
    _ disk: SimulatedDisk,
    _ configuration: LogConfiguration = smallConfiguration(),
    keys: KeyRing = .none,
    observer: LogObserver = LogObserver()
) throws -> Log {
    try Log.open("log", on: disk, configuration: configuration, keys: keys, observer: observer, now: 1).log
}

extension SimulatedDisk {
    /// The paths of the log's segments, oldest first.
    var segmentPaths: [String] {
        get throws {
            try list("log").map { "log/" + $0.name }.filter { $0.hasSuffix(".segment") }.sorted()
        }
    }
}

extension SimulatedDisk {
    /// Changes the bytes of the record with this index in a file, and makes its checksum right again.
    func rewriteRecord(_ path: String, index: Int, _ change: (inout [UInt8]) -> Void) throws {
        var bytes = contents(of: path) ?? []
        var offset = SegmentHeader.byteCount
        for _ in 0..<index { offset += try size(bytes, at: offset) }
        let size = try size(bytes, at: offset)
        var record = Array(bytes[offset..<offset + size])
        change(&record)
        let stored = Int(load(record, at: 8)) + (record[14] & 1 == 1 ? 16 : 0)
        let check = record[24..<24 + stored].withUnsafeBytes {
            CRC32C.checksum($0, seed: load(record, at: 16))
        }
        withUnsafeBytes(of: check.littleEndian) { record.replaceSubrange(20..<24, with: $0) }
        bytes.replaceSubrange(offset..<offset + size, with: record)
        place(path, bytes)
    }

    private func size(_ bytes: [UInt8], at offset: Int) throws -> Int {
        let record = Array(bytes[offset..<offset + 24])
        return (24 + Int(load(record, at: 8)) + (record[14] & 1 == 1 ? 16 : 0) + 7) & ~7
    }

    private func load(_ bytes: [UInt8], at offset: Int) -> UInt32 {
        (0..<4).reduce(0) { $0 | UInt32(bytes[offset + $1]) << (8 * UInt32($1)) }
    }
}
