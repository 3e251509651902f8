import MQTTWire

extension BusShard {
    /// One member of each matching group gets the message, `[MQTT-4.8.2-3]`…`[MQTT-4.8.2-6]`.
    @inline(never)
    func deliverToGroups(
        _ source: PublishSource,
        _ route: UnsafeMutablePointer<Route>,
        from publisher: Int32,
        _ outcome: inout PublishOutcome
    ) {
        for number in route.pointee.groups {
            guard let group = subscriptions.groups[Int(number)] else { continue }
            if deliver(source, to: group, &outcome) { outcome.isWanted = true }
        }
    }

    /// After a member has gone: what it had not acknowledged goes to the groups of the topic again, to
    /// those `among` them where that is known.
    func redeliverToGroups(_ source: PublishSource, among members: [Int32]? = nil) {
        levels.split(source.parts.topic, hash)
        var numbers: [Int32] = []
        subscriptions.match(levels, isSystem: source.parts.topic.first == UInt8(ascii: "$")) { list in
            var number = list.pointee.firstGroup
            while number >= 0 {
                numbers.append(number)
                number = subscriptions.groups[Int(number)]?.next ?? -1
            }
        }
        var outcome = PublishOutcome()
        for number in numbers where members?.contains(number) != false {
            if let group = subscriptions.groups[Int(number)] { _ = deliver(source, to: group, &outcome) }
        }
    }

    private func deliver(
        _ source: PublishSource,
        to group: SharedGroup,
        _ outcome: inout PublishOutcome
    ) -> Bool {
        guard let member = group.choose({ cost(of: $0, source) }) else {
            counters.sharedWithoutMember &+= 1
            return false
        }
        if Int(member.shard) != index {
            sendToMember(source, member, &outcome)
            return true
        }
        deliverShared(source, to: member.session, member.subscription)
        return true
    }

    /// 0 for a member that can take the message now, more for one that must wait, `nil` for one that may
    /// not have it.
    private func cost(of member: SharedGroup.Member, _ source: PublishSource) -> Int? {
        if Int(member.shard) != index { return 1 }
        let session = sessions[member.session]
        if member.subscription.options.checkEachMessage,
            !session.pointee.identity.mayReceive(source.parts.topic)
        {
            return nil
        }
        let slot = session.pointee.client
        if slot == Session.localClient { return 0 }
        let qos = min(source.qos, member.subscription.options.qos)
        guard slot >= 0 else {
            // Nobody queues QoS 0 for a member that is away while another could have it.
            return qos == .atMostOnce && !settings.queuesQoS0 ? nil : 3
        }
        let client = clients[slot]
        guard client.pointee.state == .connected else { return 3 }
        if client.pointee.isBlocked || client.pointee.output.count >= settings.outputBytesMaximum { return 2 }
        if qos == .atMostOnce { return 0 }
        return session.pointee.queue.isEmpty && session.pointee.window.hasRoom(client.pointee.receiveMaximum)
            ? 0 : 1
    }

    func deliverShared(_ source: PublishSource, to index: Int32, _ subscription: NodeSubscription) {
        var flags: DeliveryFlags = .shared
        if source.retain, subscription.options.retainAsPublished { flags.insert(.retain) }
        var message: Message.Reference?
        deliver(
            source,
            to: index,
            sessions[index],
            qos: min(source.qos, subscription.options.qos),
            flags: flags,
            identifier: subscription.identifier,
            nil,
            &message
        )
        message?.release()
    }
}
