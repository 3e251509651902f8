import Access
import BusStorage
import EventBus
import Journal
import JournalTesting
import MQTTWire

/// The real shard, storage and journal over a false disk, clock and network.
///
/// Nothing happens by itself: bytes move, the disk commits, time passes and the machine dies when the
/// simulation says so.
final class SimulatedSite {
    let disk: SimulatedDisk
    private(set) var shard: BusShard
    private(set) var storage: SessionStorage
    private let committer = ManualCommitter()
    private(set) var now = BusTime(monotonic: 1_000_000_000_000, wall: 1_700_000_000_000_000_000)
    private let durability: Durability
    private(set) var starts = 0
    /// Log lines that ask for a person: there must be none.
    private(set) var errors: [String] = []

    private let checkpointBytes: UInt64
    private let bytesMaximum: UInt64
    private(set) var report: StorageReport

    init(
        disk: SimulatedDisk,
        durability: Durability = .fsync,
        checkpointBytes: UInt64 = 3_000,
        bytesMaximum: UInt64 = 4 << 30
    ) throws {
        self.disk = disk
        self.durability = durability
        self.checkpointBytes = checkpointBytes
        self.bytesMaximum = bytesMaximum
        (shard, storage, report) = try Self.start(
            disk,
            durability,
            checkpointBytes,
            bytesMaximum,
            now,
            committer
        )
        starts = 1
    }

    private static func start(
        _ disk: SimulatedDisk,
        _ durability: Durability,
        _ checkpointBytes: UInt64,
        _ bytesMaximum: UInt64,
        _ now: BusTime,
        _ committer: ManualCommitter
    ) throws -> (BusShard, SessionStorage, StorageReport) {
        var settings = BusSettings()
        settings.sysInterval = 0
        committer.wallMilliseconds = UInt64(now.wall / 1_000_000)
        let access = try AccessControl(AccessSettings())
        let site = BusSite(settings: settings, access: access, random: SimulatedRandom(seed: 7))
        let shard = BusShard(index: 0, site: site, now: now)
        _ = shard.register(ListenerPolicy(name: "simulation"))
        var storageSettings = StorageSettings(directory: "/journal")
        storageSettings.durability = durability
        // Small, so that restarts find checkpoints of every age.
        storageSettings.checkpointBytes = checkpointBytes
        storageSettings.bytesMaximum = bytesMaximum
        let (storage, retained, report) = try SessionStorage.open(
            storageSettings,
            on: disk,
            shard: shard,
            access: access,
            observer: LogObserver(),
            background: { $0() },
            wallMilliseconds: { committer.wallMilliseconds },
            committer: { log in
                committer.log = log
                return committer
            }
        )
        try RecoveredRetained.putBack([retained], into: shard)
        return (shard, storage, report)
    }

    /// The process or the whole machine dies and comes back. Connections are gone.
    func restart(powerCut: Bool) throws {
        if powerCut { disk.crash() } else { disk.kill() }
        committer.log = nil
        (shard, storage, report) = try Self.start(
            disk,
            durability,
            checkpointBytes,
            bytesMaximum,
            now,
            committer
        )
        starts += 1
    }

    /// The disk does what it was asked for. Returns whether there was anything to do.
    @discardableResult
    func commit() -> Bool {
        guard committer.isWanted, let log = committer.log else { return false }
        committer.isWanted = false
        switch log.commitOnce(now: UInt64(now.wall / 1_000_000)) {
        case .committed, .idle: break
        case .failed: committer.isWanted = true
        }
        shard.storageCommitted()
        return true
    }

    func advance(milliseconds: UInt64) {
        now.monotonic += milliseconds * 1_000_000
        now.wall += Int64(milliseconds) * 1_000_000
        shard.now = now
        committer.wallMilliseconds = UInt64(now.wall / 1_000_000)
        shard.runTimers()
    }

    func note(_ event: LogEvent) {
        if event.level == .error { errors.append(event.message) }
    }
}

private final class ManualCommitter: CommitDriver {
    var log: Log?
    var isWanted = false
    /// The simulation's clock, as storage sees it.
    var wallMilliseconds: UInt64 = 0

    func requestCommit() { isWanted = true }
}
