import MQTTWire

/// What a session still has to send: a ring of references, 16 bytes each, no memory while empty.
struct MessageQueue {
    struct Entry: BitwiseCopyable {
        var message: Message.Reference
        /// The subscription identifier, 0 for none.
        var identifier: UInt32
        var qos: QoS
        var flags: DeliveryFlags
    }

    private var ring: UnsafeMutablePointer<Entry>?
    private var head: UInt32 = 0
    private(set) var count: UInt32 = 0
    private var mask: UInt32 = 0
    /// Memory of the messages held, shared ones counted in full.
    private(set) var bytes = 0

    init() {}

    var isEmpty: Bool { count == 0 }

    /// The oldest entry. The caller knows that there is one.
    var first: Entry {
        guard let ring, count > 0 else { preconditionFailure("empty queue has no first entry") }
        return ring[Int(head)]
    }

    /// Adds `entry`; its reference now belongs to the queue.
    mutating func append(_ entry: Entry) {
        if ring == nil || count > mask { grow() }
        guard let ring else { return }
        ring[Int((head &+ count) & mask)] = entry
        count &+= 1
        bytes &+= entry.message.size
    }

    /// Takes the oldest entry out; its reference now belongs to the caller.
    mutating func removeFirst() -> Entry {
        let entry = first
        head = (head &+ 1) & mask
        count &-= 1
        bytes &-= entry.message.size
        if count == 0 { dropMemory() }
        return entry
    }

    mutating func removeAll() {
        while count > 0 { removeFirst().message.release() }
    }

    /// Keeps the entries for which `keep` says so, in order.
    mutating func filter(_ keep: (Entry) -> Bool) {
        for _ in 0..<count {
            let entry = removeFirst()
            if keep(entry) { append(entry) } else { entry.message.release() }
        }
    }

    func forEach(_ body: (Entry) -> Void) {
        guard let ring else { return }
        for i in 0..<count { body(ring[Int((head &+ i) & mask)]) }
    }

    /// The lowest journal position among the entries that have one; 0 when none has.
    var oldestPosition: UInt64 {
        var oldest = UInt64.max
        forEach { entry in
            let position = entry.message.pointee.position
            if position != 0, position < oldest { oldest = position }
        }
        return oldest == .max ? 0 : oldest
    }

    private mutating func grow() {
        let capacity = ring == nil ? 8 : (Int(mask) + 1) * 2
        let bigger = UnsafeMutablePointer<Entry>.allocate(capacity: capacity)
        if let ring {
            for i in 0..<count { bigger[Int(i)] = ring[Int((head &+ i) & mask)] }
            ring.deallocate()
        }
        ring = bigger
        head = 0
        mask = UInt32(capacity - 1)
    }

    private mutating func dropMemory() {
        guard mask >= 63 else { return }
        ring?.deallocate()
        ring = nil
        head = 0
        mask = 0
    }

    mutating func destroy() {
        removeAll()
        ring?.deallocate()
        ring = nil
        head = 0
        mask = 0
    }
}

/// How one delivery differs from the message as published.
struct DeliveryFlags: OptionSet, BitwiseCopyable {
    let rawValue: UInt8
    /// Send RETAIN = 1: a retained message for a new subscription `[MQTT-3.3.1-8]`, or one under
    /// Retain As Published `[MQTT-3.3.1-13]`.
    static let retain = DeliveryFlags(rawValue: 1)
    /// Several identifiers apply: they are looked up when the message is sent.
    static let manyIdentifiers = DeliveryFlags(rawValue: 2)
    /// Came through a shared subscription: passes to another member if this session ends.
    static let shared = DeliveryFlags(rawValue: 4)
}
