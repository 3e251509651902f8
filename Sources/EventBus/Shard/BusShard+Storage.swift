import MQTTWire

/// How the core and its storage meet.
extension BusShard {
    /// Gives a message to storage if it must be kept. `false` when storage refuses it.
    func store(
        _ source: inout PublishSource,
        _ route: UnsafeMutablePointer<Route>,
        _ publisher: Int32,
        _ outcome: inout PublishOutcome
    ) -> Bool {
        guard let store else { return true }
        let isWantedLater = source.qos != .atMostOnce && isWantedLater(route)
        let message = StoredMessage(
            parts: source.parts,
            qos: source.qos,
            retain: source.retain && !source.isVolatile,
            expiresAt: wallExpiry(source),
            publisher: publisher >= 0 ? sessions[publisher].pointee.storeID : 0,
            exactlyOnceID: source.exactlyOnceID,
            ingestTime: now.wall
        )
        switch store.keep(message, isWantedLater: isWantedLater) {
        case .notKept: return true
        case .kept(let position, let durableAt):
            source.position = position
            outcome.position = position
            outcome.durableAt = durableAt
            return true
        case .refused(let reason):
            counters.storageRefused &+= 1
            outcome.refusal = reason
            return false
        }
    }

    /// Keeps a message that another shard forwarded. The retained copy is the forwarding shard's.
    func storeForwarded(
        _ source: inout PublishSource,
        _ outcome: inout PublishOutcome,
        _ origin: UInt64 = 0,
        from shard: Int = 0
    ) -> Bool {
        guard let store else { return true }
        let message = StoredMessage(
            parts: source.parts,
            qos: source.qos,
            retain: false,
            expiresAt: wallExpiry(source),
            ingestTime: now.wall,
            origin: origin,
            originShard: origin == 0 ? 0 : UInt8(shard + 1)
        )
        guard case .kept(let position, let durableAt) = store.keep(message, isWantedLater: true) else {
            counters.storageRefused &+= 1
            return false
        }
        source.position = position
        outcome.durableAt = durableAt
        return true
    }

    /// Whether a session that outlives its connection wants the topic with QoS 1 or 2.
    func isWantedLater(_ route: UnsafeMutablePointer<Route>) -> Bool {
        // A group may choose such a session: the message is kept to be safe.
        if !route.pointee.groups.isEmpty { return true }
        guard let targets = route.pointee.targets else { return false }
        for i in 0..<Int(route.pointee.targetCount)
        where targets[i].qos != .atMostOnce && sessions[targets[i].session].pointee.storeID != 0 {
            return true
        }
        return false
    }

    // MARK: - Queues that go to disk

    /// Messages of a session that outlives its connection that are held in memory; the rest is read from
    /// disk when their turn comes, so that a backlog of gigabytes needs no memory.
    static var residentQueueLimit: UInt32 { 512 }

    /// Whether a message stays on disk only.
    func spills(_ position: UInt64, _ session: UnsafeMutablePointer<Session>) -> Bool {
        if session.pointee.spilledAfter != 0 {
            // What another shard kept earlier but brought later belongs to the part in memory.
            return position > session.pointee.spilledAfter
        }
        guard session.pointee.queue.count >= Self.residentQueueLimit else { return false }
        session.pointee.spilledAfter = session.pointee.newestQueued
        return true
    }

    /// Reads the next messages of a session from disk. `false` when there were none.
    func refill(_ slot: Int32, _ session: UnsafeMutablePointer<Session>) -> Bool {
        guard let store else { return false }
        var taken: UInt32 = 0
        let progress = store.refill(session.pointee.storeID, after: session.pointee.spilledAfter) {
            stored,
            delivery in
            var flags: DeliveryFlags = delivery.isShared ? .shared : []
            if delivery.retain { flags.insert(.retain) }
            if delivery.identifiers.count > 1 { flags.insert(.manyIdentifiers) }
            let message = Message.make(restored(stored, position: delivery.position))
            session.pointee.queue.append(
                .init(
                    message: message,
                    identifier: delivery.identifiers.count == 1 ? delivery.identifiers[0] : 0,
                    qos: delivery.qos,
                    flags: flags
                )
            )
            session.pointee.newestQueued = delivery.position
            counters.messagesWaiting &+= 1
            taken += 1
            return taken < Self.residentQueueLimit
        }
        session.pointee.refilledTo = max(session.pointee.refilledTo, progress.scannedTo)
        session.pointee.spilledAfter = progress.isCaughtUp ? 0 : progress.scannedTo
        if taken == 0, !progress.isCaughtUp {
            // Much was looked through in vain: go on in the next turn, others wait too.
            timers.add(.init(due: now.monotonic, slot: slot, stamp: session.pointee.stamp, kind: .refill))
        }
        return taken > 0
    }

    /// A message read from disk, its expiry on this process's clock.
    func restored(_ stored: borrowing StoredMessage, position: UInt64) -> PublishSource {
        var source = PublishSource(
            parts: stored.parts,
            qos: stored.qos,
            retain: stored.retain,
            expiresAt: 0,
            position: position
        )
        if stored.expiresAt != 0 {
            let left = max(0, stored.expiresAt - now.wallSeconds)
            source.expiresAt = max(1, now.seconds &+ UInt32(min(left, Int64(UInt32.max - now.seconds))))
        }
        return source
    }

    // MARK: - What is sent

    /// Notes on disk under which identifier a message goes out. `true` when it must not leave before that
    /// note is there: QoS 2, or the receiver could get it twice after a crash.
    func isHeldForDisk(
        _ source: PublishSource,
        _ packetID: UInt16,
        _ qos: QoS,
        _ session: UnsafeMutablePointer<Session>,
        _ slot: Int32,
        _ client: UnsafeMutablePointer<Client>
    ) -> Bool {
        guard let store, session.pointee.storeID != 0 else { return false }
        let noted = store.sent(
            session.pointee.storeID,
            position: source.position,
            packetID: packetID,
            qos: qos
        )
        guard qos == .exactlyOnce, !isDurable(noted) else { return false }
        heldAnswers.append(
            .init(
                durableAt: noted,
                slot: slot,
                generation: client.pointee.generation,
                packetID: packetID,
                type: .publish,
                reason: 0
            )
        )
        return true
    }

    /// The note of a held message is on disk: it goes out.
    func sendHeld(_ packetID: UInt16, _ slot: Int32, _ client: UnsafeMutablePointer<Client>) {
        guard client.pointee.state == .connected, client.pointee.session >= 0 else { return }
        let session = sessions[client.pointee.session]
        guard let place = session.pointee.window.place(of: packetID), place.pointee.state == .awaitingPubRec,
            let message = place.pointee.message
        else { return }
        let wasSent = send(
            message.source,
            slot,
            client,
            qos: place.pointee.qos,
            packetID: packetID,
            dup: false,
            place.pointee.flags,
            place.pointee.identifier,
            nil
        )
        if !wasSent { settle(place, packetID, session) }
    }

    // MARK: - Sessions

    /// Tells storage of a session that outlives its connection, or that one no longer does.
    func storeConnected(_ index: Int32, isClean: Bool) {
        guard let store else { return }
        let session = sessions[index]
        if session.pointee.outlivesConnection {
            session.pointee.storeID = store.connected(
                StoredSession(
                    clientID: session.pointee.clientID,
                    identity: session.pointee.identity,
                    storeID: session.pointee.storeID,
                    expiryInterval: session.pointee.expiryInterval,
                    isClean: isClean
                )
            )
        } else if session.pointee.storeID != 0 {
            store.ended(session.pointee.storeID)
            session.pointee.storeID = 0
        }
    }

    func storeWill(_ index: Int32) {
        guard let store, sessions[index].pointee.storeID != 0 else { return }
        guard let will = sessions[index].pointee.extras?.will else {
            store.willChanged(sessions[index].pointee.storeID, will: nil)
            return
        }
        let source = will.message.source
        store.willChanged(
            sessions[index].pointee.storeID,
            will: StoredWill(
                topic: Array(source.parts.topic),
                payload: Array(source.parts.payload),
                properties: Array(source.parts.properties),
                expiryOffset: source.parts.expiryOffset,
                qos: source.qos,
                retain: source.retain,
                delay: will.delay,
                expiryInterval: will.expiryInterval
            )
        )
    }

    func wallExpiry(_ source: borrowing PublishSource) -> Int64 {
        source.expiresAt == 0 ? 0 : now.wallSeconds + Int64(source.expiryLeft(at: now.seconds))
    }
}
