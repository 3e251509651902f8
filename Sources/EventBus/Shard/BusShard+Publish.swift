import Access
import MQTTWire

/// What became of a message that was published.
struct PublishOutcome {
    /// Somebody got it, or will.
    var isWanted = false
    /// The number that storage must have reached before the publisher may hear of it; 0 for none.
    var durableAt: UInt64 = 0
    /// The number under which other shards confirm that they have it on disk; 0 for none.
    var forwarded: UInt64 = 0
    /// Those shards, one bit each.
    var forwardedTo: UInt32 = 0
    /// A QoS 2 message that other shards get when it is durable here; whoever answers owns the reference.
    var toForward: Message.Reference?
    /// Where the journal keeps the message; 0 where it does not.
    var position: UInt64 = 0
    /// The ticket that the streams must have reached before the publisher may hear of it; 0 for none.
    var streamsAt: UInt64 = 0
    /// The first stream that keeps the message, and where; 0 for none.
    var stream: UInt32 = 0
    var streamPosition: UInt64 = 0
    var refusal: ReasonCode = .success
}

extension BusShard {
    /// A PUBLISH from a client, decoded in `bytes`.
    @inline(__always)
    func receivePublish(
        _ view: PublishView,
        _ bytes: UnsafeRawBufferPointer,
        _ id: ConnectionID,
        _ client: UnsafeMutablePointer<Client>
    ) throws(WireError) {
        counters.messagesReceived &+= 1
        var topic = UnsafeRawBufferPointer(rebasing: bytes[view.topic])
        if view.topicAlias != 0 {
            guard let resolved = resolveAlias(view.topicAlias, topic, id, client) else { return }
            topic = resolved
        }
        guard mayGoOn(view, topic, id, client) else { return }
        let payload = UnsafeRawBufferPointer(rebasing: bytes[view.payload])
        counters.payloadBytesReceived &+= payload.count
        var source = PublishSource(
            parts: PublishParts(topic: topic, payload: payload),
            qos: view.qos,
            retain: view.retain,
            expiresAt: 0
        )
        if !view.properties.isEmpty {
            if settings.checksPayloadFormat {
                try view.validatePayloadFormat(RawSpan(_unsafeBytes: bytes))
            }
            addProperties(view, bytes, to: &source)
        }
        switch view.qos {
        case .atMostOnce:
            // A message that nobody may publish is dropped without a word; QoS 0 has no answer.
            _ = publish(source, from: client.pointee.session)
        case .atLeastOnce:
            counters.messagesReceivedQoS1 &+= 1
            let outcome = publish(source, from: client.pointee.session)
            answer(.pubAck, view.packetID, outcome, id, client)
        case .exactlyOnce:
            counters.messagesReceivedQoS2 &+= 1
            receiveExactlyOnce(view.packetID, source, id, client)
        }
    }

    /// The properties to pass on `[MQTT-3.3.2-4]`, `[MQTT-3.3.2-15]`…`[MQTT-3.3.2-20]`.
    private func addProperties(
        _ view: PublishView,
        _ bytes: UnsafeRawBufferPointer,
        to source: inout PublishSource
    ) {
        let (first, second) = view.forwardableProperties
        source.parts.properties = UnsafeRawBufferPointer(rebasing: bytes[first])
        source.parts.moreProperties = UnsafeRawBufferPointer(rebasing: bytes[second])
        if let interval = view.messageExpiryInterval, let offset = view.messageExpiryOffset {
            // Counted from the start of the first piece, the alias left out.
            source.parts.expiryOffset =
                offset < first.upperBound
                ? offset - first.lowerBound : offset - second.lowerBound + first.count
            // An interval of 0 is worthless at once for everybody but those who are there now.
            source.expiresAt = max(1, now.seconds &+ min(interval, UInt32.max - now.seconds))
        }
    }

    /// The topic behind an alias, or a new meaning for it; `nil` when the client was sent away.
    private func resolveAlias(
        _ alias: UInt16,
        _ topic: UnsafeRawBufferPointer,
        _ id: ConnectionID,
        _ client: UnsafeMutablePointer<Client>
    ) -> UnsafeRawBufferPointer? {
        let aliases = incomingAliases(client)
        guard aliases.isInRange(alias) else {
            // [MQTT-3.3.2-9]
            disconnect(
                id,
                client,
                .topicAliasInvalid,
                "topic alias \(alias) is above the topic alias maximum of \(settings.topicAliasMaximum)"
            )
            return nil
        }
        if !topic.isEmpty {
            aliases.set(alias, to: topic)  // [MQTT-3.3.2-12]
            return topic
        }
        guard let known = aliases.topic(alias) else {
            disconnect(id, client, .protocolError, "topic alias \(alias) was never set on this connection")
            return nil
        }
        return known
    }

    /// Checks that hold for each PUBLISH whoever wants it; answers by itself when one fails.
    @inline(__always)
    private func mayGoOn(
        _ view: PublishView,
        _ topic: UnsafeRawBufferPointer,
        _ id: ConnectionID,
        _ client: UnsafeMutablePointer<Client>
    ) -> Bool {
        if view.qos > settings.maximumQoS {
            // [MQTT-3.2.2-12]
            disconnect(
                id,
                client,
                .qosNotSupported,
                "QoS \(view.qos.rawValue) is above the maximum QoS of \(settings.maximumQoS.rawValue)"
            )
            return false
        }
        if view.retain, !settings.retainAvailable {
            // [MQTT-3.2.2-14]
            disconnect(id, client, .retainNotSupported, "retained messages are switched off")
            return false
        }
        if view.qos != .atMostOnce, client.pointee.unansweredPublishes >= settings.receiveMaximum {
            // [MQTT-3.3.4-7]; what waits unanswered waits for the disk.
            disconnect(
                id,
                client,
                .receiveMaximumExceeded,
                "more than \(settings.receiveMaximum) publishes are unanswered"
            )
            return false
        }
        if topic.count > settings.topicLengthMaximum {
            refuseTopic(
                view,
                "the topic has \(topic.count) bytes, at most \(settings.topicLengthMaximum) are allowed",
                id,
                client
            )
            return false
        }
        count(topic.count &+ view.payload.count, id, client)
        return true
    }

    private func incomingAliases(_ client: UnsafeMutablePointer<Client>) -> IncomingAliases {
        let extras = client.pointee.extras ?? ClientExtras()
        client.pointee.extras = extras
        let aliases = extras.incomingAliases ?? IncomingAliases(maximum: settings.topicAliasMaximum)
        extras.incomingAliases = aliases
        return aliases
    }

    private func refuseTopic(
        _ view: PublishView,
        _ reason: String,
        _ id: ConnectionID,
        _ client: UnsafeMutablePointer<Client>
    ) {
        counters.quotaExceeded &+= 1
        disconnect(id, client, .topicNameInvalid, reason)
    }

    /// Counts a publish; a client within its rate costs two additions.
    @inline(__always)
    private func count(_ size: Int, _ id: ConnectionID, _ client: UnsafeMutablePointer<Client>) {
        let second = now.seconds
        if client.pointee.countedSecond != second {
            client.pointee.countedSecond = second
            client.pointee.publishesInSecond = 0
            client.pointee.bytesInSecond = 0
        }
        client.pointee.publishesInSecond &+= 1
        client.pointee.bytesInSecond &+= UInt32(truncatingIfNeeded: min(size, 1 << 28))
        if client.pointee.publishesInSecond > client.pointee.publishRate
            || client.pointee.bytesInSecond > client.pointee.publishBytesRate
        {
            spendQuota(size, id, client)
        }
    }

    /// Pauses a client that publishes faster than it may; what it sent already is still taken.
    @inline(never)
    private func spendQuota(_ size: Int, _ id: ConnectionID, _ client: UnsafeMutablePointer<Client>) {
        let extras = client.pointee.extras ?? ClientExtras()
        client.pointee.extras = extras
        if extras.publishPacer != nil { extras.publishPacer?.spend(size, now: now.monotonic) }
        if extras.publishRate == nil {
            let quotas = sessions[client.pointee.session].pointee.identity.quotas
            extras.publishRate = TokenBucket(
                rate: UInt64(quotas.publishRate),
                burst: UInt64(quotas.publishBurst)
            )
            extras.publishBytes = TokenBucket(rate: quotas.publishBytesRate, burst: quotas.publishBytesBurst)
        }
        let messages = extras.publishRate?.spend(1, now: now.monotonic) ?? 0
        let bytes = extras.publishBytes?.spend(UInt64(size), now: now.monotonic) ?? 0
        let wait = max(messages, bytes, extras.publishPacer?.wait(now: now.monotonic) ?? 0)
        guard wait > 0, !client.pointee.isPaused else { return }
        if max(messages, bytes) > 0 { counters.quotaExceeded &+= 1 }
        client.pointee.isPaused = true
        emit(.pause(id))
        timers.add(
            .init(due: now.monotonic &+ wait, slot: id.slot, stamp: id.generation, kind: .resumeReading)
        )
    }

    // MARK: - One message, wherever it comes from

    /// Gives a message to everybody who wants it and keeps what must be kept.
    ///
    /// - Parameter publisher: the session that it comes from; -1 for the broker itself (wills, `$SYS`).
    @inline(__always)
    func publish(_ source: PublishSource, from publisher: Int32) -> PublishOutcome {
        let topicHash = hash(source.parts.topic.baseAddress ?? levels.base, source.parts.topic.count)
        let (route, isKnown) = routes.place(for: source.parts.topic, hash: topicHash)
        if !isKnown || route.pointee.generation != subscriptions.generation {
            if !resolve(route, source.parts.topic) {
                return PublishOutcome(refusal: .topicNameInvalid)
            }
        } else {
            counters.routeHits &+= 1
        }
        if publisher >= 0,
            route.pointee.allowedPublisher != publisher || route.pointee.allowedEpoch != accessEpoch
        {
            guard mayPublish(publisher, source.parts.topic) else {
                counters.publishesNotAuthorized &+= 1
                return PublishOutcome(refusal: .notAuthorized)
            }
            route.pointee.allowedPublisher = publisher
            route.pointee.allowedEpoch = accessEpoch
        }
        var outcome = PublishOutcome()
        var source = source
        if route.pointee.streams != 0 {
            appendToStreams(source, route.pointee.streams, publisher, &outcome)
            if outcome.refusal.isFailure { return outcome }
        }
        if source.retain || store != nil { keep(&source, route, publisher, &outcome) }
        if outcome.refusal.isFailure { return outcome }
        if route.pointee.isEmpty {
            if route.pointee.streams == 0 { counters.messagesWithoutSubscriber &+= 1 }
            return outcome
        }
        self.publisher = publisher
        deliver(source, route, from: publisher, &outcome)
        return outcome
    }

    /// Who wants `topic`, up to date; `nil` when it has too many levels.
    func route(for topic: UnsafeRawBufferPointer) -> UnsafeMutablePointer<Route>? {
        let topicHash = hash(topic.baseAddress ?? levels.base, topic.count)
        let (route, isKnown) = routes.place(for: topic, hash: topicHash)
        if !isKnown || route.pointee.generation != subscriptions.generation {
            guard resolve(route, topic) else { return nil }
        }
        return route
    }

    /// Asks the index who wants the topic. `false` when the topic has too many levels.
    @inline(never)
    func resolve(_ route: UnsafeMutablePointer<Route>, _ topic: UnsafeRawBufferPointer) -> Bool {
        counters.routeMisses &+= 1
        levels.split(topic, hash)
        route.pointee.clear()
        route.pointee.allowedPublisher = -1
        guard levels.count <= settings.topicLevelsMaximum else { return false }
        var nodes = 0
        let isSystem = topic.first == UInt8(ascii: "$")
        subscriptions.match(levels, isSystem: isSystem) { list in
            nodes += 1
            route.pointee.add(list)
            var group = list.pointee.firstGroup
            while group >= 0 {
                route.pointee.groups.append(group)
                group = subscriptions.groups[Int(group)]?.next ?? -1
            }
        }
        if nodes > 1 { route.pointee.mergeDuplicates() }
        if let streams { route.pointee.streams = streams.streams(keeping: topic) }
        route.pointee.generation = subscriptions.generation
        return true
    }

    /// Whether `session` may publish on `topic`; the answer is remembered in the route.
    private func mayPublish(_ session: Int32, _ topic: UnsafeRawBufferPointer) -> Bool {
        guard isSessionLive(session) else { return false }
        // [MQTT-4.7.2-1]: topics with a leading $ are the server's; clients have no business there.
        if topic.first == UInt8(ascii: "$"), sessions[session].pointee.client != Session.localClient {
            if topic.starts(with: "$SYS/".utf8) || topic.starts(with: "$share/".utf8) { return false }
            if topic.starts(with: "$weir".utf8) { return false }
        }
        return sessions[session].pointee.identity.mayPublish(topic)
    }

    /// Retained messages and storage: what outlives the turn.
    @inline(never)
    private func keep(
        _ source: inout PublishSource,
        _ route: UnsafeMutablePointer<Route>,
        _ publisher: Int32,
        _ outcome: inout PublishOutcome
    ) {
        if store != nil, !store(&source, route, publisher, &outcome) { return }
        if source.retain {
            if site.retained.set(source, hash: hash, now: now, settings: settings) {
                outcome.isWanted = true
            } else {
                counters.retainedRefused &+= 1
                outcome.refusal = .quotaExceeded
            }
        }
    }
}
