import MQTTWire

extension BusShard {
    /// What a client said wrong: told in its own version of MQTT, then the connection is closed
    /// `[MQTT-4.13.1-1]`, `[MQTT-4.13.2-1]`.
    func refuse(_ error: WireError, _ id: ConnectionID, _ client: UnsafeMutablePointer<Client>) {
        switch error.reasonCode {
        case .malformedPacket: counters.malformedPackets += 1
        case .packetTooLarge: counters.packetsTooLarge += 1
        default: counters.protocolErrors += 1
        }
        log(
            .debug,
            "bad packet",
            [
                ("mqtt.client.id", clientID(client)), ("error", error.message), ("clause", error.clause),
            ]
        )
        if client.pointee.state == .connected {
            disconnect(id, client, error.reasonCode, error.message)
        } else {
            // [MQTT-3.1.4-1], [MQTT-3.1.4-2]: before CONNACK there is only CONNACK to say it with.
            refuseConnect(id, client, error.reasonCode, error.message)
        }
        settle()
    }

    func clientID(_ client: UnsafeMutablePointer<Client>) -> String {
        client.pointee.session >= 0 ? sessions[client.pointee.session].pointee.clientID : ""
    }

    /// Sends a client away: DISCONNECT with a reason to MQTT 5, plain close before.
    func disconnect(
        _ id: ConnectionID,
        _ client: UnsafeMutablePointer<Client>,
        _ reason: ReasonCode,
        _ text: String?
    ) {
        guard client.pointee.state != .closing else { return }
        if client.pointee.version == .v5, client.pointee.state == .connected {
            var packet = Disconnect(reasonCode: reason)
            packet.properties.reasonString = text  // [MQTT-3.14.2-3]
            if reason == .serverShuttingDown, !settings.serverReference.isEmpty {
                packet.properties.serverReference = settings.serverReference
            }
            write(packet, id.slot, client)
        } else if client.pointee.state == .exchanging {
            refuseConnect(id, client, reason, text)
            return
        }
        log(
            .debug,
            "client sent away",
            [
                ("mqtt.client.id", clientID(client)), ("reason", text ?? ""),
                ("mqtt.reason.code", "0x" + String(reason.rawValue, radix: 16)),
            ]
        )
        close(id, client)
    }

    /// Closes once the output is sent. The session is left at the end of this turn, not in the middle
    /// of whatever is going on.
    func close(_ id: ConnectionID, _ client: UnsafeMutablePointer<Client>) {
        guard client.pointee.state != .closing else { return }
        client.pointee.state = .closing
        emit(.close(id))
        if client.pointee.session >= 0 {
            // [MQTT-3.14.4-1], [MQTT-3.14.4-2]: what others publish meanwhile does not come after DISCONNECT.
            sessions[client.pointee.session].pointee.client = Session.leavingClient
            leaving.append(id)
        }
    }

    /// Does what was put off to the end of the turn.
    func settle() {
        while let id = leaving.popLast() {
            guard let client = client(id), client.pointee.session >= 0 else { continue }
            detach(id.slot, client, sendsWill: true)
        }
        store?.turnEnded()
        streams?.turnEnded()
    }

    /// DISCONNECT from the client.
    func receiveDisconnect(
        _ packet: Disconnect,
        _ id: ConnectionID,
        _ client: UnsafeMutablePointer<Client>
    ) {
        let session = sessions[client.pointee.session]
        if let interval = packet.properties.sessionExpiryInterval {
            // MQTT 5, 3.14.2.2.2: a session that was to end with the connection cannot be given a life.
            if interval > 0, session.pointee.expiryInterval == 0 {
                disconnect(id, client, .protocolError, "the session expiry interval was 0 in CONNECT")
                return
            }
            session.pointee.expiryInterval = min(interval, settings.sessionExpiryMaximum)
        }
        // [MQTT-3.14.4-3]: a normal disconnection takes the will with it.
        let keepsWill = packet.reasonCode == .disconnectWithWillMessage || packet.reasonCode.isFailure
        if !keepsWill { dropWill(client.pointee.session) }
        detach(id.slot, client, sendsWill: keepsWill)
        client.pointee.state = .closing
        emit(.close(id))
    }

    /// Parts a session from its connection: the will is published or armed, the session ended or kept.
    func detach(_ slot: Int32, _ client: UnsafeMutablePointer<Client>, sendsWill: Bool) {
        let index = client.pointee.session
        guard index >= 0 else { return }
        client.pointee.session = -1
        let session = sessions[index]
        session.pointee.client = -1
        session.pointee.resendsLeft = 0
        counters.clientsConnected -= 1
        log(.debug, "client gone", [("mqtt.client.id", session.pointee.clientID)])
        if let backlog = session.pointee.extras?.retained, !backlog.isEmpty,
            !session.pointee.outlivesConnection
        {
            session.pointee.extras?.retained = nil
        }
        if sendsWill { leaveWill(index) } else { dropWill(index) }
        if session.pointee.outlivesConnection {
            armSessionExpiry(index)
            if session.pointee.storeID != 0 {
                store?.disconnected(session.pointee.storeID, expiryInterval: session.pointee.expiryInterval)
            }
        } else {
            endSession(index)
        }
    }

    // MARK: - The will, MQTT 5 section 3.1.2.5

    func setWill(_ will: MQTTWire.Will, _ index: Int32) {
        let extras = sessionExtras(index)
        extras.will?.message.release()
        var encoded: [UInt8] = []
        // The expiry interval stands first, so that its place is known.
        if let interval = will.properties.messageExpiryInterval {
            encoded.append(PropertyID.messageExpiryInterval.rawValue)
            withUnsafeBytes(of: interval.bigEndian) { encoded.append(contentsOf: $0) }
        }
        let expiryOffset = encoded.isEmpty ? -1 : 1
        var rest = will.properties
        rest.willDelayInterval = nil
        rest.messageExpiryInterval = nil
        var list: [UInt8] = []
        // Cannot fail: the properties were decoded from a packet.
        do { try rest.encode(into: &list) } catch {
            log(.error, "will cannot be encoded", [("error", error.message)])
        }
        encoded.append(contentsOf: list.dropFirst(Self.lengthOfLength(list)))
        var topic = will.topic
        let message = topic.withUTF8 { topic in
            will.payload.withUnsafeBytes { payload in
                encoded.withUnsafeBytes { properties in
                    Message.make(
                        PublishSource(
                            parts: PublishParts(
                                topic: UnsafeRawBufferPointer(topic),
                                properties: properties,
                                payload: payload,
                                expiryOffset: expiryOffset
                            ),
                            qos: will.qos,
                            retain: will.retain,
                            expiresAt: 0
                        )
                    )
                }
            }
        }
        extras.will = .init(
            message: message,
            delay: will.properties.willDelayInterval ?? 0,
            expiryInterval: will.properties.messageExpiryInterval
        )
        storeWill(index)
    }

    /// Bytes of the length in front of encoded properties.
    private static func lengthOfLength(_ encoded: [UInt8]) -> Int {
        var count = 0
        while count < encoded.count, encoded[count] & 0x80 != 0 { count += 1 }
        return min(count + 1, encoded.count)
    }

    func dropWill(_ index: Int32) {
        guard let extras = sessions[index].pointee.extras, let will = extras.will else { return }
        will.message.release()
        extras.will = nil
        dropEmptyExtras(index)
        storeWill(index)
    }

    /// The connection ended without DISCONNECT: publish the will now or after its delay `[MQTT-3.1.3-9]`.
    private func leaveWill(_ index: Int32) {
        guard let will = sessions[index].pointee.extras?.will else { return }
        let delay = min(will.delay, sessions[index].pointee.expiryInterval)
        if delay == 0 {
            publishWill(index)
        } else {
            timers.add(
                .init(
                    due: now.monotonic &+ UInt64(delay) * 1_000_000_000,
                    slot: index,
                    stamp: sessions[index].pointee.stamp,
                    kind: .willDelay
                )
            )
            sessions[index].pointee.extras?.willDue = now.seconds &+ delay
        }
    }

    /// `[MQTT-3.1.2-8]`, `[MQTT-3.1.2-10]`: published once, then forgotten.
    func publishWill(_ index: Int32) {
        guard let extras = sessions[index].pointee.extras, let will = extras.will else { return }
        extras.will = nil
        var source = will.message.source
        if let interval = will.expiryInterval {
            source.expiresAt = max(1, now.seconds &+ min(interval, UInt32.max - now.seconds))
        }
        counters.willsPublished += 1
        if sessions[index].pointee.identity.mayPublish(source.parts.topic) { _ = publish(source, from: -1) }
        will.message.release()
        dropEmptyExtras(index)
        storeWill(index)
    }

    // MARK: - Packets that are encoded the simple way

    /// Encodes a packet; diagnostics are left out where the client does not want them or they make the
    /// packet too large `[MQTT-3.1.2-29]`, `[MQTT-3.2.2-19]`, `[MQTT-3.14.2-3]`.
    ///
    /// - Returns: Whether it was sent; `false` when it is too large for the client all the same.
    @discardableResult
    func write<Packet: DiagnosingPacket>(
        _ packet: Packet,
        _ slot: Int32,
        _ client: UnsafeMutablePointer<Client>,
        isProblem: Bool = false
    ) -> Bool {
        var packet = packet
        if client.pointee.omitsProblemInformation, isProblem {
            packet.properties.reasonString = nil
            packet.properties.userProperties = []
        }
        var bytes: [UInt8] = []
        do {
            let fits = try packet.encode(
                into: &bytes,
                version: client.pointee.version,
                maximumPacketSize: Int(client.pointee.maximumPacketSize)
            )
            if fits { append(bytes, slot, client) } else { counters.droppedTooLarge += 1 }
            return fits
        } catch {
            log(.error, "packet cannot be encoded", [("error", error.message)])
            return false
        }
    }
}
