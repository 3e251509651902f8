import Bus
import MQTTWire

extension BusEvent {
    /// An event as a client publishes it.
    init(_ event: Weir_Bus_V1_Event) {
        self.init(
            topic: event.topic,
            payload: Array(event.payload),
            qos: QoS(rawValue: UInt8(clamping: event.qos.rawValue)) ?? .exactlyOnce,
            retain: event.retain,
            payloadIsUTF8: event.payloadIsUtf8,
            contentType: event.contentType.isEmpty ? nil : event.contentType,
            responseTopic: event.responseTopic.isEmpty ? nil : event.responseTopic,
            correlationData: event.correlationData.isEmpty ? nil : Array(event.correlationData),
            messageExpiryInterval: event.expiryIntervalSeconds == 0 ? nil : event.expiryIntervalSeconds
        )
        var properties: [UserProperty] = []
        func add(_ name: String, _ value: String) {
            if !value.isEmpty { properties.append(UserProperty(name, value)) }
        }
        add("id", event.id)
        add("type", event.type)
        add("source", event.source)
        if event.eventTimeUnixNanos != 0 { add("time", EventTime.format(event.eventTimeUnixNanos)) }
        add("traceparent", event.traceParent)
        for header in event.headers { properties.append(UserProperty(header.name, header.value)) }
        userProperties = properties
    }
}

extension Weir_Bus_V1_Cursor {
    init(_ cursor: Cursor) {
        self.init()
        stream = cursor.stream
        position = cursor.position
    }
}
