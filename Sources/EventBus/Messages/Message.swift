#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif
import MQTTWire

/// A message that outlives the turn in which it came: one block of memory, header and bytes, shared
/// by every queue of one shard that holds it.
///
/// Counted by hand and only by its shard's thread: a fan-out to a thousand queues is a thousand
/// additions to one word, no atomic operation.
struct Message: ~Copyable {
    typealias Reference = UnsafeMutablePointer<Header>

    struct Header {
        var references: UInt32
        var payloadLength: UInt32
        var propertiesLength: UInt32
        var topicLength: UInt16
        var qos: UInt8
        var retain: Bool
        /// Where the expiry interval stands in the properties, or -1.
        var expiryOffset: Int32
        /// Second of the monotonic clock at which the message is worthless; 0 for never.
        var expiresAt: UInt32
        /// Where the journal keeps it; 0 where it does not.
        var position: UInt64
    }

    /// A copy of `source` with one reference, which the caller owns.
    static func make(_ source: borrowing PublishSource) -> Reference {
        let parts = source.parts
        let propertiesLength = parts.properties.count + parts.moreProperties.count
        let size =
            MemoryLayout<Header>.size + parts.topic.count + propertiesLength + parts.payload.count
        guard let memory = malloc(size) else { fatalError("out of memory: \(size) bytes for a message") }
        let header = memory.assumingMemoryBound(to: Header.self)
        header.initialize(
            to: Header(
                references: 1,
                payloadLength: UInt32(parts.payload.count),
                propertiesLength: UInt32(propertiesLength),
                topicLength: UInt16(truncatingIfNeeded: parts.topic.count),
                qos: source.qos.rawValue,
                retain: source.retain,
                expiryOffset: Int32(truncatingIfNeeded: parts.expiryOffset),
                expiresAt: source.expiresAt,
                position: source.position
            )
        )
        var p = memory + MemoryLayout<Header>.size
        p = copy(parts.topic, to: p)
        p = copy(parts.properties, to: p)
        p = copy(parts.moreProperties, to: p)
        _ = copy(parts.payload, to: p)
        return header
    }

    @inline(__always)
    private static func copy(
        _ piece: UnsafeRawBufferPointer,
        to place: UnsafeMutableRawPointer
    ) -> UnsafeMutableRawPointer {
        guard let start = piece.baseAddress else { return place }
        memcpy(place, start, piece.count)
        return place + piece.count
    }
}

extension UnsafeMutablePointer where Pointee == Message.Header {
    func retain() { pointee.references += 1 }

    /// Gives one reference back; the last one frees the memory.
    func release() {
        pointee.references -= 1
        if pointee.references == 0 { free(self) }
    }

    /// Bytes of memory that the message takes.
    var size: Int {
        MemoryLayout<Message.Header>.size + Int(pointee.topicLength) + Int(pointee.propertiesLength)
            + Int(pointee.payloadLength)
    }

    /// The message to pass on; valid while a reference is held.
    var source: PublishSource {
        let start = UnsafeRawPointer(self) + MemoryLayout<Message.Header>.size
        let topic = UnsafeRawBufferPointer(start: start, count: Int(pointee.topicLength))
        let properties = UnsafeRawBufferPointer(
            start: start + topic.count,
            count: Int(pointee.propertiesLength)
        )
        let payload = UnsafeRawBufferPointer(
            start: start + topic.count + properties.count,
            count: Int(pointee.payloadLength)
        )
        return PublishSource(
            parts: PublishParts(
                topic: topic,
                properties: properties,
                payload: payload,
                expiryOffset: Int(pointee.expiryOffset)
            ),
            qos: QoS(rawValue: pointee.qos) ?? .atMostOnce,
            retain: pointee.retain,
            expiresAt: pointee.expiresAt,
            position: pointee.position
        )
    }
}

/// A message on its way through the core, borrowed from a receive buffer, a ``Message`` or a mail.
struct PublishSource {
    var parts: PublishParts
    var qos: QoS
    var retain: Bool
    /// Second of the monotonic clock at which the message is worthless; 0 for never.
    var expiresAt: UInt32
    var position: UInt64 = 0
    /// Packet identifier of a QoS 2 PUBLISH of a session that outlives its connection, for storage; else 0.
    var exactlyOnceID: UInt16 = 0
    /// Retained in memory only.
    var isVolatile = false

    /// Seconds left for the receiver, `[MQTT-3.3.2-6]`.
    @inline(__always)
    func expiryLeft(at second: UInt32) -> UInt32 { expiresAt > second ? expiresAt &- second : 0 }

    @inline(__always)
    func isExpired(at second: UInt32) -> Bool { expiresAt != 0 && expiresAt <= second }
}
