/// The types of record that the journal writes itself. Types below ``firstReserved`` are the user's.
package enum RecordType {
    package static let firstReserved: UInt16 = 0xFF00

    /// Something was dropped; see ``GapRecord``. The only reserved type that readers are handed.
    package static let gap: UInt16 = 0xFFFE
    /// Ends every group that is written; see ``CommitMark``.
    static let commitMark: UInt16 = 0xFFFF
    /// Fills up to a multiple of ``LogConfiguration/commitAlignmentBytes``.
    static let padding: UInt16 = 0xFFFD
    /// A piece of a checkpoint, and its end; only in checkpoint files.
    static let checkpointPiece: UInt16 = 0xFFFB
    static let checkpointEnd: UInt16 = 0xFFFA
    /// The log was closed and everything before is durable.
    static let closed: UInt16 = 0xFFFC

    /// True for what the journal keeps to itself.
    @inline(__always)
    static func isInternal(_ type: UInt16) -> Bool { type >= firstReserved && type != gap }

    /// Whether a record counts in "how many records were dropped".
    @inline(__always)
    static func isCounted(_ type: UInt16) -> Bool { type < firstReserved }
}

/// The last record of every group that a commit writes.
///
/// `syncedPosition` is how recovery tells damage from a torn tail. A mark that can be read proves
/// that everything before its `syncedPosition` was durable when the mark was written; a hole before
/// that is damage to be skipped, and a hole behind every such proof is the torn tail to be cut.
struct CommitMark: Equatable, Sendable {
    static let byteCount = 24
    static let recordByteCount = RecordHeader.recordByteCount(payload: byteCount, isSealed: false)

    /// Milliseconds since 1970, as the driver of the commit said. All records before the mark
    /// were appended no later, all behind it no earlier.
    var time: UInt64
    var syncedPosition: LogPosition
    /// The user's records appended to the log before this mark, dropped ones included.
    var recordCount: UInt64

    func store(to payload: UnsafeMutableRawPointer) {
        payload.storeBytes(of: time.littleEndian, as: UInt64.self)
        payload.storeBytes(of: syncedPosition.littleEndian, toByteOffset: 8, as: UInt64.self)
        payload.storeBytes(of: recordCount.littleEndian, toByteOffset: 16, as: UInt64.self)
    }

    init(time: UInt64, syncedPosition: LogPosition, recordCount: UInt64) {
        self.time = time
        self.syncedPosition = syncedPosition
        self.recordCount = recordCount
    }

    init?(payload: UnsafeRawBufferPointer) {
        guard payload.count >= Self.byteCount else { return nil }
        time = UInt64(littleEndian: payload.loadUnaligned(as: UInt64.self))
        syncedPosition = UInt64(littleEndian: payload.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
        recordCount = UInt64(littleEndian: payload.loadUnaligned(fromByteOffset: 16, as: UInt64.self))
    }
}

/// Says that records were dropped: how many, from where to where, and why.
package struct GapRecord: Equatable, Sendable {
    package enum Cause: UInt8, Sendable, CaseIterable, CustomStringConvertible {
        /// The log reached ``Retention/bytesMax`` and its policy is to drop the oldest.
        case oldestForBytes = 1
        /// The log reached ``Retention/bytesMax`` and its policy is to drop the newest.
        case newestForBytes = 2
        /// They were older than ``Retention/ageMax``.
        case age = 3
        /// The medium gave back something else than was written, and a repair put this in its place.
        case damage = 4

        package var description: String {
            switch self {
            case .oldestForBytes: "oldest dropped at the byte limit"
            case .newestForBytes: "newest dropped at the byte limit"
            case .age: "older than the age limit"
            case .damage: "damaged on the medium"
            }
        }
    }

    static let byteCount = 32

    /// The first position that was dropped, and the first behind it that was not. Both are the
    /// same where new records were dropped: those never had one.
    package var from: LogPosition
    package var to: LogPosition
    /// The user's records among them; 0 where a damage left nothing to count.
    package var count: UInt64
    package var cause: Cause

    package init(from: LogPosition, to: LogPosition, count: UInt64, cause: Cause) {
        self.from = from
        self.to = to
        self.count = count
        self.cause = cause
    }

    package init?(payload: UnsafeRawBufferPointer) {
        guard payload.count >= Self.byteCount, let cause = Cause(rawValue: payload[24]) else { return nil }
        from = UInt64(littleEndian: payload.loadUnaligned(as: UInt64.self))
        to = UInt64(littleEndian: payload.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
        count = UInt64(littleEndian: payload.loadUnaligned(fromByteOffset: 16, as: UInt64.self))
        self.cause = cause
    }

    func store(to payload: UnsafeMutableRawPointer) {
        payload.storeBytes(of: from.littleEndian, as: UInt64.self)
        payload.storeBytes(of: to.littleEndian, toByteOffset: 8, as: UInt64.self)
        payload.storeBytes(of: count.littleEndian, toByteOffset: 16, as: UInt64.self)
        payload.storeBytes(of: UInt64(cause.rawValue).littleEndian, toByteOffset: 24, as: UInt64.self)
    }
}
