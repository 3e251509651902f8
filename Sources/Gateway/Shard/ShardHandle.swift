package import EventBus
import Reactor
package import Synchronization

/// A shard as other threads see it: its mailboxes and how busy it is.
package final class ShardHandle: Sendable {
    package let index: Int
    let waker: Waker
    let commands: Mailbox<ShardCommand>
    let mail: ByteMailbox
    /// Connections that the shard has or is about to get.
    package let connections = Atomic<Int>(0)
    private let hasCommitted = Atomic<Bool>(false)

    init(index: Int, waker: Waker, settings: GatewaySettings) {
        self.index = index
        self.waker = waker
        commands = Mailbox(waker: waker, limit: settings.commandsMaximum)
        mail = ByteMailbox(waker: waker, limitBytes: settings.mailMaximumBytes)
    }

    /// Runs `body` on the shard's thread, between two turns, in the order of the calls.
    ///
    /// For rare things: each call takes a lock and allocates.
    /// - Returns: False when too much waits already or the shard has stopped; `body` does not run then.
    @discardableResult
    package func post(_ body: @escaping @Sendable (BusShard) -> Void) -> Bool {
        commands.post(.run(body))
    }

    /// Tells the shard that its storage has committed. From the committing thread; costs no lock, and a system
    /// call only when the shard sleeps.
    package func storageCommitted() {
        hasCommitted.store(true, ordering: .releasing)
        waker.wake()
    }

    func takeCommit() -> Bool {
        hasCommitted.load(ordering: .relaxed)
            && hasCommitted.exchange(false, ordering: .acquiringAndReleasing)
    }
}
