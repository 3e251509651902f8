/// What appends, commits and readers share, under one lock.
struct SharedState {
    /// Takes appends.
    var active: StagingBuffer
    /// The group that a commit is writing, or has failed to write; empty otherwise.
    var group: StagingBuffer
    var table: SegmentTable
    var state: LogState = .open
    /// The log is being closed: appends have ended.
    var isClosing = false
    var keys: KeyRing
    /// The user's records appended to the log since it was made, dropped ones included.
    var recordCount: UInt64
    /// The same at the first record of `group` (or of `active`, where there is no group), and
    /// behind the last of `group`.
    var recordCountBeforeGroup: UInt64
    var recordCountOfGroup: UInt64
    var retention: RetentionState
    /// How far `active` may fill, for ordinary appends and for those that use the reserve.
    var ordinaryRoom = 0
    var controlRoom = 0
    /// Counts uses of segment files, to know which has been unused for longest.
    var tick: UInt64 = 0

    var commitCount: UInt64 = 0
    let isSealed: Bool
    let recordBytesMax: Int

    init(configuration: LogConfiguration, keys: KeyRing, recovered: RecoveredLog) {
        let capacity = configuration.stagingBytesMax / 2
        active = StagingBuffer(capacity: capacity)
        group = recovered.unproven ?? StagingBuffer(capacity: capacity)
        active.reset(base: recovered.nextPosition)
        table = recovered.table
        self.keys = keys
        recordCount = recovered.recordCount
        recordCountBeforeGroup =
            recovered.unproven == nil ? recovered.recordCount : recovered.recordCountBeforeUnproven
        recordCountOfGroup = recovered.recordCount
        retention = RetentionState(configuration: configuration)
        retention.recoveryFloor = recovered.checkpoints.kept.first?.position
        isSealed = keys.current != nil
        recordBytesMax = configuration.recordBytesMax
        updateRoom()
    }

    mutating func deallocate() {
        active.deallocate()
        group.deallocate()
    }

    var isCommitting: Bool { group.used > 0 }
    var stagedBytes: Int { active.used + group.used }
    var endPosition: LogPosition { active.end }

    var startPosition: LogPosition {
        table.first?.base ?? (isCommitting ? group.base : active.base)
    }

    /// Computes how far `active` may fill. To be called when anything changes on which that depends.
    mutating func updateRoom() {
        guard state.isOpen, !isClosing else {
            ordinaryRoom = 0
            controlRoom = 0
            return
        }
        let kept = table.bytes + UInt64(group.used)
        ordinaryRoom = min(active.ordinaryLimit, retention.ordinaryRoom(kept: kept))
        controlRoom = min(active.reserveLimit, retention.controlRoom(kept: kept))
    }

    /// Takes room for a record and writes its header; the caller fills the payload.
    @inline(__always)
    mutating func reserve(
        type: UInt16,
        payload: Int,
        isControl: Bool
    ) throws(AppendRefusal) -> UnsafeMutableRawPointer {
        guard payload <= recordBytesMax, payload >= 0, type < RecordType.firstReserved else { throw .invalid }
        let size = RecordHeader.recordByteCount(payload: payload, isSealed: isSealed)
        guard active.used + size <= (isControl ? controlRoom : ordinaryRoom) else {
            throw refuse(isControl: isControl)
        }
        recordCount &+= 1
        return place(type: type, payload: payload, size: size)
    }

    /// Takes room for a record of the journal's own, which the limits leave to it.
    mutating func placeInternal(type: UInt16, payload: Int) -> UnsafeMutableRawPointer? {
        let size = RecordHeader.recordByteCount(payload: payload, isSealed: isSealed)
        guard active.used + size <= active.capacity else { return nil }
        return place(type: type, payload: payload, size: size)
    }

    @inline(__always)
    private mutating func place(type: UInt16, payload: Int, size: Int) -> UnsafeMutableRawPointer {
        let header = RecordHeader(
            position: active.end,
            length: UInt32(truncatingIfNeeded: payload),
            type: type,
            flags: isSealed ? RecordHeader.sealedFlag : 0
        )
        let record = active.take(size)
        // The filling behind the payload must not carry what the memory held before.
        record.storeBytes(of: 0, toByteOffset: size - 8, as: UInt64.self)
        header.store(to: record)
        return record
    }

    private mutating func refuse(isControl: Bool) -> AppendRefusal {
        guard state.isOpen, !isClosing else { return .unavailable }
        let room = isControl ? active.reserveLimit : active.ordinaryLimit
        // Room that the byte limit took away is refused as its policy says, any other is our own.
        guard (isControl ? controlRoom : ordinaryRoom) < room else { return .overloaded }
        guard retention.policy == .dropNewest else { return .full }
        retention.droppedNewest &+= 1
        recordCount &+= 1
        return .dropped
    }
}
