import MQTTWire

extension ClientMachine {
    /// Takes bytes from the broker, whole packets or not.
    ///
    /// - Throws: ``ClientError/Kind/protocolError``: the connection must be closed;
    ///   ``ClientError/Kind/refused(_:)`` for a failing CONNACK.
    package mutating func receive(_ bytes: [UInt8]) throws(ClientError) {
        input.append(contentsOf: bytes)
        var offset = 0
        while phase != .over, let packet = try nextPacket(&offset) { try take(packet) }
        input.removeFirst(offset)
    }

    private func nextPacket(_ offset: inout Int) throws(ClientError) -> Packet? {
        do {
            return try Packet.decode(
                input.span.bytes,
                at: &offset,
                maximumPacketSize: packetSizeMax,
                version: version,
                sender: .server
            )
        } catch {
            throw ClientError(.protocolError, "the broker sent a malformed packet: \(error)")
        }
    }

    private mutating func take(_ packet: Packet) throws(ClientError) {
        switch (phase, packet) {
        case (.connecting, .connAck(let answer)): try connected(answer)
        case (.connecting, .auth(let auth)): try challenged(auth)
        case (.connected, .auth(let auth)): try challenged(auth)
        case (.connected, .publish(let message)): try published(message)
        case (.connected, .acknowledgement(let acknowledgement)): try acknowledged(acknowledgement)
        case (.connected, .subAck(let answer)):
            try answered(answer.packetID)
            events.append(.subscribed(answer))
        case (.connected, .unsubAck(let answer)):
            try answered(answer.packetID)
            events.append(.unsubscribed(answer))
        case (.connected, .pingResp): events.append(.pong)
        case (_, .disconnect(let disconnect)) where version == .v5:
            phase = .over
            events.append(.disconnected(disconnect))
        default: throw ClientError(.protocolError, "the broker sent a packet that has no place here")
        }
    }

    private mutating func connected(_ answer: ConnAck) throws(ClientError) {
        guard !answer.reasonCode.isFailure else {
            phase = .over
            throw ClientError(.refused(answer.reasonCode), answer.refusal)
        }
        if var authentication {
            // A server that skips the method has proved nothing (section 4.12).
            guard let data = answer.properties.authenticationData else {
                throw ClientError(
                    .protocolError,
                    "the broker accepted without proving that it knows the password"
                )
            }
            try authentication.finish(data)
            self.authentication = authentication
        }
        let properties = answer.properties
        sendMaximum = Int(properties.receiveMaximum ?? .max)
        maximumQoS = properties.maximumQoS ?? .exactlyOnce
        retainAvailable = properties.retainAvailable ?? true
        keepAlive = properties.serverKeepAlive ?? keepAlive  // [MQTT-3.2.2-21]
        packetSizeMaxOfServer = properties.maximumPacketSize.map { Int($0) } ?? .max
        phase = .connected
        events.append(.connected(answer))
    }

    private mutating func challenged(_ auth: Auth) throws(ClientError) {
        guard var authentication, let data = auth.properties.authenticationData,
            auth.properties.authenticationMethod == authentication.method  // [MQTT-4.12.0-5]
        else { throw ClientError(.protocolError, "the broker sent an AUTH that was not asked for") }
        if auth.reasonCode == .success {
            try authentication.finish(data)
        } else {
            let answer = try authentication.answer(data)
            try write(
                .auth(Auth(reasonCode: .continueAuthentication, method: authentication.method, data: answer))
            )
        }
        self.authentication = authentication
    }

    private mutating func published(_ message: Publish) throws(ClientError) {
        var message = message
        if let alias = message.properties.topicAlias {
            // [MQTT-3.1.2-26]
            guard alias > 0, alias <= topicAliasMaximum else {
                throw ClientError(
                    .protocolError,
                    "the broker sent topic alias \(alias), which was not allowed"
                )
            }
            if message.topic.isEmpty {
                guard let topic = aliases[alias] else {
                    throw ClientError(
                        .protocolError,
                        "the broker sent topic alias \(alias) without its topic"
                    )
                }
                message.topic = topic
            } else {
                aliases[alias] = message.topic
            }
        }
        switch message.qos {
        case .atMostOnce: break
        case .atLeastOnce: try write(.acknowledgement(Acknowledgement(.pubAck, packetID: message.packetID)))
        case .exactlyOnce:
            try write(.acknowledgement(Acknowledgement(.pubRec, packetID: message.packetID)))
            // [MQTT-4.3.3-10]: told once, however often it comes before its PUBREL.
            guard received.insert(message.packetID).inserted else { return }
        }
        events.append(.message(message))
    }

    private mutating func acknowledged(_ packet: Acknowledgement) throws(ClientError) {
        let packetID = packet.packetID
        switch (packet.type, outgoing[packetID]) {
        case (.pubAck, .awaitsPubAck):
            outgoing[packetID] = nil
            events.append(.completed(packetID: packetID, packet.reasonCode))
        case (.pubRec, .awaitsPubRec):
            if packet.reasonCode.isFailure {
                outgoing[packetID] = nil
                events.append(.completed(packetID: packetID, packet.reasonCode))
            } else {
                outgoing[packetID] = .awaitsPubComp
                try write(.acknowledgement(Acknowledgement(.pubRel, packetID: packetID)))
            }
        case (.pubComp, .awaitsPubComp):
            outgoing[packetID] = nil
            events.append(.completed(packetID: packetID, packet.reasonCode))
        case (.pubRel, _):
            received.remove(packetID)
            try write(.acknowledgement(Acknowledgement(.pubComp, packetID: packetID)))
        case (.pubRec, _):
            // Of an earlier connection of this session: the broker may forget it.
            try write(.acknowledgement(Acknowledgement(.pubRel, packetID: packetID)))
        default:
            throw ClientError(
                .protocolError,
                "the broker acknowledged packet \(packetID), which was not sent"
            )
        }
    }

    private mutating func answered(_ packetID: UInt16) throws(ClientError) {
        guard requests.remove(packetID) != nil else {
            throw ClientError(.protocolError, "the broker answered packet \(packetID), which was not sent")
        }
    }
}

extension ConnAck {
    /// A refusal in words.
    var refusal: String {
        let reason = properties.reasonString.map { ": \($0)" } ?? ""
        let server = properties.serverReference.map { "; try \($0)" } ?? ""
        return "Connection refused: \(reasonCode.text)\(reason)\(server)."
    }
}
