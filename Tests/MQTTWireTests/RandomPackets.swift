import MQTTWire

/// Random packets that the standard allows, from a seeded generator.
struct RandomPackets {
    var generator: SeededGenerator
    let version: ProtocolVersion

    init(seed: UInt64, version: ProtocolVersion) {
        generator = SeededGenerator(seed: seed)
        self.version = version
    }

    private var isV5: Bool { version == .v5 }

    /// A packet and who may send it.
    mutating func next() -> (Packet, Peer) {
        switch Int.random(in: 0...(isV5 ? 11 : 10), using: &generator) {
        case 0: return (.connect(connect()), .client)
        case 1: return (.connAck(connAck()), .server)
        case 2: return (.publish(publish(from: .client)), .client)
        case 3: return (.publish(publish(from: .server)), .server)
        case 4: return (.acknowledgement(acknowledgement()), .client)
        case 5: return (.subscribe(subscribe()), .client)
        case 6: return (.subAck(subAck()), .server)
        case 7: return (.unsubscribe(unsubscribe()), .client)
        case 8: return (.unsubAck(unsubAck()), .server)
        case 9: return (coin() ? .pingReq : .pingResp, .client)
        case 10: return (.disconnect(disconnect()), .client)
        default: return (.auth(auth()), .client)
        }
    }

    mutating func coin() -> Bool { Bool.random(using: &generator) }
    mutating func packetID() -> UInt16 { UInt16.random(in: 1...UInt16.max, using: &generator) }

    mutating func pick<T>(_ values: [T], or fallback: T) -> T {
        values.randomElement(using: &generator) ?? fallback
    }

    mutating func text(_ characters: String = "ab/ é✓𝄞$", upTo limit: Int = 20) -> String {
        let pool = Array(characters)
        return String((0..<Int.random(in: 0...limit, using: &generator)).map { _ in pick(pool, or: "x") })
    }

    mutating func binary(upTo limit: Int = 200) -> [UInt8] {
        (0..<Int.random(in: 0...limit, using: &generator)).map { _ in
            UInt8.random(in: 0...255, using: &generator)
        }
    }

    mutating func maybe<T>(_ value: (inout RandomPackets) -> T) -> T? { coin() ? value(&self) : nil }

    mutating func diagnostics() -> Properties {
        var properties = Properties()
        guard isV5 else { return properties }
        properties.reasonString = maybe { $0.text() }
        properties.userProperties = userProperties()
        return properties
    }

    mutating func userProperties() -> [Properties.UserProperty] {
        (0..<Int.random(in: 0...3, using: &generator)).map { _ in .init(text(), text()) }
    }

    mutating func messageProperties() -> Properties {
        var properties = Properties()
        guard isV5 else { return properties }
        properties.payloadFormatIndicator = maybe { $0.coin() ? 1 : 0 }
        properties.messageExpiryInterval = maybe { UInt32.random(in: 0...UInt32.max, using: &$0.generator) }
        properties.contentType = maybe { $0.text() }
        properties.responseTopic = maybe { "r" + $0.text() }
        properties.correlationData = maybe { $0.binary() }
        properties.userProperties = userProperties()
        return properties
    }

    mutating func connect() -> Connect {
        var packet = Connect(
            version: version,
            clientID: "c" + text(),
            cleanStart: coin(),
            keepAlive: packetID()
        )
        packet.isBridge = !isV5 && coin()
        packet.userName = maybe { $0.text() }
        if packet.userName != nil || isV5 { packet.password = maybe { $0.binary() } }
        packet.will = maybe { random in
            var will = Will(
                topic: "w" + random.text(),
                payload: random.binary(),
                qos: random.qos(),
                retain: random.coin()
            )
            will.properties = random.messageProperties()
            if random.isV5 { will.properties.willDelayInterval = random.maybe { UInt32($0.packetID()) } }
            return will
        }
        guard isV5 else { return packet }
        packet.properties.sessionExpiryInterval = maybe { UInt32($0.packetID()) }
        packet.properties.receiveMaximum = maybe { $0.packetID() }
        packet.properties.maximumPacketSize = maybe { UInt32($0.packetID()) }
        packet.properties.topicAliasMaximum = maybe { $0.packetID() }
        packet.properties.requestProblemInformation = maybe { $0.coin() }
        packet.properties.requestResponseInformation = maybe { $0.coin() }
        packet.properties.authenticationMethod = maybe { $0.text() }
        if packet.properties.authenticationMethod != nil {
            packet.properties.authenticationData = maybe { $0.binary() }
        }
        packet.properties.userProperties = userProperties()
        return packet
    }

    mutating func connAck() -> ConnAck {
        var packet = ConnAck()
        packet.reasonCode = pick([.success, .notAuthorized, .clientIdentifierNotValid], or: .success)
        packet.sessionPresent = packet.reasonCode == .success && version != .v3_1 && coin()
        packet.properties = diagnostics()
        guard isV5 else { return packet }
        packet.properties.assignedClientIdentifier = maybe { $0.text() }
        packet.properties.serverKeepAlive = maybe { $0.packetID() }
        packet.properties.maximumQoS = maybe { $0.coin() ? .atMostOnce : .atLeastOnce }
        packet.properties.retainAvailable = maybe { $0.coin() }
        packet.properties.serverReference = maybe { $0.text() }
        packet.properties.responseInformation = maybe { $0.text() }
        packet.properties.sharedSubscriptionAvailable = maybe { $0.coin() }
        return packet
    }

    mutating func qos() -> QoS { pick(QoS.allCases, or: .atMostOnce) }

    mutating func publish(from sender: Peer) -> Publish {
        var packet = Publish(topic: "t" + text(), payload: binary(upTo: 400), qos: qos(), retain: coin())
        if packet.qos != .atMostOnce {
            packet.packetID = packetID()
            packet.isDuplicate = coin()
        }
        packet.properties = messageProperties()
        guard isV5 else { return packet }
        packet.properties.topicAlias = maybe { $0.packetID() }
        if packet.properties.topicAlias != nil, coin() { packet.topic = "" }
        if sender == .server {
            packet.properties.subscriptionIdentifiers = (0..<Int.random(in: 0...3, using: &generator)).map {
                _ in
                UInt32.random(in: 1...268_435_455, using: &generator)
            }
        }
        return packet
    }

    mutating func acknowledgement() -> Acknowledgement {
        var packet = Acknowledgement(
            pick([.pubAck, .pubRec, .pubRel, .pubComp], or: .pubAck),
            packetID: packetID()
        )
        guard isV5 else { return packet }
        let isFirst = packet.type == .pubAck || packet.type == .pubRec
        packet.reasonCode = pick(
            [.success, isFirst ? .notAuthorized : .packetIdentifierNotFound],
            or: .success
        )
        packet.properties = diagnostics()
        return packet
    }

    mutating func filter() -> TopicFilter {
        let texts = [
            "#", "+", "a", "a/+/b", "$SYS/#", "é/\(text("ab/"))x/#", "//", "$share/g/+/x",
            "$share/\(text("ab"))g/a",
        ]
        return MQTTWireTests.filter(pick(texts, or: "a"))
    }

    mutating func subscribe() -> Subscribe {
        var packet = Subscribe(packetID: packetID(), subscriptions: [])
        for _ in 0...Int.random(in: 0...5, using: &generator) {
            var subscription = Subscription(filter(), maximumQoS: qos())
            if isV5 {
                subscription.noLocal = !subscription.filter.isShared && coin()
                subscription.retainAsPublished = coin()
                subscription.retainHandling = pick(RetainHandling.allCases, or: .sendAtSubscribe)
            }
            packet.subscriptions.append(subscription)
        }
        guard isV5 else { return packet }
        if coin() { packet.properties.subscriptionIdentifiers = [UInt32(packetID())] }
        packet.properties.userProperties = userProperties()
        return packet
    }

    mutating func subAck() -> SubAck {
        var packet = SubAck(packetID: packetID(), reasonCodes: [])
        for _ in 0...Int.random(in: 0...5, using: &generator) {
            packet.reasonCodes.append(
                pick([.grantedQoS0, .grantedQoS1, .grantedQoS2, .unspecifiedError], or: .success)
            )
        }
        packet.properties = diagnostics()
        return packet
    }

    mutating func unsubscribe() -> Unsubscribe {
        var packet = Unsubscribe(packetID: packetID(), filters: [])
        for _ in 0...Int.random(in: 0...5, using: &generator) { packet.filters.append(filter()) }
        if isV5 { packet.properties.userProperties = userProperties() }
        return packet
    }

    mutating func unsubAck() -> UnsubAck {
        var packet = UnsubAck(packetID: packetID(), reasonCodes: [])
        if isV5 { packet.reasonCodes = [pick([.success, .noSubscriptionExisted], or: .success)] }
        packet.properties = diagnostics()
        return packet
    }

    mutating func disconnect() -> Disconnect {
        var packet = Disconnect()
        guard isV5 else { return packet }
        packet.reasonCode = pick(
            [.normalDisconnection, .disconnectWithWillMessage, .quotaExceeded],
            or: .success
        )
        packet.properties = diagnostics()
        packet.properties.sessionExpiryInterval = maybe { UInt32($0.packetID()) }
        return packet
    }

    mutating func auth() -> Auth {
        var packet = Auth(reasonCode: coin() ? .continueAuthentication : .reauthenticate, method: text())
        packet.properties.authenticationData = maybe { $0.binary() }
        packet.properties.userProperties = userProperties()
        return packet
    }
}
