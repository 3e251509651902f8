package import Bus
import Synchronization

/// A bus in memory: everything that is published is kept in order, retained messages are remembered,
/// and interest is what a test says it is.
package final class MemoryBus: Bus {
    private struct State {
        var published: [BusEvent] = []
        var retained: [String: BusEvent] = [:]
        var interests: [String] = []
        var subscriptions: [Subscription] = []
        var asked = 0
        var failure: BusError?
    }

    private let state = Mutex(State())

    /// - Parameter interests: Filters that somebody is said to listen to.
    package init(interests: [String] = []) {
        state.withLock { $0.interests = interests }
    }

    package var published: [BusEvent] { state.withLock { $0.published } }
    package var topics: [String] { published.map(\.topic) }
    package var retained: [String: BusEvent] { state.withLock { $0.retained } }
    package var interestsAsked: Int { state.withLock { $0.asked } }

    package func messages(on topic: String) -> [BusEvent] { published.filter { $0.topic == topic } }

    /// What is subscribed to.
    package var filters: [String] { state.withLock { $0.subscriptions.flatMap(\.filters) } }

    package func listen(to filters: [String]) { state.withLock { $0.interests = filters } }

    /// Every publish fails with this until it is `nil` again.
    package func fail(with error: BusError?) { state.withLock { $0.failure = error } }

    package func forgetPublished() { state.withLock { $0.published = [] } }

    package func publish(_ events: [BusEvent]) throws(BusError) {
        let subscriptions = try state.withLock { state throws(BusError) in
            if let failure = state.failure { throw failure }
            state.published += events
            for event in events where event.retain {
                state.retained[event.topic] = event.payload.isEmpty ? nil : event
            }
            return state.subscriptions
        }
        for subscription in subscriptions { subscription.offer(events) }
    }

    package func publishDurably(_ events: [BusEvent]) async throws(BusError) -> [Cursor?] {
        try publish(events)
        return events.map { _ in nil }
    }

    package func hasInterest(in topic: String) -> Bool {
        state.withLock { state in
            state.asked += 1
            return state.interests.contains { TopicFilter.matches($0, topic) }
                || state.subscriptions.contains { $0.wants(topic) }
        }
    }

    package func subscribe(_ request: BusSubscribeRequest) async throws(BusError) -> any BusSubscription {
        let subscription = Subscription(filters: request.filters)
        let retained = state.withLock { state in
            state.subscriptions.append(subscription)
            return Array(state.retained.values)
        }
        if case .retained = request.start { subscription.offer(retained) }
        return subscription
    }

    package func latest(_ filter: String) throws(BusError) -> [BusEvent] {
        state.withLock { state in state.retained.values.filter { TopicFilter.matches(filter, $0.topic) } }
    }
}

/// MQTT's matching rules [MQTT 4.7].
package enum TopicFilter {
    package static func matches(_ filter: String, _ topic: String) -> Bool {
        let filterLevels = filter.split(separator: "/", omittingEmptySubsequences: false)
        let levels = topic.split(separator: "/", omittingEmptySubsequences: false)
        for (index, level) in filterLevels.enumerated() {
            if level == "#" { return true }
            guard index < levels.count, level == "+" || level == levels[index] else { return false }
        }
        return filterLevels.count == levels.count
    }
}

private final class Subscription: BusSubscription {
    private struct State {
        var events: [BusEvent] = []
        var isCancelled = false
        var waiter: CheckedContinuation<Void, Never>?
    }

    let filters: [String]
    private let state = Mutex(State())

    init(filters: [String]) { self.filters = filters }

    func wants(_ topic: String) -> Bool { filters.contains { TopicFilter.matches($0, topic) } }

    func offer(_ events: [BusEvent]) {
        let wanted = events.filter { wants($0.topic) }
        guard !wanted.isEmpty else { return }
        let waiter = state.withLock { state in
            state.events += wanted
            return state.waiter.take()
        }
        waiter?.resume()
    }

    func next(limit: Int) async -> BusBatch? {
        while true {
            let (batch, isCancelled) = state.withLock { state -> (BusBatch?, Bool) in
                guard !state.events.isEmpty else { return (nil, state.isCancelled) }
                let events = Array(state.events.prefix(limit))
                state.events.removeFirst(events.count)
                return (BusBatch(events: events, dropped: 0), false)
            }
            if let batch { return batch }
            if isCancelled || Task.isCancelled { return nil }
            await withTaskCancellationHandler {
                await withCheckedContinuation { continuation in
                    let isReady = state.withLock { state in
                        if !state.events.isEmpty || state.isCancelled || Task.isCancelled { return true }
                        state.waiter = continuation
                        return false
                    }
                    if isReady { continuation.resume() }
                }
            } onCancel: {
                state.withLock { $0.waiter.take() }?.resume()
            }
        }
    }

    func cancel() {
        let waiter = state.withLock { state in
            state.isCancelled = true
            return state.waiter.take()
        }
        waiter?.resume()
    }
}
