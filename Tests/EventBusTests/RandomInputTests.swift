import EventBus
import MQTTWire
import Testing

/// Bytes that no client would send, thousands of times, each time the same: nothing traps, everything is
/// given back, and others go on.
@Suite struct RandomInputTests {
    /// What a client may well send, in a version.
    private static func valid(_ version: ProtocolVersion, _ random: inout SeededGenerator) -> [UInt8] {
        let properties: [UInt8] = version == .v5 ? [0] : []
        let topic = ["t", "t/a", "t/b/c", "", "$share/g/t", "t/+", "#"][Int.random(in: 0..<7, using: &random)]
        let id = UInt8.random(in: 0...4, using: &random)
        switch Int.random(in: 0..<14, using: &random) {
        case 0...2: return frame(0x30, text(topic), properties, [0x78])
        case 3: return frame(0x32, text("t"), [0, id], properties)
        case 4: return frame(0x35, text("t"), [0, id], properties, [0x79])
        case 5:
            return frame(0x82, [0, id], properties, text(topic), [UInt8.random(in: 0...2, using: &random)])
        case 6: return frame(0xA2, [0, id], properties, text(topic))
        case 7: return [0x40, 2, 0, id]
        case 8: return [0x50, 2, 0, id]
        case 9: return [0x62, 2, 0, id]
        case 10: return [0x70, 2, 0, id]
        case 11: return [0xC0, 0]
        case 12: return version == .v5 ? frame(0x30, text(id == 0 ? "" : "t"), [3, 0x23, 0, id]) : [0xC0, 0]
        default: return version == .v5 ? frame(0xE0, [id, 0]) : [0xE0, 0]
        }
    }

    private static func connect(_ version: ProtocolVersion, _ random: inout SeededGenerator) -> [UInt8] {
        let name = "c\(Int.random(in: 0..<3, using: &random))"
        let flags = UInt8([0, 2, 6, 0x26].randomElement(using: &random) ?? 2)
        let hasWill = flags & 4 != 0
        let head = text(version == .v3_1 ? "MQIsdp" : "MQTT") + [version.rawValue, flags, 0, 5]
        let properties: [UInt8] = version == .v5 ? [8, 0x11, 0, 0, 0, 9, 0x21, 0, 2] : []
        let will: [UInt8] =
            hasWill ? (version == .v5 ? [5, 0x18, 0, 0, 0, 3] : []) + text("t/w") + text("gone") : []
        return frame(0x10, head, properties, text(name), will)
    }

    private static func mutate(_ bytes: inout [UInt8], _ random: inout SeededGenerator) {
        guard !bytes.isEmpty else { return }
        let place = Int.random(in: 0..<bytes.count, using: &random)
        switch Int.random(in: 0..<5, using: &random) {
        case 0: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        case 1: bytes[place] = UInt8.random(in: 0...255, using: &random)
        case 2: bytes.remove(at: place)
        case 3: bytes.insert([0, 0xFF, 0x80, 1].randomElement(using: &random) ?? 0, at: place)
        default: bytes.removeLast(bytes.count - place)
        }
    }

    @Test(arguments: [UInt64(1), 2, 3, 4], [1, 2])
    func `random histories of good, bad and cut packets end with everything given back`(
        _ seed: UInt64,
        _ shards: Int
    ) {
        var random = SeededGenerator(seed: seed)
        let bus = BusHarness(shards: shards) { $0.outputBytesMaximum = 4_000 }
        let witness = bus.open().connect("witness")
        witness.subscribe("proof", .atLeastOnce)
        let publisher = bus.open(shard: shards - 1).connect("publisher")
        var clients: [TestClient] = []
        for round in 0..<2_000 {
            if clients.count < 4 {
                let client = bus.open(shard: Int.random(in: 0..<shards, using: &random))
                client.answers = false
                client.version = [.v3_1, .v3_1_1, .v5][Int.random(in: 0..<3, using: &random)]
                clients.append(client)
                client.send(bytes: Self.connect(client.version, &random))
            }
            let which = Int.random(in: 0..<clients.count, using: &random)
            let client = clients[which]
            var bytes: [UInt8] = []
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                bytes += Self.valid(client.version, &random)
            }
            switch Int.random(in: 0..<20, using: &random) {
            case 0...2: Self.mutate(&bytes, &random)
            case 3:
                bytes = (0..<Int.random(in: 1...60, using: &random)).map { _ in
                    UInt8.random(in: 0...255, using: &random)
                }
            case 4: client.isStalled.toggle()
            case 5: client.lose()
            case 6: bus.advance(seconds: Double(Int.random(in: 0...12, using: &random)))
            default: break
            }
            client.send(bytes: bytes)
            if client.isClosed { clients.remove(at: which) }
            if round % 50 == 0 {
                publisher.publish("proof", "\(round)", .atLeastOnce)
                #expect(witness.payloads.last == "\(round)", "seed \(seed)")
            }
        }
        for client in clients { client.lose() }
        witness.lose()
        publisher.lose()
        // Sessions that are kept live as long as they may.
        bus.advance(seconds: 31 * 86_400)
        bus.advance(seconds: 31 * 86_400)
        #expect(bus.site.sessionCount == 0)
        for shard in bus.shards {
            #expect(shard.connectionCount == 0)
            #expect(shard.sessionCount == 0)
            #expect(shard.subscriptionCount == 0)
        }
    }

    @Test func `every packet is taken byte by byte as in one piece`() {
        var whole: [Packet] = []
        for step in [1, 2, 3, 7, 100_000] {
            var random = SeededGenerator(seed: 99)
            let bus = BusHarness()
            let client = bus.open()
            client.answers = false
            var bytes = frame(0x10, connectHead(.v5, flags: 2), text("c"))
            for _ in 0..<200 {
                let packet = Self.valid(.v5, &random)
                if packet[0] != 0xE0, packet.count > 2 || packet[0] == 0xC0, !packet.contains(0x2B),
                    !packet.contains(0x23)
                {
                    bytes += packet
                }
            }
            var offset = 0
            while offset < bytes.count {
                client.send(bytes: Array(bytes[offset..<min(bytes.count, offset + step)]))
                offset += step
            }
            if whole.isEmpty { whole = client.received }
            #expect(!client.received.isEmpty)
            #expect(client.received == whole, "in steps of \(step)")
        }
    }
}
