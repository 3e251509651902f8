package import Access
import MQTTWire

extension BusShard {
    /// A packet before the connection is up. `false`: it waits, and so does what follows it.
    func receiveEarlyPacket(
        _ header: FixedHeader,
        _ span: RawSpan,
        at offset: Int,
        _ id: ConnectionID,
        _ client: UnsafeMutablePointer<Client>
    ) throws(WireError) -> Bool {
        switch client.pointee.state {
        case .awaitingConnect:
            guard header.type == .connect else {
                // [MQTT-3.1.0-1]: the first packet must be CONNECT; others close the connection.
                counters.protocolErrors += 1
                close(id, client)
                return true
            }
            return try receiveConnect(header, span, at: offset, id, client)
        case .exchanging:
            switch header.type {
            case .auth:
                let auth = try Auth.decode(span.extracting(header.body(at: offset)))
                continueExchange(auth, id, client)
            case .disconnect: close(id, client)
            default:
                disconnect(id, client, .protocolError, "only AUTH and DISCONNECT may come before CONNACK")
            }
            return true
        case .authenticating, .migrating: return false
        case .connected, .closing: return true
        }
    }

    // MARK: - CONNECT

    private func receiveConnect(
        _ header: FixedHeader,
        _ span: RawSpan,
        at offset: Int,
        _ id: ConnectionID,
        _ client: UnsafeMutablePointer<Client>
    ) throws(WireError) -> Bool {
        let body = span.extracting(header.body(at: offset))
        // Known first, so that even a bad CONNECT is answered in its own version.
        client.pointee.version = Connect.version(of: body) ?? .v3_1_1
        var connect = try Connect.decode(body)
        if isDraining {
            // [MQTT-3.2.2-8]: "server shutting down" is for DISCONNECT only.
            let reason: ReasonCode = settings.serverReference.isEmpty ? .serverUnavailable : .useAnotherServer
            refuseConnect(id, client, reason, "the server is shutting down")
            return true
        }
        if connect.clientID.utf8.count > settings.clientIDLengthMaximum {
            refuseConnect(
                id,
                client,
                .clientIdentifierNotValid,
                "a client identifier may have \(settings.clientIDLengthMaximum) bytes at most"
            )
            return true
        }
        if connect.clientID.isEmpty {
            guard settings.assignsClientIDs else {
                refuseConnect(id, client, .clientIdentifierNotValid, "a client identifier is needed")
                return true
            }
            // [MQTT-3.1.3-6], [MQTT-3.1.3-7]
            connect.clientID = site.makeClientID()
            connect.properties.assignedClientIdentifier = connect.clientID
        } else if let home = site.home(of: connect.clientID), home != index {
            client.pointee.state = .migrating
            emit(.migrate(id, toShard: home))
            return false
        }
        guard let extras = client.pointee.extras, let peer = extras.peer else { return true }
        extras.connect = connect
        let request = makeRequest(connect, peer, client)
        if let wait = peer.throttleKey.map({ site.throttle.wait(for: $0, now: now.monotonic) }), wait > 0 {
            counters.authenticationFailures += 1
            refuseConnect(id, client, .connectionRateExceeded, "too many failed attempts from this address")
            return true
        }
        if let method = connect.properties.authenticationMethod {
            beginExchange(method, request, connect.properties.authenticationData ?? [], id, client)
            return true
        }
        if let result = access.authenticateQuickly(request, now: now.wallSeconds) {
            finishAuthentication(result, [], id, client)
        } else {
            client.pointee.state = .authenticating
            emit(.authenticate(id, request))
        }
        return true
    }

    private func makeRequest(
        _ connect: Connect,
        _ peer: PeerInfo,
        _ client: UnsafeMutablePointer<Client>
    ) -> ConnectRequest {
        ConnectRequest(
            clientID: connect.clientID,
            username: connect.userName,
            password: connect.password,
            peerAddress: peer.address,
            addressKey: peer.throttleKey,
            isLoopback: peer.isLoopback,
            isUnixSocket: peer.isUnixSocket,
            listener: policies[Int(client.pointee.policy)].name,
            tls: peer.tls
        )
    }

    /// The answer to ``BusEffect/authenticate(_:_:)``.
    ///
    /// The gateway then presents again what the client sent meanwhile.
    package func authenticationFinished(_ id: ConnectionID, _ result: AuthenticationResult) {
        guard let client = client(id), client.pointee.state == .authenticating else { return }
        finishAuthentication(result, [], id, client)
        settle()
    }

    private func finishAuthentication(
        _ result: AuthenticationResult,
        _ data: [UInt8],
        _ id: ConnectionID,
        _ client: UnsafeMutablePointer<Client>
    ) {
        switch result {
        case .accepted(let identity):
            guard let connect = client.pointee.extras?.connect else { return }
            accept(connect, identity, data, id, client)
        case .refused(let refusal):
            let extras = client.pointee.extras
            counters.authenticationFailures += 1
            if refusal.reason.isFailedAttempt, let key = extras?.peer?.throttleKey {
                site.throttle.failed(key, now: now.monotonic)
            }
            log(
                .info,
                "client refused",
                [
                    ("mqtt.client.id", extras?.connect?.clientID ?? ""),
                    ("peer", extras?.peer?.address ?? ""), ("reason", refusal.logText),
                ]
            )
            refuseConnect(id, client, refusal.reasonCode, nil)
        }
    }

    // MARK: - Enhanced authentication, MQTT 5 section 4.12

    private func beginExchange(
        _ method: String,
        _ request: ConnectRequest,
        _ data: [UInt8],
        _ id: ConnectionID,
        _ client: UnsafeMutablePointer<Client>
    ) {
        guard let exchange = access.beginAuthentication(method: method, for: request) else {
            // [MQTT-4.12.0-1]
            refuseConnect(id, client, .badAuthenticationMethod, "authentication method not supported")
            return
        }
        client.pointee.extras?.authenticationMethod = method
        client.pointee.extras?.exchange = exchange
        client.pointee.state = .exchanging
        step(data, id, client)
    }

    private func continueExchange(_ auth: Auth, _ id: ConnectionID, _ client: UnsafeMutablePointer<Client>) {
        // [MQTT-4.12.0-5]: the method stays the same through the exchange.
        guard auth.properties.authenticationMethod == client.pointee.extras?.authenticationMethod,
            auth.reasonCode == .continueAuthentication
        else {
            disconnect(id, client, .protocolError, "AUTH must continue the exchange with the same method")
            return
        }
        step(auth.properties.authenticationData ?? [], id, client)
    }

    /// Re-authentication `[MQTT-4.12.1-1]`, or the next step of one.
    func receiveAuth(_ auth: Auth, _ id: ConnectionID, _ client: UnsafeMutablePointer<Client>) {
        guard let extras = client.pointee.extras, let method = extras.authenticationMethod,
            auth.properties.authenticationMethod == method
        else {
            // [MQTT-4.12.0-6], [MQTT-4.12.0-7], [MQTT-4.12.1-1]
            disconnect(id, client, .protocolError, "AUTH needs the authentication method of CONNECT")
            return
        }
        if auth.reasonCode == .reauthenticate {
            let identity = sessions[client.pointee.session].pointee.identity
            let request = ConnectRequest(
                clientID: sessions[client.pointee.session].pointee.clientID,
                username: identity.name,
                listener: policies[Int(client.pointee.policy)].name
            )
            extras.exchange = access.beginAuthentication(method: method, for: request, previous: identity)
            extras.isReauthenticating = true
        }
        guard extras.exchange != nil, extras.isReauthenticating else {
            disconnect(id, client, .protocolError, "AUTH without re-authentication")
            return
        }
        step(auth.properties.authenticationData ?? [], id, client)
    }

    private func step(_ data: [UInt8], _ id: ConnectionID, _ client: UnsafeMutablePointer<Client>) {
        guard let extras = client.pointee.extras, var exchange = extras.exchange else { return }
        let step = exchange.receive(data)
        extras.exchange = exchange
        switch step {
        case .challenge(let data):
            // [MQTT-4.12.0-2], [MQTT-4.12.0-3]
            sendAuth(.continueAuthentication, data, id, client)
        case .accepted(let identity, let data):
            extras.exchange = nil
            if extras.isReauthenticating {
                extras.isReauthenticating = false
                sessions[client.pointee.session].pointee.identity = identity
                accessEpoch &+= 1
                armIdentityExpiry(identity, id)
                sendAuth(.success, data, id, client)
            } else {
                finishAuthentication(.accepted(identity), data, id, client)
            }
        case .refused(let refusal):
            extras.exchange = nil
            if extras.isReauthenticating {
                counters.authenticationFailures += 1
                // [MQTT-4.12.1-2]; what CONNACK would say in detail is "not authorized" here [MQTT-3.14.2-1].
                let code = refusal.reasonCode
                disconnect(id, client, code.isAllowedInDisconnect(from: .server) ? code : .notAuthorized, nil)
            } else {
                finishAuthentication(.refused(refusal), [], id, client)
            }
        }
    }

    private func sendAuth(
        _ reason: ReasonCode,
        _ data: [UInt8],
        _ id: ConnectionID,
        _ client: UnsafeMutablePointer<Client>
    ) {
        let method = client.pointee.extras?.authenticationMethod
        write(Auth(reasonCode: reason, method: method, data: data.isEmpty ? nil : data), id.slot, client)
    }

    // MARK: - A client comes in

    private func accept(
        _ connect: Connect,
        _ identity: Identity,
        _ authenticationData: [UInt8],
        _ id: ConnectionID,
        _ client: UnsafeMutablePointer<Client>
    ) {
        if let expiry = identity.expiry, expiry <= now.wallSeconds {
            refuseConnect(id, client, .notAuthorized, "the credentials have expired")
            return
        }
        if let will = connect.will, !mayLeave(will, identity, id, client) { return }
        let key = ExactString(connect.clientID)
        let existing = directory[key]
        if existing == nil, !site.claim(connect.clientID, for: index, limit: settings.sessionsMaximum) {
            if let home = site.home(of: connect.clientID), home != index {
                // Another shard was faster with the same identifier.
                refuseConnect(id, client, .serverBusy, "the client identifier is being taken over; try again")
            } else {
                refuseConnect(
                    id,
                    client,
                    .quotaExceeded,
                    "the server has \(settings.sessionsMaximum) sessions, its maximum"
                )
            }
            return
        }
        let (session, isPresent) = takeSession(key, existing, connect, identity)
        connectSession(session, connect, id, client)
        client.pointee.state = .connected
        counters.clientsConnected += 1
        guard sendConnAck(connect, session, isPresent, authenticationData, id, client) else {
            // [MQTT-3.1.2-24]: without CONNACK there is no connection, so nothing can follow.
            log(
                .debug,
                "client takes no packet as large as CONNACK",
                [
                    ("mqtt.client.id", connect.clientID),
                    ("mqtt.packet.size.maximum", "\(client.pointee.maximumPacketSize)"),
                ]
            )
            close(id, client)
            return
        }
        log(
            .debug,
            "client connected",
            [
                ("mqtt.client.id", connect.clientID), ("mqtt.version", "\(connect.version)"),
                ("mqtt.session.present", "\(isPresent)"),
                ("peer", client.pointee.extras?.peer?.address ?? ""),
                ("user", identity.name ?? "anonymous"),
            ]
        )
        client.pointee.extras?.peer = nil
        client.pointee.extras?.connect = nil
        if client.pointee.extras?.isEmpty == true { client.pointee.extras = nil }
        if isPresent { pump(session) }
    }

    /// Whether the will may be published by this client and this server.
    private func mayLeave(
        _ will: Will,
        _ identity: Identity,
        _ id: ConnectionID,
        _ client: UnsafeMutablePointer<Client>
    ) -> Bool {
        if will.qos > settings.maximumQoS {
            // [MQTT-3.2.2-12]
            refuseConnect(id, client, .qosNotSupported, "the will's QoS is above the maximum QoS")
            return false
        }
        if will.retain, !settings.retainAvailable {
            // [MQTT-3.2.2-13]
            refuseConnect(id, client, .retainNotSupported, "retained messages are switched off")
            return false
        }
        if will.topic.utf8.first == UInt8(ascii: "$") || !identity.mayPublish(will.topic) {
            refuseConnect(id, client, .notAuthorized, "the client may not publish its will")
            return false
        }
        return true
    }

    /// The session to go on with: the one there is, or a new one `[MQTT-3.1.2-4]`…`[MQTT-3.1.2-6]`.
    private func takeSession(
        _ key: ExactString,
        _ existing: Int32?,
        _ connect: Connect,
        _ identity: Identity
    ) -> (Int32, isPresent: Bool) {
        if let existing {
            if sessions[existing].pointee.isConnected { takeOver(existing) }
            if isSessionLive(existing), directory[key] == existing {
                if !connect.cleanStart {
                    sessions[existing].pointee.identity = identity
                    accessEpoch &+= 1
                    return (existing, true)  // [MQTT-3.1.2-5]
                }
                endSession(existing, keepsClaim: true)  // [MQTT-3.1.2-4]
            }
            // Taking over may have ended the session and given the identifier back.
            _ = site.claim(connect.clientID, for: index, limit: .max)
        }
        let stamp = takeStamp()
        let session = sessions.allocate(Session(clientID: connect.clientID, identity: identity, stamp: stamp))
        markSession(session, live: true)
        directory[key] = session
        return (session, false)
    }

    /// Another connection with the same identifier: the older one goes `[MQTT-3.1.4-3]`.
    private func takeOver(_ session: Int32) {
        let slot = sessions[session].pointee.client
        guard slot >= 0 else { return }
        let old = clients[slot]
        let oldID = ConnectionID(slot: slot, generation: old.pointee.generation)
        counters.clientsTakenOver += 1
        detach(slot, old, sendsWill: true)
        old.pointee.state = .connected
        disconnect(oldID, old, .sessionTakenOver, "another connection uses the same client identifier")
    }

    private func connectSession(
        _ index: Int32,
        _ connect: Connect,
        _ id: ConnectionID,
        _ client: UnsafeMutablePointer<Client>
    ) {
        let session = sessions[index]
        session.pointee.client = id.slot
        session.pointee.expiryInterval = expiryInterval(of: connect)
        session.pointee.resendsLeft = UInt32(session.pointee.window.spanCount)
        client.pointee.session = index
        client.pointee.version = connect.version
        client.pointee.omitsProblemInformation = connect.properties.requestProblemInformation == false
        client.pointee.receiveMaximum = min(
            connect.properties.receiveMaximum ?? 65_535,
            max(1, session.pointee.identity.quotas.inFlight)
        )
        client.pointee.maximumPacketSize = connect.properties.maximumPacketSize ?? .max
        client.pointee.topicAliasMaximum = min(
            connect.properties.topicAliasMaximum ?? 0,
            settings.topicAliasMaximum
        )
        applyQuotas(session.pointee.identity, client)
        applyRates(session.pointee.identity, id.slot, client)
        var keepAlive = connect.keepAlive
        if settings.keepAliveMaximum > 0 {
            keepAlive = keepAlive == 0 ? settings.keepAliveMaximum : min(keepAlive, settings.keepAliveMaximum)
        }
        client.pointee.keepAlive = keepAlive
        armKeepAlive(id, client)
        armIdentityExpiry(session.pointee.identity, id)
        storeConnected(index, isClean: connect.cleanStart)
        dropWill(index)
        if let will = connect.will { setWill(will, index) }
    }

    func applyQuotas(_ identity: Identity, _ client: UnsafeMutablePointer<Client>) {
        client.pointee.publishRate = identity.quotas.publishRate
        client.pointee.publishBytesRate = UInt32(clamping: identity.quotas.publishBytesRate)
        client.pointee.extras?.publishRate = nil
        client.pointee.extras?.publishBytes = nil
    }

    /// Seconds that the session outlives the connection, `[MQTT 3.1.2.11.2]`; before MQTT 5 a session that
    /// is not clean lives as long as the server allows.
    private func expiryInterval(of connect: Connect) -> UInt32 {
        let wanted =
            connect.version == .v5
            ? connect.properties.sessionExpiryInterval ?? 0 : connect.cleanStart ? 0 : UInt32.max
        return min(wanted, settings.sessionExpiryMaximum)
    }

    // MARK: - CONNACK

    private func sendConnAck(
        _ connect: Connect,
        _ session: Int32,
        _ isPresent: Bool,
        _ authenticationData: [UInt8],
        _ id: ConnectionID,
        _ client: UnsafeMutablePointer<Client>
    ) -> Bool {
        // [MQTT-3.2.2-2], [MQTT-3.2.2-3]
        var connAck = ConnAck(sessionPresent: isPresent, reasonCode: .success)
        if connect.version == .v5 {
            connAck.properties = properties(for: connect, session, client)
            if !authenticationData.isEmpty { connAck.properties.authenticationData = authenticationData }
        }
        return write(connAck, id.slot, client)
    }

    private func properties(
        for connect: Connect,
        _ session: Int32,
        _ client: UnsafeMutablePointer<Client>
    ) -> Properties {
        var properties = Properties()
        properties.assignedClientIdentifier = connect.properties.assignedClientIdentifier
        let expiry = sessions[session].pointee.expiryInterval
        if expiry != connect.properties.sessionExpiryInterval ?? 0 {
            properties.sessionExpiryInterval = expiry
        }
        if settings.receiveMaximum != 65_535 { properties.receiveMaximum = settings.receiveMaximum }
        // [MQTT-3.2.2-9]
        if settings.maximumQoS != .exactlyOnce { properties.maximumQoS = settings.maximumQoS }
        if !settings.retainAvailable { properties.retainAvailable = false }
        properties.maximumPacketSize = UInt32(
            clamping: policies[Int(client.pointee.policy)].maximumPacketSize
        )
        if settings.topicAliasMaximum > 0 { properties.topicAliasMaximum = settings.topicAliasMaximum }
        if !settings.wildcardSubscriptionAvailable { properties.wildcardSubscriptionAvailable = false }
        if !settings.subscriptionIdentifierAvailable { properties.subscriptionIdentifierAvailable = false }
        if !settings.sharedSubscriptionAvailable { properties.sharedSubscriptionAvailable = false }
        // [MQTT-3.2.2-21], [MQTT-3.2.2-22]
        if client.pointee.keepAlive != connect.keepAlive {
            properties.serverKeepAlive = client.pointee.keepAlive
        }
        if connect.properties.requestResponseInformation == true, !settings.responseInformation.isEmpty {
            properties.responseInformation = settings.responseInformation  // [MQTT-3.1.2-28]
        }
        properties.authenticationMethod = client.pointee.extras?.authenticationMethod
        return properties
    }

    /// Refuses a client that is not connected yet, and closes `[MQTT-3.2.2-7]`.
    func refuseConnect(
        _ id: ConnectionID,
        _ client: UnsafeMutablePointer<Client>,
        _ reason: ReasonCode,
        _ text: String?
    ) {
        counters.connectionsRefused += 1
        var connAck = ConnAck(sessionPresent: false, reasonCode: reason)  // [MQTT-3.2.2-6]
        if client.pointee.version == .v5 {
            connAck.properties.reasonString = text
            if !settings.serverReference.isEmpty,
                reason == .useAnotherServer || reason == .serverMoved
            {
                connAck.properties.serverReference = settings.serverReference
            }
        }
        if client.pointee.version == .v5 || reason.connectReturnCode != nil {
            write(connAck, id.slot, client)
        }
        close(id, client)
    }
}

extension PeerInfo {
    /// What failed attempts count against; Unix sockets have no address.
    var throttleKey: AddressKey? {
        isUnixSocket ? nil : AddressKey(high: addressKey.0, low: addressKey.1)
    }
}

extension Refusal {
    /// One reason, one wire code.
    var reasonCode: ReasonCode {
        switch reason {
        case .badUserNameOrPassword: .badUserNameOrPassword
        case .notAuthorized, .tokenExpired: .notAuthorized
        case .banned: .banned
        case .throttled: .connectionRateExceeded
        case .busy: .serverBusy
        case .badAuthenticationMethod: .badAuthenticationMethod
        case .malformed: .protocolError
        case .unavailable: .serverUnavailable
        }
    }
}
