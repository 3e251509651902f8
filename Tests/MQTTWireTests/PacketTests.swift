import MQTTWire
import Testing

@Suite struct PacketTests {
    @Test(arguments: PacketSample.all)
    func `encodes to the standard's bytes`(_ sample: PacketSample) throws {
        var buffer: [UInt8] = [0xAA]
        try sample.packet.encode(into: &buffer, version: sample.version)
        #expect(Array(buffer.dropFirst()) == sample.wire)
    }

    @Test(arguments: PacketSample.all)
    func `decodes from the standard's bytes`(_ sample: PacketSample) throws {
        var offset = 2
        let packet = try decode([1, 2] + sample.wire + [3], at: &offset, sample)
        #expect(packet == sample.decoded)
        #expect(offset == 2 + sample.wire.count)
    }

    /// Too few bytes are never an error, whatever is missing.
    @Test(arguments: PacketSample.all)
    func `waits for every byte`(_ sample: PacketSample) throws {
        for count in 0..<sample.wire.count {
            var offset = 0
            #expect(try decode(Array(sample.wire[..<count]), at: &offset, sample) == nil)
            #expect(offset == 0)
        }
    }

    /// A packet cut short whose header says so is never taken for a whole one, nor does it trap.
    @Test(arguments: PacketSample.all)
    func `a body that ends early is malformed or says less`(_ sample: PacketSample) throws {
        let body = Array(sample.wire.dropFirst(sample.wire[1] < 0x80 ? 2 : 3))
        for count in 0..<body.count {
            let cut = framed(sample.wire[0], Array(body[..<count]))
            var offset = 0
            do throws(WireError) {
                let shorter = try decode(cut, at: &offset, sample)
                #expect(shorter != nil)
                #expect(shorter != sample.decoded)
                #expect(offset == cut.count)
            } catch {
                #expect(error.reasonCode.isFailure)
            }
        }
    }

    private func decode(
        _ bytes: [UInt8],
        at offset: inout Int,
        _ sample: PacketSample
    ) throws(WireError) -> Packet? {
        let span = bytes.span
        return try Packet.decode(span.bytes, at: &offset, version: sample.version, sender: sample.sender)
    }
}
