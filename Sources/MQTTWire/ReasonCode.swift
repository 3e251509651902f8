/// A reason code of MQTT 5.0, section 2.4. Codes from 0x80 mean failure.
///
/// A struct and not an enum, because a byte means different things in different packets
/// (0x00 is "success", "normal disconnection" and "granted QoS 0"). The names are computed, not
/// stored: another module then sees a constant and not a call.
@usableFromInline
package struct ReasonCode: RawRepresentable, Hashable, Sendable {
    @usableFromInline package let rawValue: UInt8

    @inlinable
    package init(rawValue: UInt8) { self.rawValue = rawValue }

    @inlinable
    package var isFailure: Bool { rawValue >= 0x80 }

    @inlinable package static var success: ReasonCode { ReasonCode(rawValue: 0x00) }
    @inlinable package static var normalDisconnection: ReasonCode { ReasonCode(rawValue: 0x00) }
    @inlinable package static var grantedQoS0: ReasonCode { ReasonCode(rawValue: 0x00) }
    @inlinable package static var grantedQoS1: ReasonCode { ReasonCode(rawValue: 0x01) }
    @inlinable package static var grantedQoS2: ReasonCode { ReasonCode(rawValue: 0x02) }
    @inlinable package static var disconnectWithWillMessage: ReasonCode { ReasonCode(rawValue: 0x04) }
    @inlinable package static var noMatchingSubscribers: ReasonCode { ReasonCode(rawValue: 0x10) }
    @inlinable package static var noSubscriptionExisted: ReasonCode { ReasonCode(rawValue: 0x11) }
    @inlinable package static var continueAuthentication: ReasonCode { ReasonCode(rawValue: 0x18) }
    @inlinable package static var reauthenticate: ReasonCode { ReasonCode(rawValue: 0x19) }
    @inlinable package static var unspecifiedError: ReasonCode { ReasonCode(rawValue: 0x80) }
    @inlinable package static var malformedPacket: ReasonCode { ReasonCode(rawValue: 0x81) }
    @inlinable package static var protocolError: ReasonCode { ReasonCode(rawValue: 0x82) }
    @inlinable package static var implementationSpecificError: ReasonCode { ReasonCode(rawValue: 0x83) }
    @inlinable package static var unsupportedProtocolVersion: ReasonCode { ReasonCode(rawValue: 0x84) }
    @inlinable package static var clientIdentifierNotValid: ReasonCode { ReasonCode(rawValue: 0x85) }
    @inlinable package static var badUserNameOrPassword: ReasonCode { ReasonCode(rawValue: 0x86) }
    @inlinable package static var notAuthorized: ReasonCode { ReasonCode(rawValue: 0x87) }
    @inlinable package static var serverUnavailable: ReasonCode { ReasonCode(rawValue: 0x88) }
    @inlinable package static var serverBusy: ReasonCode { ReasonCode(rawValue: 0x89) }
    @inlinable package static var banned: ReasonCode { ReasonCode(rawValue: 0x8A) }
    @inlinable package static var serverShuttingDown: ReasonCode { ReasonCode(rawValue: 0x8B) }
    @inlinable package static var badAuthenticationMethod: ReasonCode { ReasonCode(rawValue: 0x8C) }
    @inlinable package static var keepAliveTimeout: ReasonCode { ReasonCode(rawValue: 0x8D) }
    @inlinable package static var sessionTakenOver: ReasonCode { ReasonCode(rawValue: 0x8E) }
    @inlinable package static var topicFilterInvalid: ReasonCode { ReasonCode(rawValue: 0x8F) }
    @inlinable package static var topicNameInvalid: ReasonCode { ReasonCode(rawValue: 0x90) }
    @inlinable package static var packetIdentifierInUse: ReasonCode { ReasonCode(rawValue: 0x91) }
    @inlinable package static var packetIdentifierNotFound: ReasonCode { ReasonCode(rawValue: 0x92) }
    @inlinable package static var receiveMaximumExceeded: ReasonCode { ReasonCode(rawValue: 0x93) }
    @inlinable package static var topicAliasInvalid: ReasonCode { ReasonCode(rawValue: 0x94) }
    @inlinable package static var packetTooLarge: ReasonCode { ReasonCode(rawValue: 0x95) }
    @inlinable package static var messageRateTooHigh: ReasonCode { ReasonCode(rawValue: 0x96) }
    @inlinable package static var quotaExceeded: ReasonCode { ReasonCode(rawValue: 0x97) }
    @inlinable package static var administrativeAction: ReasonCode { ReasonCode(rawValue: 0x98) }
    @inlinable package static var payloadFormatInvalid: ReasonCode { ReasonCode(rawValue: 0x99) }
    @inlinable package static var retainNotSupported: ReasonCode { ReasonCode(rawValue: 0x9A) }
    @inlinable package static var qosNotSupported: ReasonCode { ReasonCode(rawValue: 0x9B) }
    @inlinable package static var useAnotherServer: ReasonCode { ReasonCode(rawValue: 0x9C) }
    @inlinable package static var serverMoved: ReasonCode { ReasonCode(rawValue: 0x9D) }
    @inlinable package static var sharedSubscriptionsNotSupported: ReasonCode { ReasonCode(rawValue: 0x9E) }
    @inlinable package static var connectionRateExceeded: ReasonCode { ReasonCode(rawValue: 0x9F) }
    @inlinable package static var maximumConnectTime: ReasonCode { ReasonCode(rawValue: 0xA0) }
    @inlinable package static var subscriptionIdentifiersNotSupported: ReasonCode {
        ReasonCode(rawValue: 0xA1)
    }
    @inlinable package static var wildcardSubscriptionsNotSupported: ReasonCode { ReasonCode(rawValue: 0xA2) }
}

extension ReasonCode {
    /// The code that a SUBACK grants `qos` with.
    @inlinable
    package static func granted(_ qos: QoS) -> ReasonCode { ReasonCode(rawValue: qos.rawValue) }

    /// The return code of a 3.1 or 3.1.1 CONNACK that says the same, or `nil` where those versions
    /// have none and the server closes the connection without a CONNACK. MQTT 3.1.1 table 3.1.
    package var connectReturnCode: UInt8? {
        switch self {
        case .success: 0
        case .unsupportedProtocolVersion: 1
        case .clientIdentifierNotValid: 2
        case .serverUnavailable, .serverBusy, .serverShuttingDown, .useAnotherServer, .serverMoved,
            .quotaExceeded, .connectionRateExceeded:
            3
        case .badUserNameOrPassword: 4
        case .notAuthorized, .banned, .badAuthenticationMethod: 5
        default: nil
        }
    }

    /// What a 3.1 or 3.1.1 CONNACK's return code means in MQTT 5.0's terms; `nil` for the reserved ones.
    package init?(connectReturnCode: UInt8) {
        switch connectReturnCode {
        case 0: self = .success
        case 1: self = .unsupportedProtocolVersion
        case 2: self = .clientIdentifierNotValid
        case 3: self = .serverUnavailable
        case 4: self = .badUserNameOrPassword
        case 5: self = .notAuthorized
        default: return nil
        }
    }
}
