import LoadGenerator
import Testing

struct PublishHeadTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let name: String
        let firstByte: UInt8
        let remaining: [UInt8]
        let version5: Bool
        /// `nil`: malformed.
        let packetID: UInt16?
        let payload: [UInt8]
        var testDescription: String { name }
    }

    static let cases = [
        Case(
            name: "QoS 0",
            firstByte: 0x30,
            remaining: [0, 1, 0x61, 9, 8],
            version5: false,
            packetID: 0,
            payload: [9, 8]
        ),
        Case(
            name: "QoS 1",
            firstByte: 0x32,
            remaining: [0, 1, 0x61, 1, 2, 9],
            version5: false,
            packetID: 258,
            payload: [9]
        ),
        Case(
            name: "QoS 2 of version 5 with properties",
            firstByte: 0x34,
            remaining: [0, 1, 0x61, 0, 7, 2, 0x01, 1, 9],
            version5: true,
            packetID: 7,
            payload: [9]
        ),
        Case(
            name: "version 5 without properties",
            firstByte: 0x30,
            remaining: [0, 1, 0x61, 0],
            version5: true,
            packetID: 0,
            payload: []
        ),
        Case(name: "no topic", firstByte: 0x30, remaining: [0], version5: false, packetID: nil, payload: []),
        Case(
            name: "a topic longer than the packet",
            firstByte: 0x30,
            remaining: [0, 9, 0x61],
            version5: false,
            packetID: nil,
            payload: []
        ),
        Case(
            name: "no packet identifier",
            firstByte: 0x32,
            remaining: [0, 1, 0x61, 0],
            version5: false,
            packetID: nil,
            payload: []
        ),
        Case(
            name: "no property length",
            firstByte: 0x30,
            remaining: [0, 1, 0x61],
            version5: true,
            packetID: nil,
            payload: []
        ),
        Case(
            name: "properties longer than the packet",
            firstByte: 0x30,
            remaining: [0, 1, 0x61, 9, 1],
            version5: true,
            packetID: nil,
            payload: []
        ),
    ]

    @Test(arguments: cases)
    func reads(_ testCase: Case) throws {
        try testCase.remaining.withUnsafeBytes { bytes in
            func read() throws -> PublishHead {
                try PublishHead(firstByte: testCase.firstByte, remaining: bytes, version5: testCase.version5)
            }
            guard let packetID = testCase.packetID else {
                #expect(throws: PacketScanner.Malformed.self) { try read() }
                return
            }
            let head = try read()
            #expect(head.packetID == packetID)
            #expect(Array(bytes[head.payload]) == testCase.payload)
        }
    }
}
