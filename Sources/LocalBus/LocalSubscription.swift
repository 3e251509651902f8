import Bus
import EventBus
import Synchronization

/// One in-process subscription: a bounded queue between the shard's thread and whoever takes events out.
final class LocalSubscription: LocalSubscriber, BusSubscription {
    private struct State {
        var queue: [BusEvent] = []
        var head = 0
        /// Place in `queue` of the newest event of each topic, when conflating.
        var places: [String: Int] = [:]
        var dropped = 0
        var waiter: CheckedContinuation<Void, Never>?
        var isCancelled = false

        var count: Int { queue.count - head }

        mutating func take(_ limit: Int) -> BusBatch {
            let end = min(head + limit, queue.count)
            let batch = BusBatch(events: Array(queue[head..<end]), dropped: dropped)
            head = end
            dropped = 0
            if head == queue.count {
                queue.removeAll(keepingCapacity: queue.capacity <= 4_096)
                head = 0
                places.removeAll(keepingCapacity: true)
            }
            return batch
        }

        mutating func compact() {
            let moved = head
            queue.removeFirst(moved)
            head = 0
            if !places.isEmpty { places = places.compactMapValues { $0 >= moved ? $0 - moved : nil } }
        }
    }

    private let state = Mutex(State())
    private let limit: Int
    private let overflow: BusSubscribeRequest.Overflow
    /// The session whose events do not come back.
    private let ignored: SharedSession?
    private let onCancel: @Sendable () -> Void

    init(
        limit: Int,
        overflow: BusSubscribeRequest.Overflow,
        ignores ignored: SharedSession?,
        cancel: @escaping @Sendable () -> Void
    ) {
        self.limit = limit
        self.overflow = overflow
        self.ignored = ignored
        onCancel = cancel
    }

    // MARK: - On the shard's thread

    func deliver(_ message: borrowing DeliveredMessage) {
        if let ignored, message.publisher >= 0, message.publisher == ignored.value { return }
        let event = BusEvent(copy message)
        let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
            guard !state.isCancelled else { return nil }
            add(event, &state)
            return state.waiter.take()
        }
        waiter?.resume()
    }

    private func add(_ event: BusEvent, _ state: inout State) {
        if overflow == .conflate, let place = state.places[event.topic], place >= state.head {
            state.queue[place] = event
            state.dropped += 1
            return
        }
        if state.count >= limit {
            state.dropped += 1
            if overflow == .dropNewest { return }
            state.head += 1
        }
        if overflow == .conflate { state.places[event.topic] = state.queue.count }
        state.queue.append(event)
        if state.head >= 1_024, state.head * 2 >= state.queue.count { state.compact() }
    }

    // MARK: - For the subscriber

    func next(limit: Int) async -> BusBatch? {
        while true {
            let taken = state.withLock { state -> BusBatch?? in
                if state.count > 0 { return .some(state.take(max(1, limit))) }
                return state.isCancelled ? .some(nil) : .none
            }
            if let taken { return taken }
            await withTaskCancellationHandler {
                await withCheckedContinuation { continuation in
                    let mustWait = state.withLock { state -> Bool in
                        guard state.count == 0, !state.isCancelled else { return false }
                        state.waiter = continuation
                        return true
                    }
                    if !mustWait { continuation.resume() }
                }
            } onCancel: {
                cancel()
            }
        }
    }

    func cancel() {
        let (waiter, isFirst) = state.withLock { state in
            defer { state.isCancelled = true }
            return (state.waiter.take(), !state.isCancelled)
        }
        waiter?.resume()
        if isFirst { onCancel() }
    }
}
