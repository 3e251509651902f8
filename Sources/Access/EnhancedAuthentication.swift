/// One exchange of AUTH packets, without the packets `[MQTT-4.12]`.
///
/// The owner feeds the Authentication Data of CONNECT, then that of each AUTH packet, to
/// ``receive(_:now:)`` and sends what comes back.
package struct EnhancedAuthentication: Sendable {
    package enum Step: Sendable {
        /// Send AUTH with 0x18 "Continue authentication" and this data `[MQTT-4.12.0-2]`.
        case challenge([UInt8])
        /// Send CONNACK (or AUTH with 0x00 at re-authentication) with this data.
        case accepted(Identity, data: [UInt8])
        case refused(Refusal)
    }

    /// - Parameter now: Wall-clock second (Unix time).
    package mutating func receive(_ data: [UInt8], now: Int64) -> Step {
        .refused(Refusal(.badAuthenticationMethod, "no authentication method is configured"))
    }
}
