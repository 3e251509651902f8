import Access
import MQTTWire

extension BusShard {
    /// The packets that are neither PUBLISH nor its acknowledgements.
    @inline(never)
    func receiveRarePacket(
        _ header: FixedHeader,
        _ span: RawSpan,
        at offset: Int,
        _ id: ConnectionID,
        _ client: UnsafeMutablePointer<Client>
    ) throws(WireError) {
        let body = span.extracting(header.body(at: offset))
        let version = client.pointee.version
        switch header.type {
        case .subscribe: try receiveSubscribe(Subscribe.decode(body, version: version), id, client)
        case .unsubscribe: receiveUnsubscribe(try Unsubscribe.decode(body, version: version), id, client)
        case .disconnect: receiveDisconnect(try Disconnect.decode(body, version: version), id, client)
        case .auth: receiveAuth(try Auth.decode(body), id, client)
        case .connect:
            // [MQTT-3.1.0-2]
            disconnect(id, client, .protocolError, "a second CONNECT on one connection")
        default:
            disconnect(id, client, .protocolError, "a client does not send this packet")
        }
    }

    // MARK: - SUBSCRIBE

    private func receiveSubscribe(
        _ packet: Subscribe,
        _ id: ConnectionID,
        _ client: UnsafeMutablePointer<Client>
    ) throws(WireError) {
        let index = client.pointee.session
        let identifier = packet.properties.subscriptionIdentifiers.first ?? 0
        if identifier != 0, !settings.subscriptionIdentifierAvailable {
            disconnect(
                id,
                client,
                .subscriptionIdentifiersNotSupported,
                "subscription identifiers are switched off"
            )
            return
        }
        var codes: [ReasonCode] = []
        codes.reserveCapacity(packet.subscriptions.count)
        var backlog: [RetainedBacklog.Entry] = []
        for wish in packet.subscriptions {
            // [MQTT-3.8.4-5]: as if each filter had come in a packet of its own.
            codes.append(subscribe(index, wish, identifier, &backlog))
        }
        if !backlog.isEmpty {
            let extras = sessionExtras(index)
            extras.retained = (extras.retained ?? RetainedBacklog()).adding(backlog)
        }
        // [MQTT-3.8.4-1], [MQTT-3.8.4-2], [MQTT-3.8.4-6]
        let answer = SubAck(packetID: packet.packetID, reasonCodes: codes)
        let interest = interestPending() ?? 0
        let durableAt = sessions[index].pointee.storeID == 0 || isDurable(subscribedAt) ? 0 : subscribedAt
        if interest > 0 || durableAt > 0 || !heldSubAcks.isEmpty {
            heldSubAcks.append(.init(interest: interest, durableAt: durableAt, answer: answer, id: id))
            sendKnownSubAcks()
        } else {
            write(answer, id.slot, client)
        }
        if sessions[index].pointee.extras?.retained != nil { pump(index) }
    }

    /// One filter: checked, entered, its retained messages noted. Returns the code for SUBACK.
    func subscribe(
        _ index: Int32,
        _ wish: Subscription,
        _ identifier: UInt32,
        _ backlog: inout [RetainedBacklog.Entry]
    ) -> ReasonCode {
        let filter = wish.filter
        if let refusal = refusal(of: filter) {
            counters.subscriptionsRefused += 1
            return refusal
        }
        let session = sessions[index]
        // A packet has room for a hundred thousand times "#": what they all match is not noted for ever.
        let waiting = session.pointee.extras?.retained?.left ?? 0
        guard backlog.count + waiting < max(1, settings.retainedMessagesMaximum) else {
            counters.subscriptionsRefused += 1
            return .quotaExceeded
        }
        let access = Array(filter.filter).withUnsafeBytes { session.pointee.identity.subscription($0) }
        // Under $weir/ parts of Weir keep what only they may know, such as where to call an application back.
        let isOwn = session.pointee.client != Session.localClient && filter.filter.starts(with: "$weir".utf8)
        guard access != .denied, !isOwn else {
            counters.subscriptionsRefused += 1
            return .notAuthorized
        }
        // [MQTT-3.8.4-7]
        let qos = min(wish.maximumQoS, settings.maximumQoS)
        let options = SubscriptionFlags(
            qos: qos,
            noLocal: wish.noLocal,
            retainAsPublished: wish.retainAsPublished,
            checkEachMessage: access == .checkEachMessage
        )
        guard let isNew = enter(index, filter, options, identifier) else {
            counters.subscriptionsRefused += 1
            return .quotaExceeded
        }
        if let store, session.pointee.storeID != 0 {
            subscribedAt = store.subscribed(
                session.pointee.storeID,
                filter: filter,
                options: wish.options,
                identifier: identifier
            )
        }
        let wantsRetained =
            switch wish.retainHandling {
            case .sendAtSubscribe: true  // [MQTT-3.3.1-9]
            case .sendAtSubscribeIfNew: isNew  // [MQTT-3.3.1-10]
            case .doNotSend: false  // [MQTT-3.3.1-11]
            }
        // A shared subscription gets no retained messages at its start, MQTT 5 section 4.8.2.
        if wantsRetained, !filter.isShared {
            Array(filter.filter).withUnsafeBytes { text in
                site.retained.match(text, hash: hash) { node, stamp in
                    backlog.append(
                        .init(
                            node: node,
                            stamp: stamp,
                            identifier: identifier,
                            qos: qos,
                            checkEachMessage: access == .checkEachMessage
                        )
                    )
                }
            }
        }
        return .granted(qos)
    }

    private func refusal(of filter: TopicFilter) -> ReasonCode? {
        if filter.isShared, !settings.sharedSubscriptionAvailable { return .sharedSubscriptionsNotSupported }
        if filter.hasWildcard, !settings.wildcardSubscriptionAvailable {
            return .wildcardSubscriptionsNotSupported
        }
        if filter.levelCount > settings.topicLevelsMaximum || filter.utf8.count > settings.topicLengthMaximum
        {
            return .topicFilterInvalid
        }
        return nil
    }

    /// Enters a subscription into the index and the session's list.
    ///
    /// - Returns: Whether it is new; `nil` when the session has as many as it may.
    func enter(
        _ index: Int32,
        _ filter: TopicFilter,
        _ options: SubscriptionFlags,
        _ identifier: UInt32
    ) -> Bool? {
        let session = sessions[index]
        let text = Array(filter.filter)
        let node = text.withUnsafeBytes { bytes in
            levels.split(bytes, hash)
            return subscriptions.node(for: levels)
        }
        let group = filter.shareName.map { String(decoding: $0, as: UTF8.self) }
        let known = place(of: node, group: group, in: index)
        if known == nil, session.pointee.subscriptionCount >= session.pointee.identity.quotas.subscriptions {
            subscriptions.prune(node)
            return nil
        }
        let back = known ?? session.pointee.subscriptionCount
        let entry = NodeSubscription(
            session: index,
            backIndex: back,
            identifier: identifier,
            options: options
        )
        if let group {
            let member = SharedGroup.Member(shard: UInt8(self.index), session: index, subscription: entry)
            let number = subscriptions.join(member, group: group, at: node, isLocal: true)
            if known == nil { session.pointee.append(SessionSubscription(node: node, group: number)) }
            tellGroup(joined: true, text, group, entry)
        } else if known != nil {
            if let i = subscriptions.subscribers(at: node).index(ofSession: index) {
                // [MQTT-3.8.4-3]: the same filter again replaces the subscription.
                subscriptions.replace(entry, at: node, index: i)
            }
        } else {
            let isFirst = subscriptions.subscribers(at: node).count == 0
            subscriptions.add(entry, at: node)
            session.pointee.append(SessionSubscription(node: node, group: -1))
            if isFirst { tellInterest(true, text) }
        }
        return known == nil
    }

    /// Where a subscription stands in the session's list, or `nil` when there is none.
    private func place(of node: UInt32, group: String?, in index: Int32) -> UInt32? {
        let session = sessions[index]
        if let group {
            guard let number = subscriptions.group(named: group, at: node),
                let members = subscriptions.groups[Int(number)],
                let i = members.index(shard: UInt8(self.index), session: index)
            else { return nil }
            return members.members[i].subscription.backIndex
        }
        let list = subscriptions.subscribers(at: node)
        // Looks through the shorter of the two lists.
        if list.count <= session.pointee.subscriptionCount {
            return list.index(ofSession: index).map { list[$0].backIndex }
        }
        guard let own = session.pointee.subscriptions else { return nil }
        for i in 0..<session.pointee.subscriptionCount
        where own[Int(i)].node == node && own[Int(i)].group == -1 { return i }
        return nil
    }

    // MARK: - UNSUBSCRIBE

    private func receiveUnsubscribe(
        _ packet: Unsubscribe,
        _ id: ConnectionID,
        _ client: UnsafeMutablePointer<Client>
    ) {
        let index = client.pointee.session
        var codes: [ReasonCode] = []
        for filter in packet.filters {
            // [MQTT-3.10.4-1], [MQTT-3.10.4-6]
            let existed = unsubscribe(index, filter)
            if existed, let store, sessions[index].pointee.storeID != 0 {
                _ = store.unsubscribed(sessions[index].pointee.storeID, filter: filter)
            }
            codes.append(existed ? .success : .noSubscriptionExisted)
        }
        // [MQTT-3.10.4-4], [MQTT-3.10.4-5], [MQTT-3.11.3-1], [MQTT-3.11.3-2]
        write(UnsubAck(packetID: packet.packetID, reasonCodes: codes), id.slot, client)
    }

    func unsubscribe(_ index: Int32, _ filter: TopicFilter) -> Bool {
        let node = Array(filter.filter).withUnsafeBytes { bytes in
            levels.split(bytes, hash)
            return subscriptions.find(levels)
        }
        let group = filter.shareName.map { String(decoding: $0, as: UTF8.self) }
        guard node != 0, let place = place(of: node, group: group, in: index) else { return false }
        remove(place, from: index)
        return true
    }

    /// Takes the subscription at `place` of the session's list out of everything.
    private func remove(_ place: UInt32, from index: Int32) {
        guard let own = sessions[index].pointee.subscriptions else { return }
        let subscription = own[Int(place)]
        leave(subscription, index)
        if let moved = sessions[index].pointee.removeSubscription(at: place) {
            if moved.group >= 0 {
                subscriptions.groups[Int(moved.group)]?.moveBackIndex(
                    shard: UInt8(self.index),
                    session: index,
                    to: place
                )
            } else {
                subscriptions.moveBackIndex(session: index, at: moved.node, to: place)
            }
        }
    }

    private func leave(_ subscription: SessionSubscription, _ index: Int32) {
        if subscription.group >= 0 {
            let name = subscriptions.groups[Int(subscription.group)]?.name ?? ""
            subscriptions.leave(
                shard: UInt8(self.index),
                session: index,
                group: subscription.group,
                isLocal: true
            )
            if site.shardCount > 1 {
                let entry = NodeSubscription(
                    session: index,
                    backIndex: 0,
                    identifier: 0,
                    options: .init(rawValue: 0)
                )
                tellGroup(joined: false, subscriptions.name(of: subscription.node), name, entry)
            }
        } else {
            subscriptions.remove(session: index, at: subscription.node)
            if site.shardCount > 1, subscriptions.subscribers(at: subscription.node).count == 0 {
                tellInterest(false, subscriptions.name(of: subscription.node))
            }
        }
        subscriptions.prune(subscription.node)
    }

    func unsubscribeAll(_ index: Int32) {
        let session = sessions[index]
        if let own = session.pointee.subscriptions {
            for i in 0..<Int(session.pointee.subscriptionCount) { leave(own[i], index) }
        }
        session.pointee.removeAllSubscriptions()
    }

    /// After new rules: subscriptions that are not allowed any more are taken out, the others checked
    /// as the new rules ask.
    func recheckSubscriptions() {
        for index in 0..<sessions.limit where isSessionLive(index) {
            var place = sessions[index].pointee.subscriptionCount
            while place > 0 {
                place -= 1
                guard let own = sessions[index].pointee.subscriptions else { break }
                let subscription = own[Int(place)]
                let filter = subscriptions.name(of: subscription.node)
                let access = filter.withUnsafeBytes { sessions[index].pointee.identity.subscription($0) }
                if access == .denied {
                    counters.subscriptionsRefused += 1
                    remove(place, from: index)
                } else if subscription.group < 0 {
                    subscriptions.setCheck(access == .checkEachMessage, session: index, at: subscription.node)
                }
            }
        }
    }
}
