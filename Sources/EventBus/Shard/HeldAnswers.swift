import MQTTWire

/// A SUBACK that waits for the other shards and for the disk.
struct HeldSubAck {
    /// The number that every other shard must have confirmed; 0 for none.
    var interest: UInt64
    /// What storage must have reached; 0 for nothing.
    var durableAt: UInt64
    var answer: SubAck
    var id: ConnectionID
}

/// Answers to publishers that wait for the disk: first in, first out, since storage confirms in order.
struct HeldAnswers {
    struct Entry: BitwiseCopyable {
        /// What storage must have reached.
        var durableAt: UInt64
        /// The ticket that the streams must have reached; 0 for none.
        var streamsAt: UInt64 = 0
        /// What other shards must have confirmed, and which; 0 for none.
        var forwarded: UInt64 = 0
        var forwardedTo: UInt32 = 0
        /// A QoS 2 message that goes to those shards when it is durable here; the entry owns the reference.
        var toForward: Message.Reference?
        var slot: Int32
        var generation: UInt32
        var packetID: UInt16
        var type: PacketType
        var reason: UInt8
    }

    private var ring: UnsafeMutablePointer<Entry>?
    private var head = 0
    private(set) var count = 0
    /// Entries with a message to forward.
    private var toForward = 0
    private var capacity = 0

    init() {}

    mutating func append(_ entry: Entry) {
        if count == capacity { grow() }
        ring?[(head + count) & (capacity - 1)] = entry
        count += 1
        if entry.toForward != nil { toForward += 1 }
    }

    /// The oldest answer, if it is due.
    mutating func popDue(_ isDue: (Entry) -> Bool) -> Entry? {
        guard count > 0, let ring, isDue(ring[head]) else { return nil }
        let entry = ring[head]
        head = (head + 1) & (capacity - 1)
        count -= 1
        return entry
    }

    /// Calls `forward` with each entry that waits to be forwarded and is durable, oldest first.
    mutating func forwardDue(_ isDurable: (Entry) -> Bool, _ forward: (inout Entry) -> Void) {
        guard let ring, toForward > 0 else { return }
        var index = 0
        while index < count, toForward > 0 {
            let place = ring + ((head + index) & (capacity - 1))
            if place.pointee.toForward != nil {
                // They become durable in order.
                guard isDurable(place.pointee) else { return }
                toForward -= 1
                forward(&place.pointee)
            }
            index += 1
        }
    }

    private mutating func grow() {
        let bigger = UnsafeMutablePointer<Entry>.allocate(capacity: max(64, capacity * 2))
        if let ring {
            for i in 0..<count { bigger[i] = ring[(head + i) & (capacity - 1)] }
            ring.deallocate()
        }
        ring = bigger
        head = 0
        capacity = max(64, capacity * 2)
    }

    mutating func destroy() {
        if let ring, toForward > 0 {
            for i in 0..<count { ring[(head + i) & (capacity - 1)].toForward?.release() }
        }
        ring?.deallocate()
        self = HeldAnswers()
    }
}
