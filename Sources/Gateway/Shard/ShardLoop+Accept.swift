import Access
import EventBus
internal import Glibc
import Reactor
import Synchronization

/// A socket that is listened on.
struct Acceptor {
    let listener: Listener
    let id: SocketID
    /// The listener's ``ListenerSettings/connectRate``.
    var rate: TokenBucket?
}

/// How a connection begins.
extension ShardLoop {
    mutating func listen(on sockets: [(listener: Listener, socket: ListeningSocket)]) throws(SystemError) {
        for (number, (listener, socket)) in sockets.enumerated() {
            let id = try reactor.listen(socket.descriptor, tag: UInt32(number))
            let rate = listener.configuration.settings.connectRate.map {
                // A burst of a second: devices come back together after a power cut.
                TokenBucket(rate: UInt64($0), burst: UInt64($0))
            }
            acceptors.append(Acceptor(listener: listener, id: id, rate: rate))
        }
    }

    mutating func accepted(_ descriptor: Int32, by number: Int) {
        guard number < acceptors.count, !isDraining, let peer = reactor.peer else {
            close(descriptor)
            return
        }
        let listener = acceptors[number].listener
        let configuration = listener.configuration
        if let wait = acceptors[number].rate?.spend(now: reactor.now), wait > 0 {
            counters.connectRatePauses += 1
            pauseAcceptor(number, nanoseconds: wait)
        }
        let limit = configuration.settings.maximumConnections
        if listener.connections.add(1, ordering: .relaxed).newValue > limit {
            listener.connections.subtract(1, ordering: .relaxed)
            listener.refused.add(1, ordering: .relaxed)
            counters.refusedConnections += 1
            close(descriptor)
            logLimit(configuration.settings.name, limit)
            return
        }
        listener.accepted.add(1, ordering: .relaxed)
        let connection = AcceptedConnection(descriptor: descriptor, listener: listener.index, peer: peer)
        let shard = context.leastLoadedShard()
        shard.connections.add(1, ordering: .relaxed)
        if shard === handle {
            adopt(connection)
        } else if !shard.commands.post(.adopt(connection)) {
            shard.connections.subtract(1, ordering: .relaxed)
            listener.connections.subtract(1, ordering: .relaxed)
            close(descriptor)
        }
    }

    /// Takes a connection that counts here already.
    mutating func adopt(_ accepted: AcceptedConnection) {
        let configuration = context.listeners[accepted.listener].configuration
        guard !isDraining, isProxy(accepted.peer, configuration),
            let slot = add(accepted.descriptor, listener: accepted.listener)
        else {
            refuse(accepted)
            return
        }
        counters.accepted += 1
        setTimer(slot, after: configuration.handshakeNanoseconds)
        let peer = PeerInfo(accepted.peer)
        if configuration.settings.proxyProtocol != .off {
            connections[slot].pointee.phase = .proxy
            extras(of: slot).peer = peer
        } else if configuration.tls == nil, configuration.settings.webSocket == nil {
            openBus(slot, peer)
        } else {
            extras(of: slot).peer = peer
            startTransport(slot)
        }
    }

    /// Whether the peer may send a PROXY header, where one is expected.
    private mutating func isProxy(_ peer: SocketAddress, _ configuration: Listener.Configuration) -> Bool {
        guard configuration.settings.proxyProtocol != .off, let proxies = configuration.proxies else {
            return true
        }
        if case .unix = peer { return true }
        if proxies.contains(where: { $0.contains(peer) }) { return true }
        counters.proxyFailures += 1
        return false
    }

    /// - Returns: The slot, or `nil` when the kernel refuses.
    mutating func add(_ descriptor: Int32, listener: Int) -> Int? {
        guard let id = try? reactor.add(descriptor, tag: 0) else { return nil }
        let slot = Int(id.slot)
        connections.grow(toHold: slot)
        var connection = Connection()
        connection.generation = id.generation
        connection.listener = UInt16(listener)
        connection.flags = .isNew
        connections[slot].pointee = connection
        connections[slot].pointee.phase = .handshake
        openConnections += 1
        return slot
    }

    /// Closes a connection that counts here but was never added.
    func refuse(_ accepted: AcceptedConnection) {
        close(accepted.descriptor)
        handle.connections.subtract(1, ordering: .relaxed)
        context.listeners[accepted.listener].connections.subtract(1, ordering: .relaxed)
    }

    /// Sets up the layers of a connection whose peer is known.
    mutating func startTransport(_ slot: Int) {
        let configuration = context.listeners[Int(connections[slot].pointee.listener)].configuration
        let extras = extras(of: slot)
        if let tls = configuration.tls {
            guard let machine = TLSMachine(tls) else {
                drop(slot, .transport)
                return
            }
            extras.tls = machine
        }
        if let webSocket = configuration.settings.webSocket {
            extras.webSocket = WebSocketMachine(settings: webSocket)
        }
        guard extras.tls != nil || extras.webSocket != nil else {
            openBus(slot)
            return
        }
        connections[slot].pointee.flags.insert(.layered)
        connections[slot].pointee.phase = .handshake
    }

    /// Makes the connection known to the core.
    mutating func openBus(_ slot: Int) {
        guard let peer = extras(of: slot).peer else { return }
        openBus(slot, peer)
    }

    private mutating func openBus(_ slot: Int, _ peer: PeerInfo) {
        let id = bus.open(peer: peer, policy: policies[Int(connections[slot].pointee.listener)])
        sockets.grow(toHold: Int(id.slot))
        sockets[Int(id.slot)].pointee = socketID(slot)
        connections[slot].pointee.bus = id
        connections[slot].pointee.phase = .open
        if context.shards.count > 1 {
            // Another shard may have to be told, once the client has said who it is.
            extras(of: slot).peer = peer
        } else {
            connections[slot].pointee.extras?.takeUnretainedValue().peer = nil
        }
    }

    // MARK: - Listeners that pause

    /// Leaves connections in the kernel's queue for a while.
    private mutating func pauseAcceptor(_ number: Int, nanoseconds: UInt64) {
        reactor.pauseReading(acceptors[number].id)
        _ = reactor.setTimer(at: reactor.now &+ nanoseconds, token: Token.acceptor + UInt64(number))
    }

    mutating func resumeAcceptor(_ number: Int) {
        guard number < acceptors.count else { return }
        reactor.resumeReading(acceptors[number].id)
    }

    mutating func acceptFailed(_ number: Int, _ error: SystemError, paused: Bool) {
        if paused { pauseAcceptor(number, nanoseconds: 100_000_000) }
        guard number < acceptors.count, let suppressed = descriptorLog.admit(now: reactor.now) else { return }
        let advice =
            error.code == EMFILE || error.code == ENFILE
            ? "raise the limit of open files (LimitNOFILE, ulimit -n)" : ""
        context.log(
            LogEvent(
                .error,
                "connection cannot be taken",
                [
                    ("listener", acceptors[number].listener.configuration.settings.name),
                    ("error", "\(error)"),
                    ("advice", advice), ("suppressed", "\(suppressed)"),
                ]
            )
        )
    }

    private mutating func logLimit(_ name: String, _ limit: Int) {
        guard let suppressed = limitLog.admit(now: reactor.now) else { return }
        context.log(
            LogEvent(
                .warning,
                "connection refused: the listener is full",
                [("listener", name), ("maximumConnections", "\(limit)"), ("suppressed", "\(suppressed)")]
            )
        )
    }
}

extension GatewayContext {
    /// The shard with the fewest connections.
    func leastLoadedShard() -> ShardHandle {
        var best = shards[0]
        guard shards.count > 1 else { return best }
        var least = best.connections.load(ordering: .relaxed)
        for shard in shards.dropFirst() {
            let load = shard.connections.load(ordering: .relaxed)
            if load < least {
                best = shard
                least = load
            }
        }
        return best
    }
}
