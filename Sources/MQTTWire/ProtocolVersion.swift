/// The protocol level that CONNECT names, `[MQTT-3.1.2-2]`.
@usableFromInline
package enum ProtocolVersion: UInt8, Sendable, Comparable, CaseIterable {
    /// MQTT 3.1, protocol name "MQIsdp".
    case v3_1 = 3
    /// MQTT 3.1.1, protocol name "MQTT".
    case v3_1_1 = 4
    /// MQTT 5.0, protocol name "MQTT".
    case v5 = 5

    @inlinable
    package static func < (a: ProtocolVersion, b: ProtocolVersion) -> Bool { a.rawValue < b.rawValue }
}

/// The two ends of a connection; some packets and properties may travel one way only.
@usableFromInline
package enum Peer: UInt8, Sendable {
    case client
    case server
}
