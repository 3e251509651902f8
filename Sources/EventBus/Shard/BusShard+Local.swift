package import Access
package import MQTTWire

/// A part of Weir itself as a client: the services, the gRPC bridge, the uplink.
extension BusShard {
    /// Opens a session for an in-process client. Its publishes and subscriptions pass the same rules.
    package func openLocal(_ identity: Identity, _ subscriber: any LocalSubscriber) -> Int32 {
        let session = sessions.allocate(
            Session(clientID: identity.clientID, identity: identity, stamp: takeStamp())
        )
        markSession(session, live: true)
        sessions[session].pointee.client = Session.localClient
        sessionExtras(session).local = subscriber
        return session
    }

    package func closeLocal(_ session: Int32) {
        guard isSessionLive(session), sessions[session].pointee.client == Session.localClient else { return }
        unsubscribeAll(session)
        destroySession(session)
    }

    /// Subscribes an in-process client. Retained messages, where asked for, are delivered before it returns.
    package func subscribeLocal(_ session: Int32, _ wish: Subscription) -> ReasonCode {
        guard isSessionLive(session) else { return .unspecifiedError }
        var backlog: [RetainedBacklog.Entry] = []
        let code = subscribe(session, wish, 0, &backlog)
        let local = sessions[session].pointee.extras?.local
        for entry in backlog {
            site.retained.read(entry.node, stamp: entry.stamp, now: now) { source in
                if entry.checkEachMessage, !sessions[session].pointee.identity.mayReceive(source.parts.topic)
                {
                    return
                }
                local?.deliver(delivered(source, qos: min(source.qos, entry.qos)))
            }
        }
        return code
    }

    package func unsubscribeLocal(_ session: Int32, _ filter: TopicFilter) -> Bool {
        isSessionLive(session) && unsubscribe(session, filter)
    }

    /// Publishes for an in-process client.
    ///
    /// - Parameters:
    ///   - expiryInterval: seconds; `nil` for none.
    ///   - isVolatile: a retained message stays in memory, and is gone after a restart.
    /// - Returns: what a PUBACK would say, and where the message is kept.
    package func publishLocal(
        _ session: Int32,
        _ parts: PublishParts,
        qos: QoS,
        retain: Bool,
        expiryInterval: UInt32?,
        isVolatile: Bool = false
    ) -> LocalOutcome {
        guard isSessionLive(session) else { return LocalOutcome(reason: .unspecifiedError) }
        var source = PublishSource(parts: parts, qos: qos, retain: retain, expiresAt: 0)
        source.isVolatile = isVolatile
        if let expiryInterval {
            source.expiresAt = max(1, now.seconds &+ min(expiryInterval, UInt32.max - now.seconds))
        }
        counters.messagesReceived &+= 1
        let outcome = publish(source, from: session)
        settle()
        return LocalOutcome(
            reason: outcome.refusal,
            wait: DurabilityWait(outcome),
            stream: outcome.stream,
            position: outcome.streamPosition
        )
    }

    /// Whether anybody would get a message on `topic`, in this shard or another.
    package func hasInterest(in topic: UnsafeRawBufferPointer) -> Bool {
        guard let route = route(for: topic) else { return false }
        return !route.pointee.isEmpty
    }

    /// The change counter of the subscription index: while it stands, answers of
    /// ``hasInterest(in:)`` stay true.
    package var interestVersion: InterestVersion { subscriptions.version }

    func delivered(_ source: PublishSource, qos: QoS) -> DeliveredMessage {
        DeliveredMessage(
            topic: source.parts.topic,
            payload: source.parts.payload,
            properties: source.parts.properties,
            moreProperties: source.parts.moreProperties,
            qos: qos,
            retain: source.retain,
            expiryLeft: source.expiryLeft(at: now.seconds),
            position: source.position,
            time: now,
            publisher: publisher,
            source: publisher >= 0 && isSessionLive(publisher) ? sessions[publisher].pointee.clientID : ""
        )
    }
}

/// What became of a message that a part of Weir itself published.
package struct LocalOutcome {
    /// What a PUBACK would say.
    package var reason: ReasonCode
    package var wait = DurabilityWait()
    /// The durable stream that keeps the message, and where in it; 0 for none.
    package var stream: UInt32 = 0
    package var position: UInt64 = 0
}

/// What must be durable, here and in other shards, before a publisher inside the process may hear of it.
package struct DurabilityWait: Sendable {
    fileprivate(set) var durableAt: UInt64 = 0
    fileprivate(set) var ticket: UInt64 = 0
    fileprivate(set) var firstForwarded: UInt64 = 0
    fileprivate(set) var forwarded: UInt64 = 0
    fileprivate(set) var shards: UInt32 = 0

    package init() {}

    init(_ outcome: PublishOutcome) {
        durableAt = outcome.durableAt
        ticket = outcome.streamsAt
        firstForwarded = outcome.forwarded
        forwarded = outcome.forwarded
        shards = outcome.forwardedTo
    }

    /// Waits for what `other` waits for too; `other` was published later.
    package mutating func add(_ other: DurabilityWait) {
        durableAt = max(durableAt, other.durableAt)
        ticket = max(ticket, other.ticket)
        if firstForwarded == 0 { firstForwarded = other.firstForwarded }
        forwarded = max(forwarded, other.forwarded)
        shards |= other.shards
    }
}
