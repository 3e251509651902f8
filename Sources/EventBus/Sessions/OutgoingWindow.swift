import MQTTWire

/// The QoS 1 and 2 messages sent to one client and not yet acknowledged, in the order sent.
///
/// Packet identifiers are handed out in sequence `[MQTT-2.2.1-3]`, so an entry's place follows from its
/// identifier and an acknowledgement costs one subtraction. Acknowledged entries behind a slow one
/// stay as markers until the slow one goes; the span of identifiers in use is therefore bounded by
/// 65,535 and in practice by the receive maximum.
struct OutgoingWindow {
    enum State: UInt8 {
        case awaitingPubAck
        case awaitingPubRec
        case awaitingPubComp
        /// Acknowledged; waits for older entries.
        case done
    }

    struct Entry {
        /// Kept for sending again when the session outlives the connection, otherwise `nil`.
        var message: Message.Reference?
        var identifier: UInt32
        var qos: QoS
        var state: State
        var flags: DeliveryFlags
    }

    private var ring: UnsafeMutablePointer<Entry>?
    private var head: UInt32 = 0
    private var span: UInt32 = 0
    private var mask: UInt32 = 0
    /// Identifier of the entry at `head`; the next one to hand out is `firstPacketID + span`.
    private var firstPacketID: UInt16 = 1
    /// Messages that count against the receive maximum `[MQTT-4.9.0-1]`.
    private(set) var unacknowledged: UInt32 = 0

    init() {}

    var isEmpty: Bool { span == 0 }
    /// Entries from the oldest unacknowledged to the newest, markers included.
    var spanCount: Int { Int(span) }

    /// Whether one more may be sent under `receiveMaximum`.
    @inline(__always)
    func hasRoom(_ receiveMaximum: UInt16) -> Bool {
        unacknowledged < UInt32(receiveMaximum) && span < 65_535
    }

    /// Notes one more message and returns its packet identifier. The caller saw ``hasRoom(_:)``.
    @inline(__always)
    mutating func append(_ entry: Entry) -> UInt16 {
        if ring == nil || span > mask { grow() }
        precondition(span < 65_535, "packet identifiers exhausted")
        ring.unsafelyUnwrapped[Int((head &+ span) & mask)] = entry
        let packetID = Self.advance(firstPacketID, by: span)
        span &+= 1
        unacknowledged &+= 1
        return packetID
    }

    /// The entry with this identifier, or `nil` when nothing is known of it.
    @inline(__always)
    func place(of packetID: UInt16) -> UnsafeMutablePointer<Entry>? {
        guard let ring, packetID != 0 else { return nil }
        let distance = Self.distance(from: firstPacketID, to: packetID)
        guard distance < span else { return nil }
        return ring + Int((head &+ distance) & mask)
    }

    /// Marks the entry at `place` as settled and gives its message back.
    @inline(__always)
    mutating func settle(_ place: UnsafeMutablePointer<Entry>) {
        place.pointee.message?.release()
        place.pointee.message = nil
        place.pointee.state = .done
        unacknowledged &-= 1
        guard let ring else { return }
        while span > 0, ring[Int(head)].state == .done {
            head = (head &+ 1) & mask
            span &-= 1
            firstPacketID = Self.advance(firstPacketID, by: 1)
        }
        if span == 0, mask >= 255 { dropMemory() }
    }

    /// All entries that are not settled, oldest first, with their identifiers.
    func forEach(_ body: (UInt16, UnsafeMutablePointer<Entry>) -> Void) {
        guard let ring else { return }
        for i in 0..<span {
            let place = ring + Int((head &+ i) & mask)
            if place.pointee.state != .done { body(Self.advance(firstPacketID, by: i), place) }
        }
    }

    /// The identifier that the next ``append(_:)`` would give.
    var nextPacketID: UInt16 { Self.advance(firstPacketID, by: span) }

    fileprivate func packetID(at offset: UInt32) -> UInt16 { Self.advance(firstPacketID, by: offset) }

    /// Starts an empty window at `packetID`, when a session is restored.
    mutating func begin(at packetID: UInt16) {
        precondition(span == 0, "the window is in use")
        firstPacketID = packetID == 0 ? 1 : packetID
    }

    /// Appends a settled marker so that a restored session keeps its numbering.
    mutating func appendMarker() {
        _ = append(Entry(message: nil, identifier: 0, qos: .atLeastOnce, state: .done, flags: []))
        unacknowledged &-= 1
    }

    mutating func destroy() {
        forEach { _, place in place.pointee.message?.release() }
        ring?.deallocate()
        self = OutgoingWindow()
    }

    // MARK: - Identifiers run from 1 to 65,535 and start again at 1

    @inline(__always)
    private static func advance(_ id: UInt16, by steps: UInt32) -> UInt16 {
        UInt16(truncatingIfNeeded: (UInt32(id) &- 1 &+ steps) % 65_535 &+ 1)
    }

    @inline(__always)
    private static func distance(from a: UInt16, to b: UInt16) -> UInt32 {
        b >= a ? UInt32(b &- a) : UInt32(b) &+ 65_535 &- UInt32(a)
    }

    private mutating func grow() {
        let capacity = ring == nil ? 4 : (Int(mask) + 1) * 2
        let bigger = UnsafeMutablePointer<Entry>.allocate(capacity: capacity)
        if let ring {
            for i in 0..<span { bigger[Int(i)] = ring[Int((head &+ i) & mask)] }
            ring.deallocate()
        }
        ring = bigger
        head = 0
        mask = UInt32(capacity - 1)
    }

    private mutating func dropMemory() {
        ring?.deallocate()
        ring = nil
        head = 0
        mask = 0
    }
}

extension OutgoingWindow {
    /// The entry `offset` places after the oldest, settled or not, and its identifier.
    func entry(at offset: Int) -> (UInt16, UnsafeMutablePointer<Entry>) {
        precondition(offset >= 0 && offset < spanCount, "no such entry in the window")
        let id = packetID(at: UInt32(offset))
        guard let place = place(of: id) else { preconditionFailure("an identifier inside the span is known") }
        return (id, place)
    }
}
