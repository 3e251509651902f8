import EventBus
import Reactor
import Synchronization

/// One shard's thread: the reactor's completions go to the core, and the core's output goes to the sockets.
///
/// A turn: wait → every completion in turn (bytes are decoded where the kernel put them) → timers → what the
/// core asks for → one send for each connection that has output. A message that comes alone thus costs three
/// system calls: wait, receive, send.
struct ShardLoop: ~Copyable {
    /// Passes of output that one turn makes; a backlog that is read quickly goes on in the next turn.
    private static let passesPerTurn = 4

    let handle: ShardHandle
    let context: GatewayContext
    let bus: BusShard
    var reactor: Reactor
    /// By the socket's slot.
    var connections: GrowingTable<Connection>
    /// The socket of each of the core's connections, by its slot.
    var sockets: GrowingTable<SocketID>
    /// The core's number for each listener's policy.
    var policies: [UInt16] = []
    /// The sockets that this shard listens on; the first shard has them all.
    var acceptors: [Acceptor] = []
    var counters = GatewayCounters()
    /// Decrypted bytes of one receive, with room before them for the beginning of a packet.
    var plain = ByteQueue(headroom: Reactor.headroomBytes)
    /// Framed bytes on their way to be encrypted, and encrypted ones on their way to the socket.
    var frames = ByteQueue()
    var wire = ByteQueue()
    var spareExtras: [ConnectionExtras] = []
    var commands: [ShardCommand] = []
    var records = RecordBuffer()
    /// Mail that its reader had no room for.
    var unsentMail: [(shard: Int, bytes: [UInt8])] = []
    var descriptorLog = LogLimiter()
    var limitLog = LogLimiter()
    var openConnections = 0
    /// Output beyond which the core may have stopped a queue.
    var blockedBytes: Int
    private var wallOffset: Int64 = 0
    private var nextWallReading: UInt64 = 0
    var isDraining = false
    var isStopped = false

    init(handle: ShardHandle, context: GatewayContext, bus: BusShard, reactor: consuming Reactor) {
        self.handle = handle
        self.context = context
        self.bus = bus
        self.reactor = reactor
        connections = GrowingTable(filledWith: Connection())
        sockets = GrowingTable(filledWith: SocketID(slot: 0, generation: 0))
        blockedBytes = bus.settings.outputBytesMaximum
        registerPolicies()
    }

    mutating func registerPolicies() {
        policies = context.listeners.map { bus.register($0.configuration.policy) }
    }

    // MARK: - The loop

    mutating func run() {
        while !isStopped {
            reactor.wait(until: bus.hasEffects || bus.hasDirty ? reactor.now : bus.nextTimer)
            bus.now = time()
            while let completion = reactor.next() { handle(completion) }
            if let due = bus.nextTimer, due <= reactor.now { bus.runTimers() }
            finishTurn()
            if isDraining, openConnections == 0 { isStopped = true }
        }
        closeEverything()
    }

    /// The time of this turn. The wall clock is asked once a second, and follows the other in between; so is the
    /// level of the log, which a reload may change.
    private mutating func time() -> BusTime {
        if reactor.now >= nextWallReading {
            wallOffset = Int64(MonotonicClock.wall()) - Int64(reactor.now)
            nextWallReading = reactor.now + 1_000_000_000
            bus.loggedLevel = context.loggedLevel()
        }
        return BusTime(monotonic: reactor.now, wall: Int64(reactor.now) + wallOffset)
    }

    private mutating func finishTurn() {
        var pass = 0
        while pass < Self.passesPerTurn, bus.hasEffects || bus.hasDirty {
            if bus.hasEffects { performEffects() }
            bus.takeDirty { slot in flush(busSlot: slot) }
            pass += 1
        }
        if !unsentMail.isEmpty { deliverUnsentMail() }
    }

    @inline(__always)
    private mutating func handle(_ completion: Completion) {
        switch completion {
        case .received(let id, _, let bytes):
            let connection = connections[Int(id.slot)]
            if connection.pointee.isDirect {
                let consumed = bus.receive(connection.pointee.bus, UnsafeRawBufferPointer(bytes))
                if consumed < bytes.count { keep(bytes, from: consumed, of: Int(id.slot)) }
            } else {
                receive(bytes, on: Int(id.slot))
            }
        case .sent(let id, _, let count):
            roomAgain(Int(id.slot), count: count)
        case .ended(let id, _, let error):
            ended(Int(id.slot), error)
        case .accepted(let tag, let descriptor):
            accepted(descriptor, by: Int(tag))
        case .acceptFailed(_, let tag, let error, let paused):
            acceptFailed(Int(tag), error, paused: paused)
        case .timer(let token):
            timerFired(token)
        case .woken:
            readMailboxes()
        }
    }

    // MARK: - Mailboxes

    mutating func readMailboxes() {
        if handle.takeCommit() { bus.storageCommitted() }
        readMail()
        handle.commands.take(into: &commands)
        for command in commands { perform(command) }
        commands.removeAll(keepingCapacity: commands.capacity <= 1024)
    }

    private mutating func readMail() {
        handle.mail.take(into: &records)
        while let (sender, bytes) = records.next() { bus.deliverMail(from: Int(sender), bytes) }
    }

    /// Waits for shards that are behind with their mail, and meanwhile reads its own, since they may wait for that.
    ///
    /// Bytes from clients wait in the kernel meanwhile, and publishers feel it.
    private mutating func deliverUnsentMail() {
        while true {
            unsentMail.removeAll { shard, bytes in
                bytes.withUnsafeBytes { context.shards[shard].mail.append(from: UInt32(handle.index), $0) }
            }
            if unsentMail.isEmpty || isStopped { return }
            counters.mailStalls += 1
            readMail()
            if bus.hasEffects { performEffects() }
            MonotonicClock.sleep(nanoseconds: 100_000)
        }
    }

    private mutating func perform(_ command: ShardCommand) {
        switch command {
        case .run(let body):
            body(bus)
        case .adopt(let connection):
            adopt(connection)
        case .takeOver(let connection):
            takeOver(connection)
        case .authenticated(let id, let result):
            authenticated(id, result)
        case .configurationsChanged:
            blockedBytes = bus.settings.outputBytesMaximum
            registerPolicies()
        case .snapshot(let body):
            body(lastSnapshot)
        case .drain(let deadline):
            drain(until: deadline)
        }
    }

    var lastSnapshot: ShardSnapshot {
        ShardSnapshot(
            shard: handle.index,
            bus: bus.counters,
            gateway: counters,
            reactor: reactor.statistics,
            sessions: bus.sessionCount,
            connections: bus.connectionCount,
            subscriptions: bus.subscriptionCount,
            retained: bus.retainedCount
        )
    }

    // MARK: - Timers

    /// A timer's token is a socket's packed name, or one of these, which are smaller.
    enum Token {
        static let drainDeadline: UInt64 = 1
        /// Plus the number of the acceptor to resume.
        static let acceptor: UInt64 = 1 << 16
    }

    private mutating func timerFired(_ token: UInt64) {
        if token == Token.drainDeadline {
            isStopped = true
            return
        }
        guard token > UInt64(UInt32.max) else {
            resumeAcceptor(Int(token - Token.acceptor))
            return
        }
        let id = SocketID(packed: token)
        let slot = Int(id.slot)
        guard reactor.contains(id), slot < connections.count else { return }
        connections[slot].pointee.flags.remove(.hasTimer)
        switch connections[slot].pointee.phase {
        case .free:
            break
        case .proxy, .handshake, .open:
            counters.handshakeTimeouts += 1
            drop(slot, .timeout)
        case .closing:
            counters.lingerTimeouts += 1
            drop(slot, .local)
        case .lingering:
            drop(slot, .local)
        }
    }

    mutating func setTimer(_ slot: Int, after nanoseconds: UInt64) {
        setTimer(slot, at: reactor.now &+ nanoseconds)
    }

    mutating func setTimer(_ slot: Int, at deadline: UInt64) {
        cancelTimer(slot)
        connections[slot].pointee.timer = reactor.setTimer(at: deadline, token: socketID(slot).packed)
        connections[slot].pointee.flags.insert(.hasTimer)
    }

    mutating func cancelTimer(_ slot: Int) {
        guard connections[slot].pointee.flags.contains(.hasTimer) else { return }
        reactor.cancelTimer(connections[slot].pointee.timer)
        connections[slot].pointee.flags.remove(.hasTimer)
    }

    func socketID(_ slot: Int) -> SocketID {
        SocketID(slot: UInt32(slot), generation: connections[slot].pointee.generation)
    }
}
