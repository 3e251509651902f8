import ClientKit
import Testing

struct BrokerURLTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let text: String
        var host = "h"
        var port: UInt16 = 1883
        var user: String?
        var password: String?
        var topic: String?
        var tls = false
        var webSocket = false
        var testDescription: String { text }
    }

    static let cases = [
        Case(text: "mqtt://h"),
        Case(text: "MQTT://h/"),
        Case(text: "mqtt://h:99/a/b", port: 99, topic: "a/b"),
        Case(text: "mqtts://h/a", port: 8883, topic: "a", tls: true),
        Case(text: "ws://h", port: 80, webSocket: true),
        Case(text: "wss://h:444", port: 444, tls: true, webSocket: true),
        Case(text: "mqtt://ann@h", user: "ann"),
        Case(text: "mqtt://ann:s%40crét:x@h", user: "ann", password: "s@crét:x"),
        Case(text: "mqtt://h/a%20b/%23", topic: "a b/#"),
        Case(text: "mqtt://h//a", topic: "/a"),
        Case(text: "mqtt://[::1]", host: "::1"),
        Case(text: "mqtt://u@[fe80::1]:77/t", host: "fe80::1", port: 77, user: "u", topic: "t"),
    ]

    @Test(arguments: cases)
    func reads(_ testCase: Case) throws {
        let url = try BrokerURL(testCase.text)
        #expect(url.host == testCase.host)
        #expect(url.port == testCase.port)
        #expect(url.userName == testCase.user)
        #expect(url.password == testCase.password)
        #expect(url.topic == testCase.topic)
        #expect(url.usesTLS == testCase.tls)
        #expect(url.usesWebSocket == testCase.webSocket)
    }

    @Test(arguments: [
        "", "h", "http://h", "mqtt://", "mqtt://:1", "mqtt://h:x", "mqtt://h:0", "mqtt://h:70000",
        "mqtt://h/%2",
        "mqtt://h/%zz", "mqtt://h/%ff",
    ])
    func `what is no broker's URL is refused`(text: String) {
        #expect(throws: ClientError.self) { try BrokerURL(text) }
    }
}
