import Glibc
import Journal
import JournalTesting
import Synchronization
import Testing

@Suite struct StorageFaultTests {
    @Test func `a full disk stalls the log, and room brings it back by itself`() throws {
        let disk = SimulatedDisk(seed: 1)
        let log = try openLog(disk)
        try log.fill(10)
        let durable = log.durablePosition
        disk.faults.capacityBytes = disk.usedBytes + 500
        let position = try log.append(type: 1, [UInt8](repeating: 9, count: 1000))
        guard case .failed(let error) = log.commitOnce(now: 1) else { Issue.record("committed"); return }
        #expect(error.isFull)
        #expect(log.durablePosition == durable)
        #expect(log.state.label == "full")
        #expect(log.state.description.contains("free space"))
        #expect(throws: AppendRefusal.unavailable) { try log.append(type: 1, [1]) }
        #expect(log.commitOnce(now: 1) != .idle)
        disk.faults = DiskFaults()
        #expect(log.commitOnce(now: 1) == .committed(log.endPosition))
        #expect(log.state == .open)
        #expect(log.durablePosition > position)
        disk.crash()
        #expect(try openLog(disk).readAll().records.count == 11)
    }

    @Test func `a file system that turns read-only stalls the log until it is writable`() throws {
        let disk = SimulatedDisk(seed: 1)
        let log = try openLog(disk)
        try log.fill(10)
        disk.faults.isReadOnly = true
        _ = try log.append(type: 1, [1])
        #expect(log.commitOnce(now: 1) != .committed(log.endPosition))
        #expect(log.state.label == "read_only")
        disk.faults.isReadOnly = false
        #expect(log.commitOnce(now: 1) == .committed(log.endPosition))
        #expect(try log.readAll().records.count == 11)
    }

    /// The kernel reports a failed write-back once and calls the pages clean: a second sync succeeds
    /// and the data is not there. A log that believes it loses what it acknowledges next.
    @Test func `after a failed sync nothing is acknowledged from the old file`() throws {
        let disk = SimulatedDisk(seed: 1)
        let states = Mutex<[String]>([])
        let log = try openLog(
            disk,
            observer: LogObserver(onState: { state in states.withLock { $0.append(state.label) } })
        )
        try log.fill(10)
        let durable = log.durablePosition
        let segments = try disk.segmentPaths
        disk.faults.failSyncs = 1
        let position = try log.append(type: 1, [42])
        #expect(log.commitOnce(now: 1) == .failed(DiskError(.sync, segments[0], code: EIO)))
        #expect(log.durablePosition == durable)
        #expect(log.state.label == "failed")
        #expect(throws: AppendRefusal.unavailable) { try log.append(type: 1, [1]) }
        // Online consumers still get what was appended.
        #expect(try log.readAll().records.last?.bytes == [42])

        #expect(log.commitOnce(now: 1) == .committed(log.endPosition))
        #expect(log.durablePosition > position)
        #expect(try disk.segmentPaths.count == 2)
        #expect(states.withLock { $0 } == ["failed", "open"])
        disk.crash()
        let records = try openLog(disk).readAll().records
        #expect(records.count == 11)
        #expect(records.last == ReadRecord(position: position, type: 1, bytes: [42]))
    }

    @Test func `a sync that fails for ever is never acknowledged`() throws {
        let disk = SimulatedDisk(seed: 1)
        let log = try openLog(disk)
        let durable = log.durablePosition
        disk.faults.failSyncs = .max
        _ = try log.append(type: 1, [42])
        for _ in 0..<20 {
            guard case .failed = log.commitOnce(now: 1) else { Issue.record("acknowledged"); return }
        }
        #expect(log.durablePosition == durable)
        // Attempts leave no heap of files behind.
        #expect(try disk.list("log").count <= 4)
    }

    @Test func `a log opens on a full disk and works once there is room`() throws {
        let disk = SimulatedDisk(seed: 1)
        do {
            let log = try openLog(disk)
            try log.fill(10)
        }
        disk.kill()
        disk.faults.capacityBytes = disk.usedBytes
        let log = try openLog(disk)
        #expect(log.state.label == "full")
        #expect(try log.readAll().records.count == 10)
        #expect(throws: AppendRefusal.unavailable) { try log.append(type: 1, [1]) }
        disk.faults = DiskFaults()
        while !log.state.isOpen {
            if case .failed(let error) = log.commitOnce(now: 1) { throw error }
        }
        try log.fill(1)
        #expect(try log.readAll().records.count == 11)
    }

    @Test func `drop oldest makes room on a full disk`() throws {
        let disk = SimulatedDisk(seed: 1)
        let log = try openLog(disk, smallConfiguration(Retention(whenFull: .dropOldest)))
        try log.fill(500)
        disk.faults.capacityBytes = disk.usedBytes
        try log.fill(300)
        #expect(log.state == .open)
        #expect(log.startPosition > 0)
        let (records, gaps, _) = try log.readAll()
        #expect(!gaps.isEmpty)
        #expect(records.count < 800)
    }

    @Test func `overload is said at once and passes with the next commit`() throws {
        let disk = SimulatedDisk(seed: 1)
        let log = try openLog(disk)
        let refusal = #expect(throws: AppendRefusal.self) {
            while true { _ = try log.append(type: 1, [UInt8](repeating: 1, count: 1000)) }
        }
        #expect(refusal == .overloaded)
        // The reserve is for records that release others.
        _ = try log.append(type: 1, [1], isControl: true)
        #expect(log.commitOnce(now: 1) == .committed(log.endPosition))
        _ = try log.append(type: 1, [1])
    }

    @Test func `a record that is too long, or of a reserved type, is invalid`() throws {
        let log = try openLog(SimulatedDisk(seed: 1))
        let most = log.configuration.recordBytesMax
        _ = try log.append(type: 1, [UInt8](repeating: 1, count: most))
        #expect(throws: AppendRefusal.invalid) {
            try log.append(type: 1, [UInt8](repeating: 1, count: most + 1))
        }
        #expect(throws: AppendRefusal.invalid) { try log.append(type: 0xFF00, [1]) }
    }

    @Test func `two logs do not share a directory`() throws {
        let disk = SimulatedDisk(seed: 1)
        let log = try openLog(disk)
        let error = #expect(throws: LogError.self) { try openLog(disk) }
        #expect(error?.code == .inUse)
        log.close(now: 1)
        _ = try openLog(disk)
    }
}
