/// A cursor: reads a log forward from a position, in large pieces, without blocking the writer.
///
/// Records are handed out where they stand in the reader's buffer; nothing is allocated per record.
/// A reader belongs to one thread at a time. It takes memory only while it has something to read:
/// a reader that has caught up can give its buffer back with ``releaseBuffer()``.
package final class LogReader {
    private let log: Log
    private var window: ReadWindow

    /// - Parameters:
    ///   - position: A record's position, or one between records that was never used; 0 reads from
    ///     the oldest record.
    ///   - chunkBytes: What is read at a time; at least 4096.
    package init(_ log: Log, from position: LogPosition = 0, chunkBytes: Int = 128 << 10) {
        self.log = log
        window = ReadWindow(position: position, chunkBytes: max(4096, chunkBytes))
    }

    deinit { window.deallocate() }

    /// Where the next record is looked for.
    package var position: LogPosition { window.position }

    /// Goes on from another position.
    package func seek(to position: LogPosition) { window.seek(to: position) }

    /// The next record before `limit`, or `nil` where there is none yet.
    ///
    /// Damaged ranges and ranges that retention dropped are passed over, and told by
    /// ``takeNotices()``. The journal's own records are not handed out, except gaps.
    ///
    /// - Parameter limit: ``Log/durablePosition`` to see only what will survive; without it also
    ///   what is not written yet.
    /// - Throws: ``LogError`` where the file system refuses to read, or a key is missing.
    package func next(upTo limit: LogPosition = .max) throws(LogError) -> LogRecord? {
        try window.next(log, upTo: limit)
    }

    /// Passes over what the file system refuses to read, after ``next(upTo:)`` has thrown, and notes
    /// it as damage. Whether to try again first, and how often, is the caller's to decide: a cable
    /// comes back, a dead sector does not.
    ///
    /// - Returns: False where nothing is refused here any more.
    package func skipUnreadable() -> Bool { window.skipUnreadable(log) }

    /// What was passed over since the last call.
    package func takeNotices() -> [ReadNotice] {
        guard !window.notices.isEmpty else { return [] }
        defer { window.notices.removeAll() }
        return window.notices
    }

    package var hasNotices: Bool { !window.notices.isEmpty }

    /// Gives the buffer's memory back. The next read takes it again.
    package func releaseBuffer() { window.deallocate() }
}
