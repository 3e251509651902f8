import MQTTWire

extension BusShard {
    /// Gives `source` to each target of `route`, in this shard and in the others.
    @inline(__always)
    func deliver(
        _ source: PublishSource,
        _ route: UnsafeMutablePointer<Route>,
        from publisher: Int32,
        _ outcome: inout PublishOutcome
    ) {
        if route.pointee.targetCount > 0 {
            outcome.isWanted = true
            deliverHere(source, route, from: publisher)
        }
        if !route.pointee.groups.isEmpty { deliverToGroups(source, route, from: publisher, &outcome) }
        if route.pointee.remoteShards != 0 {
            outcome.isWanted = true
            forward(source, to: route.pointee.remoteShards, &outcome)
        }
    }

    /// Gives `source` to the targets in this shard.
    @inline(__always)
    func deliverHere(_ source: PublishSource, _ route: UnsafeMutablePointer<Route>, from publisher: Int32) {
        let count = Int(route.pointee.targetCount)
        guard count > 0, let targets = route.pointee.targets else { return }
        // A message is copied at most once however many queues hold it.
        var message: Message.Reference?
        templates.begin(for: count)
        for i in 0..<count {
            deliver(source, to: targets[i], route, from: publisher, &message)
        }
        message?.release()
    }

    @inline(__always)
    private func deliver(
        _ source: PublishSource,
        to target: Route.Target,
        _ route: UnsafeMutablePointer<Route>,
        from publisher: Int32,
        _ message: inout Message.Reference?
    ) {
        var granted = target.qos
        if target.session == publisher {
            // [MQTT-3.8.3-3]
            guard target.qosOfOwn != 255 else { return }
            granted = QoS(rawValue: target.qosOfOwn) ?? granted
        }
        let session = sessions[target.session]
        if target.flags.contains(.checkEachMessage), !session.pointee.identity.mayReceive(source.parts.topic)
        {
            counters.deliveriesNotAuthorized &+= 1
            return
        }
        // [MQTT-3.8.4-8]: the lower of what was published and what was granted.
        let qos = min(source.qos, granted)
        var flags: DeliveryFlags = []
        // [MQTT-3.3.1-12], [MQTT-3.3.1-13]
        if source.retain, target.flags.contains(.retainAsPublished) { flags.insert(.retain) }
        var identifier = target.identifier
        if target.identifierCount > 1 {
            flags.insert(.manyIdentifiers)
            identifier = 0
        }
        deliver(
            source,
            to: target.session,
            session,
            qos: qos,
            flags: flags,
            identifier: identifier,
            route,
            &message
        )
    }

    /// Gives `source` to one session, as it now stands.
    @inline(__always)
    func deliver(
        _ source: PublishSource,
        to index: Int32,
        _ session: UnsafeMutablePointer<Session>,
        qos: QoS,
        flags: DeliveryFlags,
        identifier: UInt32,
        _ route: UnsafeMutablePointer<Route>?,
        _ message: inout Message.Reference?
    ) {
        // Came from disk already, before another shard's mail brought it.
        if source.position != 0, source.position <= session.pointee.refilledTo { return }
        let slot = session.pointee.client
        guard slot >= 0 else {
            deliverAway(source, to: session, qos: qos, flags: flags, identifier: identifier, &message)
            return
        }
        let client = clients[slot]
        if qos == .atMostOnce {
            guard client.pointee.output.count < settings.outputBytesMaximum else {
                dropForSlowConsumer(slot, client)
                return
            }
            send(source, slot, client, qos: qos, packetID: 0, dup: false, flags, identifier, route)
        } else if session.pointee.queue.isEmpty, !client.pointee.isBlocked, session.pointee.resendsLeft == 0,
            session.pointee.spilledAfter == 0,
            session.pointee.window.hasRoom(client.pointee.receiveMaximum)
        {
            let holds = session.pointee.outlivesConnection || flags.contains(.shared)
            let packetID = session.pointee.window.append(
                .init(
                    message: holds ? reference(source, &message) : nil,
                    identifier: identifier,
                    qos: qos,
                    state: qos == .atLeastOnce ? .awaitingPubAck : .awaitingPubRec,
                    flags: flags
                )
            )
            if store != nil, isHeldForDisk(source, packetID, qos, session, slot, client) { return }
            if !send(source, slot, client, qos: qos, packetID: packetID, dup: false, flags, identifier, route)
            {
                // [MQTT-3.1.2-25]: too large for the receiver, as if it had been delivered.
                if let place = session.pointee.window.place(of: packetID) { settle(place, packetID, session) }
            }
            if client.pointee.output.count >= settings.outputBytesMaximum { client.pointee.isBlocked = true }
        } else {
            enqueue(source, session, qos: qos, flags: flags, identifier: identifier, &message)
            pump(index)
        }
    }

    /// For a session without a connection, or inside the process.
    @inline(never)
    private func deliverAway(
        _ source: PublishSource,
        to session: UnsafeMutablePointer<Session>,
        qos: QoS,
        flags: DeliveryFlags,
        identifier: UInt32,
        _ message: inout Message.Reference?
    ) {
        if session.pointee.client == Session.localClient {
            session.pointee.extras?.local?.deliver(delivered(source, qos: qos))
            counters.messagesDelivered &+= 1
            return
        }
        guard qos != .atMostOnce || settings.queuesQoS0 else { return }
        enqueue(source, session, qos: qos, flags: flags, identifier: identifier, &message)
    }

    @inline(never)
    private func dropForSlowConsumer(_ slot: Int32, _ client: UnsafeMutablePointer<Client>) {
        counters.droppedSlowConsumer &+= 1
        guard settings.slowConsumerPolicy == .disconnect, client.pointee.state == .connected else { return }
        let id = ConnectionID(slot: slot, generation: client.pointee.generation)
        disconnect(
            id,
            client,
            .quotaExceeded,
            "the client does not read: \(client.pointee.output.count) bytes wait for it"
        )
    }

    /// A reference of the caller's own to the message, which is copied when first asked for.
    @inline(__always)
    func reference(_ source: PublishSource, _ message: inout Message.Reference?) -> Message.Reference {
        let kept: Message.Reference
        if let message {
            kept = message
        } else {
            kept = Message.make(source)
            message = kept
        }
        kept.retain()
        return kept
    }

    /// Puts a message into a session's queue, or applies the policy of a full one.
    func enqueue(
        _ source: PublishSource,
        _ session: UnsafeMutablePointer<Session>,
        qos: QoS,
        flags: DeliveryFlags,
        identifier: UInt32,
        _ message: inout Message.Reference?
    ) {
        if session.pointee.storeID != 0, source.position != 0 {
            if flags.contains(.shared) { store?.choose(session.pointee.storeID, position: source.position) }
            if spills(source.position, session) { return }
        }
        let quotas = session.pointee.identity.quotas
        let isFull =
            session.pointee.queue.count >= quotas.queuedMessages
            || UInt64(session.pointee.queue.bytes) >= quotas.queuedBytes
        if isFull {
            counters.droppedQueueFull &+= 1
            guard settings.queueFullPolicy == .dropOldest, !session.pointee.queue.isEmpty else { return }
            session.pointee.queue.removeFirst().message.release()
            counters.messagesWaiting &-= 1
        }
        counters.messagesQueued &+= 1
        counters.messagesWaiting &+= 1
        if source.position > session.pointee.newestQueued { session.pointee.newestQueued = source.position }
        session.pointee.queue.append(
            .init(message: reference(source, &message), identifier: identifier, qos: qos, flags: flags)
        )
    }

    // MARK: - Encoding

    /// Appends the PUBLISH to a client's output. `false` where the client takes no packet that large.
    @inline(__always)
    @discardableResult
    func send(
        _ source: PublishSource,
        _ slot: Int32,
        _ client: UnsafeMutablePointer<Client>,
        qos: QoS,
        packetID: UInt16,
        dup: Bool,
        _ flags: DeliveryFlags,
        _ identifier: UInt32,
        _ route: UnsafeMutablePointer<Route>?
    ) -> Bool {
        // A route is given while one message is fanned out, and only then are the templates its own.
        let isVersion5 = client.pointee.version == .v5
        let retain = flags.contains(.retain)
        if isVersion5,
            identifier != 0 || flags.contains(.manyIdentifiers) || client.pointee.topicAliasMaximum != 0
        {
            return sendWithExtras(
                source,
                slot,
                client,
                qos: qos,
                packetID: packetID,
                dup: dup,
                flags,
                identifier,
                route
            )
        }
        if route != nil, templates.isActive {
            let (bytes, packetIDOffset) = templates.template(
                source,
                isVersion5: isVersion5,
                qos: qos,
                retain: retain,
                now: now
            )
            guard bytes.count <= Int(client.pointee.maximumPacketSize) else {
                counters.droppedTooLarge &+= 1
                return false
            }
            let place = client.pointee.output.append(bytes.count, from: &pool)
            if let start = bytes.baseAddress { place.copyMemory(from: start, byteCount: bytes.count) }
            if packetIDOffset > 0 {
                (place + packetIDOffset).storeBytes(of: packetID.bigEndian, as: UInt16.self)
            }
        } else {
            let encoder = PublishEncoder(
                source.parts,
                isVersion5: isVersion5,
                qos: qos,
                retain: retain,
                dup: dup
            )
            guard encoder.size <= Int(client.pointee.maximumPacketSize) else {
                counters.droppedTooLarge &+= 1
                return false
            }
            let place = client.pointee.output.append(encoder.size, from: &pool)
            encoder.write(
                source.parts,
                packetID: packetID,
                expiry: source.expiryLeft(at: now.seconds),
                to: place
            )
        }
        counters.messagesDelivered &+= 1
        counters.payloadBytesDelivered &+= source.parts.payload.count
        markDirty(slot, client)
        return true
    }

    /// The same with subscription identifiers `[MQTT-3.3.4-3]` or a topic alias.
    @inline(never)
    private func sendWithExtras(
        _ source: PublishSource,
        _ slot: Int32,
        _ client: UnsafeMutablePointer<Client>,
        qos: QoS,
        packetID: UInt16,
        dup: Bool,
        _ flags: DeliveryFlags,
        _ identifier: UInt32,
        _ route: UnsafeMutablePointer<Route>?
    ) -> Bool {
        var identifiers: [UInt32] = identifier == 0 ? [] : [identifier]
        if flags.contains(.manyIdentifiers) {
            identifiers = self.identifiers(of: client.pointee.session, source.parts.topic, route)
        }
        var alias: UInt16 = 0
        var omitsTopic = false
        if client.pointee.topicAliasMaximum != 0 {
            let extras = client.pointee.extras ?? ClientExtras()
            client.pointee.extras = extras
            let aliases = extras.outgoingAliases ?? OutgoingAliases(maximum: client.pointee.topicAliasMaximum)
            extras.outgoingAliases = aliases
            (alias, omitsTopic) = aliases.alias(for: source.parts.topic)
        }
        let identifiersLength = identifiers.reduce(0) { $0 + PublishEncoder.identifierLength($1) }
        let encoder = PublishEncoder(
            source.parts,
            isVersion5: true,
            qos: qos,
            retain: flags.contains(.retain),
            dup: dup,
            topicAlias: alias,
            omitsTopic: omitsTopic,
            identifiersLength: identifiersLength
        )
        // Measured with the topic in full, so that the answer does not depend on the alias.
        guard encoder.size <= Int(client.pointee.maximumPacketSize) else {
            counters.droppedTooLarge &+= 1
            if alias != 0, !omitsTopic { client.pointee.extras?.outgoingAliases?.forget(source.parts.topic) }
            return false
        }
        let place = client.pointee.output.append(encoder.size, from: &pool)
        identifiers.withUnsafeBufferPointer { list in
            _ = encoder.write(
                source.parts,
                packetID: packetID,
                expiry: source.expiryLeft(at: now.seconds),
                identifiers: list.baseAddress.map { ($0, list.count) },
                to: place
            )
        }
        counters.messagesDelivered &+= 1
        counters.payloadBytesDelivered &+= source.parts.payload.count
        markDirty(slot, client)
        return true
    }

    /// The identifiers of all of a session's filters that match, when there are several.
    ///
    /// Asks the index, not the cache of routes: a delivery in progress holds a place in that.
    private func identifiers(
        of session: Int32,
        _ topic: UnsafeRawBufferPointer,
        _ route: UnsafeMutablePointer<Route>?
    ) -> [UInt32] {
        if let route, let targets = route.pointee.targets {
            for i in 0..<Int(route.pointee.targetCount) where targets[i].session == session {
                let start = Int(targets[i].identifier)
                return Array(route.pointee.identifiers[start..<start + Int(targets[i].identifierCount)])
            }
            return []
        }
        var found: [UInt32] = []
        levels.split(topic, hash)
        subscriptions.match(levels, isSystem: topic.first == UInt8(ascii: "$")) { list in
            guard let i = list.pointee.index(ofSession: session) else { return }
            let identifier = list.pointee[i].identifier
            if identifier != 0 { found.append(identifier) }
        }
        return found
    }
}
