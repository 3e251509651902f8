/// What retention knows that appends and readers need as well.
struct RetentionState {
    let policy: FullPolicy
    let bytesMax: UInt64
    /// What appends that use the reserve may have beyond ``bytesMax``.
    let controlBytes: UInt64

    /// Positions below which the owner needs nothing, each under its name.
    var cursors: [String: LogPosition] = [:]
    /// The lowest position that recovery needs; nothing from there on is dropped for want of room.
    var recoveryFloor: LogPosition?
    /// Appends that ``FullPolicy/dropNewest`` dropped and no gap record tells of yet.
    var droppedNewest: UInt64 = 0
    /// Set where the limit is reached and nothing may be dropped: appends are refused under any policy.
    var isBlocked = false
    /// Since this opening; for metrics.
    var recordsDropped: UInt64 = 0

    init(configuration: LogConfiguration) {
        policy = configuration.retention.whenFull
        bytesMax = configuration.retention.bytesMax
        controlBytes = UInt64(configuration.segmentBytes)
    }

    /// Everything before has been taken by every cursor. Without one, everything is needed.
    var floor: LogPosition { cursors.values.min() ?? 0 }

    /// Everything before may be unlinked without loss.
    var releasable: LogPosition { min(floor, recoveryFloor ?? .max) }

    /// What may be staged while `kept` bytes are in files or on their way there.
    func ordinaryRoom(kept: UInt64) -> Int {
        // The oldest make room for the newest, so nothing is refused, unless nothing may go.
        if policy == .dropOldest && !isBlocked { return .max }
        return Int(bytesMax - min(bytesMax, kept))
    }

    func controlRoom(kept: UInt64) -> Int {
        if policy == .dropOldest && !isBlocked { return .max }
        let limit = bytesMax + controlBytes
        return Int(limit - min(limit, kept))
    }
}
