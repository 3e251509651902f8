import MQTTWire
import Testing

@Suite struct TopicNameTests {
    @Test(arguments: [
        "a", "/", "a/b", "/finance", "a//b", "$SYS/x", "Accounts payable", "é/ü",
        "sensor/1/temperature/inside", "!\"*,$%&'()-.~",
    ])
    func `a name is accepted`(_ topic: String) throws {
        try TopicName.validate(topic)
    }

    /// `[MQTT-3.3.2-2]`, `[MQTT-4.7.0-1]`: at every place, in words of every length.
    @Test(arguments: ["+", "#"])
    func `a wildcard is refused wherever it stands`(_ wildcard: String) {
        for length in 1...40 {
            for place in 0..<length {
                let topic =
                    String(repeating: "a", count: place) + wildcard
                    + String(repeating: "b", count: length - 1 - place)
                #expect(throws: WireError.topicNameWildcard) { try TopicName.validate(topic) }
            }
        }
    }

    /// Neighbours of the wildcards and of NUL, and every other ASCII character, pass the fast path.
    @Test func `no other character is taken for a wildcard`() throws {
        for code: UInt8 in 1..<0x80 where code != UInt8(ascii: "+") && code != UInt8(ascii: "#") {
            for length in [1, 3, 5, 8, 13, 16] {
                try TopicName.validate(String(repeating: Character(Unicode.Scalar(code)), count: length))
            }
        }
    }

    @Test func `wildcards behind other text are found too`() {
        #expect(throws: WireError.topicNameWildcard) { try TopicName.validate("gebäude/stock/+") }
        #expect(throws: WireError.topicNameEmpty) { try TopicName.validate("") }  // [MQTT-4.7.3-1]
    }

    /// `[MQTT-4.7.3-3]`
    @Test func `65,535 bytes are the most`() throws {
        try TopicName.validate(String(repeating: "a", count: 65_535))
        #expect(throws: WireError.topicTooLong) {
            try TopicName.validate(String(repeating: "a", count: 65_536))
        }
    }

    @Test func `levels are counted`() {
        for (topic, levels) in [("a", 1), ("/", 2), ("a/b", 2), ("//a//", 5)] {
            let bytes = Array(topic.utf8)
            let span = bytes.span
            let counted = TopicName.levelCount(span.bytes, 0..<bytes.count)
            #expect(counted == levels)
        }
    }
}
