import Access
import MQTTWire

/// The broker: one shard of it, as a machine without clock, socket or disk.
///
/// Bytes, time and completions go in through the methods below; what comes out is output buffers of
/// connections (``takeDirty()``), ``BusEffect`` values and mail for other shards. One thread at a time
/// may call it. A shard owns its sessions and its copy of the subscription index, so nothing on the
/// path of a message takes a lock.
///
/// The path of one message through the files: ``receive(_:_:)`` here → `BusShard+Publish` (rules,
/// route) → `BusShard+Deliver` (each subscriber) → the subscriber's `OutputBuffer`, or its
/// `MessageQueue` when it is away or has its hands full.
package final class BusShard {
    // On `@exclusivity(unchecked)`: the checks at run time took four tenths of a message's time (perf,
    // fan-in of 64-byte messages: 156 ns with, 84 ns without). They guard against two overlapping
    // accesses; here one thread at a time is inside, and a property so marked is only ever read or
    // changed in one step, never lent to code that could come back to it.
    package let index: Int
    let site: BusSite
    @exclusivity(unchecked) package internal(set) var settings: BusSettings
    var access: AccessControl
    /// The time of this turn; the driver sets it before anything else.
    @exclusivity(unchecked) package var now: BusTime

    @exclusivity(unchecked) var clients = Slab<Client>()
    @exclusivity(unchecked) var sessions = Slab<Session>()
    @exclusivity(unchecked) var pool = BufferPool()
    @exclusivity(unchecked) var subscriptions = SubscriptionIndex()
    let routes: RouteCache
    @exclusivity(unchecked) var levels = TopicLevels()
    let hash: TopicHash
    var timers = TimerHeap()
    @exclusivity(unchecked) var templates = PublishTemplates()
    /// The session whose message is being delivered, for in-process subscribers.
    @exclusivity(unchecked) var publisher: Int32 = -1
    /// In-process publishers that wait for the disk, in order.
    var durabilityWaiters: [(wait: DurabilityWait, resume: @Sendable (Bool) -> Void)] = []
    @exclusivity(unchecked) package var counters = BusCounters()
    /// What is below is not even put into words: the lines about one client cost as much as its CONNECT.
    package var loggedLevel = LogEvent.Level.debug

    /// Client identifiers of the sessions of this shard.
    var directory: [ExactString: Int32] = [:]
    @exclusivity(unchecked) var policies: [ListenerPolicy] = []
    @exclusivity(unchecked) private var dirtySlots: [Int32] = []
    private var effects: [BusEffect] = []
    var outboxes: [Outbox]
    /// Changes when rules are re-read, so that what was remembered of them is asked again.
    @exclusivity(unchecked) var accessEpoch: UInt32 = 1
    private var nextStamp: UInt32 = 1
    /// Acknowledgements that wait for the disk, in the order in which they will be due.
    @exclusivity(unchecked) var heldAnswers = HeldAnswers()
    /// Everything that storage was given up to here is on disk.
    @exclusivity(unchecked) var durablePosition: UInt64 = 0
    /// Connections whose session is to be left at the end of the turn.
    @exclusivity(unchecked) var leaving: [ConnectionID] = []
    @exclusivity(unchecked) var store: (any BusStore)?
    @exclusivity(unchecked) var streams: (any BusStreams)?
    /// Everything that the streams were given up to this ticket is durable.
    @exclusivity(unchecked) var durableTicket: UInt64 = 0
    /// Changes of interest told to the other shards, and how many of them each has confirmed.
    var interestSent: UInt64 = 0
    var interestKnown: [UInt64]
    var heldSubAcks: [HeldSubAck] = []
    /// Messages forwarded that other shards must have on disk before the publisher hears of it, and how
    /// far each shard has confirmed them.
    var forwardSent: UInt64 = 0
    var forwardConfirmed: [UInt64]
    /// Confirmations that this shard owes, in order, and what its own disk must have reached before.
    var owedConfirmations: [(durableAt: UInt64, shard: Int, number: UInt64, isRefused: Bool)] = []
    /// Forwarded messages that another shard's storage did not take and whose publisher was not told yet.
    var forwardRefused: Set<UInt64> = []
    /// Where storage put the last subscription.
    var subscribedAt: UInt64 = 0
    let startedAt: UInt64
    var isDraining = false
    /// Set by bandwidth allocations.
    var rateLimits: [RateSubject: RateLimit] = [:]

    /// - Parameter site: what all shards of the process share.
    package init(index: Int, site: BusSite, now: BusTime) {
        self.index = index
        self.site = site
        self.now = now
        startedAt = now.monotonic
        settings = site.settings
        interestKnown = Array(repeating: 0, count: site.shardCount)
        forwardConfirmed = Array(repeating: 0, count: site.shardCount)
        access = site.access
        hash = TopicHash(key: site.hashKey)
        routes = RouteCache(capacity: site.settings.routeCacheCapacity)
        outboxes = (0..<site.shardCount).map { _ in Outbox() }
        if index == 0, settings.sysInterval > 0 {
            timers.add(.init(due: now.monotonic, slot: 0, stamp: 0, kind: .sys))
        }
    }

    deinit {
        heldAnswers.destroy()
        for slot in 0..<sessions.limit where isSessionLive(slot) { destroySession(slot) }
        for slot in 0..<clients.limit where isClientLive(slot) {
            clients[slot].pointee.output.release(to: &pool)
            clients.free(slot)
        }
    }

    // MARK: - Events in

    /// Registers a listener's policy and returns its number for ``open(peer:policy:)``.
    package func register(_ policy: ListenerPolicy) -> UInt16 {
        policies.append(policy)
        return UInt16(policies.count - 1)
    }

    /// A socket was accepted (and its transport handshakes are done).
    package func open(peer: PeerInfo, policy: UInt16) -> ConnectionID {
        let generation = takeStamp()
        let slot = clients.allocate(
            Client(generation: generation, policy: policy, lastReceived: now.seconds)
        )
        let extras = ClientExtras()
        extras.peer = peer
        clients[slot].pointee.peerAddress = peer.addressKey
        clients[slot].pointee.extras = extras
        markClient(slot, live: true)
        counters.connectionsOpened += 1
        return ConnectionID(slot: slot, generation: generation)
    }

    /// Takes what a client sent.
    ///
    /// - Parameter bytes: all that came and was not consumed before; need not end at a packet's end.
    /// - Returns: how many bytes were consumed. The rest begins with a packet that is not complete (or
    ///   must wait) and is to be presented again with what comes next.
    package func receive(_ id: ConnectionID, _ bytes: UnsafeRawBufferPointer) -> Int {
        guard let client = client(id) else { return bytes.count }
        counters.bytesReceived &+= bytes.count
        let span = RawSpan(_unsafeBytes: bytes)
        let maximum = policies[Int(client.pointee.policy)].maximumPacketSize
        var offset = 0
        do throws(WireError) {
            while let header = try FixedHeader.parse(
                span,
                at: offset,
                maximumPacketSize: maximum,
                version: client.pointee.version
            ) {
                guard header.packetLength <= bytes.count &- offset else { break }
                counters.packetsReceived &+= 1
                if client.pointee.state == .connected {
                    try receivePacket(header, span, bytes, at: offset, id, client)
                } else if !(try receiveEarlyPacket(header, span, at: offset, id, client)) {
                    // Waits for an answer from elsewhere: the packet stays with the gateway.
                    counters.bytesReceived &-= bytes.count - offset
                    return offset
                }
                offset &+= header.packetLength
                if client.pointee.state == .closing {
                    settle()
                    return bytes.count
                }
                if client.pointee.isPaused { break }
            }
        } catch {
            refuse(error, id, client)
            return bytes.count
        }
        counters.bytesReceived &-= bytes.count &- offset
        // [MQTT-3.1.2-22]: whole packets count, not the bytes of one that never ends.
        if offset > 0 { client.pointee.lastReceived = now.seconds }
        if !leaving.isEmpty || store != nil || streams != nil { settle() }
        return offset
    }

    @inline(__always)
    private func receivePacket(
        _ header: FixedHeader,
        _ span: RawSpan,
        _ bytes: UnsafeRawBufferPointer,
        at offset: Int,
        _ id: ConnectionID,
        _ client: UnsafeMutablePointer<Client>
    ) throws(WireError) {
        let version = client.pointee.version
        switch header.type {
        case .publish:
            let view = try PublishView.decode(span, at: offset, header: header, version: version)
            try receivePublish(view, bytes, id, client)
        case .pubAck:
            let ack = try AckView.decode(span, at: offset, header: header, version: version)
            receivePubAck(ack, id, client)
        case .pubRec:
            let ack = try AckView.decode(span, at: offset, header: header, version: version)
            receivePubRec(ack, id, client)
        case .pubRel:
            let ack = try AckView.decode(span, at: offset, header: header, version: version)
            receivePubRel(ack, id, client)
        case .pubComp:
            let ack = try AckView.decode(span, at: offset, header: header, version: version)
            receivePubComp(ack, id, client)
        case .pingReq:
            // [MQTT-3.12.4-1]
            guard header.remainingLength == 0 else { throw .bodyTooLong }
            append(AckEncoder.pingResp, id.slot, client)
        default:
            try receiveRarePacket(header, span, at: offset, id, client)
        }
    }

    /// The socket of a connection is gone; its number will be used again.
    package func closed(_ id: ConnectionID, cause: CloseCause) {
        guard let client = client(id) else { return }
        counters.connectionsClosed += 1
        if client.pointee.session >= 0 {
            if cause == .timeout { counters.keepAliveTimeouts += 1 }
            detach(id.slot, client, sendsWill: true)
        }
        client.pointee.output.release(to: &pool)
        markClient(id.slot, live: false)
        clients.free(id.slot)
    }

    /// The gateway has sent what there was, or enough of it that more is welcome.
    package func outputDrained(_ id: ConnectionID) {
        guard let client = client(id), client.pointee.isBlocked else { return }
        guard client.pointee.output.count < settings.outputBytesMaximum / 2 else { return }
        client.pointee.isBlocked = false
        if client.pointee.session >= 0 { pump(client.pointee.session) }
    }

    // MARK: - Effects out

    /// The connections that have output to send, each once; the list starts anew.
    ///
    /// For each of them send ``output(of:)``, then ``consumeOutput(_:of:)``. Slots in the list are live.
    package func takeDirty(_ body: (Int32) -> Void) {
        guard !dirtySlots.isEmpty else { return }
        var slots: [Int32] = []
        swap(&slots, &dirtySlots)
        for slot in slots where isClientLive(slot) {
            clients[slot].pointee.isDirty = false
            body(slot)
        }
        slots.removeAll(keepingCapacity: true)
        if dirtySlots.isEmpty { swap(&slots, &dirtySlots) }
    }

    package var hasDirty: Bool { !dirtySlots.isEmpty }

    /// What waits to be sent on a connection; valid until the next call.
    package func output(of slot: Int32) -> UnsafeRawBufferPointer {
        let client = clients[slot]
        return client.pointee.isPaced ? pacedOutput(slot, client) : client.pointee.output.bytes
    }

    /// Forgets the first `count` bytes of a connection's output, which were sent.
    package func consumeOutput(_ count: Int, of slot: Int32) {
        counters.bytesSent &+= count
        let client = clients[slot]
        client.pointee.output.consume(count, to: &pool)
        if client.pointee.isPaced { pacedOutputLeft(count, slot, client) }
    }

    package var hasEffects: Bool { !effects.isEmpty }

    package func takeEffects() -> [BusEffect] {
        var taken: [BusEffect] = []
        swap(&taken, &effects)
        return taken
    }

    // MARK: - Inside

    func emit(_ effect: BusEffect) { effects.append(effect) }

    func log(
        _ level: LogEvent.Level,
        _ message: String,
        _ metadata: @autoclosure () -> [(String, String)] = []
    ) {
        guard level >= loggedLevel else { return }
        effects.append(.log(LogEvent(level, message, metadata())))
    }

    @inline(__always)
    func client(_ id: ConnectionID) -> UnsafeMutablePointer<Client>? {
        guard isClientLive(id.slot) else { return nil }
        let client = clients[id.slot]
        return client.pointee.generation == id.generation ? client : nil
    }

    @inline(__always)
    func markDirty(_ slot: Int32, _ client: UnsafeMutablePointer<Client>) {
        if !client.pointee.isDirty {
            client.pointee.isDirty = true
            dirtySlots.append(slot)
        }
    }

    /// Appends a small packet that is an integer in memory order.
    @inline(__always)
    func append<Packet: FixedWidthInteger & BitwiseCopyable>(
        _ packet: Packet,
        _ slot: Int32,
        _ client: UnsafeMutablePointer<Client>
    ) {
        client.pointee.output.append(MemoryLayout<Packet>.size, from: &pool)
            .storeBytes(of: packet, as: Packet.self)
        markDirty(slot, client)
    }

    func append(_ bytes: [UInt8], _ slot: Int32, _ client: UnsafeMutablePointer<Client>) {
        guard !bytes.isEmpty else { return }
        client.pointee.output.append(bytes.count, from: &pool)
            .copyMemory(from: bytes, byteCount: bytes.count)
        markDirty(slot, client)
    }

    func takeStamp() -> UInt32 {
        nextStamp &+= 1
        return nextStamp
    }

    // MARK: - Which slots are in use

    /// One byte per slot: the slab itself does not know.
    @exclusivity(unchecked) private var liveClients: [Bool] = []
    @exclusivity(unchecked) private var liveSessions: [Bool] = []

    @inline(__always)
    func isClientLive(_ slot: Int32) -> Bool {
        slot >= 0 && Int(slot) < liveClients.count && liveClients[Int(slot)]
    }

    func isSessionLive(_ slot: Int32) -> Bool {
        slot >= 0 && Int(slot) < liveSessions.count && liveSessions[Int(slot)]
    }

    func markClient(_ slot: Int32, live: Bool) {
        while liveClients.count <= Int(slot) { liveClients.append(false) }
        liveClients[Int(slot)] = live
    }

    func markSession(_ slot: Int32, live: Bool) {
        while liveSessions.count <= Int(slot) { liveSessions.append(false) }
        liveSessions[Int(slot)] = live
    }
}
