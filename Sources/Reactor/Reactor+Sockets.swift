internal import CLinux
internal import Glibc

extension Reactor {
    // MARK: - Adding and removing

    /// Takes over a non-blocking, connected descriptor; it is closed by ``close(_:)`` or with the reactor.
    ///
    /// What had arrived before is reported as well.
    /// - Parameter tag: Comes with every completion of the socket.
    package mutating func add(_ descriptor: Int32, tag: UInt32) throws(SystemError) -> SocketID {
        try register(
            descriptor,
            kind: .stream,
            tag: tag,
            events: WEIR_EPOLLIN | WEIR_EPOLLRDHUP | WEIR_EPOLLET
        )
    }

    /// Takes over a listening, non-blocking descriptor and reports its connections.
    package mutating func listen(_ descriptor: Int32, tag: UInt32) throws(SystemError) -> SocketID {
        try register(descriptor, kind: .listener, tag: tag, events: WEIR_EPOLLIN | WEIR_EPOLLET)
    }

    private mutating func register(
        _ descriptor: Int32,
        kind: SocketTable.Kind,
        tag: UInt32,
        events: UInt32
    ) throws(SystemError) -> SocketID {
        let id = sockets.add(descriptor, kind: kind, tag: tag)
        guard weir_epoll_add(epoll, descriptor, events, id.packed) == 0 else {
            let error = SystemError("epoll_ctl")
            sockets.remove(Int(id.slot))
            throw error
        }
        return id
    }

    /// Whether the socket is still open here.
    package func contains(_ id: SocketID) -> Bool {
        sockets.find(id) != nil
    }

    package mutating func setTag(_ id: SocketID, _ tag: UInt32) {
        guard let slot = sockets.find(id) else { return }
        sockets.entries[slot].tag = tag
    }

    /// Closes the socket at once; nothing is reported for it any more. Without effect on one that is closed.
    package mutating func close(_ id: SocketID) {
        guard let slot = sockets.find(id) else { return }
        Glibc.close(sockets.entries[slot].descriptor)
        sockets.remove(slot)
    }

    /// Lets go of the socket without closing it, for another reactor to add.
    ///
    /// - Returns: The descriptor, which the caller owns from now on; `nil` when the socket is closed.
    package mutating func detach(_ id: SocketID) -> Int32? {
        guard let slot = sockets.find(id) else { return nil }
        let descriptor = sockets.entries[slot].descriptor
        _ = weir_epoll_remove(epoll, descriptor)
        sockets.remove(slot)
        return descriptor
    }

    /// Tells the peer that no more bytes will come; bytes can still be received.
    package mutating func finishSending(_ id: SocketID) {
        guard let slot = sockets.find(id) else { return }
        _ = shutdown(sockets.entries[slot].descriptor, Int32(SHUT_WR))
    }

    // MARK: - Sending

    /// Hands bytes to the kernel.
    ///
    /// - Returns: How many it took. Fewer than `bytes` holds: offer the rest again when
    ///   ``Completion/sent(_:tag:count:)`` comes, and keep it where it is until then. A broken connection
    ///   takes nothing and is reported by ``Completion/ended(_:tag:error:)``.
    package mutating func send(_ id: SocketID, _ bytes: UnsafeRawBufferPointer) -> Int {
        guard let slot = sockets.find(id) else { return 0 }
        guard !sockets.entries[slot].flags.contains(.stalled), bytes.count > 0 else { return 0 }
        let descriptor = sockets.entries[slot].descriptor
        let noSignal = Int32(MSG_NOSIGNAL)
        var count = Glibc.send(descriptor, bytes.baseAddress, bytes.count, noSignal)
        while count < 0 && errno == EINTR {
            count = Glibc.send(descriptor, bytes.baseAddress, bytes.count, noSignal)
        }
        statistics.sends += 1
        if count < 0 && errno != EAGAIN && errno != EWOULDBLOCK {
            // The receiving side sees the same error, once it has read what came before it.
            sockets.entries[slot].flags.insert(.hangup)
            readAgain(slot)
            return 0
        }
        let sent = max(0, count)
        statistics.sentBytes += UInt64(sent)
        if sent < bytes.count { awaitRoom(slot) }
        return sent
    }

    private mutating func awaitRoom(_ slot: Int) {
        statistics.stalls += 1
        sockets.entries[slot].flags.insert(.stalled)
        guard !sockets.entries[slot].flags.contains(.armed) else { return }
        sockets.entries[slot].flags.insert(.armed)
        setInterest(slot, WEIR_EPOLLIN | WEIR_EPOLLRDHUP | WEIR_EPOLLOUT | WEIR_EPOLLET)
    }

    /// The kernel has room again.
    ///
    /// EPOLLOUT stays armed: an edge-triggered TCP socket tells of room only after it had none. A Unix
    /// socket tells each time its peer reads; the first useless event disarms.
    mutating func roomAgain(_ slot: Int, alone: Bool) -> Completion? {
        if sockets.entries[slot].flags.contains(.stalled) {
            sockets.entries[slot].flags.remove(.stalled)
            return .sent(sockets.id(of: slot), tag: sockets.entries[slot].tag, count: 0)
        }
        if alone, sockets.entries[slot].flags.contains(.armed) {
            sockets.entries[slot].flags.remove(.armed)
            setInterest(slot, WEIR_EPOLLIN | WEIR_EPOLLRDHUP | WEIR_EPOLLET)
        }
        return nil
    }

    private mutating func setInterest(_ slot: Int, _ events: UInt32) {
        statistics.interestChanges += 1
        let id = sockets.id(of: slot)
        _ = weir_epoll_modify(epoll, sockets.entries[slot].descriptor, events, id.packed)
    }

    // MARK: - Reading

    /// Reports no more bytes (or connections, of a listener) until ``resumeReading(_:)``. They wait in the
    /// kernel, and the peer feels it.
    package mutating func pauseReading(_ id: SocketID) {
        guard let slot = sockets.find(id) else { return }
        sockets.entries[slot].flags.insert(.paused)
    }

    /// Goes on with what waits.
    package mutating func resumeReading(_ id: SocketID) {
        guard let slot = sockets.find(id) else { return }
        sockets.entries[slot].flags.remove(.paused)
        // Bytes may have come in the turn of the pause, whose event was used up.
        sockets.entries[slot].flags.remove(.readable)
        readAgain(slot)
    }

    // MARK: - Timers

    /// Sets a timer; ``Completion/timer(_:)`` brings `token` at `deadline` (monotonic nanoseconds) or up to a
    /// millisecond later.
    package mutating func setTimer(at deadline: UInt64, token: UInt64) -> TimerID {
        timers.set(at: deadline, token: token)
    }

    /// - Returns: False when the timer has fired or was cancelled before.
    @discardableResult
    package mutating func cancelTimer(_ timer: TimerID) -> Bool {
        timers.cancel(timer)
    }
}
