import ClientKit
import MQTTWire
import Testing

struct MessageFormatTests {
    static let message: Publish = {
        var message = Publish(
            topic: "site/door",
            payload: Array("{\"a\":1}".utf8),
            qos: .atLeastOnce,
            retain: true,
            packetID: 12
        )
        message.properties.contentType = "text/plain"
        message.properties.correlationData = [0x61, 0xFF]
        message.properties.messageExpiryInterval = 60
        message.properties.responseTopic = "re/x"
        message.properties.subscriptionIdentifiers = [3, 4]
        message.properties.userProperties = [.init("k", "v"), .init("l", "w x")]
        return message
    }()

    static let bare = Publish(topic: "t", payload: [])
    static let time = WallTime(seconds: 1_470_818_858, nanoseconds: 7_000_001)

    struct Case: CustomTestStringConvertible, Sendable {
        let format: String
        let output: String
        var message = MessageFormatTests.message
        var testDescription: String { format }
    }

    static let cases = [
        Case(format: "", output: ""),
        Case(format: "plain 100%% @@ \\\\", output: "plain 100% @ \\"),
        Case(format: "\\n\\t\\r\\a\\e\\v\\0", output: "\n\t\r\u{7}\u{1B}\u{B}\0"),
        Case(format: "%t %p %q %r %l %m", output: "site/door {\"a\":1} 1 1 7 12"),
        Case(format: "%C|%E|%R|%S|%P", output: "text/plain|60|re/x|3 4|k:v l:w x"),
        Case(format: "%x %X", output: "7b2261223a317d 7B2261223A317D"),
        Case(format: "[%12t][%-12t][%.4t][%6.4t]", output: "[   site/door][site/door   ][site][  site]"),
        Case(format: "[%5l][%05l][%-5l][%-05l]", output: "[    7][00007][7    ][7    ]"),
        Case(format: "[%012t]", output: "[   site/door]"),
        Case(format: "[%A][%C][%D][%E][%F][%R][%S][%P][%m]", output: "[][][][][][][][][0]", message: bare),
        Case(format: "%U", output: "1470818858.007000001"),
        Case(format: "@N", output: "007000001"),
        Case(format: "ü%tü", output: "üsite/doorü"),
    ]

    @Test(arguments: cases)
    func renders(_ testCase: Case) throws {
        let bytes = try MessageFormat(testCase.format).render(testCase.message, at: Self.time)
        #expect(String(decoding: bytes, as: UTF8.self) == testCase.output)
    }

    @Test(arguments: ["%", "%z", "100%", "@", "\\", "\\q", "%-", "%10", "%99999999999999999999t", "%.t%"])
    func `what has no meaning is refused`(format: String) {
        #expect(throws: ClientError.self) { try MessageFormat(format) }
    }

    @Test func `payloads and correlation data are bytes`() throws {
        var message = Self.message
        message.payload = [0, 0xFF, 0x80]
        #expect(try MessageFormat("%p%D").render(message, at: Self.time) == [0, 0xFF, 0x80, 0x61, 0xFF])
    }

    @Test func `JSON has what mosquitto_sub's has`() throws {
        let text = String(
            decoding: try MessageFormat("%j").render(Self.message, at: Self.time),
            as: UTF8.self
        )
        let parts = text.split(separator: "\"topic\"", maxSplits: 1)
        #expect(parts[0].hasPrefix("{\"tst\":\"2016-08-1"))
        #expect(parts[0].contains(".007000"))
        #expect(
            parts[1]
                == """
                :"site/door","qos":1,"retain":1,"payloadlen":7,"mid":12,"properties":{"subscription-identifier":3,\
                "subscription-identifier":4,"user-properties":{"k":"v","l":"w x"},"content-type":"text/plain",\
                "correlation-data":"a\u{FFFD}","response-topic":"re/x","message-expiry-interval":60},\
                "payload":"{\\"a\\":1}"}
                """
        )
    }

    @Test func `JSON escapes what must be escaped`() throws {
        let message = Publish(topic: "a\"\\b", payload: [0, 9, 10, 13, 0x1F, 0x22, 0x5C, 0x7F, 0xFF])
        let text = String(decoding: try MessageFormat("%j").render(message, at: Self.time), as: UTF8.self)
        #expect(text.contains(#""topic":"a\"\\b""#))
        #expect(text.contains(#""payload":"\u0000\t\n\r\u001f\"\\\u007f\#u{FFFD}"}"#))
        #expect(JSONCheck.isValid(Array(text.utf8)))
    }

    @Test func `a JSON payload is put in as it is`() throws {
        let text = String(
            decoding: try MessageFormat("%J").render(Self.message, at: Self.time),
            as: UTF8.self
        )
        #expect(text.hasSuffix(",\"payload\":{\"a\":1}}"))
        #expect(throws: ClientError.self) {
            try MessageFormat("%J").render(Publish(topic: "t", payload: [0x7B]), at: Self.time)
        }
    }

    @Test func `pretty JSON is JSON`() throws {
        let bytes = try MessageFormat("%j").render(Self.message, at: Self.time, isPretty: true)
        #expect(bytes.contains(UInt8(ascii: "\n")))
        #expect(JSONCheck.isValid(bytes))
    }
}

struct JSONCheckTests {
    @Test(arguments: [
        "{}", "[]", "null", " true ", "false", "0", "-0.5e+10", "12E3", "\"\"", #""\u00e4\n\"""#,
        "[1,[2,{\"a\":[]}]]",
        "{\"a\":1,\"b\":null}", "\"ü\"",
    ])
    func `is JSON`(text: String) { #expect(JSONCheck.isValid(Array(text.utf8))) }

    @Test(arguments: [
        "", "{", "}", "[1,]", "{\"a\"}", "{\"a\":}", "{a:1}", "01", "1.", ".5", "+1", "1e", "nul", "\"",
        "\"\u{1}\"",
        #""\x""#, #""\u12""#, "1 2", "[1}", "'a'",
    ])
    func `is not JSON`(text: String) { #expect(!JSONCheck.isValid(Array(text.utf8))) }

    @Test func `bytes that are not UTF-8 are not JSON`() { #expect(!JSONCheck.isValid([0x22, 0xFF, 0x22])) }

    @Test func `depth is limited`() {
        let deep = JSONCheck.depthMax
        #expect(
            JSONCheck.isValid(
                Array(repeating: UInt8(ascii: "["), count: deep)
                    + Array(repeating: UInt8(ascii: "]"), count: deep)
            )
        )
        #expect(!JSONCheck.isValid(Array(repeating: UInt8(ascii: "["), count: 1_000_000)))
    }
}
