import Synchronization

extension Log {
    /// Commits what is staged, notes that the log was closed in good order, and takes no more appends.
    ///
    /// After a log was closed the next opening needs no repair and positions go on without a jump.
    /// A log that cannot write is closed without the note; what it did not acknowledge is lost.
    package func close(now: UInt64) {
        let wasOpen = shared.withLock { shared in
            guard shared.state.isOpen else { return false }
            // Nothing may follow the note, so appends end first.
            shared.isClosing = true
            shared.updateRoom()
            return true
        }
        if wasOpen {
            while case .committed = commitOnce(now: now) {}
            shared.withLock { shared in
                guard shared.state.isOpen, !shared.isCommitting else { return }
                shared.placeFinished(RecordType.closed, payload: 0, salt: salt) { _, _ in }
                end.store(shared.active.end, ordering: .releasing)
            }
            _ = commitOnce(now: now)
        }
        shared.withLock { shared in
            shared.state = .closed
            shared.updateRoom()
        }
        lock.withLock { $0 = nil }
        observer.onState(.closed)
    }
}
