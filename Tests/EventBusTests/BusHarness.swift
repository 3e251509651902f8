import Access
import EventBus
import MQTTWire

/// A site in memory: real shards, a clock of the test's own, clients that speak packets.
final class BusHarness {
    let shards: [BusShard]
    let site: BusSite
    private(set) var now = BusTime(monotonic: 1_000_000_000_000, wall: 1_700_000_000_000_000_000)
    private var clients: [Key: TestClient] = [:]
    private(set) var logs: [LogEvent] = []

    private struct Key: Hashable {
        var shard: Int
        var slot: Int32
    }

    init(
        shards count: Int = 1,
        access: AccessSettings = AccessSettings(),
        _ change: (inout BusSettings) -> Void = { _ in }
    ) {
        var settings = BusSettings()
        settings.sysInterval = 0
        change(&settings)
        guard let control = try? AccessControl(access) else {
            fatalError("access settings of a test are right")
        }
        site = BusSite(
            settings: settings,
            access: control,
            shardCount: count,
            random: SeededGenerator(seed: 1)
        )
        let site = site
        let start = now
        shards = (0..<count).map { BusShard(index: $0, site: site, now: start) }
        for shard in shards { _ = shard.register(ListenerPolicy(name: "test", maximumPacketSize: 1 << 20)) }
    }

    /// Lets time pass and fires what is due on the way.
    func advance(seconds: Double) {
        now.monotonic += UInt64(seconds * 1e9)
        now.wall += Int64(seconds * 1e9)
        for shard in shards {
            shard.now = now
            shard.runTimers()
        }
        run()
    }

    func open(shard: Int = 0, peer: PeerInfo = PeerInfo(address: "127.0.0.1:1", isLoopback: true))
        -> TestClient
    {
        let client = TestClient(self, shard: shard, id: shards[shard].open(peer: peer, policy: 0))
        clients[Key(shard: shard, slot: client.id.slot)] = client
        return client
    }

    func receive(_ bytes: [UInt8], from client: TestClient) {
        guard !client.isClosed else { return }
        client.pending += bytes
        // Nothing is read from a client that is paused, as in the gateway.
        if !client.isPaused { present(client) }
        run()
    }

    private func present(_ client: TestClient) {
        let consumed = client.pending.withUnsafeBytes { shards[client.shard].receive(client.id, $0) }
        client.pending.removeFirst(consumed)
    }

    func lose(_ client: TestClient, _ cause: CloseCause = .peer) {
        guard !client.isClosed else { return }
        drop(client, cause)
        run()
    }

    private func drop(_ client: TestClient, _ cause: CloseCause) {
        client.isClosed = true
        clients[Key(shard: client.shard, slot: client.id.slot)] = nil
        shards[client.shard].closed(client.id, cause: cause)
    }

    /// Moves output to clients and mail between shards until nothing moves.
    func run() {
        var isMoving = true
        while isMoving {
            isMoving = false
            for (index, shard) in shards.enumerated() {
                shard.takeDirty { slot in
                    isMoving = true
                    guard let client = clients[Key(shard: index, slot: slot)], !client.isStalled else {
                        return
                    }
                    let bytes = Array(shard.output(of: slot))
                    shard.consumeOutput(bytes.count, of: slot)
                    client.take(bytes)
                    shard.outputDrained(client.id)
                }
                for effect in shard.takeEffects() {
                    isMoving = true
                    perform(effect, index)
                }
            }
        }
    }

    private func perform(_ effect: BusEffect, _ index: Int) {
        switch effect {
        case .close(let id):
            guard let client = clients[Key(shard: index, slot: id.slot)], client.id == id else { return }
            drop(client, .local)
        case .mail(let target):
            let mail = shards[index].takeMail(for: target)
            mail.withUnsafeBytes { shards[target].deliverMail(from: index, $0) }
        case .migrate(let id, let target):
            guard let client = clients[Key(shard: index, slot: id.slot)] else { return }
            clients[Key(shard: index, slot: id.slot)] = nil
            shards[index].closed(id, cause: .local)
            client.shard = target
            client.id = shards[target].open(peer: PeerInfo(address: "moved", isLoopback: true), policy: 0)
            clients[Key(shard: target, slot: client.id.slot)] = client
            present(client)
        case .authenticate(let id, let request):
            let result = site.access.authenticate(request, now: now.wallSeconds)
            shards[index].authenticationFinished(id, result)
            if let client = clients[Key(shard: index, slot: id.slot)] { present(client) }
        case .pause(let id): clients[Key(shard: index, slot: id.slot)]?.isPaused = true
        case .resume(let id):
            guard let client = clients[Key(shard: index, slot: id.slot)] else { return }
            client.isPaused = false
            present(client)
        case .log(let event): logs.append(event)
        }
    }
}

/// One client: encodes what the test wants to say and keeps what it hears.
final class TestClient {
    private unowned let bus: BusHarness
    fileprivate(set) var shard: Int
    fileprivate(set) var id: ConnectionID
    fileprivate(set) var isClosed = false
    fileprivate(set) var isPaused = false
    /// Does not read: output stays with the broker.
    var isStalled = false
    var version = ProtocolVersion.v5
    fileprivate var pending: [UInt8] = []
    private var incoming: [UInt8] = []
    private(set) var received: [Packet] = []
    /// Whether QoS 1 and 2 messages are answered by themselves.
    var answers = true

    fileprivate init(_ bus: BusHarness, shard: Int, id: ConnectionID) {
        self.bus = bus
        self.shard = shard
        self.id = id
    }

    fileprivate func take(_ bytes: [UInt8]) {
        incoming += bytes
        var offset = 0
        var answersToSend: [Packet] = []
        while true {
            let packet: Packet?
            do throws(WireError) {
                packet = try Packet.decode(
                    incoming.span.bytes,
                    at: &offset,
                    version: version,
                    sender: .server
                )
            } catch {
                fatalError("the broker sent a bad packet: \(error)")
            }
            guard let packet else { break }
            received.append(packet)
            if answers, let answer = answer(to: packet) { answersToSend.append(answer) }
        }
        incoming.removeFirst(offset)
        for packet in answersToSend { pendingAnswers.append(packet) }
        flushAnswers()
    }

    private var pendingAnswers: [Packet] = []

    private func flushAnswers() {
        guard !pendingAnswers.isEmpty, !isClosed else { return }
        let packets = pendingAnswers
        pendingAnswers = []
        var bytes: [UInt8] = []
        for packet in packets { encode(packet, into: &bytes) }
        let shard = bus.shards[shard]
        let consumed = bytes.withUnsafeBytes { shard.receive(id, $0) }
        precondition(consumed == bytes.count)
    }

    private func answer(to packet: Packet) -> Packet? {
        switch packet {
        case .publish(let publish):
            switch publish.qos {
            case .atMostOnce: nil
            case .atLeastOnce: .acknowledgement(Acknowledgement(.pubAck, packetID: publish.packetID))
            case .exactlyOnce: .acknowledgement(Acknowledgement(.pubRec, packetID: publish.packetID))
            }
        case .acknowledgement(let ack) where ack.type == .pubRec && !ack.reasonCode.isFailure:
            .acknowledgement(Acknowledgement(.pubRel, packetID: ack.packetID))
        case .acknowledgement(let ack) where ack.type == .pubRel:
            .acknowledgement(Acknowledgement(.pubComp, packetID: ack.packetID))
        default: nil
        }
    }

    private func encode(_ packet: Packet, into bytes: inout [UInt8]) {
        do { try packet.encode(into: &bytes, version: version) } catch {
            fatalError("cannot encode: \(error)")
        }
    }

    // MARK: - What tests say

    func send(_ packet: Packet) {
        var bytes: [UInt8] = []
        encode(packet, into: &bytes)
        bus.receive(bytes, from: self)
    }

    func send(bytes: [UInt8]) { bus.receive(bytes, from: self) }

    @discardableResult
    func connect(_ clientID: String, clean: Bool = true, _ change: (inout Connect) -> Void = { _ in })
        -> TestClient
    {
        var connect = Connect(version: version, clientID: clientID, cleanStart: clean, keepAlive: 0)
        change(&connect)
        version = connect.version
        send(.connect(connect))
        return self
    }

    func subscribe(
        _ filter: String,
        _ qos: QoS = .atMostOnce,
        identifier: UInt32? = nil,
        _ change: (inout Subscription) -> Void = { _ in }
    ) {
        guard let parsed = try? TopicFilter(filter) else { fatalError("bad filter in a test") }
        var subscription = Subscription(parsed, maximumQoS: qos)
        change(&subscription)
        var packet = Subscribe(packetID: 1, subscriptions: [subscription])
        if let identifier { packet.properties.subscriptionIdentifiers = [identifier] }
        send(.subscribe(packet))
    }

    func unsubscribe(_ filter: String) {
        guard let parsed = try? TopicFilter(filter) else { fatalError("bad filter in a test") }
        send(.unsubscribe(Unsubscribe(packetID: 2, filters: [parsed])))
    }

    func publish(
        _ topic: String,
        _ payload: String,
        _ qos: QoS = .atMostOnce,
        retain: Bool = false,
        packetID: UInt16 = 7,
        _ change: (inout Publish) -> Void = { _ in }
    ) {
        var publish = Publish(topic: topic, payload: Array(payload.utf8), qos: qos, retain: retain)
        if qos != .atMostOnce { publish.packetID = packetID }
        change(&publish)
        send(.publish(publish))
    }

    func lose() { bus.lose(self) }

    // MARK: - What tests ask

    func forget() { received = [] }

    var publishes: [Publish] {
        received.compactMap { if case .publish(let publish) = $0 { publish } else { nil } }
    }

    var payloads: [String] { publishes.map { String(decoding: $0.payload, as: UTF8.self) } }

    var connAck: ConnAck? {
        for case .connAck(let packet) in received { return packet }
        return nil
    }

    var subAcks: [SubAck] { received.compactMap { if case .subAck(let packet) = $0 { packet } else { nil } } }

    var disconnect: Disconnect? {
        for case .disconnect(let packet) in received { return packet }
        return nil
    }

    func acknowledgements(_ type: PacketType) -> [Acknowledgement] {
        received.compactMap { if case .acknowledgement(let ack) = $0, ack.type == type { ack } else { nil } }
    }
}

/// SplitMix64: small, good enough, the same everywhere.
struct SeededGenerator: RandomNumberGenerator, Sendable {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
