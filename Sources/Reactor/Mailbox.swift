private import Synchronization

/// Values from other threads to one reactor's thread, in order per sender.
///
/// For rare things: every value costs a lock and may allocate. Bulk traffic goes by ``ByteMailbox``.
package final class Mailbox<Item: Sendable>: Sendable {
    private struct State {
        var items: [Item] = []
        var refused: UInt64 = 0
        var isClosed = false
    }

    private let state = Mutex(State())
    private let waker: Waker
    private let limit: Int

    /// - Parameter limit: Values that may wait; more are refused and counted.
    package init(waker: Waker, limit: Int = 65_536) {
        self.waker = waker
        self.limit = limit
    }

    /// Puts `item` behind those already there and wakes the reactor if it sleeps.
    ///
    /// - Returns: False when the mailbox is full or closed; the item is not kept.
    @discardableResult
    package func post(_ item: Item) -> Bool {
        let taken = state.withLock { state in
            guard !state.isClosed, state.items.count < limit else {
                state.refused += 1
                return false
            }
            state.items.append(item)
            return true
        }
        // Also when refused: a full mailbox is a reason to look into it.
        waker.wake()
        return taken
    }

    /// Swaps everything that waits into `items`, which must be empty; its storage is used again.
    package func take(into items: inout [Item]) {
        precondition(items.isEmpty)
        state.withLock { swap(&$0.items, &items) }
    }

    /// Takes no more values: the reader is about to go.
    package func close() {
        state.withLock { $0.isClosed = true }
    }

    /// Values refused so far because the mailbox was full or closed.
    package var refused: UInt64 {
        state.withLock { $0.refused }
    }
}
