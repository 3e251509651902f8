import MQTTWire

/// One session's wish at one filter. 16 bytes; lives in the node of the filter.
struct NodeSubscription: BitwiseCopyable {
    /// Slot of the session in this shard.
    var session: Int32
    /// Place of this filter in the session's own list, so that leaving costs one step.
    var backIndex: UInt32
    /// Subscription identifier `[MQTT 3.8.2.1.2]`, 0 for none.
    var identifier: UInt32
    var options: SubscriptionFlags
}

/// Subscription options `[MQTT 3.8.3.1]` in the bits of the wire, and one of ours.
struct SubscriptionFlags: BitwiseCopyable {
    var rawValue: UInt8

    init(rawValue: UInt8) { self.rawValue = rawValue }

    init(qos: QoS, noLocal: Bool, retainAsPublished: Bool, checkEachMessage: Bool) {
        rawValue =
            qos.rawValue | (noLocal ? 4 : 0) | (retainAsPublished ? 8 : 0) | (checkEachMessage ? 0x40 : 0)
    }

    var qos: QoS { QoS(rawValue: rawValue & 3) ?? .atMostOnce }
    var noLocal: Bool { rawValue & 4 != 0 }
    var retainAsPublished: Bool { rawValue & 8 != 0 }
    /// The filter covers topics that the client may not read: each message is checked.
    var checkEachMessage: Bool { rawValue & 0x40 != 0 }
}

/// The subscriptions of one node: the first in place, more in memory of their own, and the heads of
/// the node's shared groups and interested shards.
struct SubscriberList: BitwiseCopyable {
    var first = NodeSubscription(session: -1, backIndex: 0, identifier: 0, options: .init(rawValue: 0))
    var more: UnsafeMutablePointer<NodeSubscription>?
    var moreCapacity: UInt32 = 0
    private(set) var count: UInt32 = 0
    /// Number of the first shared group at this filter, or -1.
    var firstGroup: Int32 = -1
    /// One bit for each other shard where somebody subscribes to this filter.
    var remoteShards: UInt32 = 0

    init() {}

    var isEmpty: Bool { count == 0 && firstGroup < 0 && remoteShards == 0 }

    subscript(index: UInt32) -> NodeSubscription {
        @inline(__always) get {
            precondition(index < count, "no such subscription")
            guard index > 0, let more else { return first }
            return more[Int(index - 1)]
        }
        set {
            precondition(index < count, "no such subscription")
            if index == 0 { first = newValue } else if let more { more[Int(index - 1)] = newValue }
        }
    }

    mutating func append(_ subscription: NodeSubscription) {
        if count == 0 {
            first = subscription
        } else {
            if count - 1 == moreCapacity {
                let capacity = moreCapacity == 0 ? 2 : moreCapacity * 2
                let bigger = UnsafeMutablePointer<NodeSubscription>.allocate(capacity: Int(capacity))
                if let more {
                    bigger.update(from: more, count: Int(count - 1))
                    more.deallocate()
                }
                more = bigger
                moreCapacity = capacity
            }
            if let more { more[Int(count - 1)] = subscription }
        }
        count += 1
    }

    /// Takes `index` out; the last one takes its place.
    mutating func remove(at index: UInt32) {
        let last = self[count - 1]
        self[index] = last
        count -= 1
        if count <= 1, let more {
            more.deallocate()
            self.more = nil
            moreCapacity = 0
        }
    }

    func index(ofSession session: Int32) -> UInt32? {
        for i in 0..<count where self[i].session == session { return i }
        return nil
    }
}
