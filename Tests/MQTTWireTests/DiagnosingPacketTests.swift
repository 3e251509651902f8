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

    /// The sizes of a packet whole, without user properties, and without the reason string as well; `nil` where it is
    /// not written.
    private static func sizes(_ packet: some DiagnosingPacket) throws -> [Int: Int?] {
        var packet = packet
        packet.properties.reasonString = "why"
        packet.properties.userProperties = [.init("k", "v")]
        var sizes: [Int: Int?] = [:]
        for maximum in 1...40 {
            var buffer: [UInt8] = []
            let isWritten = try packet.encode(into: &buffer, version: .v5, maximumPacketSize: maximum)
            sizes[maximum] = isWritten ? buffer.count : .some(nil)
        }
        return sizes
    }

    struct Case: CustomTestStringConvertible, Sendable {
        let name: String
        let packet: any DiagnosingPacket & Sendable
        /// Without a reason string.
        let least: Int
        /// With it, but without user properties.
        let middle: Int
        var testDescription: String { name }
    }

    static let cases = [
        Case(
            name: "[MQTT-3.4.2-2] [MQTT-3.4.2-3] PUBACK",
            packet: acknowledgement(.pubAck),
            least: 5,
            middle: 12
        ),
        Case(
            name: "[MQTT-3.5.2-2] [MQTT-3.5.2-3] PUBREC",
            packet: acknowledgement(.pubRec),
            least: 5,
            middle: 12
        ),
        Case(name: "[MQTT-3.6.2-2] [MQTT-3.6.2-3] PUBREL", packet: release(.pubRel), least: 5, middle: 12),
        Case(name: "[MQTT-3.7.2-2] [MQTT-3.7.2-3] PUBCOMP", packet: release(.pubComp), least: 5, middle: 12),
        Case(
            name: "[MQTT-3.9.2-1] [MQTT-3.9.2-2] SUBACK",
            packet: SubAck(packetID: 7, reasonCodes: [.quotaExceeded, .grantedQoS1]),
            least: 7,
            middle: 13
        ),
        Case(
            name: "[MQTT-3.11.2-1] [MQTT-3.11.2-2] UNSUBACK",
            packet: UnsubAck(packetID: 7, reasonCodes: [.success, .notAuthorized]),
            least: 7,
            middle: 13
        ),
        Case(
            name: "[MQTT-3.15.2-2] [MQTT-3.15.2-3] AUTH",
            packet: Auth(reasonCode: .continueAuthentication, method: "m", data: nil),
            least: 8,
            middle: 14
        ),
    ]

    private static func acknowledgement(_ type: PacketType) -> Acknowledgement {
        Acknowledgement(type, packetID: 7, reasonCode: .quotaExceeded)
    }

    private static func release(_ type: PacketType) -> Acknowledgement {
        Acknowledgement(type, packetID: 7, reasonCode: .packetIdentifierNotFound)
    }

    @Test(arguments: cases)
    func `what people read gives way in each packet that has it`(_ testCase: Case) throws {
        let sizes = try Self.sizes(testCase.packet)
        // One user property of a character each.
        let whole = testCase.middle + 7
        for (maximum, size) in sizes {
            let expected: Int? =
                maximum >= whole
                ? whole
                : maximum >= testCase.middle
                    ? testCase.middle : maximum >= testCase.least ? testCase.least : nil
            #expect(size == expected, "at most \(maximum)")
        }
    }
}
