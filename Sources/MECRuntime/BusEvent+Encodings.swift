package import Bus
import MECModel
package import MQTTWire

extension BusEvent {
    package static func json(
        _ topic: String,
        _ payload: [UInt8],
        qos: QoS,
        _ properties: [UserProperty],
        retain: Bool = false
    ) -> BusEvent {
        BusEvent(
            topic: topic,
            payload: payload,
            qos: qos,
            retain: retain,
            payloadIsUTF8: true,
            contentType: BodyEncoding.json.contentType,
            userProperties: properties
        )
    }

    package static func protobuf(
        _ topic: String,
        _ payload: [UInt8],
        qos: QoS,
        _ properties: [UserProperty],
        retain: Bool = false
    ) -> BusEvent {
        BusEvent(
            topic: topic,
            payload: payload,
            qos: qos,
            retain: retain,
            contentType: BodyEncoding.protobuf.contentType,
            userProperties: properties
        )
    }

    /// Retained while the process lives: what a service says anew after a restart.
    package var inMemory: BusEvent {
        var event = self
        event.isVolatile = true
        return event
    }

    /// Removes the retained message of `topic` `[MQTT-3.3.1-6]`.
    package static func cleared(_ topic: String) -> BusEvent {
        BusEvent(topic: topic, payload: [], qos: .atLeastOnce, retain: true)
    }
}
