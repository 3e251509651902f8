/// Why received bytes are no packet that the standard allows. Making one allocates nothing.
///
/// Each case has one reason code, one clause and one sentence: ``reasonCode``, ``clause``,
/// ``message``. To a 3.1 or 3.1.1 peer no code can be sent after CONNACK: close the connection.
@usableFromInline
package enum WireError: UInt8, Error, Equatable, CaseIterable {
    // Fixed header
    case packetTypeReserved
    case headerFlagsReserved
    case remainingLengthInvalid
    case packetTooLarge

    // Any packet
    case bodyTooShort
    case bodyTooLong
    case stringNotUTF8
    /// Met when encoding only: a received length cannot say it.
    case fieldTooLong
    case variableByteIntegerInvalid
    case packetIdentifierZero
    case reasonCodeInvalid

    // Properties
    case propertyUnknown
    case propertyNotAllowed
    case propertyRepeated
    case propertyLengthInvalid
    case propertyValueInvalid
    case topicAliasZero
    case subscriptionIdentifierFromClient
    case authenticationDataWithoutMethod
    case authenticationMethodMissing

    // Topics
    case topicNameEmpty
    case topicNameMissing
    case topicNameWildcard
    case topicTooLong
    case topicFilterEmpty
    case topicFilterWildcard
    case topicFilterTooManyLevels
    case shareNameInvalid
    case responseTopicInvalid
    case payloadNotUTF8

    // PUBLISH
    case qosInvalid
    case duplicateWithoutQoS

    // CONNECT
    case protocolNameInvalid
    case protocolVersionUnsupported
    case connectFlagReserved
    case willQoSInvalid
    case willFlagsWithoutWill
    case passwordWithoutUserName
    case clientIdentifierInvalid

    // CONNACK
    case connAckFlagsReserved
    case sessionPresentOnFailure

    // SUBSCRIBE, UNSUBSCRIBE
    case noTopicFilter
    case subscriptionOptionsReserved
    case subscriptionQoSInvalid
    case retainHandlingInvalid
    case noLocalOnSharedSubscription
}

extension WireError {
    /// What to put into CONNACK or DISCONNECT of MQTT 5.0.
    package var reasonCode: ReasonCode { explanation.0 }

    /// The normative statement (or, without a number, the section) of MQTT 5.0 that is not met.
    package var clause: String { explanation.1 }

    /// What was expected, for the log and for a reason string. Contains nothing that the peer sent.
    package var message: String { explanation.2 }

    private var explanation: (ReasonCode, String, String) {
        switch self {
        case .packetTypeReserved:
            (.malformedPacket, "MQTT 2.1.2", "the packet type is reserved in this version of MQTT")
        case .headerFlagsReserved:
            (
                .malformedPacket, "MQTT-2.1.3-1",
                "the fixed header's flags differ from those prescribed for the type"
            )
        case .remainingLengthInvalid:
            (
                .malformedPacket, "MQTT-1.5.5-1",
                "the remaining length must be written in the fewest of 1 to 4 bytes"
            )
        case .packetTooLarge:
            (.packetTooLarge, "MQTT-3.1.2-24", "the packet is larger than the maximum packet size")
        case .bodyTooShort:
            (.malformedPacket, "MQTT 1.2", "the packet ends before its last field")
        case .bodyTooLong:
            (.malformedPacket, "MQTT 1.2", "bytes follow the packet's last field")
        case .stringNotUTF8:
            (.malformedPacket, "MQTT-1.5.4-1", "a string must be well-formed UTF-8 without U+0000")
        case .fieldTooLong:
            (
                .implementationSpecificError, "MQTT 1.5.4",
                "a string or binary field must not take more than 65,535 bytes"
            )
        case .variableByteIntegerInvalid:
            (
                .malformedPacket, "MQTT-1.5.5-1",
                "a variable byte integer must be written in the fewest of 1 to 4 bytes"
            )
        case .packetIdentifierZero:
            (.protocolError, "MQTT-2.2.1-3", "the packet identifier must not be zero")
        case .reasonCodeInvalid:
            (.protocolError, "MQTT 2.4", "the reason code is not one that this packet may carry")
        case .propertyUnknown:
            (.malformedPacket, "MQTT 2.2.2.2", "the property identifier is unknown")
        case .propertyNotAllowed:
            (.malformedPacket, "MQTT 2.2.2.2", "the property is not valid in this packet")
        case .propertyRepeated:
            (.protocolError, "MQTT 2.2.2.2", "the property may occur once only")
        case .propertyLengthInvalid:
            (.malformedPacket, "MQTT 2.2.2.1", "the properties do not fit the property length")
        case .propertyValueInvalid:
            (.protocolError, "MQTT 2.2.2.2", "the property's value is out of its range")
        case .topicAliasZero:
            (.topicAliasInvalid, "MQTT-3.3.2-8", "a topic alias must not be zero")
        case .subscriptionIdentifierFromClient:
            (.protocolError, "MQTT-3.3.4-6", "a client's PUBLISH must not contain a subscription identifier")
        case .authenticationDataWithoutMethod:
            (.protocolError, "MQTT 3.1.2.11.10", "authentication data needs an authentication method")
        case .authenticationMethodMissing:
            (.protocolError, "MQTT 3.15.2.2.2", "AUTH needs an authentication method")
        case .topicNameEmpty:
            (.topicNameInvalid, "MQTT-4.7.3-1", "a topic name must have at least one character")
        case .topicNameMissing:
            (.protocolError, "MQTT 3.3.2.1", "a topic name may be empty only beside a topic alias")
        case .topicNameWildcard:
            (.topicNameInvalid, "MQTT-3.3.2-2", "a topic name must not contain the wildcards '+' and '#'")
        case .topicTooLong:
            (.malformedPacket, "MQTT-4.7.3-3", "a topic must not take more than 65,535 bytes")
        case .topicFilterEmpty:
            (.topicFilterInvalid, "MQTT-4.7.3-1", "a topic filter must have at least one character")
        case .topicFilterWildcard:
            (
                .topicFilterInvalid, "MQTT-4.7.1-1",
                "'+' must fill a level of a topic filter and '#' its last level"
            )
        case .topicFilterTooManyLevels:
            (.topicFilterInvalid, "MQTT 4.7.3", "the topic filter has more levels than this server allows")
        case .shareNameInvalid:
            (
                .topicFilterInvalid, "MQTT-4.8.2-2",
                "a shared subscription is $share/{name}/{filter}, without wildcard in the name"
            )
        case .responseTopicInvalid:
            (.topicNameInvalid, "MQTT-3.3.2-14", "a response topic must be a topic name without wildcards")
        case .payloadNotUTF8:
            (.payloadFormatInvalid, "MQTT 3.3.2.3.2", "the payload is declared to be UTF-8 and is not")
        case .qosInvalid:
            (.malformedPacket, "MQTT-3.3.1-4", "a QoS must be 0, 1 or 2")
        case .duplicateWithoutQoS:
            (.malformedPacket, "MQTT-3.3.1-2", "DUP must be 0 in a QoS 0 message")
        case .protocolNameInvalid:
            (
                .unsupportedProtocolVersion, "MQTT-3.1.2-1",
                "the protocol name must be MQTT, or MQIsdp for version 3.1"
            )
        case .protocolVersionUnsupported:
            (.unsupportedProtocolVersion, "MQTT-3.1.2-2", "the protocol version must be 3, 4 or 5")
        case .connectFlagReserved:
            (.malformedPacket, "MQTT-3.1.2-3", "the reserved connect flag must be 0")
        case .willQoSInvalid:
            (.malformedPacket, "MQTT-3.1.2-12", "the will QoS must be 0, 1 or 2")
        case .willFlagsWithoutWill:
            (.malformedPacket, "MQTT-3.1.2-11", "will QoS and will retain must be 0 without a will")
        case .passwordWithoutUserName:
            (.malformedPacket, "MQTT3-3.1.2-22", "MQTT 3.1.1 allows no password without a user name")
        case .clientIdentifierInvalid:
            (.clientIdentifierNotValid, "MQTT-3.1.3-8", "the client identifier is not allowed")
        case .connAckFlagsReserved:
            (.malformedPacket, "MQTT-3.2.2-1", "bits 7 to 1 of the connect acknowledge flags must be 0")
        case .sessionPresentOnFailure:
            (.protocolError, "MQTT-3.2.2-6", "a failed CONNACK must not say that a session is present")
        case .noTopicFilter:
            (.protocolError, "MQTT-3.8.3-2", "at least one topic filter is needed")
        case .subscriptionOptionsReserved:
            (.malformedPacket, "MQTT-3.8.3-5", "the reserved subscription options must be 0")
        case .subscriptionQoSInvalid:
            (.protocolError, "MQTT 3.8.3.1", "a subscription's maximum QoS must be 0, 1 or 2")
        case .retainHandlingInvalid:
            (.protocolError, "MQTT 3.8.3.1", "retain handling must be 0, 1 or 2")
        case .noLocalOnSharedSubscription:
            (.protocolError, "MQTT-3.8.3-4", "a shared subscription must not set No Local")
        }
    }
}

extension WireError: CustomStringConvertible {
    @usableFromInline package var description: String { "\(message) [\(clause)]" }
}
