/// The properties of an MQTT 5.0 packet, section 2.2.2; `nil` is "not in the packet".
///
/// One type for all packets: ``PropertyContext`` says which belong where, decoding checks it, and
/// encoding writes what is set. Defaults that the standard gives to absent ones are the reader's.
package struct Properties: Equatable, Sendable {
    /// A name and value pair; names may repeat and order matters `[MQTT-3.3.2-18]`.
    package struct UserProperty: Equatable, Hashable, Sendable {
        package var name: String
        package var value: String

        package init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    /// 0 unspecified bytes, 1 UTF-8.
    package var payloadFormatIndicator: UInt8?
    /// Seconds.
    package var messageExpiryInterval: UInt32?
    package var contentType: String?
    package var responseTopic: String?
    package var correlationData: [UInt8]?
    /// 1…268,435,455; at most one except in a server's PUBLISH.
    package var subscriptionIdentifiers: [UInt32] = []
    /// Seconds; `UInt32.max` is for ever.
    package var sessionExpiryInterval: UInt32?
    package var assignedClientIdentifier: String?
    /// Seconds; 0 is never.
    package var serverKeepAlive: UInt16?
    package var authenticationMethod: String?
    package var authenticationData: [UInt8]?
    package var requestProblemInformation: Bool?
    /// Seconds.
    package var willDelayInterval: UInt32?
    package var requestResponseInformation: Bool?
    package var responseInformation: String?
    package var serverReference: String?
    package var reasonString: String?
    /// Unacknowledged QoS 1 and 2 messages, 1…65,535.
    package var receiveMaximum: UInt16?
    package var topicAliasMaximum: UInt16?
    /// 1…65,535.
    package var topicAlias: UInt16?
    /// At most or at least once; exactly once is said by leaving it out.
    package var maximumQoS: QoS?
    package var retainAvailable: Bool?
    package var userProperties: [UserProperty] = []
    /// Bytes, at least 1.
    package var maximumPacketSize: UInt32?
    package var wildcardSubscriptionAvailable: Bool?
    package var subscriptionIdentifierAvailable: Bool?
    package var sharedSubscriptionAvailable: Bool?

    package init() {}

    package var isEmpty: Bool { self == Properties() }
}
