// MQTT 3.1, 3.1.1 and 5.0 packets as values: bytes in, packets out, and back.

/// Quality of service, `[MQTT 4.3]`: at most once, at least once, exactly once.
@usableFromInline
package enum QoS: UInt8, Sendable, Comparable, CaseIterable, BitwiseCopyable {
    case atMostOnce = 0
    case atLeastOnce = 1
    case exactlyOnce = 2

    @inlinable
    package static func < (a: QoS, b: QoS) -> Bool { a.rawValue < b.rawValue }
}
