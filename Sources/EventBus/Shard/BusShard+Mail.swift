import MQTTWire

/// What shards tell each other. Each shard owns its sessions; the others know only that somebody there
/// wants a filter, and who the members of shared groups are.
private enum MailKind: UInt8 {
    /// A message for the subscribers of the receiving shard.
    case message
    /// A message for one session that a shared group chose.
    case memberMessage
    case interestBegins
    case interestEnds
    case memberJoins
    case memberLeaves
    /// The sender has entered all interest up to a number.
    case interestKnown
    /// The sender has on disk what it must keep of the messages forwarded to it up to a number.
    case forwardConfirmed
    /// The same, but the sender's storage did not take the message with that number.
    case forwardRefused
}

extension BusShard {
    // MARK: - Out

    /// Takes the mail for another shard; after ``BusEffect/mail(toShard:)``.
    package func takeMail(for shard: Int) -> [UInt8] { outboxes[shard].take() }

    private func post(to shard: Int, _ write: (inout Outbox) -> Void) {
        if outboxes[shard].isEmpty { emit(.mail(toShard: shard)) }
        write(&outboxes[shard])
        counters.mailSent &+= 1
    }

    private func postToOthers(_ write: (inout Outbox) -> Void) {
        for shard in 0..<site.shardCount where shard != index { post(to: shard, write) }
    }

    /// The number under which a forwarded message is to be confirmed; 0 where nobody waits for that.
    private func forwardNumber(
        _ source: PublishSource,
        to shards: UInt32,
        _ outcome: inout PublishOutcome
    ) -> UInt64 {
        guard store != nil, source.qos != .atMostOnce else { return 0 }
        forwardSent += 1
        outcome.forwarded = forwardSent
        outcome.forwardedTo |= shards
        return forwardSent
    }

    /// Sends the confirmations that this shard's disk has caught up with.
    func confirmForwarded() {
        while let first = owedConfirmations.first, isDurable(first.durableAt) {
            owedConfirmations.removeFirst()
            let kind: MailKind = first.isRefused ? .forwardRefused : .forwardConfirmed
            post(to: first.shard) { box in
                box.append(kind.rawValue)
                box.append(first.number)
            }
        }
    }

    func forward(_ source: PublishSource, to shards: UInt32, _ outcome: inout PublishOutcome) {
        if source.exactlyOnceID != 0, source.position != 0, !isDurable(source.position) {
            // Were it durable there and not here after a crash, its publisher would send it again and nobody could
            // tell that it came before.
            outcome.toForward = Message.make(source)
            outcome.forwardedTo |= shards
            return
        }
        let number = forwardNumber(source, to: shards, &outcome)
        var rest = shards
        while rest != 0 {
            let shard = rest.trailingZeroBitCount
            rest &= rest - 1
            post(to: shard) { box in
                box.append(MailKind.message.rawValue)
                box.append(number)
                // Under its place in this shard's journal the other one knows a QoS 2 message again.
                box.append(source.qos == .exactlyOnce ? source.position : 0)
                Self.write(source, to: &box)
            }
        }
    }

    /// Forwards the QoS 2 messages that have become durable here.
    func forwardDurable() {
        heldAnswers.forwardDue({ isDurable($0.durableAt) }) { entry in
            guard let message = entry.toForward else { return }
            entry.toForward = nil
            var outcome = PublishOutcome()
            var source = message.source
            source.exactlyOnceID = 0
            forward(source, to: entry.forwardedTo, &outcome)
            entry.forwarded = outcome.forwarded
            message.release()
        }
    }

    func sendToMember(_ source: PublishSource, _ member: SharedGroup.Member, _ outcome: inout PublishOutcome)
    {
        let number = forwardNumber(source, to: 1 << UInt32(member.shard), &outcome)
        post(to: Int(member.shard)) { box in
            box.append(MailKind.memberMessage.rawValue)
            box.append(number)
            box.append(member.session)
            box.append(member.subscription)
            Self.write(source, to: &box)
        }
    }

    /// Somebody here begins or ceases to want a filter.
    func tellInterest(_ begins: Bool, _ filter: [UInt8]) {
        guard site.shardCount > 1 else { return }
        interestSent += 1
        let kind: MailKind = begins ? .interestBegins : .interestEnds
        let number = interestSent
        postToOthers { box in
            box.append(kind.rawValue)
            box.append(UInt8(index))
            box.append(number)
            box.append(counted: filter)
        }
    }

    func tellGroup(joined: Bool, _ filter: [UInt8], _ group: String, _ entry: NodeSubscription) {
        guard site.shardCount > 1 else { return }
        interestSent += 1
        let kind: MailKind = joined ? .memberJoins : .memberLeaves
        let number = interestSent
        postToOthers { box in
            box.append(kind.rawValue)
            box.append(UInt8(index))
            box.append(number)
            box.append(counted: filter)
            box.append(counted: Array(group.utf8))
            box.append(entry)
        }
    }

    // MARK: - A subscription is confirmed when all shards know of it

    /// The number that every other shard must have confirmed, or `nil` when all have.
    func interestPending() -> UInt64? {
        guard site.shardCount > 1 else { return nil }
        for shard in 0..<site.shardCount where shard != index && interestKnown[shard] < interestSent {
            return interestSent
        }
        return nil
    }

    /// Sends the SUBACKs that nothing keeps back any more: every shard knows of the subscription, so
    /// that whoever publishes after seeing the answer reaches the subscriber, and it is on disk.
    func sendKnownSubAcks() {
        guard !heldSubAcks.isEmpty else { return }
        var known = UInt64.max
        for shard in 0..<site.shardCount where shard != index { known = min(known, interestKnown[shard]) }
        while let first = heldSubAcks.first, first.interest <= known, isDurable(first.durableAt) {
            heldSubAcks.removeFirst()
            if let client = client(first.id), client.pointee.state == .connected {
                write(first.answer, first.id.slot, client)
            }
        }
    }

    // MARK: - In

    /// Takes mail that another shard wrote.
    package func deliverMail(from shard: Int, _ bytes: UnsafeRawBufferPointer) {
        var reader = MailReader(bytes)
        var interestSeen: UInt64 = 0
        while !reader.isAtEnd {
            counters.mailReceived &+= 1
            guard let kind = MailKind(rawValue: reader.read()) else {
                preconditionFailure("mail of an unknown kind")
            }
            switch kind {
            case .message:
                let number: UInt64 = reader.read()
                let origin: UInt64 = reader.read()
                let source = Self.readSource(&reader)
                if origin != 0, store?.knowsForwarded(origin, from: shard) == true {
                    owe(number, to: shard, store?.lastPosition ?? 0)
                } else {
                    owe(number, to: shard, deliverForwarded(source, origin, from: shard))
                }
            case .memberMessage:
                let number: UInt64 = reader.read()
                let session: Int32 = reader.read()
                let subscription: NodeSubscription = reader.read()
                let source = Self.readSource(&reader)
                owe(number, to: shard, deliverToMember(source, session, subscription))
            case .interestBegins, .interestEnds:
                let from: UInt8 = reader.read()
                interestSeen = reader.read()
                let filter = reader.readCounted()
                levels.split(filter, hash)
                let node = subscriptions.node(for: levels)
                subscriptions.setRemote(kind == .interestBegins, shard: from, at: node)
                subscriptions.prune(node)
            case .memberJoins, .memberLeaves:
                let from: UInt8 = reader.read()
                interestSeen = reader.read()
                let filter = reader.readCounted()
                levels.split(filter, hash)
                let name = String(decoding: reader.readCounted(), as: UTF8.self)
                let entry: NodeSubscription = reader.read()
                enterMember(kind == .memberJoins, from, name, entry)
            case .forwardConfirmed, .forwardRefused:
                let number: UInt64 = reader.read()
                forwardConfirmed[shard] = number
                if kind == .forwardRefused { forwardRefused.insert(number) }
                releaseAnswers()
            case .interestKnown:
                interestKnown[shard] = reader.read()
                sendKnownSubAcks()
            }
        }
        if interestSeen > 0 {
            post(to: shard) { box in
                box.append(MailKind.interestKnown.rawValue)
                box.append(interestSeen)
            }
        }
        settle()
    }

    private func enterMember(_ joins: Bool, _ shard: UInt8, _ name: String, _ entry: NodeSubscription) {
        let node = subscriptions.node(for: levels)
        if joins {
            _ = subscriptions.join(
                .init(shard: shard, session: entry.session, subscription: entry),
                group: name,
                at: node,
                isLocal: false
            )
        } else if let group = subscriptions.group(named: name, at: node) {
            subscriptions.leave(shard: shard, session: entry.session, group: group, isLocal: false)
        }
        subscriptions.prune(node)
    }

    /// - Parameter durableAt: what this shard's disk must have reached; `nil` when it did not take the message.
    private func owe(_ number: UInt64, to shard: Int, _ durableAt: UInt64?) {
        guard number != 0 else { return }
        // A refusal waits for what came before: numbers are confirmed in order.
        owedConfirmations.append((durableAt ?? store?.lastPosition ?? 0, shard, number, durableAt == nil))
        confirmForwarded()
    }

    /// A message for a member of a shared group here, kept first where the member lives on.
    private func deliverToMember(
        _ source: PublishSource,
        _ session: Int32,
        _ subscription: NodeSubscription
    ) -> UInt64? {
        guard isSessionLive(session) else {
            redeliverToGroups(source)
            return 0
        }
        var source = source
        var outcome = PublishOutcome()
        if source.qos != .atMostOnce, sessions[session].pointee.storeID != 0 {
            guard storeForwarded(&source, &outcome) else { return nil }
        }
        deliverShared(source, to: session, subscription)
        return outcome.durableAt
    }

    /// A message from another shard goes to the subscribers here and no further.
    ///
    /// - Returns: what this shard's disk must have reached before the publisher may hear of it; `nil` when storage did
    ///   not take it.
    private func deliverForwarded(_ source: PublishSource, _ origin: UInt64, from shard: Int) -> UInt64? {
        guard let route = route(for: source.parts.topic) else { return 0 }
        var source = source
        var outcome = PublishOutcome()
        if source.qos != .atMostOnce, isWantedLater(route),
            !storeForwarded(&source, &outcome, origin, from: shard)
        {
            return nil
        }
        deliverHere(source, route, from: -1)
        return outcome.durableAt
    }

    private static func write(_ source: PublishSource, to box: inout Outbox) {
        box.append(source.qos.rawValue)
        box.append(source.retain)
        box.append(source.expiresAt)
        box.append(Int32(truncatingIfNeeded: source.parts.expiryOffset))
        box.append(UInt32(source.parts.topic.count))
        box.append(UInt32(source.parts.properties.count + source.parts.moreProperties.count))
        box.append(UInt32(source.parts.payload.count))
        box.append(source.parts.topic)
        box.append(source.parts.properties)
        box.append(source.parts.moreProperties)
        box.append(source.parts.payload)
    }

    private static func readSource(_ reader: inout MailReader) -> PublishSource {
        let qos = QoS(rawValue: reader.read()) ?? .atMostOnce
        let retain: Bool = reader.read()
        let expiresAt: UInt32 = reader.read()
        let expiryOffset: Int32 = reader.read()
        let topicLength: UInt32 = reader.read()
        let propertiesLength: UInt32 = reader.read()
        let payloadLength: UInt32 = reader.read()
        let topic = reader.read(Int(topicLength))
        let properties = reader.read(Int(propertiesLength))
        let payload = reader.read(Int(payloadLength))
        return PublishSource(
            parts: PublishParts(
                topic: topic,
                properties: properties,
                payload: payload,
                expiryOffset: Int(expiryOffset)
            ),
            qos: qos,
            retain: retain,
            expiresAt: expiresAt
        )
    }
}
