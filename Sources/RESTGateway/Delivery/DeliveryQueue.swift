import Synchronization

/// The notifications that wait for one subscriber: bounded, the oldest makes room.
package final class DeliveryQueue: Sendable {
    private struct State {
        var bodies: [[UInt8]] = []
        var start = 0
        var isClosed = false
        var waiter: CheckedContinuation<Void, Never>?
    }

    private let limit: Int
    private let state = Mutex(State())

    package init(limit: Int) { self.limit = limit }

    /// - Returns: How many had to go: 1 when it was full, else 0.
    package func push(_ body: [UInt8]) -> Int {
        let (dropped, waiter) = state.withLock { state -> (Int, CheckedContinuation<Void, Never>?) in
            guard !state.isClosed else { return (0, nil) }
            var dropped = 0
            if state.bodies.count - state.start >= limit {
                state.start += 1
                dropped = 1
            }
            state.bodies.append(body)
            return (dropped, state.waiter.take())
        }
        waiter?.resume()
        return dropped
    }

    /// Waits for the next; `nil` once it is closed or the task is cancelled. One task at a time may wait.
    package func next() async -> [UInt8]? {
        while true {
            let (body, isClosed) = state.withLock { state -> ([UInt8]?, Bool) in
                guard state.start < state.bodies.count else { return (nil, state.isClosed) }
                let body = state.bodies[state.start]
                state.bodies[state.start] = []
                state.start += 1
                if state.start == state.bodies.count || state.start >= 1_024 {
                    state.bodies.removeFirst(state.start)
                    state.start = 0
                }
                return (body, state.isClosed)
            }
            if let body { return body }
            if isClosed || Task.isCancelled { return nil }
            await withTaskCancellationHandler {
                await withCheckedContinuation { continuation in
                    let isReady = state.withLock { state in
                        guard state.start == state.bodies.count, !state.isClosed, !Task.isCancelled else {
                            return true
                        }
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

    package func close() {
        state.withLock { state in
            state.isClosed = true
            return state.waiter.take()
        }?.resume()
    }
}
