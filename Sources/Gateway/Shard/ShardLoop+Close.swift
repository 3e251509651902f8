import EventBus
import Reactor
import Synchronization

/// How a connection ends.
extension ShardLoop {
    /// Time that a peer has to close its side once everything is said.
    private static var goodbyeNanoseconds: UInt64 { 2_000_000_000 }

    /// The core has finished with a connection: its last words go out, then the socket is closed.
    mutating func beginClose(_ slot: Int) {
        guard connections[slot].pointee.phase == .open else { return }
        connections[slot].pointee.phase = .closing
        let busSlot = connections[slot].pointee.bus.slot
        if !bus.output(of: busSlot).isEmpty { connections[slot].pointee.flags.insert(.hasLastWords) }
        let isLayered = connections[slot].pointee.flags.contains(.layered)
        if isLayered ? flushLayered(slot) : flushDirect(socketID(slot), slot) {
            wordsSaid(slot)
        } else {
            setTimer(slot, after: UInt64(context.settings.lingerSeconds) * 1_000_000_000)
        }
    }

    /// Everything is with the kernel.
    mutating func wordsSaid(_ slot: Int) {
        let lingers = connections[slot].pointee.flags.contains(.hasLastWords)
        leaveBus(slot, .local)
        finishClose(slot, lingers: lingers)
    }

    /// Ends the layers in due form and closes.
    ///
    /// - Parameter lingers: The peer has something left to read, which a reset would destroy; a client that has said
    ///   DISCONNECT and is owed nothing needs no such care.
    mutating func finishClose(_ slot: Int, lingers: Bool) {
        if connections[slot].pointee.flags.contains(.layered),
            let extras = connections[slot].pointee.extras?.takeUnretainedValue()
        {
            wire.removeAll()
            frames.removeAll()
            extras.webSocket?.close(code: isDraining ? 1001 : 1000, output: &frames)
            if !frames.isEmpty { sendWire(slot, extras) }
            guard connections[slot].pointee.phase != .free else { return }
            extras.tls?.finish(wire: &wire)
            sendWire(slot, extras)
            guard connections[slot].pointee.phase != .free else { return }
        }
        guard lingers else {
            drop(slot, .local)
            return
        }
        connections[slot].pointee.phase = .lingering
        reactor.finishSending(socketID(slot))
        reactor.resumeReading(socketID(slot))
        setTimer(slot, after: Self.goodbyeNanoseconds)
    }

    /// The peer has closed its side, or the connection broke.
    mutating func ended(_ slot: Int, _ error: SystemError?) {
        switch connections[slot].pointee.phase {
        case .free:
            return
        case .open where error == nil:
            // A peer that has only closed its side gets the answers to what it sent.
            if connections[slot].pointee.flags.contains(.layered) {
                flushLayered(slot)
            } else {
                flushDirect(socketID(slot), slot)
            }
        case .proxy, .handshake, .open, .closing, .lingering:
            break
        }
        drop(slot, .peer)
    }

    /// Tells the core that the connection is gone.
    mutating func leaveBus(_ slot: Int, _ cause: CloseCause) {
        let id = connections[slot].pointee.bus
        guard id.slot >= 0 else { return }
        connections[slot].pointee.bus = Connection.noBus
        bus.closed(id, cause: cause)
    }

    /// Closes at once.
    mutating func drop(_ slot: Int, _ cause: CloseCause) {
        guard connections[slot].pointee.phase != .free else { return }
        leaveBus(slot, cause)
        reactor.close(socketID(slot))
        forget(slot)
        context.listeners[Int(connections[slot].pointee.listener)].connections.subtract(1, ordering: .relaxed)
    }

    /// Frees the slot of a connection whose socket is closed or has moved.
    mutating func forget(_ slot: Int) {
        cancelTimer(slot)
        if let extras = connections[slot].pointee.extras {
            connections[slot].pointee.extras = nil
            extras.release()
        }
        connections[slot].pointee.phase = .free
        connections[slot].pointee.flags = []
        openConnections -= 1
        handle.connections.subtract(1, ordering: .relaxed)
    }

    // MARK: - The end of the shard

    /// Takes nobody in any more and says good-bye to everybody.
    mutating func drain(until deadline: UInt64) {
        isDraining = true
        for acceptor in acceptors { reactor.close(acceptor.id) }
        acceptors = []
        bus.drain()
        for slot in 0..<connections.count {
            switch connections[slot].pointee.phase {
            case .proxy, .handshake: drop(slot, .local)
            case .free, .open, .closing, .lingering: break
            }
        }
        _ = reactor.setTimer(at: deadline, token: Token.drainDeadline)
    }

    /// After the loop: whoever is still there is cut off.
    mutating func closeEverything() {
        handle.commands.close()
        for slot in 0..<connections.count { drop(slot, .local) }
        // Connections that were on their way here.
        handle.commands.take(into: &commands)
        for command in commands {
            switch command {
            case .adopt(let connection): refuse(connection)
            case .takeOver(let connection): refuse(connection)
            case .run(let body): body(bus)
            case .snapshot(let body): body(lastSnapshot)
            case .authenticated, .configurationsChanged, .drain: break
            }
        }
        commands = []
        if bus.hasEffects { performEffects() }
    }
}
