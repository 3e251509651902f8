import MQTTWire
import Testing

/// A failure prints its seed; the seed repeats it.
@Suite struct RandomPacketTests {
    @Test(arguments: ProtocolVersion.allCases, [UInt64(1), 2, 3])
    func `what is encoded is decoded`(_ version: ProtocolVersion, _ seed: UInt64) throws {
        var random = RandomPackets(seed: seed, version: version)
        for round in 0..<1_000 {
            let (packet, sender) = random.next()
            var wire: [UInt8] = []
            try packet.encode(into: &wire, version: version)
            var offset = 0
            #expect(
                try decode(wire, at: &offset, version, sender) == packet,
                "seed \(seed), round \(round): \(wire)"
            )
            #expect(offset == wire.count)
        }
    }

    /// A stream in pieces of any size gives the same packets in the same order.
    @Test(arguments: ProtocolVersion.allCases, [1, 2, 7, 64])
    func `a stream is read in pieces`(_ version: ProtocolVersion, _ pieceSize: Int) throws {
        var random = RandomPackets(seed: 11, version: version)
        var packets: [Packet] = []
        var wire: [UInt8] = []
        while packets.count < 50 {
            let (packet, sender) = random.next()
            guard sender == .client else { continue }
            try packet.encode(into: &wire, version: version)
            packets.append(packet)
        }
        var buffer: [UInt8] = []
        var received: [Packet] = []
        for start in stride(from: 0, to: wire.count, by: pieceSize) {
            buffer += wire[start..<min(start + pieceSize, wire.count)]
            var offset = 0
            while let packet = try decode(buffer, at: &offset, version, .client) { received.append(packet) }
            buffer.removeFirst(offset)
        }
        #expect(received == packets)
        #expect(buffer.isEmpty)
    }

    /// Damaged packets are refused, waited for, or are another packet that survives a round trip.
    @Test(arguments: ProtocolVersion.allCases, [UInt64(21), 22, 23])
    func `damage never traps, and what is accepted is stable`(_ version: ProtocolVersion, _ seed: UInt64)
        throws
    {
        var random = RandomPackets(seed: seed, version: version)
        var accepted = 0
        var refused = 0
        for round in 0..<2_000 {
            let (packet, sender) = random.next()
            var wire: [UInt8] = []
            try packet.encode(into: &wire, version: version)
            for _ in 0...Int.random(in: 0...2, using: &random.generator) {
                let place = Int.random(in: 0..<wire.count, using: &random.generator)
                wire[place] = UInt8.random(in: 0...255, using: &random.generator)
            }
            var offset = 0
            do throws(WireError) {
                guard let damaged = try decode(wire, at: &offset, version, sender) else { continue }
                accepted += 1
                let itsVersion: ProtocolVersion =
                    if case .connect(let connect) = damaged { connect.version } else { version }
                var again: [UInt8] = []
                try damaged.encode(into: &again, version: itsVersion)
                offset = 0
                #expect(
                    try decode(again, at: &offset, itsVersion, sender) == damaged,
                    "seed \(seed), round \(round): \(wire)"
                )
            } catch {
                refused += 1
            }
        }
        #expect(accepted > 100)
        #expect(refused > 100)
    }

    private func decode(
        _ bytes: [UInt8],
        at offset: inout Int,
        _ version: ProtocolVersion,
        _ sender: Peer
    ) throws(WireError) -> Packet? {
        let span = bytes.span
        return try Packet.decode(span.bytes, at: &offset, version: version, sender: sender)
    }
}
