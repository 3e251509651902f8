/// What opening a log found and did.
package struct RecoveryReport: Sendable, Equatable {
    /// Segments that the log has now.
    package var segments = 0
    /// Whether the log was closed by its last user.
    package var wasClosed = true
    /// Bytes cut from the end: a group that was being written when the machine stopped. Nothing of
    /// it had been acknowledged under ``Durability/fsync``.
    package var tornBytes: UInt64 = 0
    /// Ranges of the newest segment that are damaged; those of older ones show when they are read.
    package var damages: [DamageReport] = []
    /// Files set aside because nothing could be read from them.
    package var quarantined: [String] = []

    package init() {}

    /// One line for the log; `nil` where there is nothing to tell.
    package var summary: String? {
        var parts: [String] = []
        if tornBytes > 0 { parts.append("cut a torn tail of \(tornBytes) bytes") }
        if !damages.isEmpty { parts.append("\(damages.count) damaged ranges are skipped") }
        if !quarantined.isEmpty { parts.append("set aside \(quarantined.joined(separator: ", "))") }
        return parts.isEmpty ? nil : parts.joined(separator: "; ")
    }
}

/// Where a log stands after recovery.
struct RecoveredLog {
    var table = SegmentTable()
    /// Behind the last whole record.
    var end: LogPosition = 0
    /// Everything before is known to be on the medium.
    var durable: LogPosition = 0
    /// The records between `durable` and `end`, to be written again; see ``Recovery``.
    var unproven: StagingBuffer?
    var recordCountBeforeUnproven: UInt64 = 0
    /// Where appends go on.
    var nextPosition: LogPosition = 0
    var recordCount: UInt64 = 0
    var checkpoints = CheckpointState()
}
