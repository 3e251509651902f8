/// An event of a lane's log. Pointers are valid until the log is read again.
package struct LaneEvent {
    package var sequence: UInt64
    /// Nanoseconds since 1970 UTC.
    package var time: Int64
    package var qos: UInt8
    package var retain: Bool
    /// Seconds since 1970 UTC, 0 for never.
    package var expiresAt: Int64
    package var source: UnsafeRawBufferPointer
    package var topic: UnsafeRawBufferPointer
    package var properties: UnsafeRawBufferPointer
    package var payload: UnsafeRawBufferPointer

    package init(
        sequence: UInt64,
        time: Int64,
        qos: UInt8,
        retain: Bool,
        expiresAt: Int64,
        source: UnsafeRawBufferPointer,
        topic: UnsafeRawBufferPointer,
        properties: UnsafeRawBufferPointer,
        payload: UnsafeRawBufferPointer
    ) {
        self.sequence = sequence
        self.time = time
        self.qos = qos
        self.retain = retain
        self.expiresAt = expiresAt
        self.source = source
        self.topic = topic
        self.properties = properties
        self.payload = payload
    }
}

extension BatchBuilder {
    @inline(__always)
    package func append(_ event: LaneEvent, payload: UnsafeRawBufferPointer? = nil) {
        append(
            sequence: event.sequence,
            time: event.time,
            qos: event.qos,
            retain: event.retain,
            expiresAt: event.expiresAt,
            source: event.source,
            topic: event.topic,
            properties: event.properties,
            payload: payload ?? event.payload
        )
    }
}
