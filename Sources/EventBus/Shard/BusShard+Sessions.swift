package import Access
import MQTTWire

extension BusShard {
    func sessionExtras(_ index: Int32) -> SessionExtras {
        if let extras = sessions[index].pointee.extras { return extras }
        let extras = SessionExtras()
        sessions[index].pointee.extras = extras
        return extras
    }

    func dropEmptyExtras(_ index: Int32) {
        if sessions[index].pointee.extras?.isEmpty == true { sessions[index].pointee.extras = nil }
    }

    /// Ends a session: subscriptions, queue and identifier are given back.
    ///
    /// - Parameter keepsClaim: a new session with the same identifier follows at once.
    func endSession(_ index: Int32, keepsClaim: Bool = false) {
        guard isSessionLive(index) else { return }
        // [MQTT-3.1.3-9]: the end of the session does not wait for the will's delay.
        publishWill(index)
        let groups = sharedGroups(of: index)
        unsubscribeAll(index)
        if sessions[index].pointee.storeID != 0 { store?.ended(sessions[index].pointee.storeID) }
        handOverShared(index, to: groups)
        let clientID = sessions[index].pointee.clientID
        directory[ExactString(clientID)] = nil
        if !keepsClaim { site.release(clientID, from: self.index) }
        destroySession(index)
    }

    /// Frees what a session holds, and its slot.
    func destroySession(_ index: Int32) {
        let session = sessions[index]
        session.pointee.window.destroy()
        counters.messagesWaiting &-= Int(session.pointee.queue.count)
        session.pointee.queue.destroy()
        session.pointee.removeAllSubscriptions()
        markSession(index, live: false)
        sessions.free(index)
    }

    /// What a member of a shared subscription did not acknowledge goes to another `[MQTT-4.8.2-5]`;
    /// QoS 2 stays with the one it was sent to `[MQTT-4.8.2-4]`.
    ///
    /// - Parameter groups: those that the session was in; others had the message already.
    private func handOverShared(_ index: Int32, to groups: [Int32]) {
        var waiting: [(Message.Reference, QoS)] = []
        sessions[index].pointee.window.forEach { _, place in
            guard place.pointee.flags.contains(.shared), place.pointee.qos == .atLeastOnce,
                let message = place.pointee.message
            else { return }
            message.retain()
            waiting.append((message, place.pointee.qos))
        }
        sessions[index].pointee.queue.forEach { entry in
            guard entry.flags.contains(.shared) else { return }
            entry.message.retain()
            waiting.append((entry.message, entry.qos))
        }
        counters.messagesWaiting &-= Int(sessions[index].pointee.queue.count)
        sessions[index].pointee.queue.removeAll()
        for (message, _) in waiting {
            let source = message.source
            if !source.isExpired(at: now.seconds) { redeliverToGroups(source, among: groups) }
            message.release()
        }
    }

    private func sharedGroups(of index: Int32) -> [Int32] {
        guard let own = sessions[index].pointee.subscriptions else { return [] }
        return (0..<Int(sessions[index].pointee.subscriptionCount)).compactMap {
            own[$0].group >= 0 ? own[$0].group : nil
        }
    }

    // MARK: - Timers

    /// Fires what is due.
    package func runTimers() {
        while let due = timers.popDue(now.monotonic) {
            switch due.kind {
            case .keepAlive: keepAliveDue(due)
            case .sessionExpiry: sessionExpiryDue(due)
            case .willDelay: willDue(due)
            case .identityExpiry: identityExpiryDue(due)
            case .resumeReading: resumeReading(ConnectionID(slot: due.slot, generation: due.stamp))
            case .resumeSending: resumeSending(ConnectionID(slot: due.slot, generation: due.stamp))
            case .refill:
                if isSessionLive(due.slot), sessions[due.slot].pointee.stamp == due.stamp { pump(due.slot) }
            case .sys:
                publishSys()
                timers.add(
                    .init(
                        due: now.monotonic &+ UInt64(max(1, settings.sysInterval)) * 1_000_000_000,
                        slot: 0,
                        stamp: 0,
                        kind: .sys
                    )
                )
            }
        }
        settle()
    }

    /// When the next timer is due, monotonic nanoseconds; `nil` for never.
    package var nextTimer: UInt64? { timers.next }

    /// One and a half times the keep alive without a packet ends the connection `[MQTT-3.1.2-22]`.
    func armKeepAlive(_ id: ConnectionID, _ client: UnsafeMutablePointer<Client>) {
        guard client.pointee.keepAlive > 0 else { return }
        let allowed = UInt64(client.pointee.keepAlive) * 1_500_000_000 + 1_000_000_000
        timers.add(
            .init(due: now.monotonic &+ allowed, slot: id.slot, stamp: id.generation, kind: .keepAlive)
        )
    }

    private func keepAliveDue(_ due: TimerHeap.Entry) {
        let id = ConnectionID(slot: due.slot, generation: due.stamp)
        guard let client = client(id), client.pointee.state == .connected else { return }
        // Whole seconds were noted: the client gets the benefit of the one that was cut off.
        let allowed = UInt64(client.pointee.keepAlive) * 1_500_000_000 + 1_000_000_000
        let deadline = UInt64(client.pointee.lastReceived) * 1_000_000_000 &+ allowed
        if deadline > now.monotonic, !client.pointee.isPaused {
            timers.add(.init(due: deadline, slot: due.slot, stamp: due.stamp, kind: .keepAlive))
            return
        }
        if client.pointee.isPaused {
            // We are not reading: silence says nothing about the client.
            timers.add(
                .init(due: now.monotonic &+ allowed, slot: due.slot, stamp: due.stamp, kind: .keepAlive)
            )
            return
        }
        counters.keepAliveTimeouts += 1
        disconnect(id, client, .keepAliveTimeout, "nothing came for one and a half times the keep alive")
    }

    func armSessionExpiry(_ index: Int32) {
        let interval = sessions[index].pointee.expiryInterval
        guard interval != .max else { return }
        sessions[index].pointee.expiresAt = now.seconds &+ interval
        timers.add(
            .init(
                due: now.monotonic &+ UInt64(interval) * 1_000_000_000,
                slot: index,
                stamp: sessions[index].pointee.stamp,
                kind: .sessionExpiry
            )
        )
    }

    private func sessionExpiryDue(_ due: TimerHeap.Entry) {
        guard isSessionLive(due.slot), sessions[due.slot].pointee.stamp == due.stamp,
            sessions[due.slot].pointee.client == -1, sessions[due.slot].pointee.expiresAt <= now.seconds
        else { return }
        counters.sessionsExpired += 1
        endSession(due.slot)
    }

    private func willDue(_ due: TimerHeap.Entry) {
        guard isSessionLive(due.slot), sessions[due.slot].pointee.stamp == due.stamp,
            sessions[due.slot].pointee.client == -1,
            let extras = sessions[due.slot].pointee.extras, extras.willDue <= now.seconds
        else { return }
        publishWill(due.slot)
    }

    func armIdentityExpiry(_ identity: Identity, _ id: ConnectionID) {
        guard let expiry = identity.expiry else { return }
        let left = UInt64(max(0, expiry - now.wallSeconds))
        timers.add(
            .init(
                due: now.monotonic &+ min(left, 1 << 32) * 1_000_000_000,
                slot: id.slot,
                stamp: id.generation,
                kind: .identityExpiry
            )
        )
    }

    private func identityExpiryDue(_ due: TimerHeap.Entry) {
        let id = ConnectionID(slot: due.slot, generation: due.stamp)
        guard let client = client(id), client.pointee.state == .connected, client.pointee.session >= 0,
            let expiry = sessions[client.pointee.session].pointee.identity.expiry
        else { return }
        if expiry <= now.wallSeconds {
            disconnect(id, client, .notAuthorized, "the credentials have expired")
        } else {
            armIdentityExpiry(sessions[client.pointee.session].pointee.identity, id)
        }
    }

    func resumeReading(_ id: ConnectionID) {
        guard let client = client(id), client.pointee.isPaused else { return }
        client.pointee.isPaused = false
        emit(.resume(id))
    }

    // MARK: - The operator

    /// Takes new rules and limits over; connected clients that may no longer be here are sent away.
    package func reload(_ settings: BusSettings, _ access: AccessControl) {
        self.settings = settings
        self.access = access
        accessEpoch &+= 1
        for slot in 0..<clients.limit where isClientLive(slot) {
            let client = clients[slot]
            guard client.pointee.state == .connected, client.pointee.session >= 0 else { continue }
            let session = sessions[client.pointee.session]
            if let identity = access.refreshed(session.pointee.identity) {
                session.pointee.identity = identity
                applyQuotas(identity, client)
                applyRates(identity, slot, client)
                client.pointee.receiveMaximum = min(
                    client.pointee.receiveMaximum,
                    max(1, identity.quotas.inFlight)
                )
            } else {
                disconnect(
                    ConnectionID(slot: slot, generation: client.pointee.generation),
                    client,
                    .administrativeAction,
                    "the client is no longer allowed"
                )
            }
        }
        recheckSubscriptions()
        settle()
    }

    /// Says good-bye to everybody; sessions that outlive their connection stay.
    package func drain() {
        isDraining = true
        for slot in 0..<clients.limit where isClientLive(slot) {
            let client = clients[slot]
            let id = ConnectionID(slot: slot, generation: client.pointee.generation)
            if client.pointee.state == .connected {
                // The server goes, the client did nothing wrong: its will stays unsaid only on a clean
                // DISCONNECT of its own, so it is published `[MQTT-3.1.2-8]`.
                disconnect(id, client, .serverShuttingDown, "the server is shutting down")
            } else {
                close(id, client)
            }
        }
        settle()
    }

    /// Sessions in this shard, connected or not.
    package var sessionCount: Int { sessions.count }
    package var connectionCount: Int { clients.count }
    package var subscriptionCount: Int { subscriptions.count }
}
