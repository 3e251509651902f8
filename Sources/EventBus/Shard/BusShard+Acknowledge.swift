import MQTTWire

extension BusShard {
    // MARK: - Answers to publishers

    /// Answers a publisher at once, or when what it published is on disk.
    @inline(__always)
    func answer(
        _ type: PacketType,
        _ packetID: UInt16,
        _ outcome: PublishOutcome,
        _ id: ConnectionID,
        _ client: UnsafeMutablePointer<Client>
    ) {
        var reason = outcome.refusal
        // [MQTT-3.4.2-1]: 0x10 says that nobody subscribes.
        if !outcome.isWanted, reason == .success { reason = .noMatchingSubscribers }
        if reason.isFailure, client.pointee.version != .v5, Self.endsConnection(type, reason) {
            disconnect(id, client, reason, nil)
            return
        }
        if outcome.durableAt | outcome.streamsAt | outcome.forwarded != 0,
            outcome.toForward != nil
                || !isSafe(outcome.durableAt, outcome.streamsAt, outcome.forwarded, outcome.forwardedTo)
        {
            client.pointee.unansweredPublishes &+= 1
            heldAnswers.append(
                .init(
                    durableAt: outcome.durableAt,
                    streamsAt: outcome.streamsAt,
                    forwarded: outcome.forwarded,
                    forwardedTo: outcome.forwardedTo,
                    toForward: outcome.toForward,
                    slot: id.slot,
                    generation: id.generation,
                    packetID: packetID,
                    type: type,
                    reason: reason.rawValue
                )
            )
            return
        }
        write(type, packetID, reason, id.slot, client)
    }

    /// Whether a refusal before MQTT 5 takes the connection with it `[MQTT3-4.8.0-2]`: there the answer can only say
    /// yes, which would promise what is not kept. Of what a client may not publish it may `[MQTT3-3.3.5-2]`, and a
    /// PUBREL of an unknown identifier is answered as ever.
    @inline(never)
    private static func endsConnection(_ type: PacketType, _ reason: ReasonCode) -> Bool {
        type != .pubComp && reason != .notAuthorized
    }

    /// Writes an acknowledgement. Before MQTT 5 it cannot say more than yes `[MQTT3-3.3.5-2]`.
    @inline(__always)
    func write(
        _ type: PacketType,
        _ packetID: UInt16,
        _ reason: ReasonCode,
        _ slot: Int32,
        _ client: UnsafeMutablePointer<Client>
    ) {
        if reason == .success || client.pointee.version != .v5 {
            append(AckEncoder.success(type, packetID: packetID), slot, client)
            return
        }
        let place = client.pointee.output.append(5, from: &pool)
        _ = AckEncoder.write(
            type,
            packetID: packetID,
            reasonCode: reason,
            version: .v5,
            to: UnsafeMutableRawBufferPointer(start: place, count: 5),
            at: 0
        )
        markDirty(slot, client)
    }

    /// A group commit returned.
    package func storageCommitted() {
        if let streams { durableTicket = streams.durableTicket }
        storageReached(store?.durablePosition ?? 0)
    }

    /// Calls `resume` when all that `wait` names is durable, at once where it is: with `false` when another shard's
    /// journal did not take a message.
    package func whenDurable(_ wait: DurabilityWait, _ resume: @escaping @Sendable (Bool) -> Void) {
        durabilityWaiters.append((wait, resume))
        resumeWaiters()
    }

    /// Storage has everything up to `position` on disk: the answers that waited for it go out.
    package func storageReached(_ position: UInt64) {
        durablePosition = max(durablePosition, position)
        forwardDurable()
        confirmForwarded()
        releaseAnswers()
        sendKnownSubAcks()
        settle()
    }

    /// Whether what an answer promises is on disk, here and where it was forwarded to.
    func isSafe(_ durableAt: UInt64, _ streamsAt: UInt64, _ forwarded: UInt64, _ shards: UInt32) -> Bool {
        guard isDurable(durableAt), streamsAt <= durableTicket else { return false }
        var rest = forwarded == 0 ? 0 : shards
        while rest != 0 {
            if forwardConfirmed[rest.trailingZeroBitCount] < forwarded { return false }
            rest &= rest - 1
        }
        return true
    }

    /// Sends the answers that nothing keeps back any more.
    func releaseAnswers() {
        while let due = heldAnswers.popDue({
            isSafe($0.durableAt, $0.streamsAt, $0.forwarded, $0.forwardedTo)
        }) {
            let isRefused = due.forwarded != 0 && forwardRefused.remove(due.forwarded) != nil
            let id = ConnectionID(slot: due.slot, generation: due.generation)
            guard let client = client(id) else { continue }
            if due.type == .publish {
                sendHeld(due.packetID, due.slot, client)
                continue
            }
            // A PUBREL answers what we published, not what the client did.
            if due.type != .pubRel { client.pointee.unansweredPublishes &-= 1 }
            guard client.pointee.state == .connected else { continue }
            if isRefused {
                refuse(due, id, client)
            } else {
                write(due.type, due.packetID, ReasonCode(rawValue: due.reason), due.slot, client)
            }
        }
        resumeWaiters()
        // Refusals that nobody waits for: of wills, or of clients that are gone.
        if heldAnswers.count == 0, durabilityWaiters.isEmpty { forwardRefused.removeAll() }
    }

    /// Another shard's journal did not take the message: its publisher is told as by this shard's own.
    private func refuse(
        _ due: HeldAnswers.Entry,
        _ id: ConnectionID,
        _ client: UnsafeMutablePointer<Client>
    ) {
        counters.storageRefused &+= 1
        // [MQTT-4.3.3-9]: no PUBREL follows.
        if due.type == .pubRec, client.pointee.session >= 0 {
            sessions[client.pointee.session].pointee.extras?.incomingQoS2.remove(due.packetID)
        }
        answer(due.type, due.packetID, PublishOutcome(isWanted: true, refusal: .quotaExceeded), id, client)
    }

    private func resumeWaiters() {
        while let (wait, resume) = durabilityWaiters.first,
            isSafe(wait.durableAt, wait.ticket, wait.forwarded, wait.shards)
        {
            durabilityWaiters.removeFirst()
            resume(!forwardRefused.contains { (wait.firstForwarded...wait.forwarded).contains($0) })
        }
    }

    @inline(__always)
    func isDurable(_ position: UInt64) -> Bool { position <= durablePosition }

    // MARK: - QoS 2 in

    /// A QoS 2 PUBLISH: delivered when it comes the first time, `[MQTT-4.3.3-8]`…`[MQTT-4.3.3-12]`.
    @inline(never)
    func receiveExactlyOnce(
        _ packetID: UInt16,
        _ source: PublishSource,
        _ id: ConnectionID,
        _ client: UnsafeMutablePointer<Client>
    ) {
        let index = client.pointee.session
        let extras = sessionExtras(index)
        if extras.incomingQoS2.contains(packetID) {
            // [MQTT-4.3.3-10]: seen and not released; acknowledged again, not delivered again.
            var outcome = repeatedOutcome(index)
            if let position = extras.restoredQoS2.removeValue(forKey: packetID) {
                // The process died before the client heard of it: other shards may not have it.
                forwardAgain(source, position, &outcome)
            }
            answer(.pubRec, packetID, outcome, id, client)
            return
        }
        // Before MQTT 5 a client does not know of a maximum; its identifiers are the limit.
        if client.pointee.version == .v5, extras.incomingQoS2.count >= Int(settings.receiveMaximum) {
            disconnect(
                id,
                client,
                .receiveMaximumExceeded,
                "more than \(settings.receiveMaximum) QoS 2 publishes are not released"
            )
            return
        }
        var source = source
        source.exactlyOnceID = sessions[index].pointee.outlivesConnection ? packetID : 0
        let outcome = publish(source, from: index)
        // A refusal ends the exchange: no PUBREL follows `[MQTT-4.3.3-9]`.
        if !outcome.refusal.isFailure || client.pointee.version != .v5 && outcome.refusal == .notAuthorized {
            extras.incomingQoS2.insert(packetID)
        }
        answer(.pubRec, packetID, outcome, id, client)
    }

    /// Gives a message that this shard's journal had before a restart to the shards that want it; those that have it
    /// already know it by its place in that journal.
    private func forwardAgain(_ source: PublishSource, _ position: UInt64, _ outcome: inout PublishOutcome) {
        guard site.shardCount > 1 else { return }
        guard let route = route(for: source.parts.topic), route.pointee.remoteShards != 0 else { return }
        var source = source
        source.position = position
        forward(source, to: route.pointee.remoteShards, &outcome)
    }

    /// The answer to a repeated QoS 2 PUBLISH comes no earlier than the first one's.
    private func repeatedOutcome(_ session: Int32) -> PublishOutcome {
        var outcome = PublishOutcome(isWanted: true)
        if let store { outcome.durableAt = store.lastPosition }
        if let streams { outcome.streamsAt = streams.lastTicket }
        return outcome
    }

    func receivePubRel(_ ack: AckView, _ id: ConnectionID, _ client: UnsafeMutablePointer<Client>) {
        let index = client.pointee.session
        let isKnown = sessions[index].pointee.extras?.incomingQoS2.remove(ack.packetID) != nil
        if isKnown { sessions[index].pointee.extras?.restoredQoS2[ack.packetID] = nil }
        dropEmptyExtras(index)
        var outcome = PublishOutcome(isWanted: true)
        if isKnown {
            // [MQTT-4.3.3-11]: the identifier is free again, on disk before the client hears of it.
            if let store, sessions[index].pointee.storeID != 0 {
                outcome.durableAt = store.released(sessions[index].pointee.storeID, packetID: ack.packetID)
            }
        } else {
            outcome.refusal = .packetIdentifierNotFound
        }
        answer(.pubComp, ack.packetID, outcome, id, client)
    }

    // MARK: - Answers from subscribers

    @inline(__always)
    func receivePubAck(_ ack: AckView, _ id: ConnectionID, _ client: UnsafeMutablePointer<Client>) {
        let index = client.pointee.session
        let session = sessions[index]
        guard let place = session.pointee.window.place(of: ack.packetID),
            place.pointee.state == .awaitingPubAck
        else { return wrongAnswer(.pubAck, session.pointee.window.place(of: ack.packetID), id, client) }
        settle(place, ack.packetID, session)
        pumpIfWaiting(index, session)
    }

    func receivePubRec(_ ack: AckView, _ id: ConnectionID, _ client: UnsafeMutablePointer<Client>) {
        let index = client.pointee.session
        let session = sessions[index]
        guard let place = session.pointee.window.place(of: ack.packetID), place.pointee.state != .done else {
            counters.protocolErrors &+= 1
            // MQTT 5, 4.3.3: say that the identifier means nothing.
            write(.pubRel, ack.packetID, .packetIdentifierNotFound, id.slot, client)
            return
        }
        if ack.reasonCode.isFailure {
            // [MQTT-4.4.0-2]: the receiver refuses the message; the exchange is over.
            if place.pointee.state == .awaitingPubRec {
                settle(place, ack.packetID, session)
                pumpIfWaiting(index, session)
            }
            return
        }
        switch place.pointee.state {
        case .awaitingPubRec:
            // From here on the message must not be sent again `[MQTT-4.3.3-5]`.
            place.pointee.state = .awaitingPubComp
            if let store, session.pointee.storeID != 0 {
                let position = store.received(session.pointee.storeID, packetID: ack.packetID)
                if !isDurable(position) {
                    heldAnswers.append(
                        .init(
                            durableAt: position,
                            slot: id.slot,
                            generation: id.generation,
                            packetID: ack.packetID,
                            type: .pubRel,
                            reason: 0
                        )
                    )
                    return
                }
            }
            write(.pubRel, ack.packetID, .success, id.slot, client)
        case .awaitingPubComp: write(.pubRel, ack.packetID, .success, id.slot, client)
        case .awaitingPubAck, .done: wrongAnswer(.pubRec, place, id, client)
        }
    }

    /// An acknowledgement that answers nothing, as after a session that was lost, is passed over. One that is not the
    /// answer to a message of that QoS is a violation, after which nobody knows who has the message
    /// `[MQTT-4.13.1-1]`, `[MQTT3-4.8.0-1]`.
    @inline(never)
    private func wrongAnswer(
        _ type: PacketType,
        _ place: UnsafeMutablePointer<OutgoingWindow.Entry>?,
        _ id: ConnectionID,
        _ client: UnsafeMutablePointer<Client>
    ) {
        counters.protocolErrors &+= 1
        guard let place, place.pointee.state != .done else { return }
        disconnect(
            id,
            client,
            .protocolError,
            "a \(type) is not what the message with this identifier awaits"
        )
    }

    func receivePubComp(_ ack: AckView, _ id: ConnectionID, _ client: UnsafeMutablePointer<Client>) {
        let index = client.pointee.session
        let session = sessions[index]
        guard let place = session.pointee.window.place(of: ack.packetID),
            place.pointee.state == .awaitingPubComp
        else { return wrongAnswer(.pubComp, session.pointee.window.place(of: ack.packetID), id, client) }
        settle(place, ack.packetID, session)
        pumpIfWaiting(index, session)
    }

    /// The receiver has taken responsibility for the message.
    @inline(__always)
    func settle(
        _ place: UnsafeMutablePointer<OutgoingWindow.Entry>,
        _ packetID: UInt16,
        _ session: UnsafeMutablePointer<Session>
    ) {
        if let store, session.pointee.storeID != 0, let message = place.pointee.message {
            store.settled(session.pointee.storeID, position: message.pointee.position, packetID: packetID)
        }
        session.pointee.window.settle(place)
    }

    // MARK: - The session's queue

    @inline(__always)
    func pumpIfWaiting(_ index: Int32, _ session: UnsafeMutablePointer<Session>) {
        if session.pointee.queue.isEmpty, session.pointee.resendsLeft == 0, session.pointee.extras == nil,
            session.pointee.spilledAfter == 0
        {
            return
        }
        pump(index)
    }

    /// Sends what waits for a session, as far as its receive maximum and its socket allow.
    @inline(never)
    func pump(_ index: Int32) {
        let session = sessions[index]
        let slot = session.pointee.client
        guard slot >= 0 else { return }
        let client = clients[slot]
        guard client.pointee.state == .connected else { return }
        if session.pointee.resendsLeft > 0 { resend(session, slot, client) }
        if session.pointee.extras?.retained != nil { sendRetained(index) }
        while session.pointee.resendsLeft == 0 {
            if session.pointee.queue.isEmpty {
                guard session.pointee.spilledAfter != 0, refill(index, session) else { break }
                continue
            }
            guard client.pointee.output.count < settings.outputBytesMaximum else {
                client.pointee.isBlocked = true
                break
            }
            let first = session.pointee.queue.first
            if first.qos != .atMostOnce {
                guard session.pointee.window.hasRoom(client.pointee.receiveMaximum) else { break }
            }
            counters.messagesWaiting &-= 1
            sendQueued(session.pointee.queue.removeFirst(), index, session, slot, client)
        }
    }

    /// Sends one message that waited; owns the entry's reference.
    private func sendQueued(
        _ entry: MessageQueue.Entry,
        _ index: Int32,
        _ session: UnsafeMutablePointer<Session>,
        _ slot: Int32,
        _ client: UnsafeMutablePointer<Client>
    ) {
        let source = entry.message.source
        // [MQTT-3.3.2-5]
        if source.isExpired(at: now.seconds) {
            counters.droppedExpired &+= 1
            if let store, session.pointee.storeID != 0 {
                store.settled(session.pointee.storeID, position: source.position, packetID: 0)
            }
            entry.message.release()
            return
        }
        if entry.qos == .atMostOnce {
            send(
                source,
                slot,
                client,
                qos: .atMostOnce,
                packetID: 0,
                dup: false,
                entry.flags,
                entry.identifier,
                nil
            )
            entry.message.release()
            return
        }
        let holds = session.pointee.outlivesConnection || entry.flags.contains(.shared)
        let packetID = session.pointee.window.append(
            .init(
                message: holds ? entry.message : nil,
                identifier: entry.identifier,
                qos: entry.qos,
                state: entry.qos == .atLeastOnce ? .awaitingPubAck : .awaitingPubRec,
                flags: entry.flags
            )
        )
        if isHeldForDisk(source, packetID, entry.qos, session, slot, client) { return }
        let wasSent = send(
            source,
            slot,
            client,
            qos: entry.qos,
            packetID: packetID,
            dup: false,
            entry.flags,
            entry.identifier,
            nil
        )
        if !wasSent, let place = session.pointee.window.place(of: packetID) {
            settle(place, packetID, session)
        }
        if !holds { entry.message.release() }
    }

    /// Sends again what an earlier connection left unacknowledged, in order `[MQTT-4.4.0-1]`, `[MQTT-4.6.0-1]`.
    private func resend(
        _ session: UnsafeMutablePointer<Session>,
        _ slot: Int32,
        _ client: UnsafeMutablePointer<Client>
    ) {
        // A client may acknowledge what was not sent again yet: then less is left, down to nothing.
        session.pointee.resendsLeft = min(
            session.pointee.resendsLeft,
            UInt32(session.pointee.window.spanCount)
        )
        var unsent = 0
        let first = session.pointee.window.spanCount - Int(session.pointee.resendsLeft)
        for offset in first..<session.pointee.window.spanCount
        where session.pointee.window.entry(at: offset).1.pointee.state != .done { unsent += 1 }
        while session.pointee.resendsLeft > 0 {
            guard Int(session.pointee.window.unacknowledged) - unsent < Int(client.pointee.receiveMaximum),
                client.pointee.output.count < settings.outputBytesMaximum
            else { return }
            let (packetID, place) = session.pointee.window.entry(
                at: session.pointee.window.spanCount - Int(session.pointee.resendsLeft)
            )
            session.pointee.resendsLeft -= 1
            if place.pointee.state != .done { unsent -= 1 }
            switch place.pointee.state {
            case .awaitingPubComp: write(.pubRel, packetID, .success, slot, client)
            case .awaitingPubAck, .awaitingPubRec:
                guard let message = place.pointee.message else { continue }
                let source = message.source
                // [MQTT-3.3.1-1]: DUP says that it may have come before.
                let wasSent = send(
                    source,
                    slot,
                    client,
                    qos: place.pointee.qos,
                    packetID: packetID,
                    dup: true,
                    place.pointee.flags,
                    place.pointee.identifier,
                    nil
                )
                // [MQTT-3.1.2-25]: this connection may take less than the one before.
                if !wasSent { settle(place, packetID, session) }
            case .done: break
            }
        }
    }
}
