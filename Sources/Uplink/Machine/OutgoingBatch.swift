/// A batch from when it was built until it is known to be stored.
struct OutgoingBatch {
    enum State: Equatable {
        /// Not before this time.
        case waiting(UInt64)
        /// With the sink since then.
        case handed(UInt64)
        /// The next hop has it; sent again at this time unless it is committed before.
        case accepted(resendAt: UInt64)
        case done
    }

    let number: UInt64
    var batch: EncodedBatch
    /// What the lane's cursor moves to.
    let mark: UInt64
    var state = State.waiting(0)
    var attempts = 0
    var handedAt: UInt64 = 0
    /// Its events were put aside, and what is sent is only the range.
    var isEmptied = false

    init(number: UInt64, batch: EncodedBatch, mark: UInt64) {
        self.number = number
        self.batch = batch
        self.mark = mark
    }
}

/// What the uplink knows of one lane besides its log.
struct LaneQueue {
    let name: String
    let epoch: UInt64
    /// The last sequence known to be stored.
    var committed: UInt64
    /// In the order of sequences; the first is the oldest that is not known to be stored.
    var batches: [OutgoingBatch] = []
    /// There may be events that no batch holds.
    var hasData = true
    /// What was gathered is closed at this time, full or not.
    var lingerUntil: UInt64?
    /// Why nothing of the lane is sent now.
    var isHeld = false
    /// Its own cap, besides the one of all lanes.
    var bucket = TokenBucket(rate: nil, now: 0)
    var sentEvents: UInt64 = 0
    var committedEvents: UInt64 = 0
    var committedBatches: UInt64 = 0
    var wireBytes: UInt64 = 0
    var bodyBytes: UInt64 = 0
    var resent: UInt64 = 0
    var deadLetters: UInt64 = 0
    var dropped: UInt64 = 0
    var thinned: UInt64 = 0
    var lastCommitAt: UInt64?
}
