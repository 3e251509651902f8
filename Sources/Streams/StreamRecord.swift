import EventBus
package import Journal
package import MQTTWire

/// How an event lies in a stream's log: a fixed part, then source, topic, properties, payload.
enum StreamRecord {
    /// Numbers are for ever.
    enum Kind {
        static let event: UInt16 = 1
        static let cursor: UInt16 = 2
        static let cursorRemoved: UInt16 = 3
        /// The whole state of a stream but its events; a checkpoint is made of it once it is durable.
        static let mark: UInt16 = 4
    }

    static let fixedSize = 48
    private static let retainFlag: UInt8 = 4

    static func size(_ message: borrowing StoredMessage, _ source: UnsafeRawBufferPointer) -> Int {
        fixedSize + source.count + message.parts.topic.count + message.parts.properties.count
            + message.parts.moreProperties.count + message.parts.payload.count
    }

    static func write(
        _ message: borrowing StoredMessage,
        _ source: UnsafeRawBufferPointer,
        sequence: UInt64,
        to memory: UnsafeMutableRawBufferPointer
    ) {
        let propertiesLength = message.parts.properties.count + message.parts.moreProperties.count
        memory.storeBytes(of: message.qos.rawValue | (message.retain ? retainFlag : 0), as: UInt8.self)
        memory.storeBytes(of: 0, toByteOffset: 1, as: UInt8.self)
        store(UInt16(truncatingIfNeeded: source.count), 2, memory)
        store(UInt16(truncatingIfNeeded: message.parts.topic.count), 4, memory)
        store(UInt16(0), 6, memory)
        store(UInt32(truncatingIfNeeded: propertiesLength), 8, memory)
        store(UInt32(truncatingIfNeeded: message.parts.payload.count), 12, memory)
        store(Int32(truncatingIfNeeded: message.parts.expiryOffset), 16, memory)
        store(UInt32(0), 20, memory)
        store(message.expiresAt, 24, memory)
        store(message.ingestTime, 32, memory)
        store(sequence, 40, memory)
        var offset = fixedSize
        copy(source, &offset, memory)
        copy(message.parts.topic, &offset, memory)
        copy(message.parts.properties, &offset, memory)
        copy(message.parts.moreProperties, &offset, memory)
        copy(message.parts.payload, &offset, memory)
    }

    @inline(__always)
    private static func store<Value: FixedWidthInteger & BitwiseCopyable>(
        _ value: Value,
        _ offset: Int,
        _ memory: UnsafeMutableRawBufferPointer
    ) {
        memory.storeBytes(of: value.littleEndian, toByteOffset: offset, as: Value.self)
    }

    @inline(__always)
    private static func copy(
        _ piece: UnsafeRawBufferPointer,
        _ offset: inout Int,
        _ memory: UnsafeMutableRawBufferPointer
    ) {
        UnsafeMutableRawBufferPointer(rebasing: memory[offset..<offset + piece.count]).copyMemory(from: piece)
        offset += piece.count
    }

    /// The event's sequence, without reading the rest.
    static func sequence(of record: LogRecord) -> UInt64? {
        guard record.payload.count >= fixedSize else { return nil }
        return UInt64(littleEndian: record.payload.loadUnaligned(fromByteOffset: 40, as: UInt64.self))
    }

    /// The event in a record; `nil` where the lengths do not add up, which only another version of Weir writes.
    @inline(__always)
    static func read(_ record: LogRecord) -> StreamEntry? {
        let memory = record.payload
        guard memory.count >= fixedSize else { return nil }
        func load<Value: FixedWidthInteger & BitwiseCopyable>(_ offset: Int, _: Value.Type) -> Value {
            Value(littleEndian: memory.loadUnaligned(fromByteOffset: offset, as: Value.self))
        }
        let flags = memory[0]
        let sourceEnd = fixedSize + Int(load(2, UInt16.self))
        let topicEnd = sourceEnd + Int(load(4, UInt16.self))
        let propertiesEnd = topicEnd + Int(load(8, UInt32.self))
        let end = propertiesEnd + Int(load(12, UInt32.self))
        guard end == memory.count else { return nil }
        return StreamEntry(
            position: record.position,
            next: record.next,
            sequence: load(40, UInt64.self),
            ingestTime: load(32, Int64.self),
            expiresAt: load(24, Int64.self),
            qos: QoS(rawValue: flags & 3) ?? .atMostOnce,
            retain: flags & retainFlag != 0,
            expiryOffset: Int(load(16, Int32.self)),
            source: UnsafeRawBufferPointer(rebasing: memory[fixedSize..<sourceEnd]),
            topic: UnsafeRawBufferPointer(rebasing: memory[sourceEnd..<topicEnd]),
            properties: UnsafeRawBufferPointer(rebasing: memory[topicEnd..<propertiesEnd]),
            payload: UnsafeRawBufferPointer(rebasing: memory[propertiesEnd..<end])
        )
    }
}

/// An event of a stream. The bytes are valid until the reader is used again.
package struct StreamEntry {
    package let position: LogPosition
    /// Where a cursor stands that has taken the event.
    package let next: LogPosition
    /// 1 for the stream's first event ever, and one more for each that follows: a jump tells of a loss.
    package let sequence: UInt64
    /// When the bus took the event in, nanoseconds since 1970 UTC.
    package let ingestTime: Int64
    /// Wall-clock second at which it is worthless; 0 for never.
    package let expiresAt: Int64
    package let qos: QoS
    package let retain: Bool
    /// Where the message expiry interval stands in ``properties``, or -1.
    package let expiryOffset: Int
    /// Client identifier of the publisher; empty for the broker itself.
    package let source: UnsafeRawBufferPointer
    package let topic: UnsafeRawBufferPointer
    /// Encoded PUBLISH properties of MQTT 5, without topic alias and subscription identifier.
    package let properties: UnsafeRawBufferPointer
    package let payload: UnsafeRawBufferPointer
}

/// Events that a reader can no longer get.
package struct StreamGap: Sendable, Equatable {
    package var from: LogPosition
    package var to: LogPosition
    /// 0 where it is not known.
    package var count: UInt64
    package var cause: GapRecord.Cause
}
