import MQTTWire
import Testing

@Suite struct TopicFilterTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let text: String
        var filter: String?
        var shareName: String?
        var levels = 1
        var hasWildcard = false
        var testDescription: String { "\"\(text)\"" }
    }

    @Test(arguments: [
        Case(text: "a"),
        Case(text: "/", levels: 2),
        Case(text: "#", hasWildcard: true),
        Case(text: "+", hasWildcard: true),
        Case(text: "/+", levels: 2, hasWildcard: true),
        Case(text: "+/tennis/#", levels: 3, hasWildcard: true),
        Case(text: "sport/+/player1", levels: 3, hasWildcard: true),
        Case(text: "+/+", levels: 2, hasWildcard: true),
        Case(text: "é/ü", levels: 2),
        Case(text: "$SYS/#", levels: 2, hasWildcard: true),
        Case(text: "$share"),
        Case(text: "$shared/g/a", levels: 3),
        Case(text: "$SHARE/g/a", levels: 3),
        Case(text: "$share/g/a", filter: "a", shareName: "g"),
        Case(text: "$share/g//", filter: "/", shareName: "g", levels: 2),
        Case(
            text: "$share/a group/+/b/#",
            filter: "+/b/#",
            shareName: "a group",
            levels: 3,
            hasWildcard: true
        ),
        Case(text: "$share/g/$share/h/a", filter: "$share/h/a", shareName: "g", levels: 3),
    ])
    func `a right filter is taken apart`(_ row: Case) throws {
        let filter = try TopicFilter(row.text)
        #expect(filter.text == row.text)
        #expect(filter.description == row.text)
        #expect(filter.filter.elementsEqual((row.filter ?? row.text).utf8))
        #expect(filter.shareName.map { String(decoding: $0, as: UTF8.self) } == row.shareName)
        #expect(filter.isShared == (row.shareName != nil))
        #expect(filter.levelCount == row.levels)
        #expect(filter.hasWildcard == row.hasWildcard)
    }

    @Test(arguments: [
        ("", WireError.topicFilterEmpty),  // [MQTT-4.7.3-1]
        ("a#", .topicFilterWildcard),  // [MQTT-4.7.1-1]
        ("#a", .topicFilterWildcard),
        ("a/#/b", .topicFilterWildcard),
        ("##", .topicFilterWildcard),
        ("#/", .topicFilterWildcard),
        ("sport+", .topicFilterWildcard),  // [MQTT-4.7.1-2]
        ("+a", .topicFilterWildcard),
        ("++", .topicFilterWildcard),
        ("a/+b/c", .topicFilterWildcard),
        ("+#", .topicFilterWildcard),
        ("a\0b", .stringNotUTF8),  // [MQTT-4.7.3-2]
        ("$share/", .shareNameInvalid),  // [MQTT-4.8.2-1]
        ("$share//", .shareNameInvalid),
        ("$share//a", .shareNameInvalid),
        ("$share/g", .shareNameInvalid),  // [MQTT-4.8.2-2]
        ("$share/g/", .shareNameInvalid),
        ("$share/+/a", .shareNameInvalid),
        ("$share/g#/a", .shareNameInvalid),
        ("$share/g/a#", .topicFilterWildcard),
    ])
    func `a wrong filter is refused`(_ text: String, _ error: WireError) {
        #expect(throws: error) { try TopicFilter(text) }
    }

    @Test func `more levels than the limit are refused`() throws {
        #expect(try TopicFilter("a/b/c", maximumLevels: 3).levelCount == 3)
        #expect(throws: WireError.topicFilterTooManyLevels) { try TopicFilter("a/b/c", maximumLevels: 2) }
        // The share is no part of the filter.
        #expect(try TopicFilter("$share/g/a", maximumLevels: 1).levelCount == 1)
    }

    /// `[MQTT-4.7.3-3]`
    @Test func `65,535 bytes are the most`() throws {
        #expect(
            try TopicFilter(String(repeating: "/", count: 65_535)).levelCount == TopicFilter.levelCountLimit
        )
        #expect(throws: WireError.topicTooLong) { try TopicFilter(String(repeating: "a", count: 65_536)) }
    }

    /// `[MQTT-4.7.3-4]`: no normalisation.
    @Test func `filters that look the same and differ in bytes are different`() throws {
        let one = try TopicFilter("caf\u{E9}")
        let two = try TopicFilter("cafe\u{301}")
        #expect(one != two)
        #expect(Set([one, two]).count == 2)
        #expect(one.text == two.text, "Swift's own comparison is what this type protects from")
        #expect(!one.matches("cafe\u{301}"))
        #expect(ExactString("caf\u{E9}") != ExactString("cafe\u{301}"))
        #expect(
            Set([ExactString("caf\u{E9}"), ExactString("cafe\u{301}"), ExactString("caf\u{E9}")]).count == 2
        )
    }
}
