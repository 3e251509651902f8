/// When retained messages are sent for a subscription, MQTT 5.0 section 3.8.3.1.
@usableFromInline
package enum RetainHandling: UInt8, Sendable, CaseIterable {
    case sendAtSubscribe = 0
    case sendAtSubscribeIfNew = 1
    case doNotSend = 2
}

/// One entry of a SUBSCRIBE: a filter and its Subscription Options, MQTT 5.0 section 3.8.3.1.
package struct Subscription: Equatable, Sendable {
    package var filter: TopicFilter
    package var maximumQoS: QoS
    /// Messages that this client published itself do not come back `[MQTT-3.8.3-3]`.
    package var noLocal = false
    package var retainAsPublished = false
    package var retainHandling = RetainHandling.sendAtSubscribe

    package init(_ filter: TopicFilter, maximumQoS: QoS = .atMostOnce) {
        self.filter = filter
        self.maximumQoS = maximumQoS
    }

    /// The Subscription Options byte; before MQTT 5.0 only its two lowest bits are there.
    package var options: UInt8 {
        maximumQoS.rawValue | (noLocal ? 0b0100 : 0) | (retainAsPublished ? 0b1000 : 0)
            | retainHandling.rawValue << 4
    }

    init(_ filter: TopicFilter, options: UInt8, version: ProtocolVersion) throws(WireError) {
        // [MQTT-3.8.3-5]; before MQTT 5.0 six bits are reserved, 3.1.1 [MQTT3-3.8.3-4].
        guard options & (version == .v5 ? 0b1100_0000 : 0b1111_1100) == 0 else {
            throw .subscriptionOptionsReserved
        }
        guard let maximumQoS = QoS(rawValue: options & 0b11) else { throw .subscriptionQoSInvalid }
        guard let retainHandling = RetainHandling(rawValue: options >> 4 & 0b11) else {
            throw .retainHandlingInvalid
        }
        self.init(filter, maximumQoS: maximumQoS)
        self.noLocal = options & 0b0100 != 0
        self.retainAsPublished = options & 0b1000 != 0
        self.retainHandling = retainHandling
        // [MQTT-3.8.3-4]
        guard !noLocal || !filter.isShared else { throw .noLocalOnSharedSubscription }
    }
}

/// SUBSCRIBE, MQTT 5.0 section 3.8.
package struct Subscribe: Equatable, Sendable {
    package var packetID: UInt16
    /// In the packet's order, which is the order of SUBACK's reason codes `[MQTT-3.9.3-1]`.
    package var subscriptions: [Subscription]
    package var properties = Properties()

    package init(packetID: UInt16, subscriptions: [Subscription]) {
        self.packetID = packetID
        self.subscriptions = subscriptions
    }

    /// Decodes all that follows the fixed header.
    ///
    /// Filters are checked for form only; how long, deep and many they may be is the broker's to say,
    /// one reason code each. Their number is bounded by the packet's size.
    package static func decode(_ body: RawSpan, version: ProtocolVersion) throws(WireError) -> Subscribe {
        var reader = PacketReader(body)
        var packet = Subscribe(packetID: try reader.packetID(body), subscriptions: [])
        packet.properties = try reader.properties(body, .subscribe, version)
        // [MQTT-3.8.3-2]; in 3.1.1 [MQTT3-3.8.3-3]
        guard !reader.isAtEnd else { throw .noTopicFilter }
        while !reader.isAtEnd {
            let filter = try TopicFilter.parse(body, try reader.stringRange(body))  // [MQTT-3.8.3-1]
            let options = try reader.byte(body)
            packet.subscriptions.append(try Subscription(filter, options: options, version: version))
        }
        return packet
    }

    /// Appends the packet. Before MQTT 5.0 only the QoS of the options is written.
    ///
    /// - Throws: ``WireError/packetTooLarge``; `buffer` is then as it was.
    package func encode(into buffer: inout [UInt8], version: ProtocolVersion) throws(WireError) {
        try PacketWriter.packet(.subscribe, into: &buffer) { (buffer: inout [UInt8]) throws(WireError) in
            buffer.append(bigEndian: packetID)
            if version == .v5 { try properties.encode(into: &buffer) }
            for subscription in subscriptions {
                try buffer.append(binary: subscription.filter.utf8)
                buffer.append(version == .v5 ? subscription.options : subscription.maximumQoS.rawValue)
            }
        }
    }
}
