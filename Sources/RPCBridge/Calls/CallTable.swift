import Synchronization

/// The calls that run, so that they can be told of the end; and their number, which has a limit.
final class CallTable: Sendable {
    private struct State {
        var calls: [Int: @Sendable (CallRefusal) -> Void] = [:]
        /// Those of them that deliver events.
        var subscribers: Set<Int> = []
        var next = 0
        var isDraining = false
    }

    private let state = Mutex(State())
    private let limit: Int

    init(limit: Int) { self.limit = limit }

    /// - Parameters:
    ///   - isSubscriber: the call delivers events.
    ///   - end: asked to end the call soon.
    func begin(
        isSubscriber: Bool = false,
        _ end: @escaping @Sendable (CallRefusal) -> Void
    ) throws -> Int {
        try state.withLock { state in
            guard !state.isDraining else { throw CallRefusal.shuttingDown() }
            guard state.calls.count < limit else {
                throw CallRefusal(
                    .resourceExhausted,
                    .overQuota,
                    "\(limit) calls run, as many as rpc.maximumCalls allows",
                    retryAfter: .seconds(1)
                )
            }
            defer { state.next += 1 }
            state.calls[state.next] = end
            if isSubscriber { state.subscribers.insert(state.next) }
            return state.next
        }
    }

    func finish(_ call: Int) {
        state.withLock { state in
            state.calls[call] = nil
            state.subscribers.remove(call)
        }
    }

    var count: Int { state.withLock { $0.calls.count } }
    var subscriberCount: Int { state.withLock { $0.subscribers.count } }
    var isDraining: Bool { state.withLock { $0.isDraining } }

    /// Asks every call to end, and lets no more begin.
    func drain() {
        let ends = state.withLock { state in
            state.isDraining = true
            return Array(state.calls.values)
        }
        for end in ends { end(.shuttingDown()) }
    }
}

/// Why a call is to end, if it is.
final class EndSignal: Sendable {
    private let state = Mutex<CallRefusal?>(nil)
    var reason: CallRefusal? { state.withLock { $0 } }
    func end(_ refusal: CallRefusal) { state.withLock { $0 = $0 ?? refusal } }
}
