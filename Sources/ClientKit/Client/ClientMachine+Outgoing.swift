package import MQTTWire

extension ClientMachine {
    /// Begins with CONNECT `[MQTT-3.1.0-1]`.
    package mutating func connect(
        _ connect: Connect,
        authentication: (any ClientAuthentication)? = nil
    ) throws(ClientError) {
        guard phase == .fresh else { throw ClientError(.usage, "this client has connected before") }
        var connect = connect
        if let authentication {
            connect.properties.authenticationMethod = authentication.method
            connect.properties.authenticationData = authentication.first
        }
        self.authentication = authentication
        keepAlive = connect.keepAlive
        topicAliasMaximum = connect.properties.topicAliasMaximum ?? 0
        try write(.connect(connect))
        phase = .connecting
    }

    /// Publishes a message; its packet identifier is given here.
    ///
    /// - Returns: the packet identifier, 0 for QoS 0.
    /// - Throws: ``ClientError/Kind/usage`` when the broker has said that it does not take such a message, or
    ///   when ``canSend`` is `false`.
    package mutating func publish(_ message: Publish) throws(ClientError) -> UInt16 {
        try requireConnection()
        var message = message
        // [MQTT-3.2.2-11], [MQTT-3.2.2-14]
        guard message.qos <= maximumQoS else {
            throw ClientError(.usage, "the broker takes QoS \(maximumQoS.rawValue) at most")
        }
        guard retainAvailable || !message.retain else {
            throw ClientError(.usage, "the broker keeps no retained messages")
        }
        if message.qos == .atMostOnce {
            message.packetID = 0
            try write(.publish(message))
            return 0
        }
        guard canSend else { throw ClientError(.usage, "the broker takes no more messages in flight") }
        message.packetID = try takePacketID()
        try write(.publish(message))
        outgoing[message.packetID] = message.qos == .atLeastOnce ? .awaitsPubAck : .awaitsPubRec
        return message.packetID
    }

    /// - Returns: the packet identifier, which the answer bears.
    package mutating func subscribe(
        _ subscriptions: [Subscription],
        properties: Properties = Properties()
    ) throws(ClientError) -> UInt16 {
        try requireConnection()
        var packet = Subscribe(packetID: try takePacketID(), subscriptions: subscriptions)
        packet.properties = properties
        try write(.subscribe(packet))
        requests.insert(packet.packetID)
        return packet.packetID
    }

    package mutating func unsubscribe(
        _ filters: [TopicFilter],
        properties: Properties = Properties()
    ) throws(ClientError) -> UInt16 {
        try requireConnection()
        var packet = Unsubscribe(packetID: try takePacketID(), filters: filters)
        packet.properties = properties
        try write(.unsubscribe(packet))
        requests.insert(packet.packetID)
        return packet.packetID
    }

    package mutating func ping() throws(ClientError) {
        try requireConnection()
        try write(.pingReq)
    }

    /// Says good-bye; nothing can be sent afterwards `[MQTT-3.14.4-1]`.
    package mutating func disconnect(
        _ reasonCode: ReasonCode = .normalDisconnection,
        properties: Properties = Properties()
    ) throws(ClientError) {
        try requireConnection()
        var packet = Disconnect(reasonCode: reasonCode)
        packet.properties = properties
        try write(.disconnect(packet))
        phase = .over
    }

    private func requireConnection() throws(ClientError) {
        guard phase == .connected else { throw ClientError(.usage, "there is no connection") }
    }

    /// A packet identifier that is not in use `[MQTT-2.2.1-3]`.
    private mutating func takePacketID() throws(ClientError) -> UInt16 {
        for _ in 0..<Int(UInt16.max) {
            let candidate = nextPacketID
            nextPacketID = nextPacketID == .max ? 1 : nextPacketID + 1
            if outgoing[candidate] == nil, !requests.contains(candidate) { return candidate }
        }
        throw ClientError(.usage, "all 65,535 packet identifiers are in use")
    }

    mutating func write(_ packet: Packet) throws(ClientError) {
        let start = output.count
        do {
            try packet.encode(into: &output, version: version)
        } catch {
            throw ClientError(.usage, "the packet cannot be encoded: \(error.message)")
        }
        guard output.count - start <= packetSizeMaxOfServer else {  // [MQTT-3.2.2-15]
            let count = output.count - start
            output.removeSubrange(start...)
            throw ClientError(
                .usage,
                "the packet has \(count) bytes and the broker takes \(packetSizeMaxOfServer) at most"
            )
        }
    }
}
