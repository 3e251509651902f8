import Synchronization

/// A bounded queue from any thread to one task, with a wake-up and a tick flag.
package final class Inbox<Element: Sendable>: Sendable {
    /// What was waiting: elements in order, and whether a tick is due.
    package struct Work: Sendable {
        package var elements: [Element]
        package var isTick: Bool
    }

    private struct State: Sendable {
        var elements: [Element] = []
        var isTick = false
        var isClosed = false
        var waiter: CheckedContinuation<Void, Never>?
    }

    private let state = Mutex(State())
    package let limit: Int

    /// - Parameter limit: Elements that may wait.
    package init(limit: Int) {
        self.limit = limit
    }

    package var isFull: Bool { state.withLock { $0.elements.count >= limit } }

    /// - Returns: `false` when the inbox is full or closed, and nothing was taken.
    package func push(_ element: Element) -> Bool {
        let (taken, waiter) = state.withLock { state -> (Bool, CheckedContinuation<Void, Never>?) in
            guard !state.isClosed, state.elements.count < limit else { return (false, nil) }
            state.elements.append(element)
            return (true, state.waiter.take())
        }
        waiter?.resume()
        return taken
    }

    /// Sets the tick flag; ticks that nobody took are one.
    package func tick() {
        wake { $0.isTick = true }
    }

    /// Ends ``take()`` once what waits was taken.
    package func close() {
        wake { $0.isClosed = true }
    }

    /// Waits for work and takes all of it. One task at a time.
    ///
    /// - Returns: `nil` when the inbox is closed and empty, or the task is cancelled.
    package func take() async -> Work? {
        while !Task.isCancelled {
            let (work, isClosed) = state.withLock { state -> (Work?, Bool) in
                guard !state.elements.isEmpty || state.isTick else { return (nil, state.isClosed) }
                let work = Work(elements: state.elements, isTick: state.isTick)
                state.elements = []
                state.isTick = false
                return (work, false)
            }
            if let work { return work }
            if isClosed { return nil }
            await withTaskCancellationHandler {
                await withCheckedContinuation { continuation in
                    let isReady = state.withLock { state in
                        if !state.elements.isEmpty || state.isTick || state.isClosed || Task.isCancelled {
                            return true
                        }
                        state.waiter = continuation
                        return false
                    }
                    if isReady { continuation.resume() }
                }
            } onCancel: {
                wake { _ in }
            }
        }
        return nil
    }

    private func wake(_ change: (inout State) -> Void) {
        let waiter = state.withLock { state in
            change(&state)
            return state.waiter.take()
        }
        waiter?.resume()
    }
}
