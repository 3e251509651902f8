internal import CLinux
internal import Glibc

/// One thread's sockets, timers and wake-ups.
///
/// The owner calls ``wait(until:)`` once per turn and then takes completions by ``next()`` until there are
/// none. Completions say what has been done (bytes arrived, bytes left, a timer fired), not what could be
/// done, so that an engine like io_uring fits under the same interface; here it is epoll, edge-triggered:
/// one receive per event, and no change of the interest set but for a socket whose peer reads too slowly.
///
/// Nothing here allocates, locks or counts references per event. A socket costs 16 bytes.
package struct Reactor: ~Copyable {
    /// Bytes before received ones that the owner may overwrite, to put the rest of a packet before its continuation.
    package static let headroomBytes = 4096
    static let wakerData = UInt64.max

    /// Wakes this reactor from other threads.
    package let waker: Waker
    /// Monotonic nanoseconds, read once per turn.
    package private(set) var now: UInt64
    package internal(set) var statistics = ReactorStatistics()

    let settings: ReactorSettings
    let epoll: Int32
    var sockets = SocketTable()
    var timers: TimerWheel
    /// A descriptor to give up when there is no other, ``Completion/acceptFailed(_:tag:error:paused:)``.
    var reserve: Int32
    let peerStorage: UnsafeMutablePointer<sockaddr_storage>
    var peerLength: socklen_t = 0

    private let events: UnsafeMutablePointer<epoll_event>
    private var eventCount = 0
    private var eventIndex = 0
    /// Sockets to read without a new event: this turn's, and those for the next.
    private var again: [SocketID] = []
    private var againIndex = 0
    private var againNext: [SocketID] = []
    private let storage: UnsafeMutableRawPointer
    private var receivedThisTurn = 0
    private var acceptedThisTurn = 0
    private var isWoken = false

    package init(settings: ReactorSettings = ReactorSettings()) throws(SystemError) {
        let epoll = weir_epoll_create()
        guard epoll >= 0 else { throw SystemError("epoll_create1") }
        let waker: Waker
        do {
            waker = try Waker()
        } catch {
            Glibc.close(epoll)
            throw error
        }
        let flags = WEIR_EPOLLIN | WEIR_EPOLLET
        guard weir_epoll_add(epoll, waker.descriptor, flags, Self.wakerData) == 0 else {
            let error = SystemError("epoll_ctl")
            Glibc.close(epoll)
            throw error
        }
        let settings = settings.bounded
        self.settings = settings
        self.epoll = epoll
        self.waker = waker
        now = MonotonicClock.now()
        timers = TimerWheel(now: now)
        reserve = open("/dev/null", O_RDONLY | O_CLOEXEC)
        peerStorage = .allocate(capacity: 1)
        peerStorage.initialize(to: sockaddr_storage())
        events = .allocate(capacity: settings.eventsPerWait)
        storage = .allocate(
            byteCount: Self.headroomBytes + settings.readBufferBytes,
            alignment: 4096
        )
    }

    deinit {
        Glibc.close(epoll)
        if reserve >= 0 { Glibc.close(reserve) }
        events.deallocate()
        peerStorage.deallocate()
        storage.deallocate()
    }

    /// Sockets and listeners that are open.
    package var socketCount: Int { sockets.count }

    // MARK: - Turns

    /// Ends a turn and begins the next: sleeps until there is something for ``next()``, or until
    /// `deadline` (monotonic nanoseconds; `nil` is for ever), or a timer.
    package mutating func wait(until deadline: UInt64? = nil) {
        statistics.turns += 1
        receivedThisTurn = 0
        acceptedThisTurn = 0
        // The last turn's budget ran out before its events did.
        if eventIndex < eventCount || againIndex < again.count {
            collectWakeAndTimers(afterSleep: false)
            return
        }
        again.removeAll(keepingCapacity: true)
        swap(&again, &againNext)
        againIndex = 0

        var timeout = again.isEmpty ? milliseconds(until: deadline) : 0
        let mayBlock = timeout != 0
        if mayBlock, !waker.prepareToSleep() { timeout = 0 }
        let count = epoll_wait(epoll, events, Int32(settings.eventsPerWait), timeout)
        statistics.waits += 1
        eventIndex = 0
        eventCount = max(0, Int(count))
        collectWakeAndTimers(afterSleep: mayBlock)
    }

    private mutating func collectWakeAndTimers(afterSleep: Bool) {
        now = MonotonicClock.now()
        if waker.awake(afterSleep: afterSleep) {
            isWoken = true
            statistics.wakeUps += 1
        }
        if timers.count > 0 { timers.advance(to: now) }
    }

    private func milliseconds(until deadline: UInt64?) -> Int32 {
        let nearest = min(deadline ?? .max, timers.count > 0 ? timers.nextDeadline ?? .max : .max)
        guard nearest != .max else { return -1 }
        // The turn may have taken longer than what is left of a short wait; of a long one it is too small a part
        // to ask the clock again.
        let current = nearest &- now > 100_000_000 && nearest > now ? now : MonotonicClock.now()
        guard nearest > current else { return 0 }
        // Rounded up: waking a moment too early would cost a second turn.
        return Int32(min((nearest - current + 999_999) / 1_000_000, 3_600_000))
    }

    /// The next thing that happened in this turn, or `nil` when the turn is over.
    package mutating func next() -> Completion? {
        if isWoken {
            isWoken = false
            return .woken
        }
        if timers.count > 0, let token = timers.popDue() { return .timer(token) }
        while receivedThisTurn < settings.turnBudgetBytes {
            if eventIndex < eventCount {
                if let completion = handleEvent() { return completion }
            } else if againIndex < again.count {
                if let completion = handleAgain() { return completion }
            } else {
                return nil
            }
        }
        return nil
    }

    private mutating func handleEvent() -> Completion? {
        let event = events[eventIndex]
        let data = event.data.u64
        guard data != Self.wakerData, let slot = sockets.find(SocketID(packed: data)) else {
            eventIndex += 1
            return nil
        }
        if event.events & WEIR_EPOLLOUT != 0 {
            // Both directions in one event: the second completion comes with the next call.
            events[eventIndex].events = event.events & ~WEIR_EPOLLOUT
            if let completion = roomAgain(slot, alone: event.events == WEIR_EPOLLOUT) { return completion }
        }
        guard events[eventIndex].events != 0 else {
            eventIndex += 1
            return nil
        }
        if sockets.entries[slot].kind == .listener {
            let completion = accept(slot)
            if completion == nil { eventIndex += 1 }
            return completion
        }
        eventIndex += 1
        if event.events & (WEIR_EPOLLRDHUP | WEIR_EPOLLHUP | WEIR_EPOLLERR) != 0 {
            sockets.entries[slot].flags.insert(.hangup)
        }
        return receive(slot)
    }

    private mutating func handleAgain() -> Completion? {
        let id = again[againIndex]
        guard let slot = sockets.find(id) else {
            againIndex += 1
            return nil
        }
        if sockets.entries[slot].kind == .listener {
            sockets.entries[slot].flags.remove(.queued)
            let completion = accept(slot)
            if completion == nil { againIndex += 1 }
            return completion
        }
        againIndex += 1
        sockets.entries[slot].flags.remove(.queued)
        return receive(slot)
    }

    /// Has the socket read in the next turn, whether or not an event comes.
    mutating func readAgain(_ slot: Int) {
        guard !sockets.entries[slot].flags.contains(.queued) else { return }
        sockets.entries[slot].flags.insert(.queued)
        againNext.append(sockets.id(of: slot))
    }

    // MARK: - Receiving

    private mutating func receive(_ slot: Int) -> Completion? {
        let flags = sockets.entries[slot].flags
        guard flags.isDisjoint(with: [.paused, .ended]) else {
            sockets.entries[slot].flags.insert(.readable)
            return nil
        }
        let capacity = settings.readBufferBytes
        let start = storage + Self.headroomBytes
        let descriptor = sockets.entries[slot].descriptor
        var count = recv(descriptor, start, capacity, 0)
        while count < 0 && errno == EINTR { count = recv(descriptor, start, capacity, 0) }
        statistics.receives += 1
        let id = sockets.id(of: slot)
        let tag = sockets.entries[slot].tag
        if count > 0 {
            receivedThisTurn += count
            statistics.receivedBytes += UInt64(count)
            // A full buffer, or an end behind these bytes, for which no further edge will come.
            if count == capacity || flags.contains(.hangup) { readAgain(slot) }
            return .received(id, tag: tag, UnsafeMutableRawBufferPointer(start: start, count: count))
        }
        if count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK) { return nil }
        sockets.entries[slot].flags.insert(.ended)
        return .ended(id, tag: tag, error: count == 0 ? nil : SystemError("recv"))
    }

    // MARK: - Accepting

    private mutating func accept(_ slot: Int) -> Completion? {
        guard !sockets.entries[slot].flags.contains(.paused) else {
            sockets.entries[slot].flags.insert(.readable)
            return nil
        }
        guard acceptedThisTurn < settings.acceptsPerTurn else {
            readAgain(slot)
            return nil
        }
        switch takeConnection(sockets.entries[slot].descriptor) {
        case .taken(let descriptor):
            acceptedThisTurn += 1
            return .accepted(tag: sockets.entries[slot].tag, descriptor: descriptor)
        case .none:
            return nil
        case .failed(let error, let mayGoOn):
            acceptedThisTurn += 1
            if !mayGoOn { sockets.entries[slot].flags.formUnion([.paused, .readable]) }
            return .acceptFailed(
                sockets.id(of: slot),
                tag: sockets.entries[slot].tag,
                error: error,
                paused: !mayGoOn
            )
        }
    }
}
