import Gateway
import Testing

@Suite struct WebSocketMachineTests {
    /// A masked client frame.
    static func frame(
        _ opcode: UInt8,
        _ payload: [UInt8],
        isFinal: Bool = true,
        reserved: UInt8 = 0,
        mask: [UInt8]? = [1, 2, 3, 4],
        lengthBytes: Int? = nil
    ) -> [UInt8] {
        var bytes = [(isFinal ? 0x80 : 0) | reserved << 4 | opcode]
        let flag: UInt8 = mask == nil ? 0 : 0x80
        switch lengthBytes ?? (payload.count < 126 ? 0 : payload.count < 65_536 ? 2 : 8) {
        case 0: bytes.append(flag | UInt8(payload.count))
        case 2: bytes += [flag | 126, UInt8(payload.count >> 8), UInt8(payload.count & 255)]
        default:
            bytes.append(flag | 127)
            bytes += (0..<8).map { UInt8(truncatingIfNeeded: UInt64(payload.count) >> UInt64(56 - 8 * $0)) }
        }
        bytes += mask ?? []
        bytes += payload.enumerated().map { $1 ^ (mask?[$0 % 4] ?? 0) }
        return bytes
    }

    struct Outcome: Equatable {
        var payload: [UInt8] = []
        var output: [UInt8] = []
        var event = WebSocketMachine.Event.none
    }

    /// Feeds `input` to an open connection in pieces.
    static func feed(_ input: [UInt8], piece: Int = .max) -> Outcome {
        var machine = WebSocketMachine(settings: WebSocketSettings())
        var output = ByteQueue()
        var request = Array(WebSocketUpgradeTests.good.utf8)
        let opened = request.withUnsafeMutableBytes { machine.receive($0, output: &output) }
        #expect(opened.event == .opened)
        output.removeAll()
        var outcome = Outcome()
        var rest = input[...]
        while !rest.isEmpty {
            var bytes = Array(rest.prefix(piece))
            rest = rest.dropFirst(piece)
            let result = bytes.withUnsafeMutableBytes { machine.receive($0, output: &output) }
            outcome.payload += bytes[..<result.payloadCount]
            if result.event != .none { outcome.event = result.event }
        }
        outcome.output = Array(output.bytes)
        return outcome
    }

    private static let long = (0..<70_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }

    struct Good: CustomTestStringConvertible, Sendable {
        let name: String
        let input: [UInt8]
        var payload: [UInt8] = []
        var output: [UInt8] = []
        var event = WebSocketMachine.Event.none
        var testDescription: String { name }
    }

    static let good = [
        Good(name: "one frame", input: frame(2, [0xC0, 0]), payload: [0xC0, 0]),
        Good(name: "an empty frame", input: frame(2, [])),
        Good(name: "125 bytes", input: frame(2, Array(long[..<125])), payload: Array(long[..<125])),
        Good(name: "126 bytes", input: frame(2, Array(long[..<126])), payload: Array(long[..<126])),
        Good(name: "65,535 bytes", input: frame(2, Array(long[..<65_535])), payload: Array(long[..<65_535])),
        Good(name: "70,000 bytes", input: frame(2, long), payload: long),
        Good(
            name: "[MQTT-6.0.0-2] [MQTT3-6.0.0-2] a packet over two frames, and two in one",
            input: frame(2, [0xC0]) + frame(2, [0, 0xC0, 0]),
            payload: [0xC0, 0, 0xC0, 0]
        ),
        Good(
            name: "a message in fragments, a ping between them",
            input: frame(2, [1, 2], isFinal: false) + frame(9, [7]) + frame(0, [3], isFinal: false)
                + frame(0, [4]) + frame(2, [5]),
            payload: [1, 2, 3, 4, 5],
            output: [0x8A, 1, 7]
        ),
        Good(name: "a ping without payload", input: frame(9, []), output: [0x8A, 0]),
        Good(
            name: "a ping of 125 bytes",
            input: frame(9, Array(long[..<125])),
            output: [0x8A, 125] + long[..<125]
        ),
        Good(name: "a pong nobody asked for", input: frame(10, [1]) + frame(2, [9]), payload: [9]),
        Good(
            name: "a close without a code",
            input: frame(8, []) + frame(2, [1]),
            output: [0x88, 2, 0x03, 0xE8],
            event: .closed(code: 1000, reason: nil)
        ),
        Good(
            name: "a close with code and reason",
            input: frame(2, [1]) + frame(8, [0x03, 0xE9] + Array("bye".utf8)),
            payload: [1],
            output: [0x88, 2, 0x03, 0xE9],
            event: .closed(code: 1001, reason: nil)
        ),
    ]

    @Test(arguments: good, [Int.max, 1, 3, 13])
    func takes(_ testCase: Good, piece: Int) {
        // Byte by byte costs time, and the long ones differ from the short ones in their header only.
        guard testCase.input.count < 1000 || piece != 1 else { return }
        let outcome = Self.feed(testCase.input, piece: piece)
        #expect(outcome.payload == testCase.payload)
        #expect(outcome.output == testCase.output)
        #expect(outcome.event == testCase.event)
    }

    struct Bad: CustomTestStringConvertible, Sendable {
        let name: String
        let input: [UInt8]
        let code: UInt16
        var testDescription: String { name }
    }

    static let bad = [
        Bad(name: "[MQTT-6.0.0-1] [MQTT3-6.0.0-1] a text frame", input: frame(1, [0x41]), code: 1003),
        Bad(name: "a frame without a mask", input: frame(2, [1], mask: nil), code: 1002),
        Bad(name: "a reserved bit", input: frame(2, [1], reserved: 4), code: 1002),
        Bad(name: "an unknown data opcode", input: frame(3, [1]), code: 1002),
        Bad(name: "an unknown control opcode", input: frame(11, [1]), code: 1002),
        Bad(name: "a continuation first", input: frame(0, [1]), code: 1002),
        Bad(
            name: "a message within a message",
            input: frame(2, [1], isFinal: false) + frame(2, [2]),
            code: 1002
        ),
        Bad(name: "a continuation after the end", input: frame(2, [1]) + frame(0, [2]), code: 1002),
        Bad(name: "a ping in fragments", input: frame(9, [1], isFinal: false), code: 1002),
        Bad(name: "a ping of 126 bytes", input: frame(9, [UInt8](repeating: 0, count: 126)), code: 1002),
        Bad(
            name: "a length of 5 in two bytes",
            input: frame(2, [1, 2, 3, 4, 5], lengthBytes: 2),
            code: 1002
        ),
        Bad(
            name: "a length of 5 in eight bytes",
            input: frame(2, [1, 2, 3, 4, 5], lengthBytes: 8),
            code: 1002
        ),
        Bad(
            name: "a length of 2^63",
            input: [0x82, 0xFF, 0x80, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4],
            code: 1002
        ),
        Bad(name: "a close of one byte", input: frame(8, [3]), code: 1002),
        Bad(name: "a close with code 1005", input: frame(8, [0x03, 0xED]), code: 1002),
        Bad(name: "a close with code 999", input: frame(8, [0x03, 0xE7]), code: 1002),
        Bad(name: "a close whose reason is not UTF-8", input: frame(8, [0x03, 0xE8, 0xFF]), code: 1007),
    ]

    @Test(arguments: bad, [Int.max, 1])
    func refuses(_ testCase: Bad, piece: Int) {
        // What comes behind the fault is not looked at.
        let outcome = Self.feed(Self.frame(2, [0xAA]) + testCase.input + Self.frame(2, [0xBB]), piece: piece)
        #expect(!outcome.payload.contains(0xBB))
        #expect(outcome.payload.first == 0xAA)
        guard case .closed(testCase.code, .some) = outcome.event else {
            Issue.record("expected code \(testCase.code), found \(outcome.event)")
            return
        }
        #expect(outcome.output == [0x88, 2, UInt8(testCase.code >> 8), UInt8(testCase.code & 255)])
    }

    @Test func `of many pings in one piece the last is answered`() {
        let outcome = Self.feed((0..<100).flatMap { Self.frame(9, [UInt8($0)]) })
        #expect(outcome.output == [0x8A, 1, 99])
    }

    @Test(arguments: 0..<40) func `unmasking is right for every length and every way to cut`(count: Int) {
        let payload = (0..<count).map { UInt8($0 * 5 + 1) }
        let mask: [UInt8] = [0xDE, 0xAD, 0xBE, 0xEF]
        let input = Self.frame(2, payload, mask: mask) + Self.frame(2, payload, mask: [9, 8, 7, 6])
        for piece in 1...input.count {
            #expect(Self.feed(input, piece: piece).payload == payload + payload)
        }
    }

    @Test func `what is sent goes out in unmasked binary frames`() {
        var machine = WebSocketMachine(settings: WebSocketSettings())
        var output = ByteQueue()
        var request = Array(WebSocketUpgradeTests.good.utf8)
        _ = request.withUnsafeMutableBytes { machine.receive($0, output: &output) }
        for (count, header) in [
            (1, [0x82, 1]), (125, [0x82, 125]), (126, [0x82, 126, 0, 126]),
            (65_536, [0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0]),
        ] as [(Int, [UInt8])] {
            output.removeAll()
            let payload = [UInt8](repeating: 5, count: count)
            payload.withUnsafeBytes { machine.send($0, output: &output) }
            #expect(Array(output.bytes) == header + payload)
        }
        output.removeAll()
        machine.close(code: 1001, output: &output)
        machine.close(code: 1000, output: &output)
        [1].withUnsafeBytes { machine.send($0, output: &output) }
        #expect(Array(output.bytes) == [0x88, 2, 0x03, 0xE9], "one close frame, and nothing behind it")
    }

    @Test func `random bytes never trap and never grow what is held`() {
        var seed: UInt64 = 42
        for _ in 0..<2_000 {
            let input = (0..<64).map { _ -> UInt8 in
                seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                return UInt8(truncatingIfNeeded: seed >> 56)
            }
            // The first byte is made to look right half of the time, to come farther.
            let outcome = Self.feed([0x82] + input.dropFirst(), piece: 5)
            #expect(outcome.payload.count <= 64)
            #expect(outcome.output.count <= 64 * 2 + 4)
        }
    }
}
