import Synchronization

/// An append-only log in a directory of its own.
///
/// Two halves share it. **Appending** (``append(type:size:isControl:_:)``, from any thread) copies a
/// record into memory under a short lock and returns its position at once. **Committing**
/// (``commitOnce(now:)``, usually from a ``CommitThread``) writes what has gathered with one write
/// and one `fdatasync`, then moves ``durablePosition`` and calls ``LogObserver/onCommit``. There is
/// no clock and no thread inside, so a simulation can drive a log by hand over a false disk.
///
/// Locks: `committer` is taken before `shared`, never the other way round. `shared` is held for
/// nanoseconds (an append) to microseconds (a reader copying what is not written yet), never
/// across a call of the disk. Observers are called with neither held.
///
/// Positions jump forward by 2^32 whenever a log is opened that was not closed: more than could have
/// been handed out and lost. So a position that somebody kept is never given to another record.
package final class Log: Sendable {
    package let directory: String
    package let configuration: LogConfiguration
    /// Whether new files are sealed; decided by the keys given at opening.
    package let isSealed: Bool

    let disk: any Disk
    let observer: LogObserver
    /// Seeds the checksums of every record that this opening of the log writes.
    let salt: UInt32
    let shared: Mutex<SharedState>
    let committer: Mutex<Committer>
    let checkpoints: Mutex<CheckpointState>
    let durable: Atomic<LogPosition>
    let end: Atomic<LogPosition>
    /// Held until the log is closed, or goes.
    let lock: Mutex<(any DiskLock)?>

    static let restartJump: UInt64 = 1 << 32

    init(
        disk: any Disk,
        directory: String,
        configuration: LogConfiguration,
        observer: LogObserver,
        keys: KeyRing,
        salt: UInt32,
        lock: any DiskLock,
        recovered: RecoveredLog
    ) {
        self.disk = disk
        self.directory = directory
        self.configuration = configuration
        self.observer = observer
        self.salt = salt
        self.lock = Mutex(lock)
        isSealed = keys.current != nil
        durable = Atomic(recovered.durable)
        end = Atomic(recovered.nextPosition)
        shared = Mutex(SharedState(configuration: configuration, keys: keys, recovered: recovered))
        checkpoints = Mutex(recovered.checkpoints)
        committer = Mutex(Committer(synced: recovered.durable))
    }

    deinit {
        shared.withLock { $0.deallocate() }
        committer.withLock { $0.deallocate() }
    }

    // MARK: - Where the log stands

    /// Everything before is kept as ``Durability`` promises and may be acknowledged.
    package var durablePosition: LogPosition {
        configuration.durability == .memory ? endPosition : durable.load(ordering: .acquiring)
    }

    /// The position that the next record will get, or one before it.
    package var endPosition: LogPosition { end.load(ordering: .acquiring) }

    /// The position of the oldest record that can still be read.
    package var startPosition: LogPosition { shared.withLock { $0.startPosition } }

    package var state: LogState { shared.withLock { $0.state } }

    /// Bytes that wait for a commit.
    package var stagedBytes: Int { shared.withLock { $0.stagedBytes } }
}

/// Whom a log tells. Called on the thread that commits, with no lock held; should only wake others.
package struct LogObserver: Sendable {
    /// ``Log/durablePosition`` has moved to this position.
    package var onCommit: @Sendable (LogPosition) -> Void
    /// The log stopped or resumed keeping its promises.
    package var onState: @Sendable (LogState) -> Void

    package init(
        onCommit: @escaping @Sendable (LogPosition) -> Void = { _ in },
        onState: @escaping @Sendable (LogState) -> Void = { _ in }
    ) {
        self.onCommit = onCommit
        self.onState = onState
    }
}

/// Numbers about a log, for metrics.
package struct LogShape: Sendable, Equatable {
    package var start: LogPosition
    package var end: LogPosition
    package var durable: LogPosition
    package var segments: Int
    /// Of segment files.
    package var fileBytes: UInt64
    package var stagedBytes: Int
    /// The user's records appended since the log was made.
    package var recordCount: UInt64
    /// Groups made durable since this opening.
    package var commitCount: UInt64
}

extension Log {
    package var shape: LogShape {
        shared.withLock { shared in
            LogShape(
                start: shared.startPosition,
                end: shared.endPosition,
                durable: durablePosition,
                segments: shared.table.count,
                fileBytes: shared.table.bytes,
                stagedBytes: shared.stagedBytes,
                recordCount: shared.recordCount,
                commitCount: shared.commitCount
            )
        }
    }
}
