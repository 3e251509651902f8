package import Access
package import MQTTWire

/// A session as storage found it at start.
package struct RestoredSession {
    package struct InFlight {
        package var packetID: UInt16
        package var qos: QoS
        /// PUBREC came: only PUBREL is to be sent.
        package var isReceived: Bool
        package var position: UInt64

        package init(packetID: UInt16, qos: QoS, isReceived: Bool, position: UInt64) {
            self.packetID = packetID
            self.qos = qos
            self.isReceived = isReceived
            self.position = position
        }
    }

    package var storeID: UInt32
    package var clientID: String
    package var identity: Identity
    package var expiryInterval: UInt32
    /// Seconds since its connection ended.
    package var awayFor: UInt32
    package var subscriptions: [(subscription: Subscription, identifier: UInt32)]
    package var will: StoredWill?
    /// In the order in which they were sent.
    package var inFlight: [InFlight]
    package var nextPacketID: UInt16
    /// QoS 2 identifiers of messages from the client that it has not released, and where the messages are.
    package var incoming: [UInt16: UInt64]
    /// Messages behind this position wait on disk.
    package var sentTo: UInt64

    package init(
        storeID: UInt32,
        clientID: String,
        identity: Identity,
        expiryInterval: UInt32,
        awayFor: UInt32,
        subscriptions: [(subscription: Subscription, identifier: UInt32)],
        will: StoredWill?,
        inFlight: [InFlight],
        nextPacketID: UInt16,
        incoming: [UInt16: UInt64],
        sentTo: UInt64
    ) {
        self.storeID = storeID
        self.clientID = clientID
        self.identity = identity
        self.expiryInterval = expiryInterval
        self.awayFor = awayFor
        self.subscriptions = subscriptions
        self.will = will
        self.inFlight = inFlight
        self.nextPacketID = nextPacketID
        self.incoming = incoming
        self.sentTo = sentTo
    }
}

extension BusShard {
    /// Gives the shard its storage, before the first connection.
    package func attach(_ store: any BusStore) { self.store = store }

    /// Brings the mail that restored sessions caused to the other shards, before the first client: a publisher that
    /// comes back at once must reach the sessions of every shard.
    package static func exchangeMail(_ shards: [BusShard]) {
        var isMoving = true
        while isMoving {
            isMoving = false
            for from in shards {
                for to in shards where to !== from {
                    let mail = from.takeMail(for: to.index)
                    guard !mail.isEmpty else { continue }
                    isMoving = true
                    mail.withUnsafeBytes { to.deliverMail(from: from.index, $0) }
                }
            }
        }
    }

    package var retainedCount: Int { site.retained.count }

    /// What this shard shares with the others.
    package var sharedSite: BusSite { site }

    /// Puts a retained message back, as it was before the restart; one without payload takes it away.
    package func restoreRetained(_ message: borrowing StoredMessage, position: UInt64) {
        let source = restored(message, position: position)
        if source.isExpired(at: now.seconds) { return }
        let time = BusTime(monotonic: now.monotonic, wall: message.ingestTime)
        _ = site.retained.set(source, hash: hash, now: time, settings: settings)
    }

    /// Calls `body` with the storage numbers of the sessions here that outlive their connections and want
    /// `topic` with QoS 1 or 2.
    package func forEachStoredSession(wanting topic: UnsafeRawBufferPointer, _ body: (UInt32) -> Void) {
        guard let route = route(for: topic), let targets = route.pointee.targets else { return }
        for i in 0..<Int(route.pointee.targetCount) where targets[i].qos != .atMostOnce {
            let storeID = sessions[targets[i].session].pointee.storeID
            if storeID != 0 { body(storeID) }
        }
    }

    /// What waits on disk for a restored session begins behind `position`; 0: nothing waits.
    package func restoreBacklog(_ clientID: String, after position: UInt64) {
        guard let index = directory[ExactString(clientID)] else { return }
        sessions[index].pointee.spilledAfter = position
    }

    /// Puts a session back.
    ///
    /// - Parameter message: reads the message at a position; `nil` when it is gone.
    package func restore(
        _ stored: RestoredSession,
        _ message: (UInt64, (borrowing StoredMessage) -> Void) -> Bool
    ) {
        guard site.claim(stored.clientID, for: index, limit: .max) else { return }
        let index = sessions.allocate(
            Session(clientID: stored.clientID, identity: stored.identity, stamp: takeStamp())
        )
        markSession(index, live: true)
        directory[ExactString(stored.clientID)] = index
        let session = sessions[index]
        session.pointee.storeID = stored.storeID
        session.pointee.expiryInterval = stored.expiryInterval
        session.pointee.spilledAfter = stored.sentTo
        for (subscription, identifier) in stored.subscriptions {
            let text = Array(subscription.filter.filter)
            let access = text.withUnsafeBytes { stored.identity.subscription($0) }
            if access == .denied { continue }
            let options = SubscriptionFlags(
                qos: min(subscription.maximumQoS, settings.maximumQoS),
                noLocal: subscription.noLocal,
                retainAsPublished: subscription.retainAsPublished,
                checkEachMessage: access == .checkEachMessage
            )
            _ = enter(index, subscription.filter, options, identifier)
        }
        restoreWindow(stored, session, message)
        if !stored.incoming.isEmpty {
            sessionExtras(index).incomingQoS2 = Set(stored.incoming.keys)
            sessionExtras(index).restoredQoS2 = stored.incoming
        }
        restoreWill(stored, index)
        armRestored(stored, index)
    }

    private func restoreWindow(
        _ stored: RestoredSession,
        _ session: UnsafeMutablePointer<Session>,
        _ message: (UInt64, (borrowing StoredMessage) -> Void) -> Bool
    ) {
        guard let first = stored.inFlight.first else {
            session.pointee.window.begin(at: stored.nextPacketID)
            return
        }
        session.pointee.window.begin(at: first.packetID)
        for entry in stored.inFlight {
            var reference: Message.Reference?
            if !entry.isReceived {
                let isThere = message(entry.position) { stored in
                    reference = Message.make(restored(stored, position: entry.position))
                }
                // Retention took it: there is nothing to send again.
                guard isThere else { continue }
            }
            // Identifiers that were settled in between keep their places.
            while session.pointee.window.nextPacketID != entry.packetID {
                session.pointee.window.appendMarker()
            }
            _ = session.pointee.window.append(
                .init(
                    message: reference,
                    identifier: 0,
                    qos: entry.qos,
                    state: entry.isReceived
                        ? .awaitingPubComp : entry.qos == .exactlyOnce ? .awaitingPubRec : .awaitingPubAck,
                    flags: reference == nil ? [] : .manyIdentifiers
                )
            )
        }
        while session.pointee.window.nextPacketID != stored.nextPacketID {
            session.pointee.window.appendMarker()
        }
    }

    private func restoreWill(_ stored: RestoredSession, _ index: Int32) {
        guard let will = stored.will else { return }
        will.topic.withUnsafeBytes { topic in
            will.properties.withUnsafeBytes { properties in
                will.payload.withUnsafeBytes { payload in
                    sessionExtras(index).will = .init(
                        message: Message.make(
                            PublishSource(
                                parts: PublishParts(
                                    topic: topic,
                                    properties: properties,
                                    payload: payload,
                                    expiryOffset: will.expiryOffset
                                ),
                                qos: will.qos,
                                retain: will.retain,
                                expiresAt: 0
                            )
                        ),
                        delay: will.delay,
                        expiryInterval: will.expiryInterval
                    )
                }
            }
        }
        let left = will.delay > stored.awayFor ? will.delay - stored.awayFor : 0
        sessionExtras(index).willDue = now.seconds &+ left
        timers.add(
            .init(
                due: now.monotonic &+ UInt64(left) * 1_000_000_000,
                slot: index,
                stamp: sessions[index].pointee.stamp,
                kind: .willDelay
            )
        )
    }

    private func armRestored(_ stored: RestoredSession, _ index: Int32) {
        guard stored.expiryInterval != .max else { return }
        let left = stored.expiryInterval > stored.awayFor ? stored.expiryInterval - stored.awayFor : 0
        sessions[index].pointee.expiresAt = now.seconds &+ left
        timers.add(
            .init(
                due: now.monotonic &+ UInt64(left) * 1_000_000_000,
                slot: index,
                stamp: sessions[index].pointee.stamp,
                kind: .sessionExpiry
            )
        )
    }

    /// For a checkpoint: where a session stands in memory. Everything up to the position was sent, was
    /// settled or never was the session's; `nil` for a session that is not here.
    package func deliveredTo(_ clientID: String, end: UInt64) -> UInt64? {
        guard let index = directory[ExactString(clientID)] else { return nil }
        let session = sessions[index]
        if !session.pointee.queue.isEmpty {
            let first = session.pointee.queue.oldestPosition
            return first == 0 ? nil : first - 1
        }
        return session.pointee.spilledAfter != 0 ? session.pointee.spilledAfter : end
    }
}
