import MQTTWire
import Testing

/// `[MQTT-3.2.2-19]`, `[MQTT-3.2.2-20]`, `[MQTT-3.14.2-3]`, `[MQTT-3.14.2-4]`: what people read gives way
/// to the receiver's Maximum Packet Size.
@Suite struct DiagnosingPacketTests {
    private static func packet() -> Disconnect {
        var packet = Disconnect(reasonCode: .quotaExceeded)
        packet.properties.reasonString = "why"
        packet.properties.userProperties = [.init("k", "v")]
        return packet
    }

    @Test(
        arguments: [
            (17, [0xE0, 15, 0x97, 13, 0x1F, 0, 3] + Array("why".utf8) + [0x26, 0, 1, 0x6B, 0, 1, 0x76]),
            (16, [0xE0, 8, 0x97, 6, 0x1F, 0, 3] + Array("why".utf8)),
            (10, [0xE0, 8, 0x97, 6, 0x1F, 0, 3] + Array("why".utf8)),
            (9, [0xE0, 1, 0x97]),
            (3, [0xE0, 1, 0x97]),
        ] as [(Int, [UInt8])]
    )
    func `user properties go first, then the reason string`(_ maximum: Int, _ expected: [UInt8]) throws {
        var buffer: [UInt8] = [7]
        #expect(try Self.packet().encode(into: &buffer, version: .v5, maximumPacketSize: maximum))
        #expect(buffer == [7] + expected)
    }

    /// `[MQTT-3.1.2-24]`
    @Test func `a packet that is too large still is not written`() throws {
        var buffer: [UInt8] = [7]
        #expect(try !Self.packet().encode(into: &buffer, version: .v5, maximumPacketSize: 2))
        #expect(buffer == [7])
    }
}
