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

    init(disk: SimulatedDisk, durability: Durability = .fsync) throws {
        self.disk = disk
        self.durability = durability
        (shard, storage) = try Self.start(disk, durability, now, committer)
        starts = 1
    }

    private static func start(
        _ disk: SimulatedDisk,
        _ durability: Durability,
        _ now: BusTime,
        _ committer: ManualCommitter
    ) throws -> (BusShard, SessionStorage) {
        var settings = BusSettings()
        settings.sysInterval = 0
        let access = try AccessControl(AccessSettings())
        let site = BusSite(settings: settings, access: access, random: SimulatedRandom(seed: 7))
        let shard = BusShard(index: 0, site: site, now: now)
        _ = shard.register(ListenerPolicy(name: "simulation"))
        var storageSettings = StorageSettings(directory: "/journal")
        storageSettings.durability = durability
        let (storage, _) = try SessionStorage.open(
            storageSettings,
            on: disk,
            shard: shard,
            access: access,
            observer: LogObserver(),
            wallMilliseconds: { UInt64(now.wall / 1_000_000) },
            committer: { log in
                committer.log = log
                return committer
            }
        )
        return (shard, storage)
    }

    /// The process or the whole machine dies and comes back. Connections are gone.
    func restart(powerCut: Bool) throws {
        if powerCut { disk.crash() } else { disk.kill() }
        committer.log = nil
        (shard, storage) = try Self.start(disk, durability, now, committer)
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
        shard.runTimers()
    }

    func note(_ event: LogEvent) {
        if event.level == .error { errors.append(event.message) }
    }
}

private final class ManualCommitter: CommitDriver {
    var log: Log?
    var isWanted = false

    func requestCommit() { isWanted = true }
}
