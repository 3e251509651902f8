import ClientKit
import MQTTWire
import Testing

struct PropertyArgumentsTests {
    @Test func `each packet gets its own`() throws {
        let arguments = try PropertyArguments(
            words: [
                "publish", "content-type", "text/plain", "publish", "user-property", "a", "1", "publish",
                "user-property", "a", "2", "connect", "receive-maximum", "7", "will", "will-delay-interval",
                "9",
                "subscribe", "subscription-identifier", "5", "PUBLISH", "Payload-Format-Indicator", "1",
            ]
        )
        var publish = Properties()
        publish.contentType = "text/plain"
        publish.payloadFormatIndicator = 1
        publish.userProperties = [.init("a", "1"), .init("a", "2")]
        #expect(arguments[.publish] == publish)
        #expect(arguments[.connect].receiveMaximum == 7)
        #expect(arguments[.will].willDelayInterval == 9)
        #expect(arguments[.subscribe].subscriptionIdentifiers == [5])
        #expect(arguments[.disconnect].isEmpty)
        #expect(!arguments.isEmpty)
    }

    @Test func `none`() throws { #expect(try PropertyArguments(words: []).isEmpty) }

    @Test(arguments: [
        ["puback", "reason-string", "x"], ["publish"], ["publish", "content-type"],
        ["publish", "nothing", "x"],
        ["publish", "receive-maximum", "5"], ["connect", "receive-maximum", "0"],
        ["connect", "receive-maximum", "65536"], ["connect", "receive-maximum", "x"],
        ["publish", "payload-format-indicator", "2"], ["publish", "user-property", "a"],
        ["subscribe", "subscription-identifier", "268435456"], ["connect", "server-keep-alive", "5"],
    ])
    func `what no packet can have is refused`(words: [String]) {
        #expect(throws: ClientError.self) { try PropertyArguments(words: words) }
    }
}
