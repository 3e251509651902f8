import Bus
import EventBus
import MQTTWire

/// A ``BusEvent`` in the form that the core takes.
struct EncodedEvent {
    private let event: BusEvent
    private let properties: [UInt8]
    /// Where the expiry interval stands in ``properties``, or -1.
    private let expiryOffset: Int

    init(_ event: BusEvent) {
        self.event = event
        var bytes: [UInt8] = []
        if let interval = event.messageExpiryInterval {
            bytes.append(PropertyID.messageExpiryInterval.rawValue)
            withUnsafeBytes(of: interval.bigEndian) { bytes.append(contentsOf: $0) }
        }
        expiryOffset = bytes.isEmpty ? -1 : 1
        var rest = Properties()
        if event.payloadIsUTF8 { rest.payloadFormatIndicator = 1 }
        rest.contentType = event.contentType
        rest.responseTopic = event.responseTopic
        rest.correlationData = event.correlationData
        rest.userProperties = event.userProperties.map { Properties.UserProperty($0.name, $0.value) }
        if !rest.isEmpty {
            var list: [UInt8] = []
            // A property longer than 65,535 bytes cannot be sent: the event goes without its properties.
            if (try? rest.encode(into: &list)) != nil {
                bytes.append(contentsOf: list.dropFirst(Self.prefix(list)))
            }
        }
        properties = bytes
    }

    /// Bytes of the length in front of encoded properties.
    private static func prefix(_ list: [UInt8]) -> Int {
        var count = 1
        while count < list.count, list[count - 1] & 0x80 != 0 { count += 1 }
        return count
    }

    func publish(on shard: BusShard, _ session: Int32) -> LocalOutcome {
        var topic = event.topic
        return topic.withUTF8 { topic in
            event.payload.withUnsafeBytes { payload in
                properties.withUnsafeBytes { properties in
                    shard.publishLocal(
                        session,
                        PublishParts(
                            topic: UnsafeRawBufferPointer(topic),
                            properties: properties,
                            payload: payload,
                            expiryOffset: expiryOffset
                        ),
                        qos: event.qos,
                        retain: event.retain,
                        expiryInterval: event.messageExpiryInterval,
                        isVolatile: event.isVolatile
                    )
                }
            }
        }
    }
}

extension BusEvent {
    /// A message as the core delivers it, copied.
    init(_ message: DeliveredMessage) {
        self.init(
            topic: String(decoding: message.topic, as: UTF8.self),
            payload: Array(message.payload),
            qos: message.qos,
            retain: message.retain
        )
        ingestTime = message.time.wall
        source = message.source
        if message.expiryLeft != 0 { messageExpiryInterval = message.expiryLeft }
        take(Array(message.properties) + Array(message.moreProperties))
    }

    /// Takes up encoded properties.
    mutating func take(_ bytes: [UInt8]) {
        guard !bytes.isEmpty else { return }
        var list: [UInt8] = []
        var length = bytes.count
        repeat {
            list.append(UInt8(length & 0x7F) | (length > 0x7F ? 0x80 : 0))
            length >>= 7
        } while length > 0
        list += bytes
        var offset = 0
        // They were checked when they came in.
        guard
            let properties = try? Properties.decode(
                list.span.bytes,
                at: &offset,
                packetEnd: list.count,
                context: .publishFromServer
            )
        else { return }
        payloadIsUTF8 = properties.payloadFormatIndicator == 1
        contentType = properties.contentType
        responseTopic = properties.responseTopic
        correlationData = properties.correlationData
        userProperties = properties.userProperties.map { UserProperty($0.name, $0.value) }
    }
}
