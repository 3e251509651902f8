extension Properties {
    /// Appends the property length and every property that is set, in the order of their identifiers.
    ///
    /// Does not check that each belongs into the packet at hand: that is the caller's to know.
    /// - Throws: ``WireError/fieldTooLong``; `buffer` then ends in the middle of a property.
    package func encode(into buffer: inout [UInt8]) throws(WireError) {
        try PacketWriter.measured(into: &buffer) { (buffer: inout [UInt8]) throws(WireError) in
            try appendMessageProperties(to: &buffer)
            try appendConnectionProperties(to: &buffer)
            for property in userProperties {
                buffer.append(PropertyID.userProperty.rawValue)
                try buffer.append(string: property.name)
                try buffer.append(string: property.value)
            }
        }
    }

    private func appendMessageProperties(to buffer: inout [UInt8]) throws(WireError) {
        buffer.append(.payloadFormatIndicator, byte: payloadFormatIndicator)
        buffer.append(.messageExpiryInterval, integer: messageExpiryInterval)
        try buffer.append(.contentType, string: contentType)
        try buffer.append(.responseTopic, string: responseTopic)
        try buffer.append(.correlationData, binary: correlationData)
        for identifier in subscriptionIdentifiers {
            guard (1...VariableByteInteger.maximum).contains(Int(identifier)) else {
                throw .variableByteIntegerInvalid
            }
            buffer.append(PropertyID.subscriptionIdentifier.rawValue)
            VariableByteInteger.append(Int(identifier), to: &buffer)
        }
        buffer.append(.topicAlias, integer: topicAlias)
        buffer.append(.willDelayInterval, integer: willDelayInterval)
    }

    private func appendConnectionProperties(to buffer: inout [UInt8]) throws(WireError) {
        buffer.append(.sessionExpiryInterval, integer: sessionExpiryInterval)
        try buffer.append(.assignedClientIdentifier, string: assignedClientIdentifier)
        buffer.append(.serverKeepAlive, integer: serverKeepAlive)
        try buffer.append(.authenticationMethod, string: authenticationMethod)
        try buffer.append(.authenticationData, binary: authenticationData)
        buffer.append(.requestProblemInformation, byte: requestProblemInformation.map(\.wireByte))
        buffer.append(.requestResponseInformation, byte: requestResponseInformation.map(\.wireByte))
        try buffer.append(.responseInformation, string: responseInformation)
        try buffer.append(.serverReference, string: serverReference)
        try buffer.append(.reasonString, string: reasonString)
        buffer.append(.receiveMaximum, integer: receiveMaximum)
        buffer.append(.topicAliasMaximum, integer: topicAliasMaximum)
        // 2 is not a value of this property: no property says it (section 3.2.2.3.4).
        buffer.append(.maximumQoS, byte: maximumQoS == .exactlyOnce ? nil : maximumQoS?.rawValue)
        buffer.append(.retainAvailable, byte: retainAvailable.map(\.wireByte))
        buffer.append(.maximumPacketSize, integer: maximumPacketSize)
        buffer.append(.wildcardSubscriptionAvailable, byte: wildcardSubscriptionAvailable.map(\.wireByte))
        buffer.append(.subscriptionIdentifierAvailable, byte: subscriptionIdentifierAvailable.map(\.wireByte))
        buffer.append(.sharedSubscriptionAvailable, byte: sharedSubscriptionAvailable.map(\.wireByte))
    }
}

extension Bool {
    fileprivate var wireByte: UInt8 { self ? 1 : 0 }
}

extension [UInt8] {
    fileprivate mutating func append(_ id: PropertyID, byte value: UInt8?) {
        guard let value else { return }
        append(id.rawValue)
        append(value)
    }

    fileprivate mutating func append(_ id: PropertyID, integer value: UInt16?) {
        guard let value else { return }
        append(id.rawValue)
        append(bigEndian: value)
    }

    fileprivate mutating func append(_ id: PropertyID, integer value: UInt32?) {
        guard let value else { return }
        append(id.rawValue)
        append(bigEndian: value)
    }

    fileprivate mutating func append(_ id: PropertyID, string value: String?) throws(WireError) {
        guard let value else { return }
        append(id.rawValue)
        try append(string: value)
    }

    fileprivate mutating func append(_ id: PropertyID, binary value: [UInt8]?) throws(WireError) {
        guard let value else { return }
        append(id.rawValue)
        try append(binary: value)
    }
}
