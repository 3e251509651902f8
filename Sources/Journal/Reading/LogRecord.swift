/// A record as a reader sees it.
package struct LogRecord {
    package let position: LogPosition
    /// The position behind the record: where a cursor stands that has taken it.
    package let next: LogPosition
    package let type: UInt16
    /// Valid until the reader is used again.
    package let payload: UnsafeRawBufferPointer

    /// What was dropped, where the record tells of that.
    package var gap: GapRecord? {
        type == RecordType.gap ? GapRecord(payload: payload) : nil
    }
}

/// A range of a log that cannot be read, and why.
package struct DamageReport: Sendable, Equatable, CustomStringConvertible {
    package var path: String
    /// Where in the file the unreadable bytes begin, and how many there are.
    package var offset: UInt64
    package var length: UInt64
    package var position: LogPosition
    package var reason: String

    package var description: String {
        "\"\(path)\": \(length) bytes from offset \(offset) (position \(position)) are skipped: \(reason)"
    }
}

/// What a reader met on its way from one record to the next.
package enum ReadNotice: Sendable, Equatable {
    /// The records between the two positions were dropped by retention; a ``GapRecord`` further on
    /// says how many and why, where any cursor still needed them.
    case dropped(from: LogPosition, to: LogPosition)
    case damaged(DamageReport)
}
