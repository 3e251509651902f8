import Gateway
import Testing

@Suite struct WebSocketUpgradeTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let name: String
        let request: String
        /// Status of the answer; `nil` while more is waited for.
        let status: Int?
        var settings = WebSocketSettings()
        /// What the answer must contain.
        var contains: [String] = []
        var testDescription: String { name }
    }

    /// The example of RFC 6455 1.3, with MQTT's subprotocol.
    static let good = """
        GET /mqtt HTTP/1.1\r
        Host: server.example.com\r
        Upgrade: websocket\r
        Connection: Upgrade\r
        Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r
        Origin: http://example.com\r
        Sec-WebSocket-Protocol: mqtt\r
        Sec-WebSocket-Version: 13\r
        \r

        """

    private static func changed(_ line: String, to other: String) -> String {
        let changed = good.replacing(line, with: other)
        precondition(changed != good)
        return changed
    }

    private static func settings(_ change: (inout WebSocketSettings) -> Void) -> WebSocketSettings {
        var settings = WebSocketSettings()
        change(&settings)
        return settings
    }

    static let cases = [
        Case(
            name: "the RFC's example",
            request: good,
            status: 101,
            contains: [
                "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n", "Sec-WebSocket-Protocol: mqtt\r\n",
            ]
        ),
        Case(
            name: "names and tokens in other case, lists, spaces",
            request: changed("Connection: Upgrade", to: "cOnNeCtIoN:  keep-alive ,\tUPGRADE "),
            status: 101
        ),
        Case(
            name: "[MQTT-6.0.0-4] [MQTT3-6.0.0-4] mqtt is chosen among several",
            request: changed("Protocol: mqtt", to: "Protocol: chat, mqttv3.1 , mqtt"),
            status: 101,
            contains: ["Sec-WebSocket-Protocol: mqtt\r\n"]
        ),
        Case(
            name: "MQTT 3.1's own subprotocol",
            request: changed("Protocol: mqtt", to: "Protocol: mqttv3.1"),
            status: 101,
            contains: ["Sec-WebSocket-Protocol: mqttv3.1\r\n"]
        ),
        Case(
            name: "[MQTT-6.0.0-3] no subprotocol",
            request: changed("Sec-WebSocket-Protocol: mqtt\r\n", to: ""),
            status: 400
        ),
        Case(
            name: "[MQTT-6.0.0-3] another subprotocol only",
            request: changed("Protocol: mqtt", to: "Protocol: chat"),
            status: 400
        ),
        Case(name: "a query behind the path", request: changed("/mqtt ", to: "/mqtt?token=1 "), status: 101),
        Case(name: "another path", request: changed("/mqtt ", to: "/mqttx "), status: 404),
        Case(
            name: "another path where any will do",
            request: changed("/mqtt ", to: "/x "),
            status: 101,
            settings: settings { $0.path = nil }
        ),
        Case(
            name: "another method",
            request: changed("GET", to: "POST"),
            status: 405,
            contains: ["Allow: GET"]
        ),
        Case(name: "HTTP/1.0", request: changed("HTTP/1.1", to: "HTTP/1.0"), status: 505),
        Case(name: "a request line of two words", request: changed(" HTTP/1.1", to: ""), status: 400),
        Case(name: "no Host", request: changed("Host: server.example.com\r\n", to: ""), status: 400),
        Case(name: "two Hosts", request: changed("Upgrade: w", to: "Host: b\r\nUpgrade: w"), status: 400),
        Case(name: "no Upgrade", request: changed("Upgrade: websocket\r\n", to: ""), status: 426),
        Case(name: "no Connection", request: changed("Connection: Upgrade\r\n", to: ""), status: 400),
        Case(
            name: "an older version",
            request: changed("Version: 13", to: "Version: 8"),
            status: 426,
            contains: ["Sec-WebSocket-Version: 13\r\n"]
        ),
        Case(name: "a short key", request: changed("dGhlIHNhbXBsZSBub25jZQ==", to: "dGhl"), status: 400),
        Case(
            name: "a key that is not base64",
            request: changed("dGhlIHNhbXBsZSBub25jZQ==", to: "dGhlIHNhbXBsZSBub25j*Q=="),
            status: 400
        ),
        Case(
            name: "an allowed origin",
            request: good,
            status: 101,
            settings: settings { $0.origins = ["https://a", "http://example.com"] }
        ),
        Case(
            name: "another origin",
            request: good,
            status: 403,
            settings: settings { $0.origins = ["http://example.com:80"] }
        ),
        Case(
            name: "no origin is no browser",
            request: changed("Origin: http://example.com\r\n", to: ""),
            status: 101,
            settings: settings { $0.origins = ["http://a"] }
        ),
        Case(
            name: "a body",
            request: changed("Upgrade: w", to: "Content-Length: 5\r\nUpgrade: w"),
            status: 400
        ),
        Case(
            name: "a chunked body",
            request: changed("Upgrade: w", to: "Transfer-Encoding: chunked\r\nUpgrade: w"),
            status: 400
        ),
        Case(
            name: "a folded header",
            request: changed("Upgrade: w", to: "X: a\r\n b\r\nUpgrade: w"),
            status: 400
        ),
        Case(name: "a space before the colon", request: changed("Host:", to: "Host :"), status: 400),
        Case(name: "a bare line feed", request: changed("Upgrade: w", to: "X: a\nUpgrade: w"), status: 400),
        Case(name: "a zero byte", request: changed("Upgrade: w", to: "X: a\0b\r\nUpgrade: w"), status: 400),
        Case(
            name: "too many headers",
            request: changed("Upgrade: w", to: String(repeating: "X: a\r\n", count: 120) + "Upgrade: w"),
            status: 431
        ),
        Case(
            name: "too long, complete",
            request: changed("Upgrade: w", to: "X: \(String(repeating: "a", count: 9000))\r\nUpgrade: w"),
            status: 431
        ),
        Case(
            name: "too long, without end",
            request: "GET /mqtt HTTP/1.1\r\nX: " + String(repeating: "a", count: 9000),
            status: 431
        ),
        Case(name: "almost all of it", request: String(good.unicodeScalars.dropLast()), status: nil),
        Case(name: "only the beginning", request: "GE", status: nil),
        Case(name: "plain MQTT", request: "\u{10}\u{0C}\0\u{4}MQTT", status: 400),
        Case(name: "TLS", request: "\u{16}\u{3}\u{1}", status: 400),
    ]

    @Test(arguments: cases, [Int.max, 1, 7])
    func answers(_ testCase: Case, piece: Int) {
        var machine = WebSocketMachine(settings: testCase.settings)
        var output = ByteQueue()
        var events: [WebSocketMachine.Event] = []
        // Latin-1: every character is one byte.
        var rest = testCase.request.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) }[...]
        while !rest.isEmpty {
            var bytes = Array(rest.prefix(piece))
            rest = rest.dropFirst(piece)
            let result = bytes.withUnsafeMutableBytes { machine.receive($0, output: &output) }
            #expect(result.payloadCount == 0)
            if result.event != .none { events.append(result.event) }
        }
        let answer = String(decoding: output.bytes, as: UTF8.self)
        guard let status = testCase.status else {
            #expect(answer.isEmpty)
            #expect(events.isEmpty)
            return
        }
        #expect(answer.hasPrefix("HTTP/1.1 \(status) "), "\(answer)")
        for text in testCase.contains { #expect(answer.contains(text), "\(answer)") }
        #expect(events.count == 1)
        if status == 101 {
            #expect(events == [.opened])
        } else if case .closed(0, .some) = events[0] {
        } else {
            Issue.record("expected a close, found \(events)")
        }
    }
}
