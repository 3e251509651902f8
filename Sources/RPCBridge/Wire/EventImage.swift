package import MQTTWire

/// One event as the bus hands it out, by reference, and its encoding as `weir.bus.v1.Event`.
///
/// The generated types would allocate for each string of each event; this writes from the bus's memory into the
/// batch once.
package struct EventImage {
    package var topic: UnsafeRawBufferPointer
    package var payload: UnsafeRawBufferPointer
    /// Encoded MQTT 5 properties without their length, in two parts.
    package var properties: UnsafeRawBufferPointer
    package var moreProperties = UnsafeRawBufferPointer(start: nil, count: 0)
    /// Client identifier of the publisher; empty where it is not known.
    package var source = UnsafeRawBufferPointer(start: nil, count: 0)
    package var qos: QoS
    package var retain: Bool
    /// Seconds left; 0 for no expiry.
    package var expiryLeft: UInt32
    /// Nanoseconds since 1970 UTC.
    package var ingestTime: Int64
    /// 0: no stream keeps it.
    package var stream: UInt32 = 0
    package var position: UInt64 = 0
    package var redeliveryCount: UInt32 = 0
    package var isHistory = false

    package init(
        topic: UnsafeRawBufferPointer,
        payload: UnsafeRawBufferPointer,
        properties: UnsafeRawBufferPointer,
        moreProperties: UnsafeRawBufferPointer = UnsafeRawBufferPointer(start: nil, count: 0),
        source: UnsafeRawBufferPointer = UnsafeRawBufferPointer(start: nil, count: 0),
        qos: QoS,
        retain: Bool,
        expiryLeft: UInt32,
        ingestTime: Int64,
        stream: UInt32 = 0,
        position: UInt64 = 0,
        isHistory: Bool = false
    ) {
        self.topic = topic
        self.payload = payload
        self.properties = properties
        self.moreProperties = moreProperties
        self.source = source
        self.qos = qos
        self.retain = retain
        self.expiryLeft = expiryLeft
        self.ingestTime = ingestTime
        self.stream = stream
        self.position = position
        self.isHistory = isHistory
    }

    /// The largest that ``encode(at:)`` writes. A header takes up to 12 bytes around its texts, where MQTT takes 5.
    package var encodedBound: Int {
        128 + topic.count + payload.count + source.count + 3 * (properties.count + moreProperties.count)
    }

    /// Writes field 1 of `EventBatch`, `FetchResponse` and `GetLatestResponse`: tag, length and event.
    ///
    /// - Returns: bytes written, at most ``encodedBound``.
    package func encode(at start: UnsafeMutableRawPointer) -> Int {
        var pen = Pen(at: start)
        pen.byte(0x0A)
        let length = pen.at
        pen.at += 2
        pen.field(2 << 3 | 2, topic)
        var found = Found()
        if properties.count > 0 { found.write(properties, to: &pen) }
        if moreProperties.count > 0 { found.write(moreProperties, to: &pen) }
        if !found.hasSource { pen.field(3 << 3 | 2, source) }
        if ingestTime != 0 {
            pen.varint(8 << 3 | 1)
            pen.fixed64(ingestTime)
        }
        pen.field(9 << 3, UInt64(qos.rawValue))
        pen.field(10 << 3, retain ? 1 : 0)
        pen.field(11 << 3, UInt64(expiryLeft))
        if stream != 0 {
            pen.varint(14 << 3 | 2)
            pen.varint(UInt64(2 + Pen.width(UInt64(stream)) + Pen.width(position)))
            pen.byte(1 << 3)
            pen.varint(UInt64(stream))
            pen.byte(2 << 3)
            pen.varint(position)
        }
        pen.field(15 << 3, UInt64(redeliveryCount))
        pen.field(16 << 3, isHistory ? 1 : 0)
        pen.field(5 << 3 | 2, payload)
        pen.close(from: length)
        return pen.at - start
    }

    /// Which attributes a user property has given already: the first of a name counts, others stay headers.
    private struct Found {
        var hasSource = false
        private var hasID = false
        private var hasType = false
        private var hasTime = false
        private var hasTrace = false

        /// Walks properties that the decoder has checked; stops at what it does not know.
        mutating func write(_ bytes: UnsafeRawBufferPointer, to pen: inout Pen) {
            var at = 0
            func text() -> UnsafeRawBufferPointer? {
                guard at + 2 <= bytes.count else { return nil }
                let count = Int(bytes[at]) << 8 | Int(bytes[at + 1])
                guard at + 2 + count <= bytes.count else { return nil }
                defer { at += 2 + count }
                return UnsafeRawBufferPointer(rebasing: bytes[at + 2..<at + 2 + count])
            }
            while at < bytes.count {
                let id = bytes[at]
                at += 1
                switch PropertyID(rawValue: id) {
                case .payloadFormatIndicator:
                    guard at < bytes.count else { return }
                    pen.field(19 << 3, UInt64(bytes[at] & 1))
                    at += 1
                case .messageExpiryInterval: at += 4
                case .topicAlias: at += 2
                case .contentType:
                    guard let value = text() else { return }
                    pen.field(6 << 3 | 2, value)
                case .responseTopic:
                    guard let value = text() else { return }
                    pen.field(17 << 3 | 2, value)
                case .correlationData:
                    guard let value = text() else { return }
                    pen.field(18 << 3 | 2, value)
                case .subscriptionIdentifier:
                    while at < bytes.count, bytes[at] & 0x80 != 0 { at += 1 }
                    at += 1
                case .userProperty:
                    guard let name = text(), let value = text() else { return }
                    if !writeAttribute(name, value, to: &pen) { Self.writeHeader(name, value, to: &pen) }
                default: return
                }
            }
        }

        private mutating func writeAttribute(
            _ name: UnsafeRawBufferPointer,
            _ value: UnsafeRawBufferPointer,
            to pen: inout Pen
        ) -> Bool {
            switch name.count {
            case 2 where !hasID && name.isText("id"):
                hasID = true
                pen.field(1 << 3 | 2, value)
            case 4 where !hasType && name.isText("type"):
                hasType = true
                pen.field(4 << 3 | 2, value)
            case 4 where !hasTime && name.isText("time"):
                guard let time = EventTime.parse(value), time != 0 else { return false }
                hasTime = true
                pen.varint(7 << 3 | 1)
                pen.fixed64(time)
            case 6 where !hasSource && name.isText("source"):
                hasSource = true
                pen.field(3 << 3 | 2, value)
            case 11 where !hasTrace && name.isText("traceparent"):
                hasTrace = true
                pen.field(13 << 3 | 2, value)
            default: return false
            }
            return true
        }

        private static func writeHeader(
            _ name: UnsafeRawBufferPointer,
            _ value: UnsafeRawBufferPointer,
            to pen: inout Pen
        ) {
            let nameSize = name.isEmpty ? 0 : 1 + Pen.width(UInt64(name.count)) + name.count
            let valueSize = value.isEmpty ? 0 : 1 + Pen.width(UInt64(value.count)) + value.count
            pen.byte(12 << 3 | 2)
            pen.varint(UInt64(nameSize + valueSize))
            pen.field(1 << 3 | 2, name)
            pen.field(2 << 3 | 2, value)
        }
    }
}

extension UnsafeRawBufferPointer {
    @inline(__always)
    func isText(_ text: StaticString) -> Bool {
        guard count == text.utf8CodeUnitCount else { return false }
        for index in 0..<count where self[index] != text.utf8Start[index] { return false }
        return true
    }
}
