import LoadGenerator
import Testing

struct PacketScannerTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let name: String
        let bytes: [UInt8]
        /// First byte and length of each packet.
        let packets: [[Int]]
        let consumed: Int
        var testDescription: String { name }
    }

    static let cases = [
        Case(name: "nothing", bytes: [], packets: [], consumed: 0),
        Case(name: "half a fixed header", bytes: [0x30], packets: [], consumed: 0),
        Case(name: "a packet without a body", bytes: [0xD0, 0], packets: [[0xD0, 0]], consumed: 2),
        Case(
            name: "two packets and a beginning",
            bytes: [0x40, 2, 0, 1, 0x40, 2, 0, 2, 0x40, 2, 0],
            packets: [[0x40, 2], [0x40, 2]],
            consumed: 8
        ),
        Case(
            name: "a length of two bytes",
            bytes: [0x30, 0x80, 0x01] + Array(repeating: 7, count: 128),
            packets: [[0x30, 128]],
            consumed: 131
        ),
        Case(
            name: "a length of two bytes, one byte short",
            bytes: [0x30, 0x80, 0x01] + Array(repeating: 7, count: 127),
            packets: [],
            consumed: 0
        ),
        Case(name: "a length that has not all come", bytes: [0x30, 0x80, 0x80], packets: [], consumed: 0),
        Case(name: "the greatest length", bytes: [0x30, 0xFF, 0xFF, 0xFF, 0x7F], packets: [], consumed: 0),
    ]

    @Test(arguments: cases)
    func scans(_ testCase: Case) throws {
        try testCase.bytes.withUnsafeBytes { bytes in
            var scanner = PacketScanner(bytes)
            var packets: [[Int]] = []
            while let packet = try scanner.next() {
                packets.append([Int(packet.firstByte), packet.remaining.count])
            }
            #expect(packets == testCase.packets)
            #expect(scanner.consumed == testCase.consumed)
        }
    }

    @Test func `a fifth length byte is malformed`() {
        let bytes: [UInt8] = [0x30, 0x80, 0x80, 0x80, 0x80, 0x01]
        bytes.withUnsafeBytes { bytes in
            var scanner = PacketScanner(bytes)
            #expect(throws: PacketScanner.Malformed.self) { try scanner.next() }
        }
    }
}
