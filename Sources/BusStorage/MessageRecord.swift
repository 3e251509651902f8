import EventBus
import MQTTWire

/// How an application message lies in the journal: a fixed part, then topic, properties, payload, and for what another
/// shard forwarded with QoS 2 its place in that shard's journal.
enum MessageRecord {
    static let fixedSize = 1 + 1 + 2 + 4 + 8 + 8 + 4 + 4 + 4 + 4
    private static let retainFlag: UInt8 = 4

    static func size(_ message: borrowing StoredMessage) -> Int {
        fixedSize + message.parts.topic.count + message.parts.properties.count
            + message.parts.moreProperties.count + message.parts.payload.count
            + (message.originShard == 0 ? 0 : 8)
    }

    static func write(_ message: borrowing StoredMessage, to memory: UnsafeMutableRawBufferPointer) {
        var writer = ByteWriter(memory)
        writer.write(message.qos.rawValue | (message.retain ? retainFlag : 0))
        writer.write(message.originShard)
        writer.write(message.exactlyOnceID)
        writer.write(message.publisher)
        writer.write(message.expiresAt)
        writer.write(message.ingestTime)
        writer.write(Int32(truncatingIfNeeded: message.parts.expiryOffset))
        writer.write(UInt32(message.parts.topic.count))
        writer.write(UInt32(message.parts.properties.count + message.parts.moreProperties.count))
        writer.write(UInt32(message.parts.payload.count))
        writer.write(message.parts.topic)
        writer.write(message.parts.properties)
        writer.write(message.parts.moreProperties)
        writer.write(message.parts.payload)
        if message.originShard != 0 { writer.write(message.origin) }
    }

    /// The message in `memory`, which must stay valid while it is used.
    static func read(_ memory: UnsafeRawBufferPointer) throws(StorageError) -> StoredMessage {
        var reader = ByteReader(memory)
        let flags: UInt8 = try reader.read()
        let originShard: UInt8 = try reader.read()
        let exactlyOnceID: UInt16 = try reader.read()
        let publisher: UInt32 = try reader.read()
        let expiresAt: Int64 = try reader.read()
        let ingestTime: Int64 = try reader.read()
        let expiryOffset: Int32 = try reader.read()
        let topicLength: UInt32 = try reader.read()
        let propertiesLength: UInt32 = try reader.read()
        let payloadLength: UInt32 = try reader.read()
        let topic = try reader.read(Int(topicLength))
        let properties = try reader.read(Int(propertiesLength))
        let payload = try reader.read(Int(payloadLength))
        let origin: UInt64 = originShard == 0 ? 0 : try reader.read()
        // The encoder writes four bytes there: it must lie inside.
        let offset = Int(expiryOffset)
        return StoredMessage(
            parts: PublishParts(
                topic: topic,
                properties: properties,
                payload: payload,
                expiryOffset: offset >= 0 && offset + 4 <= properties.count ? offset : -1
            ),
            qos: QoS(rawValue: flags & 3) ?? .atMostOnce,
            retain: flags & retainFlag != 0,
            expiresAt: expiresAt,
            publisher: publisher,
            exactlyOnceID: exactlyOnceID,
            ingestTime: ingestTime,
            origin: origin,
            originShard: originShard
        )
    }
}
