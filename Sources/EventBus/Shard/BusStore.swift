package import Access
package import MQTTWire

/// What the core needs of storage, and nothing more. Storage lives in another module; a shard without
/// one keeps everything in memory and answers at once.
///
/// Calls come on the shard's thread and return at once. Positions grow from call to call;
/// ``BusShard/storageReached(_:)`` tells how far the disk is. What a client is promised waits for that.
package protocol BusStore: AnyObject {
    /// The position of what was given last.
    var lastPosition: UInt64 { get }
    /// Everything up to this position is on disk.
    var durablePosition: UInt64 { get }

    /// A message was published: keep it if a session that outlives its connection wants it, if it is
    /// retained, or if a durable stream covers its topic.
    ///
    /// - Parameter isWantedLater: a session that outlives its connection wants it with QoS 1 or 2.
    func keep(_ message: StoredMessage, isWantedLater: Bool) -> StoreDecision

    /// Whether the QoS 2 message that stands at `position` in another shard's journal was kept here before.
    func knowsForwarded(_ position: UInt64, from shard: Int) -> Bool

    // MARK: Sessions

    /// A session that outlives its connection came to be or was taken up again.
    ///
    /// - Returns: the number that the session has from now on, at least 1.
    func connected(_ session: borrowing StoredSession) -> UInt32
    /// Its connection is gone; it lives on for `expiryInterval` seconds.
    func disconnected(_ storeID: UInt32, expiryInterval: UInt32)
    func ended(_ storeID: UInt32)
    func subscribed(_ storeID: UInt32, filter: TopicFilter, options: UInt8, identifier: UInt32) -> UInt64
    func unsubscribed(_ storeID: UInt32, filter: TopicFilter) -> UInt64
    func willChanged(_ storeID: UInt32, will: StoredWill?)

    // MARK: Deliveries to a session

    /// A shared subscription chose the session for the message at `position`, which waits.
    func choose(_ storeID: UInt32, position: UInt64)
    /// The message at `position` was sent with `packetID`. For QoS 2 it may leave only when the returned
    /// position is on disk, or the receiver could get it twice under two identifiers.
    func sent(_ storeID: UInt32, position: UInt64, packetID: UInt16, qos: QoS) -> UInt64
    /// PUBREC came: the message must not be sent again. PUBREL leaves when the position is on disk.
    func received(_ storeID: UInt32, packetID: UInt16) -> UInt64
    /// The delivery of the message at `position` is complete.
    func settled(_ storeID: UInt32, position: UInt64, packetID: UInt16)
    /// Messages of the session that are only on disk: calls `take` with the next ones, oldest first,
    /// until it returns `false` or a bounded piece of the log was looked through.
    func refill(
        _ storeID: UInt32,
        after position: UInt64,
        _ take: (borrowing StoredMessage, StoredDelivery) -> Bool
    ) -> RefillProgress

    // MARK: QoS 2 from a publisher

    /// PUBREL came: the identifier is free. PUBCOMP leaves when the position is on disk.
    func released(_ storeID: UInt32, packetID: UInt16) -> UInt64

    /// The shard has done what came in; what was given may be handed to the disk now.
    func turnEnded()
}

/// A message as storage sees it; the pointers are valid during the call only.
package struct StoredMessage {
    package var parts: PublishParts
    package var qos: QoS
    package var retain: Bool
    /// Wall-clock second at which it is worthless; 0 for never.
    package var expiresAt: Int64
    /// Storage number of the publishing session where it outlives its connection, and the packet
    /// identifier of its QoS 2 PUBLISH; both 0 otherwise.
    package var publisher: UInt32
    package var exactlyOnceID: UInt16
    /// Wall-clock nanoseconds at which the bus took it in.
    package var ingestTime: Int64
    /// Where another shard keeps the QoS 2 message that it forwarded, and that shard's index + 1; 0 otherwise.
    package var origin: UInt64
    package var originShard: UInt8

    package init(
        parts: PublishParts,
        qos: QoS,
        retain: Bool,
        expiresAt: Int64 = 0,
        publisher: UInt32 = 0,
        exactlyOnceID: UInt16 = 0,
        ingestTime: Int64 = 0,
        origin: UInt64 = 0,
        originShard: UInt8 = 0
    ) {
        self.parts = parts
        self.qos = qos
        self.retain = retain
        self.expiresAt = expiresAt
        self.publisher = publisher
        self.exactlyOnceID = exactlyOnceID
        self.ingestTime = ingestTime
        self.origin = origin
        self.originShard = originShard
    }
}

/// How far a refill came.
package struct RefillProgress {
    /// Everything up to here was looked at.
    package var scannedTo: UInt64
    /// There is nothing behind it.
    package var isCaughtUp: Bool

    package init(scannedTo: UInt64, isCaughtUp: Bool) {
        self.scannedTo = scannedTo
        self.isCaughtUp = isCaughtUp
    }
}

/// How a kept message goes to one session.
package struct StoredDelivery {
    package var position: UInt64
    /// The lower of what was published and what was granted.
    package var qos: QoS
    /// Send RETAIN as published.
    package var retain: Bool
    /// Came through a shared subscription.
    package var isShared: Bool
    /// Subscription identifiers of the matching filters; usually none or one.
    package var identifiers: [UInt32]

    package init(
        position: UInt64,
        qos: QoS,
        retain: Bool = false,
        isShared: Bool = false,
        identifiers: [UInt32] = []
    ) {
        self.position = position
        self.qos = qos
        self.retain = retain
        self.isShared = isShared
        self.identifiers = identifiers
    }
}

package enum StoreDecision {
    case notKept
    /// Kept at `position`; whoever was promised durability hears of it when `durableAt` is reached
    /// (0: at once).
    case kept(position: UInt64, durableAt: UInt64)
    /// Not taken: 0x97 when a limit is reached, 0x80 when the disk has failed.
    case refused(ReasonCode)
}

/// A session as storage sees it.
package struct StoredSession {
    package var clientID: String
    package var userName: String?
    /// How the client proved who it is, and the roles that it brought along: so that its rules hold
    /// after a restart too.
    package var source: Identity.Source
    package var roles: [String]
    /// Its number if storage knows it, otherwise 0.
    package var storeID: UInt32
    package var expiryInterval: UInt32
    package var isClean: Bool

    package init(
        clientID: String,
        identity: Identity,
        storeID: UInt32,
        expiryInterval: UInt32,
        isClean: Bool
    ) {
        self.clientID = clientID
        userName = identity.name
        source = identity.source
        roles = identity.claimedRoles
        self.storeID = storeID
        self.expiryInterval = expiryInterval
        self.isClean = isClean
    }
}

/// A will as storage sees it.
package struct StoredWill {
    package var topic: [UInt8]
    package var payload: [UInt8]
    /// Encoded properties as they will be published.
    package var properties: [UInt8]
    package var expiryOffset: Int
    package var qos: QoS
    package var retain: Bool
    /// Seconds after the end of the connection.
    package var delay: UInt32
    package var expiryInterval: UInt32?

    package init(
        topic: [UInt8],
        payload: [UInt8],
        properties: [UInt8],
        expiryOffset: Int,
        qos: QoS,
        retain: Bool,
        delay: UInt32,
        expiryInterval: UInt32?
    ) {
        self.topic = topic
        self.payload = payload
        self.properties = properties
        self.expiryOffset = expiryOffset
        self.qos = qos
        self.retain = retain
        self.delay = delay
        self.expiryInterval = expiryInterval
    }
}
