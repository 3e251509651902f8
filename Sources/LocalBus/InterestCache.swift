import EventBus
import Synchronization

/// Answers whether anybody wants a topic, from a copy of the shard's filters that is renewed when it is
/// older than a tenth of a second.
///
/// From a subscription on until the next copy everything counts as wanted: the first event for a new subscriber
/// may be the only one in an hour.
final class InterestCache: Sendable {
    /// Filters that are copied; with more, everything counts as wanted.
    static let filtersMaximum = 10_000
    /// Nanoseconds that a copy is good for.
    static let renewal: UInt64 = 100_000_000

    private struct State {
        var set: InterestSet?
        var renewedAt: UInt64 = 0
        var generation: UInt32 = 0
        var version: InterestVersion?
        var isAsking = false
    }

    private let lock = Mutex(())
    /// Touched only while `lock` is held.
    nonisolated(unsafe) private var state = State()
    private let clock: LocalBus.Clock
    private let post: LocalBus.Post

    init(clock: @escaping LocalBus.Clock, post: @escaping LocalBus.Post) {
        self.clock = clock
        self.post = post
    }

    func wants(_ topic: String) -> Bool {
        let now = clock().monotonic
        var topic = topic
        let (answer, mustAsk) = topic.withUTF8 { topic in
            lock.withLock { _ -> (Bool, UInt32?) in
                let isOld = now &- state.renewedAt >= Self.renewal || state.set == nil
                let mustAsk = isOld && !state.isAsking
                if mustAsk { state.isAsking = true }
                let isCurrent = state.version?.current == state.generation
                // Before the first copy everything is wanted too.
                let isWanted = !isCurrent || state.set?.wants(UnsafeRawBufferPointer(topic)) ?? true
                return (isWanted, mustAsk ? state.generation : nil)
            }
        }
        if let mustAsk { ask(known: mustAsk) }
        return answer
    }

    private func ask(known generation: UInt32) {
        let isTaken = post { shard in
            let version = shard.interestVersion
            let current = version.current
            let now = shard.now.monotonic
            if current == generation {
                self.renewed(nil, version, current, now)
                return
            }
            let (filters, isIncomplete) = shard.interests(limit: Self.filtersMaximum)
            self.renewed(InterestSet(filters: filters, isIncomplete: isIncomplete), version, current, now)
        }
        if !isTaken { lock.withLock { _ in state.isAsking = false } }
    }

    private func renewed(
        _ set: InterestSet?,
        _ version: InterestVersion,
        _ generation: UInt32,
        _ now: UInt64
    ) {
        nonisolated(unsafe) let set = set
        lock.withLock { _ in
            if let set { state.set = set }
            state.version = version
            state.generation = generation
            state.renewedAt = now
            state.isAsking = false
        }
    }
}
