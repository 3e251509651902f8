import MQTTWire
import Testing

@Suite struct MalformedTests {
    @Test(arguments: MalformedSample.all)
    func `is refused with the standard's reason code`(_ sample: MalformedSample) throws {
        #expect(throws: sample.error) { try decode(sample.wire, sample) }
        #expect(sample.error.reasonCode.rawValue == sample.reasonCode)
    }

    /// Whatever is wrong, no part of the packet is taken for a whole one, and nothing traps.
    @Test(arguments: MalformedSample.all)
    func `is refused or waited for at every length`(_ sample: MalformedSample) throws {
        for count in 0..<sample.wire.count {
            do throws(WireError) {
                #expect(try decode(Array(sample.wire[..<count]), sample) == nil)
            } catch {
                #expect(error == sample.error)
            }
        }
    }

    /// The hot path's decoder agrees with the one that keeps everything.
    @Test(arguments: MalformedSample.all.filter { (0x40...0x7F).contains($0.wire[0]) && $0.wire[0] != 0x60 })
    func `is refused by AckView too`(_ sample: MalformedSample) throws {
        #expect(throws: sample.error) { try parseAck(sample.wire, version: sample.version) }
    }

    /// A way to be wrong that no sample takes would be one that nobody has seen.
    @Test func `every error has a sample`() {
        let seen = Set(MalformedSample.all.map(\.error))
        // Told by others: the reader's limits, our own encoder, a check on demand.
        let elsewhere: Set<WireError> = [
            .packetTooLarge, .fieldTooLong, .topicTooLong, .topicFilterTooManyLevels, .payloadNotUTF8,
        ]
        #expect(seen.union(elsewhere) == Set(WireError.allCases))
        #expect(seen.isDisjoint(with: elsewhere))
    }

    @Test(arguments: WireError.allCases)
    func `explains itself`(_ error: WireError) {
        #expect(error.reasonCode.isFailure)
        #expect(error.clause.hasPrefix("MQTT"))
        #expect(error.description == "\(error.message) [\(error.clause)]")
        #expect(error.message.count > 20)
    }

    private func decode(_ wire: [UInt8], _ sample: MalformedSample) throws(WireError) -> Packet? {
        let span = wire.span
        var offset = 0
        return try Packet.decode(span.bytes, at: &offset, version: sample.version, sender: sample.sender)
    }
}
