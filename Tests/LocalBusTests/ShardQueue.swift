import Access
import Bus
import Dispatch
import EventBus
import LocalBus
import MQTTWire
import Synchronization

/// A real shard that takes what is posted to it on a queue of its own, as a reactor's thread would.
final class ShardQueue: @unchecked Sendable {
    // Sendable: the shard is touched on the queue only; the rest never changes or is atomic.
    private let queue = DispatchQueue(label: "shard")
    private let shard: BusShard
    let site: BusSite
    private let monotonic = Atomic<UInt64>(1_000_000_000_000)
    private let isFull = Atomic<Bool>(false)

    init() throws {
        var settings = BusSettings()
        settings.sysInterval = 0
        site = BusSite(settings: settings, access: try AccessControl(AccessSettings()))
        shard = BusShard(
            index: 0,
            site: site,
            now: BusTime(monotonic: 1_000_000_000_000, wall: 1_700_000_000_000_000_000)
        )
    }

    func bus(_ identity: Identity = .unrestricted(clientID: "weir.test")) throws -> LocalBus {
        try LocalBus(
            site: site,
            identity: identity,
            clock: { [self] in
                BusTime(
                    monotonic: monotonic.load(ordering: .relaxed),
                    wall: 1_700_000_000_000_000_000
                )
            },
            post: { [self] body in
                if isFull.load(ordering: .relaxed) { return false }
                queue.async { body(self.shard) }
                return true
            }
        )
    }

    /// The mailbox refuses from now on.
    func fill() { isFull.store(true, ordering: .relaxed) }

    /// Lets time pass, for the copy of the filters to become old.
    func advance(milliseconds: UInt64) {
        let time = monotonic.add(milliseconds * 1_000_000, ordering: .relaxed).newValue
        queue.sync { shard.now.monotonic = time }
    }

    /// Returns when everything that was posted before has run.
    func settle() { queue.sync {} }

    func withShard<Result: Sendable>(_ body: @Sendable (BusShard) -> Result) -> Result {
        queue.sync { body(shard) }
    }
}
