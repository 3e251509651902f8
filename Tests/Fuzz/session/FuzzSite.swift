import Access
import EventBus
import MQTTWire

/// One shard and the clients that a script moves.
final class FuzzSite {
    static let clientCount = 3

    private struct Peer {
        var id: ConnectionID
        var isReading = true
        var isPaused = false
        var pending: [UInt8] = []
        var output: [UInt8] = []
        /// The versions in which all that the broker sent so far makes sense.
        var versions = Set(ProtocolVersion.allCases)
        /// What a polite client would answer to what it got.
        var answers: [Packet] = []
    }

    private let shard: BusShard
    private var now = BusTime(monotonic: 1_000_000_000_000, wall: 1_700_000_000_000_000_000)
    private var peers: [Peer?] = Array(repeating: nil, count: FuzzSite.clientCount)
    private let access: AccessControl

    init(options: UInt8) {
        var settings = BusSettings()
        settings.sysInterval = options & 1 == 0 ? 0 : 7
        settings.topicLevelsMaximum = 8
        settings.topicAliasMaximum = 3
        settings.routeCacheCapacity = 16
        settings.outputBytesMaximum = options & 2 == 0 ? 1 << 16 : 256
        settings.slowConsumerPolicy = options & 4 == 0 ? .thin : .disconnect
        settings.queueFullPolicy = options & 8 == 0 ? .dropOldest : .dropNewest
        settings.queuesQoS0 = options & 16 != 0
        settings.receiveMaximum = 3
        settings.retainedMessagesMaximum = 4
        settings.sessionsMaximum = 3
        settings.checksPayloadFormat = options & 32 != 0
        var limits = AccessSettings()
        limits.quotas.queuedMessages = 4
        limits.quotas.inFlight = 3
        limits.quotas.subscriptions = 6
        if options & 64 != 0 {
            limits.quotas.publishRate = 5
            limits.quotas.publishBurst = 5
        }
        do { access = try AccessControl(limits) } catch { preconditionFailure("\(error)") }
        let site = BusSite(settings: settings, access: access, shardCount: 1, random: Counter())
        shard = BusShard(index: 0, site: site, now: now)
        _ = shard.register(ListenerPolicy(name: "fuzz", maximumPacketSize: 4_096))
    }

    func send(_ bytes: [UInt8], from index: Int) {
        if peers[index] == nil {
            let peer = PeerInfo(address: "fuzz", isLoopback: true)
            peers[index] = Peer(id: shard.open(peer: peer, policy: 0))
        }
        peers[index]?.pending += bytes
        present(index)
        run()
    }

    private func present(_ index: Int) {
        guard let peer = peers[index], !peer.isPaused else { return }
        let consumed = peer.pending.withUnsafeBytes { shard.receive(peer.id, $0) }
        precondition(consumed <= peer.pending.count, "more consumed than there was")
        peers[index]?.pending.removeFirst(consumed)
    }

    /// The answers that the protocol asks of a client to what it has got since it was last asked.
    func answers(of index: Int) -> [UInt8] {
        guard let peer = peers[index], let version = peer.versions.max(by: { $0.rawValue < $1.rawValue })
        else { return [] }
        peers[index]?.answers = []
        var bytes: [UInt8] = []
        for packet in peer.answers {
            do { try packet.encode(into: &bytes, version: version) } catch { preconditionFailure("\(error)") }
        }
        return bytes
    }

    func wait(seconds: UInt8) {
        now.monotonic += UInt64(seconds) * 1_000_000_000
        now.wall += Int64(seconds) * 1_000_000_000
        shard.now = now
        shard.runTimers()
        run()
    }

    func lose(_ index: Int) {
        guard let peer = peers[index] else { return }
        peers[index] = nil
        shard.closed(peer.id, cause: .peer)
        run()
    }

    func toggleReading(_ index: Int) {
        peers[index]?.isReading.toggle()
        if let peer = peers[index], peer.isReading { drain(index, peer.id) }
        run()
    }

    func reload() {
        shard.reload(shard.settings, access)
        run()
    }

    /// Everybody goes, time passes: nothing may be left.
    func end() {
        for index in peers.indices { lose(index) }
        precondition(shard.connectionCount == 0, "connections are left")
        now.monotonic += 40 * 86_400 * 1_000_000_000
        shard.now = now
        shard.runTimers()
        // A session that ended may have published a will to one that was kept.
        now.monotonic += 40 * 86_400 * 1_000_000_000
        shard.now = now
        shard.runTimers()
        run()
        precondition(shard.sessionCount == 0, "sessions are left")
        precondition(shard.subscriptionCount == 0, "subscriptions are left")
        precondition(shard.counters.clientsConnected == 0, "clients are counted that are gone")
    }

    // MARK: - What the shard asks for

    private func run() {
        while shard.hasDirty || shard.hasEffects {
            var dirty: [Int32] = []
            shard.takeDirty { dirty.append($0) }
            for slot in dirty {
                guard let index = peers.firstIndex(where: { $0?.id.slot == slot }), let peer = peers[index],
                    peer.isReading
                else { continue }
                drain(index, peer.id)
            }
            for effect in shard.takeEffects() { perform(effect) }
        }
    }

    private func perform(_ effect: BusEffect) {
        switch effect {
        case .close(let id):
            guard let index = peers.firstIndex(where: { $0?.id == id }) else { return }
            peers[index] = nil
            shard.closed(id, cause: .local)
        case .pause(let id):
            if let index = peers.firstIndex(where: { $0?.id == id }) { peers[index]?.isPaused = true }
        case .resume(let id):
            guard let index = peers.firstIndex(where: { $0?.id == id }) else { return }
            peers[index]?.isPaused = false
            present(index)
        case .authenticate, .migrate, .mail:
            preconditionFailure("one shard without passwords asks for \(effect)")
        case .log: break
        }
    }

    private func drain(_ index: Int, _ id: ConnectionID) {
        let bytes = Array(shard.output(of: id.slot))
        shard.consumeOutput(bytes.count, of: id.slot)
        shard.outputDrained(id)
        peers[index]?.output += bytes
        read(index)
    }

    /// Reads what the broker sent; it must make sense in at least one version from beginning to end.
    private func read(_ index: Int) {
        guard var peer = peers[index] else { return }
        var longest = 0
        var packets: [Packet] = []
        for version in peer.versions {
            var offset = 0
            var found: [Packet] = []
            do throws(WireError) {
                while let packet = try Packet.decode(
                    peer.output.span.bytes,
                    at: &offset,
                    version: version,
                    sender: .server
                ) {
                    found.append(packet)
                }
            } catch {
                peer.versions.remove(version)
                continue
            }
            longest = max(longest, offset)
            packets = found
        }
        precondition(!peer.versions.isEmpty, "the broker sent what is no packet in any version")
        peer.output.removeFirst(longest)
        peer.answers += packets.compactMap(Self.answer)
        peers[index] = peer
    }

    private static func answer(to packet: Packet) -> Packet? {
        switch packet {
        case .publish(let publish) where publish.qos == .atLeastOnce:
            .acknowledgement(Acknowledgement(.pubAck, packetID: publish.packetID))
        case .publish(let publish) where publish.qos == .exactlyOnce:
            .acknowledgement(Acknowledgement(.pubRec, packetID: publish.packetID))
        case .acknowledgement(let ack) where ack.type == .pubRec:
            .acknowledgement(Acknowledgement(.pubRel, packetID: ack.packetID))
        case .acknowledgement(let ack) where ack.type == .pubRel:
            .acknowledgement(Acknowledgement(.pubComp, packetID: ack.packetID))
        default: nil
        }
    }
}

/// No randomness: an input must do the same each time.
private struct Counter: RandomNumberGenerator, Sendable {
    private var value: UInt64 = 0

    mutating func next() -> UInt64 {
        value &+= 0x9E37_79B9_7F4A_7C15
        return value
    }
}
