import Access
import EventBus
import Journal
import JournalTesting
import MQTTWire
import Streams
import Testing

/// The real shard with streams attached: what is kept, and when the publisher hears of it.
@Suite struct StreamBusTests {
    let harness = StreamHarness()

    private struct Setup {
        var shard: BusShard
        var catalogue: StreamCatalogue
        var client: ConnectionID
    }

    private func setUp(_ configured: [StreamConfiguration]) throws -> Setup {
        var settings = BusSettings()
        settings.sysInterval = 0
        let site = BusSite(
            settings: settings,
            access: try AccessControl(AccessSettings()),
            random: SimulatedRandom(seed: 7)
        )
        let now = BusTime(monotonic: 1_000_000_000_000, wall: 1_700_000_000_000_000_000)
        let shard = BusShard(index: 0, site: site, now: now)
        _ = shard.register(ListenerPolicy(name: "test"))
        let catalogue = try harness.open(configured)
        shard.attach(StreamAppender(catalogue))
        let client = shard.open(peer: .init(address: "test", isLoopback: true), policy: 0)
        let setup = Setup(shard: shard, catalogue: catalogue, client: client)
        say(setup, .connect(Connect(version: .v5, clientID: "device", cleanStart: true, keepAlive: 0)))
        #expect(heard(setup).count == 1)
        return setup
    }

    private func say(_ setup: Setup, _ packet: Packet) {
        var bytes: [UInt8] = []
        do { try packet.encode(into: &bytes, version: .v5) } catch { Issue.record("\(error)") }
        _ = bytes.withUnsafeBytes { setup.shard.receive(setup.client, $0) }
    }

    private func heard(_ setup: Setup) -> [Packet] {
        var bytes: [UInt8] = []
        setup.shard.takeDirty { slot in
            bytes += Array(setup.shard.output(of: slot))
            setup.shard.consumeOutput(setup.shard.output(of: slot).count, of: slot)
        }
        var packets: [Packet] = []
        var offset = 0
        while let packet = try? Packet.decode(bytes.span.bytes, at: &offset, version: .v5, sender: .server) {
            packets.append(packet)
        }
        return packets
    }

    private func publish(_ topic: String, _ payload: String, _ qos: QoS, _ id: UInt16 = 0) -> Packet {
        .publish(Publish(topic: topic, payload: Array(payload.utf8), qos: qos, packetID: id))
    }

    @Test func theAnswerWaitsForEveryStreamOfTheTopic() throws {
        let setup = try setUp([
            StreamConfiguration(name: "all", filters: ["#"]),
            StreamConfiguration(name: "some", filters: ["a/+", "a/b"]),
        ])
        say(setup, publish("a/b", "1", .atLeastOnce, 7))
        say(setup, publish("z", "2", .atMostOnce))
        #expect(heard(setup).isEmpty)
        let drivers = harness.drivers.withLock { $0 }
        _ = drivers[0].log.commitOnce(now: 1)
        setup.shard.storageCommitted()
        #expect(heard(setup).isEmpty, "the second stream has it in memory only")
        _ = drivers[1].log.commitOnce(now: 1)
        setup.shard.storageCommitted()
        let answers = heard(setup)
        #expect(answers.count == 1)
        guard case .acknowledgement(let ack)? = answers.first else {
            Issue.record("expected PUBACK, found \(answers)")
            return
        }
        #expect(ack.packetID == 7)
        #expect(ack.reasonCode == .success)
        let all = try #require(setup.catalogue.stream(named: "all")).reader(from: .earliest)
        let first = try #require(try all.next())
        #expect(String(decoding: first.source, as: UTF8.self) == "device")
        #expect(try all.payloads() == ["2"])
        #expect(
            try #require(setup.catalogue.stream(named: "some")).reader(from: .earliest).payloads() == ["1"]
        )
    }

    @Test func aStreamInMemoryHoldsNobodyUp() throws {
        var memory = StreamConfiguration(name: "memory", filters: ["#"])
        memory.durability = .memory
        let setup = try setUp([memory])
        say(setup, publish("a", "1", .atLeastOnce, 1))
        #expect(heard(setup).count == 1)
        #expect(
            try #require(setup.catalogue.stream(named: "memory")).reader(from: .earliest).payloads() == ["1"]
        )
    }

    @Test func aFullStreamThatRefusesIsToldToThePublisher() throws {
        var small = StreamConfiguration(name: "small", filters: ["#"])
        small.bytesMaximum = 1 << 20
        small.whenFull = .refuse
        let setup = try setUp([small])
        let stream = try #require(setup.catalogue.stream(named: "small"))
        try stream.setCursor("reader", to: stream.startPosition)
        var reasons: [ReasonCode] = []
        for i in 1...150 {
            say(setup, publish("a", String(repeating: "x", count: 10_000), .atLeastOnce, UInt16(i)))
            harness.commit()
            setup.shard.storageCommitted()
            for case .acknowledgement(let ack) in heard(setup) { reasons.append(ack.reasonCode) }
        }
        #expect(reasons.count == 150)
        #expect(reasons.first == .success)
        #expect(reasons.last == .quotaExceeded)
    }

    @Test func aStreamMadeWhileRunningKeepsKnownTopicsToo() async throws {
        let setup = try setUp([])
        say(setup, publish("a", "1", .atMostOnce))
        let stream = try await setup.catalogue.create(StreamConfiguration(name: "late", filters: ["a"]))
        setup.shard.streamsChanged()
        say(setup, publish("a", "2", .atMostOnce))
        harness.commit()
        #expect(try stream.reader(from: .earliest).payloads() == ["2"])
    }
}
