import EventBus
import Reactor

/// From the socket to the core.
extension ShardLoop {
    /// Bytes for a connection that is new, has TLS or WebSocket, or has the beginning of a packet waiting.
    @inline(never)
    mutating func receive(_ bytes: UnsafeMutableRawBufferPointer, on slot: Int) {
        var bytes = bytes
        switch connections[slot].pointee.phase {
        case .free, .closing, .lingering:
            return  // The core has heard enough.
        case .proxy:
            guard let rest = readProxyHeader(bytes, slot) else { return }
            bytes = rest
            if bytes.isEmpty { return }
        case .handshake, .open:
            break
        }
        if connections[slot].pointee.flags.contains(.layered) {
            receiveLayered(bytes, slot)
        } else {
            deliver(bytes, slot)
        }
    }

    /// Gives bytes of MQTT to the core, behind those that it left over the last time.
    ///
    /// There is room for ``Reactor/headroomBytes`` bytes before `bytes`.
    mutating func deliver(_ bytes: UnsafeMutableRawBufferPointer, _ slot: Int) {
        guard connections[slot].pointee.phase == .open, !bytes.isEmpty else { return }
        let id = connections[slot].pointee.bus
        guard let extras = connections[slot].pointee.extras?.takeUnretainedValue(), !extras.pending.isEmpty
        else {
            let consumed = bus.receive(id, UnsafeRawBufferPointer(bytes))
            if consumed < bytes.count { keep(bytes, from: consumed, of: slot) }
            settleAfterReceive(slot)
            return
        }
        let held = extras.pending.count
        if held <= Reactor.headroomBytes, let start = bytes.baseAddress {
            // The beginning of the packet goes before its continuation, in the room that is left there.
            let joined = UnsafeMutableRawBufferPointer(start: start - held, count: held + bytes.count)
            joined.copyMemory(from: UnsafeRawBufferPointer(extras.pending.bytes))
            extras.pending.removeAll(keeping: 16_384)
            let consumed = bus.receive(id, UnsafeRawBufferPointer(joined))
            if consumed < joined.count { keep(joined, from: consumed, of: slot) }
        } else {
            extras.pending.append(UnsafeRawBufferPointer(bytes))
            presentPending(slot, extras)
        }
        settleAfterReceive(slot)
    }

    /// Presents once more what waits, after a pause or with more behind it.
    func presentPending(_ slot: Int, _ extras: ConnectionExtras) {
        guard !extras.pending.isEmpty else { return }
        let consumed = bus.receive(
            connections[slot].pointee.bus,
            UnsafeRawBufferPointer(extras.pending.bytes)
        )
        extras.pending.consume(consumed)
        if extras.pending.isEmpty { extras.pending.removeAll(keeping: 16_384) }
    }

    /// Keeps what the core has left over: the beginning of a packet.
    @inline(never)
    mutating func keep(_ bytes: UnsafeMutableRawBufferPointer, from offset: Int, of slot: Int) {
        extras(of: slot).pending.append(UnsafeRawBufferPointer(rebasing: bytes[offset...]))
    }

    /// After bytes of a connection that is not on the short way: may it go there?
    mutating func settleAfterReceive(_ slot: Int) {
        guard connections[slot].pointee.phase == .open else { return }
        if connections[slot].pointee.flags.contains(.isNew), bus.isConnected(connections[slot].pointee.bus) {
            connections[slot].pointee.flags.remove(.isNew)
            cancelTimer(slot)
            connections[slot].pointee.extras?.takeUnretainedValue().peer = nil
        }
        recycleExtras(slot)
    }

    // MARK: - Extras

    mutating func extras(of slot: Int) -> ConnectionExtras {
        if let extras = connections[slot].pointee.extras { return extras.takeUnretainedValue() }
        let extras = spareExtras.popLast() ?? ConnectionExtras()
        connections[slot].pointee.extras = Unmanaged.passRetained(extras)
        return extras
    }

    /// Takes extras back that hold nothing any more: an idle connection has none.
    mutating func recycleExtras(_ slot: Int) {
        guard let held = connections[slot].pointee.extras else { return }
        let extras = held.takeUnretainedValue()
        guard extras.isIdle else { return }
        connections[slot].pointee.extras = nil
        held.release()
        if spareExtras.count < 64 { spareExtras.append(extras) }
    }

    // MARK: - Layers

    private mutating func readProxyHeader(
        _ bytes: UnsafeMutableRawBufferPointer,
        _ slot: Int
    ) -> UnsafeMutableRawBufferPointer? {
        let extras = extras(of: slot)
        let held = extras.proxyHeader.count
        let outcome: ProxyHeader.Outcome
        if held == 0 {
            outcome = ProxyHeader.read(UnsafeRawBufferPointer(bytes))
        } else {
            extras.proxyHeader.append(contentsOf: bytes.prefix(ProxyHeader.maximumBytes))
            outcome = extras.proxyHeader.withUnsafeBytes { ProxyHeader.read($0) }
        }
        switch outcome {
        case .incomplete:
            if held == 0 { extras.proxyHeader = Array(bytes) }
            return nil
        case .invalid(let reason):
            counters.proxyFailures += 1
            log(.info, "PROXY header refused", slot, reason)
            drop(slot, .transport)
            return nil
        case .header(let header, let consumed):
            extras.proxyHeader = []
            if let source = header.source {
                // What comes through a proxy does not come from this machine, whatever its address.
                extras.peer = PeerInfo(source, isProxied: true)
            }
            if let name = header.commonName { extras.peer?.tls = .init(commonName: name) }
            startTransport(slot)
            guard connections[slot].pointee.phase != .free else { return nil }
            return UnsafeMutableRawBufferPointer(rebasing: bytes[(consumed - held)...])
        }
    }

    private mutating func receiveLayered(_ bytes: UnsafeMutableRawBufferPointer, _ slot: Int) {
        let extras = extras(of: slot)
        var bytes = bytes
        var hasEnded = false
        wire.removeAll(keeping: 1 << 20)
        frames.removeAll(keeping: 1 << 20)
        if let tls = extras.tls {
            plain.removeAll(keeping: 1 << 20)
            let wasOpen = tls.progress == .open
            switch tls.receive(UnsafeRawBufferPointer(bytes), plain: &plain, wire: &wire) {
            case .handshaking:
                sendWire(slot, extras)
                return
            case .failed(let reason):
                counters.tlsFailures += 1
                sendWire(slot, extras)
                guard connections[slot].pointee.phase != .free else { return }
                log(.info, "TLS failed", slot, reason)
                drop(slot, .transport)
                return
            case .finished:
                hasEnded = true
            case .open:
                break
            }
            if !wasOpen, !tlsOpened(tls, extras, slot) { return }
            bytes = plain.bytes
        }
        if extras.webSocket != nil {
            guard let payload = receiveWebSocket(bytes, extras, slot) else { return }
            bytes = payload
        }
        if !wire.isEmpty || !frames.isEmpty { sendWire(slot, extras) }
        deliver(bytes, slot)
        if hasEnded, connections[slot].pointee.phase != .free { ended(slot, nil) }
    }

    /// - Returns: False when the connection is gone.
    private mutating func tlsOpened(_ tls: TLSMachine, _ extras: ConnectionExtras, _ slot: Int) -> Bool {
        counters.tlsHandshakes += 1
        if tls.isResumed { counters.tlsResumed += 1 }
        if let identity = tls.identity { extras.peer?.tls = identity }
        if extras.webSocket == nil { openBus(slot) }
        return connections[slot].pointee.phase != .free
    }

    /// - Returns: MQTT's bytes; `nil` when the connection is being closed.
    private mutating func receiveWebSocket(
        _ bytes: UnsafeMutableRawBufferPointer,
        _ extras: ConnectionExtras,
        _ slot: Int
    ) -> UnsafeMutableRawBufferPointer? {
        guard let result = extras.webSocket?.receive(bytes, output: &frames) else { return nil }
        let payload = UnsafeMutableRawBufferPointer(rebasing: bytes[..<result.payloadCount])
        if connections[slot].pointee.phase == .handshake, extras.webSocket?.isOpen == true { openBus(slot) }
        guard case .closed(_, let reason) = result.event else { return payload }
        // What came before the end counts.
        deliver(payload, slot)
        guard connections[slot].pointee.phase != .free else { return nil }
        if let reason {
            counters.webSocketFailures += 1
            log(.info, "WebSocket failed", slot, reason)
        }
        sendWire(slot, extras)
        guard connections[slot].pointee.phase != .free else { return nil }
        leaveBus(slot, reason == nil ? .peer : .transport)
        finishClose(slot, lingers: true)
        return nil
    }

    /// Sends what a layer has to say by itself: handshakes, pongs, alerts.
    mutating func sendWire(_ slot: Int, _ extras: ConnectionExtras) {
        if !frames.isEmpty {
            if let tls = extras.tls {
                _ = tls.send(UnsafeRawBufferPointer(frames.bytes), wire: &wire)
            } else {
                wire.append(UnsafeRawBufferPointer(frames.bytes))
            }
            frames.removeAll(keeping: 1 << 20)
        }
        guard !wire.isEmpty else { return }
        if extras.wire.isEmpty {
            let sent = reactor.send(socketID(slot), UnsafeRawBufferPointer(wire.bytes))
            wire.consume(sent)
        }
        extras.wire.append(UnsafeRawBufferPointer(wire.bytes))
        wire.removeAll(keeping: 1 << 20)
        // A peer that asks and asks and does not read the answers.
        if extras.wire.count > Self.unreadMaximumBytes {
            counters.unreadControl += 1
            log(
                .info,
                "client does not read what TLS and WebSocket answer",
                slot,
                "\(extras.wire.count) bytes wait"
            )
            drop(slot, .transport)
        }
    }

    /// One framed piece of output and as much again of handshakes, pongs and alerts.
    private static var unreadMaximumBytes: Int { 4 * outputPieceBytes }

    func log(_ level: LogEvent.Level, _ message: String, _ slot: Int, _ reason: String) {
        let peer = connections[slot].pointee.extras?.takeUnretainedValue().peer
        let listener = context.listeners[Int(connections[slot].pointee.listener)].configuration.settings.name
        context.log(
            LogEvent(
                level,
                message,
                [("peer", peer?.address ?? ""), ("listener", listener), ("reason", reason)]
            )
        )
    }
}

extension PeerInfo {
    init(_ address: SocketAddress, isProxied: Bool = false) {
        let bits = address.bits
        let isUnix = if case .unix = address { true } else { false }
        self.init(
            address: address.description,
            addressKey: bits ?? (0, 0),
            isLoopback: !isProxied && !isUnix && address.isLoopback,
            isUnixSocket: !isProxied && isUnix
        )
    }
}
