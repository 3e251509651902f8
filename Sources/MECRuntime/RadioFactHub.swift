package import MECModel
import Synchronization

/// Hands the facts of every source to every service, and keeps what a service needs to start late.
///
/// A service that is slow holds the sources back for a while; one that hangs longer than the stall
/// limit is left behind, so that the others do not notice, and begins anew from the snapshot.
package final class RadioFactHub: RadioFactSink {
    /// What a service finds in its inbox.
    package enum Delivery: Sendable {
        /// The present state; to be taken in silently, in place of what the service knew.
        case snapshot(RadioBatch)
        case batch(RadioBatch)
    }

    package struct Limits: Sendable {
        /// Batches that may wait for one service, 1…10,000.
        package var waitingBatches = 256
        /// How long a full inbox may hold the sources back.
        package var stall: Duration = .seconds(5)

        package init() {}
    }

    private final class Receiver: Sendable {
        let name: String
        let inbox: Inbox<Delivery>
        init(name: String, inbox: Inbox<Delivery>) {
            self.name = name
            self.inbox = inbox
        }
    }

    private struct State: Sendable {
        var snapshot = RadioSnapshot()
        var receivers: [String: Receiver] = [:]
        var fullSince: [String: ContinuousClock.Instant] = [:]
        var behind: Set<String> = []
        var skipped: UInt64 = 0
    }

    private let state = Mutex(State())
    private let limits: Limits
    private let now: @Sendable () -> ContinuousClock.Instant

    package init(
        limits: Limits = Limits(),
        now: @escaping @Sendable () -> ContinuousClock.Instant = { ContinuousClock.now }
    ) {
        self.limits = limits
        self.now = now
    }

    /// Batches that a service missed because it hung.
    package var skippedBatches: UInt64 { state.withLock { $0.skipped } }

    /// A new inbox for the service `name`, which begins with a snapshot; an older one is closed.
    package func attach(_ name: String, at time: RadioTime) -> Inbox<Delivery> {
        let receiver = Receiver(name: name, inbox: Inbox(limit: limits.waitingBatches))
        let old = state.withLock { state in
            let old = state.receivers.updateValue(receiver, forKey: name)
            state.fullSince[name] = nil
            state.behind.remove(name)
            _ = receiver.inbox.push(.snapshot(state.snapshot.batch(source: SourceIndex(0), at: time)))
            return old
        }
        old?.inbox.close()
        return receiver.inbox
    }

    /// The service `name` is gone; sources no longer wait for it.
    package func detach(_ name: String) {
        let old = state.withLock { state in
            state.fullSince[name] = nil
            state.behind.remove(name)
            return state.receivers.removeValue(forKey: name)
        }
        old?.inbox.close()
    }

    package func accept(_ batch: RadioBatch) -> Bool {
        let now = now()
        return state.withLock { state in
            for receiver in state.receivers.values { resume(receiver, &state) }
            for receiver in state.receivers.values where !state.behind.contains(receiver.name) {
                guard receiver.inbox.isFull else {
                    state.fullSince[receiver.name] = nil
                    continue
                }
                let since = state.fullSince[receiver.name] ?? now
                state.fullSince[receiver.name] = since
                if since.duration(to: now) < limits.stall { return false }
                state.behind.insert(receiver.name)
            }
            state.snapshot.apply(batch)
            for receiver in state.receivers.values {
                if state.behind.contains(receiver.name) || !receiver.inbox.push(.batch(batch)) {
                    state.behind.insert(receiver.name)
                    state.skipped += 1
                }
            }
            return true
        }
    }

    /// A service that was left behind and takes again begins with a snapshot.
    private func resume(_ receiver: Receiver, _ state: inout State) {
        guard state.behind.contains(receiver.name), !receiver.inbox.isFull else { return }
        let time = RadioTime(nanoseconds: 0)
        if receiver.inbox.push(.snapshot(state.snapshot.batch(source: SourceIndex(0), at: time))) {
            state.behind.remove(receiver.name)
            state.fullSince[receiver.name] = nil
        }
    }
}
