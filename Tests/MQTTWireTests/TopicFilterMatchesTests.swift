import MQTTWire
import Testing

/// Section 4.7 of MQTT 5.0, its examples first.
@Suite struct TopicFilterMatchesTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let filter: String
        let matching: [String]
        let others: [String]
        var testDescription: String { filter }
    }

    @Test(arguments: [
        Case(
            filter: "sport/tennis/player1/#",
            matching: [
                "sport/tennis/player1", "sport/tennis/player1/ranking",
                "sport/tennis/player1/score/wimbledon",
            ],
            others: [
                "sport/tennis/player2", "sport/tennis", "sport/tennis/player10", "$sport/tennis/player1",
            ]
        ),
        Case(
            filter: "sport/#",
            matching: ["sport", "sport/", "sport/a"],
            others: ["sports", "Sport", "/sport"]
        ),
        Case(filter: "#", matching: ["a", "/", "a/b", "/a", "a/$b"], others: ["$SYS", "$SYS/a", "$"]),
        Case(
            filter: "sport/tennis/+",
            matching: ["sport/tennis/player1", "sport/tennis/"],
            others: ["sport/tennis/player1/ranking", "sport/tennis"]
        ),
        Case(filter: "sport/+", matching: ["sport/", "sport/a"], others: ["sport", "sport/a/b", "sport//"]),
        Case(filter: "+", matching: ["a", "finance"], others: ["/finance", "$SYS", "a/"]),
        Case(filter: "+/+", matching: ["/finance", "a/b", "/"], others: ["finance", "a/b/c", "$SYS/b"]),
        Case(filter: "/+", matching: ["/finance", "/", "/$SYS"], others: ["finance", "/a/b", "a/b"]),
        Case(
            filter: "+/tennis/#",
            matching: ["a/tennis", "/tennis/b"],
            others: ["tennis", "a/b/tennis", "$a/tennis"]
        ),
        Case(filter: "+/monitor/Clients", matching: ["a/monitor/Clients"], others: ["$SYS/monitor/Clients"]),
        Case(filter: "$SYS/#", matching: ["$SYS", "$SYS/a", "$SYS/a/b"], others: ["SYS/a", "$sys/a", "a"]),
        Case(
            filter: "$SYS/monitor/+",
            matching: ["$SYS/monitor/Clients"],
            others: ["$SYS/monitor", "$SYS/a/b"]
        ),
        Case(filter: "a", matching: ["a"], others: ["A", "a/", "/a", "aa"]),
        Case(filter: "/", matching: ["/"], others: ["a", "//", "a/"]),
        Case(filter: "a//b", matching: ["a//b"], others: ["a/b", "a/c/b"]),
        Case(filter: "a/+/#", matching: ["a/b", "a/b/c", "a/"], others: ["a", "b/a"]),
        Case(filter: "$share/g/a/#", matching: ["a", "a/b"], others: ["$share/g/a", "g/a"]),
        Case(filter: "$share/g/#", matching: ["a"], others: ["$SYS/a", "$share/g/a"]),
        Case(filter: "é/+", matching: ["é/a"], others: ["e/a", "e\u{301}/a"]),
    ])
    func `matches as the standard says`(_ row: Case) throws {
        let filter = try TopicFilter(row.filter)
        for name in row.matching { #expect(filter.matches(name), "\(name)") }
        for name in row.others { #expect(!filter.matches(name), "\(name)") }
    }

    /// The same rule written another way, by recursion over characters, on a small alphabet.
    @Test func `agrees with a second reading of the rule`() throws {
        var generator = SeededGenerator(seed: 7)
        var matches = 0
        for round in 0..<20_000 {
            let levels = (0..<Int.random(in: 1...4, using: &generator)).map { _ in
                ["a", "b", "", "+", "$c"].randomElement(using: &generator) ?? ""
            }
            var text = levels.joined(separator: "/")
            if Int.random(in: 0..<3, using: &generator) == 0 { text += "/#" }
            let name = (0..<Int.random(in: 1...5, using: &generator)).map { _ in
                ["a", "b", "", "$c"].randomElement(using: &generator) ?? ""
            }.joined(separator: "/")
            guard !text.isEmpty, !name.isEmpty else { continue }
            let filter = try TopicFilter(text)
            let expected = Self.matches(Array(text.utf8)[...], Array(name.utf8)[...], isFirstLevel: true)
            #expect(filter.matches(name) == expected, "seed 7, round \(round): \(text) \(name)")
            if expected { matches += 1 }
        }
        #expect(matches > 500, "the generator must not only produce pairs that do not match")
    }

    private static func matches(
        _ filter: ArraySlice<UInt8>,
        _ name: ArraySlice<UInt8>,
        isFirstLevel: Bool
    ) -> Bool {
        let dollar = isFirstLevel && name.first == UInt8(ascii: "$")
        switch filter.first {
        case UInt8(ascii: "#"): return !dollar
        case UInt8(ascii: "+"):
            if dollar { return false }
            return rest(filter.dropFirst(), name.drop { $0 != UInt8(ascii: "/") })
        default:
            var filter = filter
            var name = name
            while let a = filter.first, a != UInt8(ascii: "/") {
                guard a == name.first else { return false }
                filter = filter.dropFirst()
                name = name.dropFirst()
            }
            guard name.isEmpty || name.first == UInt8(ascii: "/") else { return false }
            return rest(filter, name)
        }
    }

    /// Both at the end of a level.
    private static func rest(_ filter: ArraySlice<UInt8>, _ name: ArraySlice<UInt8>) -> Bool {
        if filter.isEmpty { return name.isEmpty }
        if name.isEmpty { return filter.elementsEqual("/#".utf8) }
        return matches(filter.dropFirst(), name.dropFirst(), isFirstLevel: false)
    }
}
