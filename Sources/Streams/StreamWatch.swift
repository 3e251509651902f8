import Journal
import Synchronization

/// Who is told of a stream's commits.
final class StreamWatchers: Sendable {
    private struct State {
        var watches: [UInt64: @Sendable () -> Void] = [:]
        var next: UInt64 = 1
        var flushes: [(position: LogPosition, continuation: CheckedContinuation<Void, Never>)] = []
        var isClosed = false
    }

    private let state = Mutex(State())

    func add(_ wake: @escaping @Sendable () -> Void) -> StreamWatch {
        let id = state.withLock { state in
            defer { state.next += 1 }
            state.watches[state.next] = wake
            return state.next
        }
        return StreamWatch { [weak self] in self?.state.withLock { $0.watches[id] = nil } }
    }

    func wait(
        for position: LogPosition,
        _ durable: () -> LogPosition,
        _ continuation: CheckedContinuation<Void, Never>
    ) {
        let isDone = state.withLock { state in
            // Asked under the lock, so that a commit in between is not missed.
            if state.isClosed || durable() >= position { return true }
            state.flushes.append((position, continuation))
            return false
        }
        if isDone { continuation.resume() }
    }

    func committed(_ position: LogPosition) {
        let (wakes, done) = state.withLock { state in
            let due = state.flushes.filter { $0.position <= position }
            if !due.isEmpty { state.flushes.removeAll { $0.position <= position } }
            return (Array(state.watches.values), due)
        }
        for wake in wakes { wake() }
        for flush in done { flush.continuation.resume() }
    }

    /// The stream is closed: nobody waits any longer.
    func wakeAll() {
        state.withLock { $0.isClosed = true }
        committed(.max)
    }
}

/// Ends the calls when cancelled or released.
package final class StreamWatch: Sendable {
    private let end: @Sendable () -> Void

    init(_ end: @escaping @Sendable () -> Void) { self.end = end }

    package func cancel() { end() }

    deinit { end() }
}
