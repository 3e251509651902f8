import EventBus
import Reactor

/// From the core to the socket.
extension ShardLoop {
    /// Bytes of MQTT that are framed and encrypted at once, and so the most that waits in that form.
    static var outputPieceBytes: Int { 64 << 10 }

    /// Sends what one of the core's connections has to say.
    @inline(__always)
    mutating func flush(busSlot: Int32) {
        let id = sockets[Int(busSlot)].pointee
        let slot = Int(id.slot)
        let connection = connections[slot]
        guard connection.pointee.bus.slot == busSlot else { return }
        if connection.pointee.flags.contains(.layered) {
            flushLayered(slot)
        } else {
            flushDirect(id, slot)
        }
    }

    /// - Returns: Whether nothing is left.
    @discardableResult
    mutating func flushDirect(_ id: SocketID, _ slot: Int) -> Bool {
        let connection = connections[slot].pointee.bus
        let bytes = bus.output(of: connection.slot)
        let count = bytes.count
        guard count > 0 else { return true }
        let sent = reactor.send(id, bytes)
        if sent > 0 {
            bus.consumeOutput(sent, of: connection.slot)
            // The core may have held messages back when there was that much.
            if count >= blockedBytes { bus.outputDrained(connection) }
        }
        return sent == count
    }

    /// - Returns: Whether nothing is left.
    @discardableResult
    mutating func flushLayered(_ slot: Int) -> Bool {
        guard let extras = connections[slot].pointee.extras?.takeUnretainedValue() else { return true }
        let id = socketID(slot)
        let connection = connections[slot].pointee.bus
        guard sendHeld(id, extras) else { return false }
        guard connection.slot >= 0 else { return true }
        while true {
            let output = bus.output(of: connection.slot)
            guard output.count > 0 else { return true }
            let piece = UnsafeRawBufferPointer(rebasing: output.prefix(Self.outputPieceBytes))
            wire.removeAll(keeping: 1 << 20)
            frame(piece, extras)
            let count = output.count
            bus.consumeOutput(piece.count, of: connection.slot)
            if count >= blockedBytes { bus.outputDrained(connection) }
            let sent = reactor.send(id, UnsafeRawBufferPointer(wire.bytes))
            wire.consume(sent)
            guard wire.isEmpty else {
                extras.wire.append(UnsafeRawBufferPointer(wire.bytes))
                return false
            }
        }
    }

    /// Sends what was framed before.
    ///
    /// - Returns: Whether nothing is left of it.
    private mutating func sendHeld(_ id: SocketID, _ extras: ConnectionExtras) -> Bool {
        guard !extras.wire.isEmpty else { return true }
        let sent = reactor.send(id, UnsafeRawBufferPointer(extras.wire.bytes))
        extras.wire.consume(sent)
        guard extras.wire.isEmpty else { return false }
        extras.wire.removeAll(keeping: 0)
        return true
    }

    /// Puts bytes of MQTT into `wire` as the connection's layers want them.
    private mutating func frame(_ piece: UnsafeRawBufferPointer, _ extras: ConnectionExtras) {
        guard let tls = extras.tls else {
            extras.webSocket?.send(piece, output: &wire)
            return
        }
        guard extras.webSocket != nil else {
            _ = tls.send(piece, wire: &wire)
            return
        }
        frames.removeAll(keeping: 1 << 20)
        extras.webSocket?.send(piece, output: &frames)
        _ = tls.send(UnsafeRawBufferPointer(frames.bytes), wire: &wire)
        frames.removeAll(keeping: 1 << 20)
    }

    /// The kernel takes bytes again.
    mutating func roomAgain(_ slot: Int, count: Int) {
        let isLayered = connections[slot].pointee.flags.contains(.layered)
        if count > 0 { consumeSent(count, slot, isLayered: isLayered) }
        let isDone = isLayered ? flushLayered(slot) : flushDirect(socketID(slot), slot)
        switch connections[slot].pointee.phase {
        case .open: bus.outputDrained(connections[slot].pointee.bus)
        case .closing where isDone: wordsSaid(slot)
        default: break
        }
    }

    /// For an engine that sends in the background: what has left since.
    private func consumeSent(_ count: Int, _ slot: Int, isLayered: Bool) {
        if isLayered {
            connections[slot].pointee.extras?.takeUnretainedValue().wire.consume(count)
        } else {
            bus.consumeOutput(count, of: connections[slot].pointee.bus.slot)
        }
    }
}
