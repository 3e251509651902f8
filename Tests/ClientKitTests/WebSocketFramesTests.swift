import ClientKit
import Testing

struct WebSocketFramesTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let name: String
        let bytes: [UInt8]
        /// `nil`: the connection must be closed.
        let frames: [WebSocketFrames.Frame]?
        var testDescription: String { name }
    }

    static let cases = [
        Case(name: "binary", bytes: [0x82, 2, 1, 2], frames: [.data([1, 2])]),
        Case(name: "fragments", bytes: [0x02, 1, 1, 0x80, 1, 2], frames: [.data([1]), .data([2])]),
        Case(name: "empty", bytes: [0x82, 0], frames: [.data([])]),
        Case(name: "a ping", bytes: [0x89, 1, 9], frames: [.ping([9])]),
        Case(name: "a pong says nothing", bytes: [0x8A, 1, 9], frames: []),
        Case(name: "close", bytes: [0x88, 2, 3, 0xE8], frames: [.close]),
        Case(
            name: "a length of two bytes",
            bytes: [0x82, 126, 0, 200] + Array(repeating: 5, count: 200),
            frames: [.data(Array(repeating: 5, count: 200))]
        ),
        Case(
            name: "a length of eight bytes",
            bytes: [0x82, 127, 0, 0, 0, 0, 0, 0, 0, 1, 7],
            frames: [.data([7])]
        ),
        Case(name: "an impossible length", bytes: [0x82, 127, 255, 0, 0, 0, 0, 0, 0, 1], frames: nil),
        Case(name: "text", bytes: [0x81, 1, 0x61], frames: nil),
        Case(name: "masked by the server", bytes: [0x82, 0x81, 0, 0, 0, 0, 1], frames: nil),
        Case(name: "reserved bits", bytes: [0xC2, 0], frames: nil),
    ]

    @Test(arguments: cases)
    func reads(_ testCase: Case) throws {
        func read() throws -> [WebSocketFrames.Frame] {
            var frames = WebSocketFrames()
            return try testCase.bytes.flatMap { try frames.receive([$0]) }
        }
        guard let expected = testCase.frames else {
            #expect(throws: ClientError.self) { try read() }
            return
        }
        #expect(try read() == expected)
    }

    @Test(arguments: [0, 1, 125, 126, 65_535, 65_536])
    func `what is sent is masked and complete`(count: Int) {
        let payload = (0..<count).map { UInt8(truncatingIfNeeded: $0) }
        var frame = WebSocketFrames.encode(opcode: 2, payload, mask: 0x0102_0304)
        #expect(frame[0] == 0x82)
        #expect(frame[1] & 0x80 != 0)
        // Unmasked, it is a frame that the reader takes.
        let extra = count < 126 ? 0 : count <= 0xFFFF ? 2 : 8
        let key = Array(frame[2 + extra..<6 + extra])
        #expect(key == [1, 2, 3, 4])
        let body = frame[(6 + extra)...].enumerated().map { $1 ^ key[$0 & 3] }
        #expect(body == payload)
        frame.removeSubrange(2 + extra..<6 + extra)
    }

    /// The example of RFC 6455 section 1.3.
    @Test func `the accept key is that of the RFC`() {
        #expect(WebSocketHandshake.accept(key: "dGhlIHNhbXBsZSBub25jZQ==") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
    }

    static let nonce = Array("the sample nonce".utf8)

    static func answer(_ lines: [String]) -> [UInt8] {
        Array((lines + ["", ""]).joined(separator: "\r\n").utf8)
    }

    @Test func `the upgrade is asked for and what follows the answer is kept`() throws {
        var handshake = WebSocketHandshake(host: "h:1", path: "mqtt", nonce: Self.nonce)
        #expect(handshake.request.hasPrefix("GET /mqtt HTTP/1.1\r\nHost: h:1\r\n"))
        #expect(handshake.request.contains("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"))
        let answer = Self.answer([
            "HTTP/1.1 101 Switching Protocols", "upgrade: websocket", "Connection: Upgrade",
            "sec-websocket-accept:  s3pPLMBiTxaQ9kYGzzhZRbK+xOo= ", "Sec-WebSocket-Protocol: mqtt",
        ])
        #expect(try handshake.receive(Array(answer.dropLast())) == nil)
        #expect(try handshake.receive([answer[answer.count - 1], 7, 8]) == [7, 8])
    }

    static let refusals: [[String]] = [
        ["HTTP/1.1 404 Not Found"],
        ["HTTP/1.1 101 x", "Sec-WebSocket-Accept: wrong", "Sec-WebSocket-Protocol: mqtt"],
        ["HTTP/1.1 101 x", "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo="],
        [
            "HTTP/1.1 101 x", "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
            "Sec-WebSocket-Protocol: chat",
        ],
    ]

    @Test(arguments: refusals)
    func `another answer is refused`(lines: [String]) {
        var handshake = WebSocketHandshake(host: "h", path: "/", nonce: Self.nonce)
        #expect(throws: ClientError.self) { try handshake.receive(Self.answer(lines)) }
    }

    @Test func `an answer without end is refused`() {
        var handshake = WebSocketHandshake(host: "h", path: "/", nonce: Self.nonce)
        #expect(throws: ClientError.self) {
            try handshake.receive(Array(repeating: 0x61, count: WebSocketHandshake.headSizeMax + 1))
        }
    }
}
