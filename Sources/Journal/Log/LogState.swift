/// Whether a log keeps its promises at this moment. Anything but `open` belongs in health.
package enum LogState: Sendable, Equatable, CustomStringConvertible {
    /// Appends are taken and commits succeed.
    case open
    /// A write was refused (disk full, read-only): nothing is acknowledged, the same bytes are
    /// written again from time to time, and the log is `open` again when they are durable.
    case stalled(DiskError)
    /// A sync failed, or a write did in a way that puts the file in doubt: nothing is acknowledged
    /// until everything not known durable has been written to a fresh segment and synced there.
    case failed(DiskError)
    case closed

    package var isOpen: Bool { self == .open }

    /// A sentence for health and logs.
    package var description: String {
        switch self {
        case .open: "open"
        case .stalled(let error): "writing is refused, nothing is acknowledged: \(error)"
        case .failed(let error):
            "storage failed, nothing is acknowledged until a fresh segment is durable: \(error)"
        case .closed: "closed"
        }
    }

    /// One word for a metric's label.
    package var label: String {
        switch self {
        case .open: "open"
        case .stalled(let error): error.isFull ? "full" : error.isReadOnly ? "read_only" : "stalled"
        case .failed: "failed"
        case .closed: "closed"
        }
    }
}

/// Why an append was not taken. Nothing was stored, and the publisher has to be told, except for
/// ``dropped``, where the log's policy is that it is not.
package enum AppendRefusal: Error, Sendable, Equatable, CaseIterable {
    /// The staging memory is full: the medium is slower than the publishers. Try later.
    case overloaded
    /// The log has ``Retention/bytesMax`` bytes that somebody still needs (``FullPolicy/refuse``).
    case full
    /// The same under ``FullPolicy/dropNewest``: counted, and told to readers by a ``GapRecord``.
    case dropped
    /// The log's state is not ``LogState/open``.
    case unavailable
    /// Longer than ``LogConfiguration/recordBytesMax``, or a reserved type.
    case invalid
}

/// What one call of ``Log/commitOnce(now:)`` did.
package enum CommitOutcome: Sendable, Equatable {
    /// Nothing was staged.
    case idle
    /// Everything before this position is kept as ``Durability`` promises.
    case committed(LogPosition)
    /// Nothing new is durable; the staged records are still in memory. Call again, later.
    case failed(DiskError)
}

/// What stops a log from being opened, or a cursor from reading on.
package struct LogError: Error, Sendable, CustomStringConvertible {
    package enum Code: String, Sendable {
        /// Another process has the directory.
        case inUse
        /// The files are sealed with a key that was not given.
        case wrongKey
        /// A later Weir wrote the files.
        case unknownVersion
        /// The file system refused.
        case disk
        /// The log is closed.
        case closed
        /// The records asked for are no longer, or not yet, there.
        case notFound
        /// The bytes on the medium are not those that were written.
        case damaged
        /// The caller asked for something that the interface forbids.
        case misuse
    }

    package var code: Code
    package var message: String
    package var cause: DiskError?

    package init(_ code: Code, _ message: String, cause: DiskError? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
    }

    init(_ error: DiskError) {
        self.init(.disk, error.description, cause: error)
    }

    package var description: String { message }
}
