import Synchronization

extension Log {
    /// The name under which ``setFloor(_:)`` keeps its position.
    private static let floorCursor = ""

    /// Says that nothing before `position` is needed any more. One more cursor without a name.
    package func setFloor(_ position: LogPosition) { setCursor(Self.floorCursor, position) }

    /// Moves or makes a cursor: what is before the slowest one may be released.
    ///
    /// Cursors live in memory; their owner keeps them where it keeps its state. A log without a
    /// cursor keeps everything up to its limits.
    package func setCursor(_ name: String, _ position: LogPosition) {
        shared.withLock { $0.retention.cursors[name] = position }
    }

    package func removeCursor(_ name: String) {
        shared.withLock { shared in
            _ = shared.retention.cursors.removeValue(forKey: name)
        }
    }

    /// The slowest cursor's position; 0 without any.
    package var floor: LogPosition { shared.withLock { $0.retention.floor } }

    /// Says that recovery needs everything from `position` on, because that is where the owner's
    /// state is complete: no policy drops it. Checkpoints do this themselves.
    package func setRecoveryFloor(_ position: LogPosition?) {
        shared.withLock { shared in
            shared.retention.recoveryFloor = position
            shared.updateRoom()
        }
    }

    /// The user's records that a policy dropped since this opening, old and new ones.
    package var recordsDropped: UInt64 {
        shared.withLock { $0.retention.recordsDropped &+ $0.retention.droppedNewest }
    }

    /// Whether time or a cursor may make the log release something though nobody appends.
    package var wantsUpkeep: Bool {
        shared.withLock { $0.table.count > 1 || $0.retention.droppedNewest > 0 }
    }
}
