/// The control packet types, MQTT 5.0 table 2-1. Zero is reserved and has no case.
@usableFromInline
package enum PacketType: UInt8, Sendable, CaseIterable, BitwiseCopyable {
    case connect = 1
    case connAck
    case publish
    case pubAck
    case pubRec
    case pubRel
    case pubComp
    case subscribe
    case subAck
    case unsubscribe
    case unsubAck
    case pingReq
    case pingResp
    case disconnect
    /// MQTT 5.0 only; reserved before.
    case auth

    /// The fixed header flags that the standard prescribes, MQTT 5.0 table 2-2; PUBLISH has none prescribed.
    @inlinable
    package var prescribedFlags: UInt8 {
        switch self {
        case .pubRel, .subscribe, .unsubscribe: 0b0010
        default: 0
        }
    }
}
