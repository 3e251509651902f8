package import MQTTWire

/// The small interface through which services, the gRPC bridge, the REST front and the uplink meet the broker.
///
/// A caller passes the same access rules as an MQTT client: a `Bus` is made for one identity, and
/// every filter and topic is checked against it. Implementations are safe to call from any thread
/// and never block a caller on a disk or a socket.
package protocol Bus: Sendable {
    /// Hands `events` to the bus, in order, and returns at once.
    ///
    /// Order holds from one caller to each subscriber (promise 4 of ARCHITECTURE.md). Nothing is said
    /// about durability: use ``publishDurably(_:)`` where the publisher must know.
    /// - Throws: ``BusError/notAuthorized(topic:)`` or ``BusError/invalidTopic(_:)`` and nothing of
    ///   `events` is published; ``BusError/overloaded`` when the bus's inbox is full.
    func publish(_ events: [BusEvent]) throws(BusError)

    /// Publishes `events` and returns once everything that must outlive the process is on disk.
    ///
    /// - Returns: One cursor per event; `nil` where no durable stream or session keeps the event.
    func publishDurably(_ events: [BusEvent]) async throws(BusError) -> [Cursor?]

    /// Whether a message published on `topic` now would reach anybody, or be kept.
    ///
    /// Cheap enough to ask before an encoding is computed. The answer may be out of date by one
    /// turn of the loop; a retained topic must be published whatever it says.
    func hasInterest(in topic: String) -> Bool

    /// Subscribes; events then wait in the subscription's bounded queue until taken.
    func subscribe(_ request: BusSubscribeRequest) async throws(BusError) -> any BusSubscription

    /// The retained events whose topic matches `filter`, in no particular order.
    func latest(_ filter: String) throws(BusError) -> [BusEvent]
}

/// One message on the bus, in MQTT 5's terms.
package struct BusEvent: Sendable, Equatable {
    package var topic: String
    package var payload: [UInt8]
    package var qos: QoS
    package var retain: Bool
    /// `[MQTT 3.3.2.3.2]`: true when the payload is declared to be UTF-8 text.
    package var payloadIsUTF8: Bool
    package var contentType: String?
    package var responseTopic: String?
    package var correlationData: [UInt8]?
    /// Name and value pairs in publication order; names may repeat `[MQTT-3.3.2-17]`.
    package var userProperties: [UserProperty]
    /// Retained in memory only, and not written to the journal: for state that its publisher says anew after a
    /// restart. Set by publishers in the process; never true on delivery.
    package var isVolatile = false
    /// Seconds left before the event is worthless, `[MQTT-3.3.2-5]`; `nil` is for ever.
    package var messageExpiryInterval: UInt32?
    /// Where the event stands in its durable stream; set by the bus on delivery, ignored on publish.
    package var cursor: Cursor?
    /// When the bus took the event in, nanoseconds since 1970 UTC; set by the bus.
    package var ingestTime: Int64
    /// Client identifier of the publisher; set by the bus.
    package var source: String

    package init(
        topic: String,
        payload: [UInt8],
        qos: QoS = .atMostOnce,
        retain: Bool = false,
        payloadIsUTF8: Bool = false,
        contentType: String? = nil,
        responseTopic: String? = nil,
        correlationData: [UInt8]? = nil,
        userProperties: [UserProperty] = [],
        messageExpiryInterval: UInt32? = nil
    ) {
        self.topic = topic
        self.payload = payload
        self.qos = qos
        self.retain = retain
        self.payloadIsUTF8 = payloadIsUTF8
        self.contentType = contentType
        self.responseTopic = responseTopic
        self.correlationData = correlationData
        self.userProperties = userProperties
        self.messageExpiryInterval = messageExpiryInterval
        self.cursor = nil
        self.ingestTime = 0
        self.source = ""
    }
}

/// A name and value pair, `[MQTT 3.3.2.3.7]`.
package struct UserProperty: Sendable, Equatable, Hashable {
    package var name: String
    package var value: String

    package init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }
}

/// A place in a durable stream: stream number and journal position, ordered within one stream.
package struct Cursor: Sendable, Hashable, Comparable {
    package var stream: UInt32
    package var position: UInt64

    package init(stream: UInt32, position: UInt64) {
        self.stream = stream
        self.position = position
    }

    package static func < (a: Cursor, b: Cursor) -> Bool {
        (a.stream, a.position) < (b.stream, b.position)
    }
}

/// What to subscribe to and how.
package struct BusSubscribeRequest: Sendable {
    /// Where a subscription begins.
    package enum Start: Sendable {
        /// Only what is published from now on.
        case latest
        /// Retained events first, then what is published from now on.
        case retained
        /// The oldest event that a durable stream still has.
        case earliest
        /// The first event after this one.
        case after(Cursor)
        /// The first event taken in at or after this time, nanoseconds since 1970 UTC.
        case time(Int64)
    }

    /// What happens to a subscriber whose queue is full. A publisher never waits for it.
    package enum Overflow: Sendable {
        case dropOldest
        case dropNewest
        /// Keep only the newest event per topic.
        case conflate
    }

    package var filters: [String]
    package var qos: QoS = .atMostOnce
    package var start: Start = .latest
    package var overflow: Overflow = .dropOldest
    /// Events that may wait to be taken. 1…1,000,000.
    package var queueLimit: Int = 10_000
    /// Events published through the same `Bus` value do not come back (MQTT's No Local).
    package var noLocal: Bool = true

    package init(filters: [String]) {
        self.filters = filters
    }
}

/// A running subscription; ends when ``cancel()`` is called.
package protocol BusSubscription: Sendable {
    /// Waits until at least one event is there, then takes at most `limit` of them, oldest first.
    ///
    /// One task at a time may wait. Returns `nil` after ``cancel()`` or when the bus shuts down.
    func next(limit: Int) async -> BusBatch?
    func cancel()
}

/// Events in order, and what was lost before the first of them.
package struct BusBatch: Sendable {
    package var events: [BusEvent]
    /// Events dropped by the overflow policy since the batch before this one.
    package var dropped: Int

    package init(events: [BusEvent], dropped: Int) {
        self.events = events
        self.dropped = dropped
    }
}

/// Why the bus refused.
package enum BusError: Error, Equatable {
    case notAuthorized(topic: String)
    case invalidTopic(String)
    case invalidFilter(String)
    /// The oldest position that still exists.
    case cursorTooOld(oldest: Cursor)
    case notADurableStream(filter: String)
    /// The cursor belongs to another stream than the filters.
    case invalidCursor(String)
    /// Inbox full or quota reached; try again later.
    case overloaded
    /// The disk refused; nothing is acknowledged until an operator acts.
    case storage(String)
    case shuttingDown
}
