extension Properties {
    /// Decodes the property length at `offset` and the properties behind it, and moves `offset` behind them.
    ///
    /// - Parameter packetEnd: Where the packet ends.
    /// - Throws: What ``PropertyScanner`` finds wrong.
    package static func decode(
        _ bytes: RawSpan,
        at offset: inout Int,
        packetEnd: Int,
        context: PropertyContext
    ) throws(WireError) -> Properties {
        var scanner = try PropertyScanner(bytes, at: offset, packetEnd: packetEnd, context: context)
        var properties = Properties()
        while let found = try scanner.next(bytes) { try properties.set(found, bytes) }
        offset = scanner.end
        // Section 3.1.2.11.10 for CONNECT; nothing else carries data without a method either.
        guard properties.authenticationData == nil || properties.authenticationMethod != nil else {
            throw .authenticationDataWithoutMethod
        }
        return properties
    }

    private mutating func set(_ found: PropertyScanner.Found, _ bytes: RawSpan) throws(WireError) {
        let integer = found.integer
        let short = UInt16(truncatingIfNeeded: integer)
        switch found.id {
        case .payloadFormatIndicator: payloadFormatIndicator = UInt8(truncatingIfNeeded: integer)
        case .messageExpiryInterval: messageExpiryInterval = integer
        case .contentType: contentType = bytes.text(found.value)
        case .responseTopic:
            // [MQTT-3.3.2-13], [MQTT-3.3.2-14]
            do { try TopicName.validate(bytes, found.value) } catch { throw .responseTopicInvalid }
            responseTopic = bytes.text(found.value)
        case .correlationData: correlationData = bytes.copy(found.value)
        case .subscriptionIdentifier: subscriptionIdentifiers.append(integer)
        case .sessionExpiryInterval: sessionExpiryInterval = integer
        case .assignedClientIdentifier: assignedClientIdentifier = bytes.text(found.value)
        case .serverKeepAlive: serverKeepAlive = short
        case .authenticationMethod: authenticationMethod = bytes.text(found.value)
        case .authenticationData: authenticationData = bytes.copy(found.value)
        case .requestProblemInformation: requestProblemInformation = integer == 1
        case .willDelayInterval: willDelayInterval = integer
        case .requestResponseInformation: requestResponseInformation = integer == 1
        case .responseInformation: responseInformation = bytes.text(found.value)
        case .serverReference: serverReference = bytes.text(found.value)
        case .reasonString: reasonString = bytes.text(found.value)
        case .receiveMaximum: receiveMaximum = short
        case .topicAliasMaximum: topicAliasMaximum = short
        case .topicAlias: topicAlias = short
        case .maximumQoS: maximumQoS = integer == 0 ? .atMostOnce : .atLeastOnce
        case .retainAvailable: retainAvailable = integer == 1
        case .userProperty:
            let nameStart = found.value.lowerBound + 2
            let nameEnd = nameStart + Int(bytes.uint16(at: found.value.lowerBound))
            userProperties.append(
                UserProperty(
                    bytes.text(nameStart..<nameEnd),
                    bytes.text(nameEnd + 2..<found.value.upperBound)
                )
            )
        case .maximumPacketSize: maximumPacketSize = integer
        case .wildcardSubscriptionAvailable: wildcardSubscriptionAvailable = integer == 1
        case .subscriptionIdentifierAvailable: subscriptionIdentifierAvailable = integer == 1
        case .sharedSubscriptionAvailable: sharedSubscriptionAvailable = integer == 1
        }
    }
}
