import Access
import EventBus
internal import Glibc
import Reactor
import Synchronization

/// What the core asks for besides sending.
extension ShardLoop {
    mutating func performEffects() {
        for effect in bus.takeEffects() {
            switch effect {
            case .close(let id):
                if let slot = slot(of: id) { beginClose(slot) }
            case .authenticate(let id, let request):
                authenticate(id, request)
            case .migrate(let id, let shard):
                if let slot = slot(of: id) { move(slot, to: shard) }
            case .pause(let id):
                if let slot = slot(of: id) { pause(slot) }
            case .resume(let id):
                if let slot = slot(of: id) { resume(slot) }
            case .mail(let shard):
                sendMail(to: shard)
            case .log(let event):
                context.log(event)
            }
        }
    }

    /// The socket's slot of one of the core's connections; `nil` when it is gone.
    private func slot(of id: ConnectionID) -> Int? {
        guard id.slot >= 0, Int(id.slot) < sockets.count else { return nil }
        let slot = Int(sockets[Int(id.slot)].pointee.slot)
        guard slot < connections.count, connections[slot].pointee.bus == id else { return nil }
        return slot
    }

    // MARK: - Pauses

    /// What comes waits in the kernel.
    private mutating func pause(_ slot: Int) {
        connections[slot].pointee.flags.insert(.paused)
        reactor.pauseReading(socketID(slot))
    }

    /// Goes on with what was left over, then with the socket.
    private mutating func resume(_ slot: Int) {
        guard connections[slot].pointee.flags.contains(.paused) else { return }
        connections[slot].pointee.flags.remove(.paused)
        reactor.resumeReading(socketID(slot))
        if let extras = connections[slot].pointee.extras?.takeUnretainedValue() {
            presentPending(slot, extras)
        }
        settleAfterReceive(slot)
    }

    // MARK: - Authentication

    private mutating func authenticate(_ id: ConnectionID, _ request: ConnectRequest) {
        guard let slot = slot(of: id) else { return }
        counters.authentications += 1
        guard context.authentication.submit(id, request, answerTo: handle) else {
            counters.authenticationsRefused += 1
            bus.authenticationFinished(
                id,
                .refused(
                    Refusal(.busy, "\(context.settings.authenticationsMaximum) clients wait to be checked")
                )
            )
            return
        }
        // One that sends on meanwhile fills the kernel's buffer and not ours.
        pause(slot)
    }

    mutating func authenticated(_ id: ConnectionID, _ result: AuthenticationResult) {
        guard let slot = slot(of: id) else { return }
        bus.authenticationFinished(id, result)
        resume(slot)
    }

    // MARK: - Other shards

    private mutating func sendMail(to shard: Int) {
        let bytes = bus.takeMail(for: shard)
        guard !bytes.isEmpty else { return }
        // Order counts: not past what waits.
        if unsentMail.isEmpty,
            bytes.withUnsafeBytes({ context.shards[shard].mail.append(from: UInt32(handle.index), $0) })
        {
            return
        }
        unsentMail.append((shard, bytes))
    }

    /// Hands a connection over with what has come of it; the CONNECT packet is the first of that.
    private mutating func move(_ slot: Int, to shard: Int) {
        guard shard < context.shards.count, let descriptor = reactor.detach(socketID(slot)) else { return }
        let extras = extras(of: slot)
        let listener = Int(connections[slot].pointee.listener)
        let deadline = reactor.now &+ context.listeners[listener].configuration.handshakeNanoseconds
        leaveBus(slot, .local)
        // From here on the extras belong to the other shard.
        connections[slot].pointee.extras?.release()
        connections[slot].pointee.extras = nil
        forget(slot)
        counters.movedOut += 1
        let moved = MovedConnection(
            descriptor: descriptor,
            listener: listener,
            extras: extras,
            deadline: deadline
        )
        let target = context.shards[shard]
        target.connections.add(1, ordering: .relaxed)
        if !target.commands.post(.takeOver(moved)) {
            target.connections.subtract(1, ordering: .relaxed)
            context.listeners[listener].connections.subtract(1, ordering: .relaxed)
            close(descriptor)
        }
    }

    mutating func takeOver(_ moved: MovedConnection) {
        guard !isDraining, let slot = add(moved.descriptor, listener: moved.listener) else {
            refuse(moved)
            return
        }
        counters.movedIn += 1
        setTimer(slot, at: moved.deadline)
        connections[slot].pointee.extras = Unmanaged.passRetained(moved.extras)
        if moved.extras.tls != nil || moved.extras.webSocket != nil {
            connections[slot].pointee.flags.insert(.layered)
        }
        openBus(slot)
        presentPending(slot, moved.extras)
        settleAfterReceive(slot)
    }

    func refuse(_ moved: MovedConnection) {
        close(moved.descriptor)
        handle.connections.subtract(1, ordering: .relaxed)
        context.listeners[moved.listener].connections.subtract(1, ordering: .relaxed)
    }
}
