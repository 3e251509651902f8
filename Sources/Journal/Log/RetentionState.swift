/// What retention has to remember between commits.
struct RetentionState {
    let policy: FullPolicy
    let bytesMax: UInt64
    /// What appends that use the reserve may have beyond ``bytesMax``.
    let controlBytes: UInt64

    /// Appends that ``FullPolicy/dropNewest`` dropped and no gap record tells of yet.
    var droppedNewest: UInt64 = 0
    /// Set where the limit is reached and nothing may be dropped: appends are refused under any policy.
    var isBlocked = false

    init(configuration: LogConfiguration) {
        policy = configuration.retention.whenFull
        bytesMax = configuration.retention.bytesMax
        controlBytes = UInt64(configuration.segmentBytes)
    }

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
