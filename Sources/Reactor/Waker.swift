internal import CLinux
internal import Glibc
internal import Synchronization

/// Interrupts one reactor's wait from any thread.
///
/// However many threads call ``wake()`` while the reactor sleeps, one of them writes to the event
/// descriptor; while the reactor works, none does, since it looks at `pending` before it sleeps.
package final class Waker: Sendable {
    let descriptor: Int32
    /// The reactor sleeps, or is about to. Whoever sets it back to false owes it a write.
    private let sleeping = Atomic<Bool>(false)
    private let pending = Atomic<Bool>(false)

    init() throws(SystemError) {
        descriptor = weir_eventfd()
        guard descriptor >= 0 else { throw SystemError("eventfd") }
    }

    deinit {
        close(descriptor)
    }

    /// Makes the reactor report ``Completion/woken`` in this turn or the next.
    ///
    /// - Returns: Whether a system call was needed.
    @discardableResult
    package func wake() -> Bool {
        // Both sides write their own flag before they read the other's, in one total order, so at
        // least one of them sees the other.
        pending.store(true, ordering: .sequentiallyConsistent)
        guard sleeping.load(ordering: .sequentiallyConsistent),
            sleeping.exchange(false, ordering: .sequentiallyConsistent)
        else { return false }
        var one: UInt64 = 1
        // Cannot fill up: each write needs a sleep of the reactor in between.
        _ = write(descriptor, &one, 8)
        return true
    }

    /// - Returns: False when there is something to do first.
    func prepareToSleep() -> Bool {
        sleeping.store(true, ordering: .sequentiallyConsistent)
        if pending.load(ordering: .sequentiallyConsistent) {
            sleeping.store(false, ordering: .relaxed)
            return false
        }
        return true
    }

    /// - Returns: Whether somebody called ``wake()`` since the last time.
    func awake(afterSleep: Bool) -> Bool {
        if afterSleep { sleeping.store(false, ordering: .relaxed) }
        guard pending.load(ordering: .relaxed) else { return false }
        // An exchange, not a store: it takes over what the last waker has written before its wake.
        return pending.exchange(false, ordering: .sequentiallyConsistent)
    }
}
