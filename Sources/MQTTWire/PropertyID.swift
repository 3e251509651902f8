/// The identifiers of MQTT 5.0's properties, table 2-4.
package enum PropertyID: UInt8, Sendable, CaseIterable {
    case payloadFormatIndicator = 0x01
    case messageExpiryInterval = 0x02
    case contentType = 0x03
    case responseTopic = 0x08
    case correlationData = 0x09
    case subscriptionIdentifier = 0x0B
    case sessionExpiryInterval = 0x11
    case assignedClientIdentifier = 0x12
    case serverKeepAlive = 0x13
    case authenticationMethod = 0x15
    case authenticationData = 0x16
    case requestProblemInformation = 0x17
    case willDelayInterval = 0x18
    case requestResponseInformation = 0x19
    case responseInformation = 0x1A
    case serverReference = 0x1C
    case reasonString = 0x1F
    case receiveMaximum = 0x21
    case topicAliasMaximum = 0x22
    case topicAlias = 0x23
    case maximumQoS = 0x24
    case retainAvailable = 0x25
    case userProperty = 0x26
    case maximumPacketSize = 0x27
    case wildcardSubscriptionAvailable = 0x28
    case subscriptionIdentifierAvailable = 0x29
    case sharedSubscriptionAvailable = 0x2A

    /// How the value is written.
    enum Encoding {
        case byte, twoByteInteger, fourByteInteger, variableByteInteger, string, binary, stringPair
    }

    var encoding: Encoding {
        switch self {
        case .payloadFormatIndicator, .requestProblemInformation, .requestResponseInformation, .maximumQoS,
            .retainAvailable, .wildcardSubscriptionAvailable, .subscriptionIdentifierAvailable,
            .sharedSubscriptionAvailable:
            .byte
        case .serverKeepAlive, .receiveMaximum, .topicAliasMaximum, .topicAlias: .twoByteInteger
        case .messageExpiryInterval, .sessionExpiryInterval, .willDelayInterval, .maximumPacketSize:
            .fourByteInteger
        case .subscriptionIdentifier: .variableByteInteger
        case .contentType, .responseTopic, .assignedClientIdentifier, .authenticationMethod,
            .responseInformation,
            .serverReference, .reasonString:
            .string
        case .correlationData, .authenticationData: .binary
        case .userProperty: .stringPair
        }
    }
}

/// A set of properties, one bit for each identifier.
struct PropertySet: OptionSet, Sendable {
    let rawValue: UInt64

    init(rawValue: UInt64) { self.rawValue = rawValue }
    init(_ ids: PropertyID...) { rawValue = ids.reduce(0) { $0 | 1 << UInt64($1.rawValue) } }
}

/// Where properties stand: it decides which are allowed, MQTT 5.0 table 2-4.
package enum PropertyContext: UInt8, Sendable, CaseIterable {
    case connect
    case will
    case connAck
    case publishFromClient
    case publishFromServer
    /// PUBACK, PUBREC, PUBREL, PUBCOMP, SUBACK and UNSUBACK.
    case acknowledgement
    case subscribe
    case unsubscribe
    case disconnectFromClient
    case disconnectFromServer
    case auth

    private static let message = PropertySet(
        .payloadFormatIndicator,
        .messageExpiryInterval,
        .contentType,
        .responseTopic,
        .correlationData,
        .userProperty
    )
    /// Computed once: a lookup per packet is one load.
    private static let allowedSets: [PropertySet] = allCases.map { $0.makeAllowed() }

    var allowed: PropertySet { Self.allowedSets[Int(rawValue)] }

    private func makeAllowed() -> PropertySet {
        switch self {
        case .connect:
            PropertySet(
                .sessionExpiryInterval,
                .authenticationMethod,
                .authenticationData,
                .requestProblemInformation,
                .requestResponseInformation,
                .receiveMaximum,
                .topicAliasMaximum,
                .userProperty,
                .maximumPacketSize
            )
        case .will: Self.message.union(PropertySet(.willDelayInterval))
        case .connAck:
            PropertySet(
                .sessionExpiryInterval,
                .assignedClientIdentifier,
                .serverKeepAlive,
                .authenticationMethod,
                .authenticationData,
                .responseInformation,
                .serverReference,
                .reasonString,
                .receiveMaximum,
                .topicAliasMaximum,
                .maximumQoS,
                .retainAvailable,
                .userProperty,
                .maximumPacketSize,
                .wildcardSubscriptionAvailable,
                .subscriptionIdentifierAvailable,
                .sharedSubscriptionAvailable
            )
        case .publishFromClient: Self.message.union(PropertySet(.topicAlias))
        case .publishFromServer: Self.message.union(PropertySet(.topicAlias, .subscriptionIdentifier))
        case .acknowledgement: PropertySet(.reasonString, .userProperty)
        case .subscribe: PropertySet(.subscriptionIdentifier, .userProperty)
        case .unsubscribe: PropertySet(.userProperty)
        // [MQTT-3.14.2-2]: only a client may send a session expiry interval in DISCONNECT.
        case .disconnectFromClient: PropertySet(.sessionExpiryInterval, .reasonString, .userProperty)
        case .disconnectFromServer: PropertySet(.serverReference, .reasonString, .userProperty)
        case .auth: PropertySet(.authenticationMethod, .authenticationData, .reasonString, .userProperty)
        }
    }
}
