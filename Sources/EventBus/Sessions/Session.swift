import Access
package import MQTTWire

/// What the broker knows of one client across connections, `[MQTT 4.1]`. Lives in the slab of sessions.
struct Session {
    /// Slot of the connection, -1 while there is none, ``localClient`` for a part of Weir itself.
    var client: Int32 = -1
    /// Counts the lives of this slot, so that a timer of an earlier session is noticed.
    var stamp: UInt32
    var clientID: String
    var identity: Identity
    /// Seconds that the session outlives its connection; 0: not at all; `UInt32.max`: for ever
    /// `[MQTT 3.1.2.11.2]`.
    var expiryInterval: UInt32 = 0
    /// Second of the monotonic clock at which a session without connection ends.
    var expiresAt: UInt32 = 0
    /// Number under which storage knows the session; 0 when it is not kept.
    var storeID: UInt32 = 0
    private(set) var subscriptions: UnsafeMutablePointer<SessionSubscription>?
    private(set) var subscriptionCount: UInt32 = 0
    private var subscriptionCapacity: UInt32 = 0
    /// When not 0: messages behind this position are only on disk, to be read when the queue runs empty.
    var spilledAfter: UInt64 = 0
    /// Position of the newest message that was put into ``queue``.
    var newestQueued: UInt64 = 0
    /// Everything up to this position came from disk already.
    var refilledTo: UInt64 = 0
    /// Messages at the end of ``window`` that were not yet sent again on this connection.
    var resendsLeft: UInt32 = 0
    var window = OutgoingWindow()
    var queue = MessageQueue()
    var extras: SessionExtras?

    /// The mark of an in-process subscriber in ``client``.
    static var localClient: Int32 { -2 }
    /// Stands in ``client`` from the moment its connection is to be closed until the session is left.
    static var leavingClient: Int32 { -3 }

    init(clientID: String, identity: Identity, stamp: UInt32) {
        self.clientID = clientID
        self.identity = identity
        self.stamp = stamp
    }

    var isConnected: Bool { client >= 0 }
    var outlivesConnection: Bool { expiryInterval > 0 }

    // MARK: - Its subscriptions

    mutating func append(_ subscription: SessionSubscription) {
        if subscriptionCount == subscriptionCapacity {
            let capacity = subscriptionCapacity == 0 ? 1 : subscriptionCapacity * 2
            let bigger = UnsafeMutablePointer<SessionSubscription>.allocate(capacity: Int(capacity))
            if let subscriptions {
                bigger.update(from: subscriptions, count: Int(subscriptionCount))
                subscriptions.deallocate()
            }
            subscriptions = bigger
            subscriptionCapacity = capacity
        }
        if let subscriptions { subscriptions[Int(subscriptionCount)] = subscription }
        subscriptionCount += 1
    }

    /// Takes `index` out; the last one takes its place and is returned, if there was another.
    mutating func removeSubscription(at index: UInt32) -> SessionSubscription? {
        guard let subscriptions, index < subscriptionCount else { return nil }
        subscriptionCount -= 1
        let last = subscriptions[Int(subscriptionCount)]
        let moved = index != subscriptionCount
        if moved { subscriptions[Int(index)] = last }
        if subscriptionCount == 0 {
            subscriptions.deallocate()
            self.subscriptions = nil
            subscriptionCapacity = 0
        }
        return moved ? last : nil
    }

    mutating func removeAllSubscriptions() {
        subscriptions?.deallocate()
        subscriptions = nil
        subscriptionCount = 0
        subscriptionCapacity = 0
    }
}

/// Where one of a session's subscriptions stands: a node of the index, or a shared group at it.
struct SessionSubscription: BitwiseCopyable {
    var node: UInt32
    /// The shared group, or -1.
    var group: Int32
}

/// What few sessions have.
final class SessionExtras {
    /// To be published when the connection ends without DISCONNECT `[MQTT-3.1.2-8]`.
    var will: Will?
    /// Second of the monotonic clock at which a delayed will is to be published.
    var willDue: UInt32 = 0
    /// Identifiers of QoS 2 messages received and not yet released `[MQTT-4.3.3-10]`.
    var incomingQoS2: Set<UInt16> = []
    /// Those that were found at start, and where the journal keeps their messages.
    var restoredQoS2: [UInt16: UInt64] = [:]
    /// Retained messages still to be sent for new subscriptions.
    var retained: RetainedBacklog?
    var local: (any LocalSubscriber)?

    var isEmpty: Bool { will == nil && incomingQoS2.isEmpty && retained == nil && local == nil }

    struct Will {
        var message: Message.Reference
        /// Seconds after the connection's end `[MQTT-3.1.3-9]`.
        var delay: UInt32
        /// Message expiry interval, counted from the publication of the will.
        var expiryInterval: UInt32?
    }

    deinit { will?.message.release() }
}

/// Retained messages that a session is still to get, sent as its output drains so that a subscription
/// to a hundred thousand of them needs no memory for them.
struct RetainedBacklog {
    struct Entry {
        var node: UInt32
        var stamp: UInt32
        var identifier: UInt32
        var qos: QoS
        var checkEachMessage: Bool
    }
    var entries: [Entry] = []
    var next = 0

    var isEmpty: Bool { next >= entries.count }
    var left: Int { entries.count - next }

    /// The same with `more` behind, and without what was sent already.
    consuming func adding(_ more: [Entry]) -> RetainedBacklog {
        var all = self
        all.entries.removeFirst(all.next)
        all.next = 0
        all.entries.append(contentsOf: more)
        return all
    }
}

/// An in-process subscriber: called on the shard's thread, must return at once.
package protocol LocalSubscriber: AnyObject, Sendable {
    /// Takes one message; the pointers are valid during the call only.
    func deliver(_ message: borrowing DeliveredMessage)
}

/// A message as an in-process subscriber gets it.
package struct DeliveredMessage {
    package let topic: UnsafeRawBufferPointer
    package let payload: UnsafeRawBufferPointer
    /// Encoded MQTT 5 properties.
    package let properties: UnsafeRawBufferPointer
    package let moreProperties: UnsafeRawBufferPointer
    package let qos: QoS
    package let retain: Bool
    /// Seconds left, or 0 for no expiry.
    package let expiryLeft: UInt32
    /// Place in the journal, 0 where it is not kept.
    package let position: UInt64
    package let time: BusTime
    /// The session that published it, in this shard; -1 for others.
    package let publisher: Int32
    /// Client identifier of that session; empty where it is not known.
    package var source = ""
}
