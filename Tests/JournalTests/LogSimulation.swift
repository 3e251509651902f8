import Journal
import JournalTesting

/// One run of a log over a disk that fails, under a seed, beside a model that knows what must be there.
struct LogSimulation {
    struct Entry: Equatable {
        var position: LogPosition
        var type: UInt16
        var bytes: [UInt8]
    }

    struct Violation: Error, CustomStringConvertible {
        var description: String
    }

    /// How often the rare paths ran, to prove that they did.
    struct Coverage {
        var crashes = 0
        var tornTails = 0
        var failedSyncs = 0
        var stalls = 0
        var recoveredFromFailure = 0
        var crashesInRecovery = 0
        var unackedSurvivors = 0
        var unackedLost = 0
        var recordsDropped = 0
        var refusedFull = 0
        var released = 0

        static func += (left: inout Coverage, right: Coverage) {
            left.crashes += right.crashes
            left.tornTails += right.tornTails
            left.failedSyncs += right.failedSyncs
            left.stalls += right.stalls
            left.recoveredFromFailure += right.recoveredFromFailure
            left.crashesInRecovery += right.crashesInRecovery
            left.unackedSurvivors += right.unackedSurvivors
            left.unackedLost += right.unackedLost
            left.recordsDropped += right.recordsDropped
            left.refusedFull += right.refusedFull
            left.released += right.released
        }
    }

    static let directory = "log"

    var random: SimulatedRandom
    let disk: SimulatedDisk
    let configuration: LogConfiguration
    let keys: KeyRing
    let losesWholeSectors: Bool
    /// Whether the limits are low enough to be met.
    let hasRetention: Bool
    /// Entries before this are not needed any more.
    var floor: LogPosition = 0
    /// The gaps that the log has told of.
    var told: [GapRecord] = []
    /// Whether the disk was ever full: then the oldest make room before word of it is durable.
    var wasFull = false
    var gapReader: LogReader?
    var log: Log?
    var reader: LogReader?
    var readerIndex = 0
    /// What the log must give back, as far as it is below `acknowledged`, and may, above.
    var entries: [Entry] = []
    var acknowledged: LogPosition = 0
    /// The highest position that was ever handed out.
    var highest: LogPosition?
    var now: UInt64 = 1_000
    var coverage = Coverage()
    /// Prints every step.
    var isTraced = false

    init(seed: UInt64) throws {
        random = SimulatedRandom(seed: seed)
        let sector = random.oneIn(2) ? 512 : 4096
        disk = SimulatedDisk(seed: random.next(), sectorBytes: sector)
        var configuration = LogConfiguration()
        configuration.segmentBytes = 64 << 10
        configuration.stagingBytesMax = 64 << 10
        configuration.openFilesMax = 2
        hasRetention = random.oneIn(3)
        if hasRetention {
            configuration.retention.bytesMax = 256 << 10
            configuration.retention.whenFull = FullPolicy.allCases[Int(random.next() % 3)]
            configuration.retention.keepsHistory = random.oneIn(2)
        }
        losesWholeSectors = random.oneIn(4)
        configuration.commitAlignmentBytes = losesWholeSectors ? sector : 8
        self.configuration = configuration
        keys = random.oneIn(4) ? KeyRing(keys: [try KeyRing.Key(bytes: random.bytes(32))]) : .none
    }

    mutating func run(steps: Int) throws {
        try reopen()
        for _ in 0..<steps {
            now += random.next() % 1000
            let choice = random.next() % 32
            if isTraced {
                print(choice, log?.state.label ?? "-", disk.faults, log.map { "\($0.shape)" } ?? "")
            }
            switch choice {
            case 0...10: try append()
            case 11: moveFloor()
            case 12...20: try commit()
            case 21...23: try readOn()
            case 24: breakSomething()
            case 25: disk.faults.stopAfter = Int(random.next() % 8)
            case 26, 27: disk.faults = DiskFaults()
            case 28: try crash()
            case 29: try kill()
            case 30: try close()
            default: try checkRandomRead()
            }
            if disk.isStopped { try crash() }
        }
        try crash()
    }

    // MARK: - Steps

    private mutating func append() throws {
        guard let log else { return }
        for _ in 0..<(1 + random.next() % 12) {
            let size = random.oneIn(hasRetention ? 2 : 8) ? random.next() % 6000 : random.next() % 200
            let bytes = random.bytes(Int(size))
            let type = UInt16(random.next() % 100)
            do {
                let position = try log.append(type: type, bytes)
                if let highest, position <= highest {
                    throw Violation(description: "position \(position) was given after \(highest)")
                }
                highest = position
                entries.append(Entry(position: position, type: type, bytes: bytes))
            } catch AppendRefusal.overloaded {
                return
            } catch AppendRefusal.full, AppendRefusal.dropped {
                guard hasRetention else { throw Violation(description: "full without a limit") }
                coverage.refusedFull += 1
                return
            } catch AppendRefusal.unavailable {
                if log.state.isOpen { throw Violation(description: "an open log says it is unavailable") }
                return
            }
        }
    }

    private mutating func commit() throws {
        guard let log else { return }
        let wasOpen = log.state.isOpen
        let before = log.durablePosition
        switch log.commitOnce(now: now) {
        case .idle: break
        case .committed(let position):
            if !wasOpen { coverage.recoveredFromFailure += 1 }
            if position > log.durablePosition { throw Violation(description: "committed beyond durable") }
        case .failed:
            if log.durablePosition != before { throw Violation(description: "durable moved by a failure") }
            if log.state.isOpen { throw Violation(description: "a log is open after a failure") }
            switch log.state {
            case .failed: coverage.failedSyncs += 1
            case .stalled: coverage.stalls += 1
            default: break
            }
        }
        guard log.durablePosition >= acknowledged else { throw Violation(description: "durable went back") }
        acknowledged = log.durablePosition
        try collectGaps()
        if hasRetention, log.state.isOpen, log.shape.fileBytes > 256 << 10 + 64 << 10 + 64 << 10 {
            throw Violation(description: "more bytes than the limit allows: \(log.shape)")
        }
    }

    private mutating func moveFloor() {
        guard hasRetention, let log, let entry = entries.randomElement(using: &random) else { return }
        guard entry.position < log.durablePosition, entry.position > floor else { return }
        floor = entry.position
        log.setFloor(floor)
    }

    private mutating func breakSomething() {
        var faults = DiskFaults()
        faults.losesWholeSectors = losesWholeSectors
        switch random.next() % 6 {
        case 0: faults.failSyncs = 1
        case 1: faults.failSyncs = 1 + Int(random.next() % 4)
        case 2: faults.failWrites = 1
        case 3:
            faults.capacityBytes = disk.usedBytes + random.next() % 8192
            wasFull = true
        case 4: faults.isReadOnly = true
        default: faults.failCreates = 1
        }
        disk.faults = faults
    }

    private mutating func crash() throws {
        coverage.crashes += 1
        let before = acknowledged
        leave()
        disk.crash()
        // Recovery can be cut short as well, more than once.
        while random.oneIn(3) {
            var faults = DiskFaults()
            faults.stopAfter = Int(random.next() % 30)
            faults.losesWholeSectors = losesWholeSectors
            disk.faults = faults
            _ = try? Log.open(
                Self.directory,
                on: disk,
                configuration: configuration,
                keys: keys,
                now: now
            )
            if disk.isStopped { coverage.crashesInRecovery += 1 }
            disk.crash()
        }
        try reopen()
        guard acknowledged >= before else { throw Violation(description: "durable went back at a crash") }
    }

    private mutating func kill() throws {
        leave()
        disk.kill()
        try reopen()
    }

    private mutating func close() throws {
        guard let log else { return }
        log.close(now: now)
        if case .closed = log.state {} else { throw Violation(description: "closed, but \(log.state)") }
        // The note that the log was closed takes a position that is used again.
        if let last = entries.last, last.position < log.durablePosition {
            acknowledged = max(acknowledged, last.position + 1)
        }
        if disk.isStopped { return try crash() }
        leave()
        disk.faults = DiskFaults()
        try reopen()
    }

    private mutating func leave() {
        var faults = disk.faults
        faults.losesWholeSectors = losesWholeSectors
        disk.faults = faults
        reader = nil
        gapReader = nil
        log = nil
    }
}
