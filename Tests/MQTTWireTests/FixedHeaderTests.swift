import MQTTWire
import Testing

@Suite struct FixedHeaderTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let name: String
        let bytes: [UInt8]
        var version = ProtocolVersion.v5
        var maximum = 300_000_000
        let expected: Expected
        enum Expected: Sendable {
            case header(PacketType, flags: UInt8, headerLength: Int, remainingLength: Int)
            case incomplete
            case error(WireError)
        }
        var testDescription: String { name }
    }

    static let cases: [Case] = [
        Case(name: "nothing", bytes: [], expected: .incomplete),
        Case(name: "one byte", bytes: [0x30], expected: .incomplete),
        Case(
            name: "PINGREQ",
            bytes: [0xC0, 0],
            expected: .header(.pingReq, flags: 0, headerLength: 2, remainingLength: 0)
        ),
        Case(
            name: "PUBLISH keeps its flags",
            bytes: [0x3B, 127],
            expected: .header(.publish, flags: 0b1011, headerLength: 2, remainingLength: 127)
        ),
        Case(
            name: "two length bytes",
            bytes: [0x30, 0x80, 0x01],
            expected: .header(.publish, flags: 0, headerLength: 3, remainingLength: 128)
        ),
        Case(
            name: "three length bytes",
            bytes: [0x30, 0xFF, 0xFF, 0x7F],
            expected: .header(.publish, flags: 0, headerLength: 4, remainingLength: 2_097_151)
        ),
        Case(
            name: "four length bytes",
            bytes: [0x30, 0xFF, 0xFF, 0xFF, 0x7F],
            expected: .header(.publish, flags: 0, headerLength: 5, remainingLength: 268_435_455)
        ),
        Case(name: "a missing length byte", bytes: [0x30, 0x80], expected: .incomplete),
        Case(name: "a missing fourth length byte", bytes: [0x30, 0x80, 0x80, 0x80], expected: .incomplete),
        Case(
            name: "a fourth length byte that asks for a fifth",
            bytes: [0x30, 0x80, 0x80, 0x80, 0x80],
            expected: .error(.remainingLengthInvalid)
        ),
        Case(
            name: "a length longer than needed [MQTT-1.5.5-1]",
            bytes: [0x30, 0x85, 0x00],
            expected: .error(.remainingLengthInvalid)
        ),
        Case(
            name: "a length longer than needed in 3.1.1",
            bytes: [0x30, 0x85, 0x00],
            version: .v3_1_1,
            expected: .header(.publish, flags: 0, headerLength: 3, remainingLength: 5)
        ),
        Case(
            name: "as large as allowed",
            bytes: [0x30, 98],
            maximum: 100,
            expected: .header(.publish, flags: 0, headerLength: 2, remainingLength: 98)
        ),
        Case(
            name: "a byte larger than allowed [MQTT-3.1.2-24]",
            bytes: [0x30, 99],
            maximum: 100,
            expected: .error(.packetTooLarge)
        ),
        Case(
            name: "as large as allowed, two length bytes",
            bytes: [0x30, 0xE5, 0x07],
            maximum: 1000,
            expected: .header(.publish, flags: 0, headerLength: 3, remainingLength: 997)
        ),
        Case(
            name: "a byte larger than allowed, two length bytes",
            bytes: [0x30, 0xE6, 0x07],
            maximum: 1000,
            expected: .error(.packetTooLarge)
        ),
        Case(
            name: "too large before its length is complete",
            bytes: [0x30, 0xFF, 0xFF],
            maximum: 1000,
            expected: .error(.packetTooLarge)
        ),
        Case(name: "packet type 0", bytes: [0x00, 0], expected: .error(.packetTypeReserved)),
        Case(
            name: "AUTH",
            bytes: [0xF0, 0],
            expected: .header(.auth, flags: 0, headerLength: 2, remainingLength: 0)
        ),
        Case(
            name: "AUTH before MQTT 5.0",
            bytes: [0xF0, 0],
            version: .v3_1_1,
            expected: .error(.packetTypeReserved)
        ),
        Case(
            name: "SUBSCRIBE repeated in 3.1",
            bytes: [0x8A, 0],
            version: .v3_1,
            expected: .header(.subscribe, flags: 0b1010, headerLength: 2, remainingLength: 0)
        ),
        Case(
            name: "SUBSCRIBE repeated in 3.1.1 [MQTT3-3.8.1-1]",
            bytes: [0x8A, 0],
            version: .v3_1_1,
            expected: .error(.headerFlagsReserved)
        ),
    ]

    @Test(arguments: cases)
    func parses(_ row: Case) throws {
        switch row.expected {
        case .header(let type, let flags, let headerLength, let remainingLength):
            let header = try #require(
                try parseHeader(row.bytes, maximumPacketSize: row.maximum, version: row.version)
            )
            #expect(header.type == type)
            #expect(header.flags == flags)
            #expect(header.headerLength == headerLength)
            #expect(header.remainingLength == remainingLength)
            #expect(header.packetLength == headerLength + remainingLength)
        case .incomplete:
            #expect(try parseHeader(row.bytes, maximumPacketSize: row.maximum, version: row.version) == nil)
        case .error(let error):
            #expect(throws: error) {
                try parseHeader(row.bytes, maximumPacketSize: row.maximum, version: row.version)
            }
        }
    }

    /// `[MQTT-2.1.3-1]`, and in 3.1.1 `[MQTT3-2.2.2-2]`.
    @Test(arguments: PacketType.allCases.filter { $0 != .publish }, [ProtocolVersion.v3_1_1, .v5])
    func `every flag that is not prescribed is malformed`(_ type: PacketType, _ version: ProtocolVersion)
        throws
    {
        for flags: UInt8 in 0...15 {
            let bytes = [type.rawValue << 4 | flags, 0]
            if type == .auth, version != .v5 {
                #expect(throws: WireError.packetTypeReserved) { try parseHeader(bytes, version: version) }
            } else if flags == type.prescribedFlags {
                #expect(try parseHeader(bytes, version: version)?.type == type)
            } else {
                #expect(throws: WireError.headerFlagsReserved) { try parseHeader(bytes, version: version) }
            }
        }
    }

    @Test func `a header is read where it stands`() throws {
        let header = try #require(try parseHeader([1, 2, 3, 0x62, 2, 0, 1], at: 3))
        #expect(header.type == .pubRel)
        #expect(header.packetLength == 4)
    }
}
