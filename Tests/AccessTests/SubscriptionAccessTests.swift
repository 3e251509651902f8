import Access
import Testing

@Suite struct SubscriptionAccessTests {
    struct Case: CustomTestStringConvertible, Sendable {
        var rules: [(TopicRule.Effect, String)]
        var filter: String
        var access: SubscriptionAccess

        var testDescription: String {
            "\(filter) against \(rules.map { "\($0.0) \($0.1)" }.joined(separator: ", "))"
        }
    }

    static let cases: [Case] = [
        Case(rules: [], filter: "a", access: .denied),
        Case(rules: [], filter: "#", access: .denied),
        Case(rules: [(.allow, "a/#")], filter: "a/b", access: .allowed),
        Case(rules: [(.allow, "a/#")], filter: "a/#", access: .allowed),
        Case(rules: [(.allow, "a/#")], filter: "a", access: .allowed),
        Case(rules: [(.allow, "a/#")], filter: "a/+/c", access: .allowed),
        Case(rules: [(.allow, "a/#")], filter: "+/b", access: .checkEachMessage),
        Case(rules: [(.allow, "a/#")], filter: "b/#", access: .denied),
        Case(rules: [(.allow, "a/#")], filter: "#", access: .checkEachMessage),
        Case(rules: [(.allow, "#")], filter: "#", access: .allowed),
        Case(rules: [(.allow, "#")], filter: "$SYS/#", access: .denied),
        Case(rules: [(.allow, "#")], filter: "+/x", access: .allowed),
        // Neither + nor # as a first level reaches $SYS, so its denial does not matter to them.
        Case(rules: [(.allow, "#"), (.deny, "$SYS/#")], filter: "#", access: .allowed),
        Case(rules: [(.allow, "#"), (.deny, "a/b")], filter: "#", access: .checkEachMessage),
        Case(rules: [(.allow, "#"), (.deny, "a/b")], filter: "a/+", access: .checkEachMessage),
        Case(rules: [(.allow, "#"), (.deny, "a/b")], filter: "a/b", access: .denied),
        Case(rules: [(.allow, "#"), (.deny, "a/b")], filter: "a/b/+", access: .allowed),
        Case(rules: [(.allow, "a/+"), (.deny, "a/b")], filter: "a/#", access: .checkEachMessage),
        Case(rules: [(.allow, "a/b"), (.allow, "a/c")], filter: "a/+", access: .checkEachMessage),
        Case(rules: [(.allow, "+/b"), (.allow, "a/+")], filter: "a/b", access: .allowed),
        // Together the three cover what none of them covers alone.
        Case(
            rules: [(.allow, "a"), (.allow, "a/+"), (.allow, "a/+/#")],
            filter: "a/#",
            access: .allowed
        ),
        Case(rules: [(.allow, "a/+/#")], filter: "a/#", access: .checkEachMessage),
        Case(rules: [(.allow, "%c/#")], filter: "dev/#", access: .allowed),
        Case(rules: [(.allow, "%c/#")], filter: "+/x", access: .checkEachMessage),
        Case(rules: [(.allow, "%u/#")], filter: "+/x", access: .denied),
        Case(rules: [(.deny, "#"), (.allow, "#")], filter: "#", access: .denied),
    ]

    @Test(arguments: cases)
    func decides(_ testCase: Case) throws {
        let rules = TopicRules(
            try testCase.rules.map { try TopicRule($0.0, .receive, filter: $0.1, substituting: true) }
        )
        #expect(
            rules.subscription(filter: testCase.filter, clientID: "dev", username: nil) == testCase.access
        )
    }

    @Test func `names that no rule may hold close what they would dodge`() throws {
        let rules = TopicRules([
            try TopicRule(.allow, .receive, filter: "#", substituting: true),
            try TopicRule(.deny, .receive, filter: "s/%c", substituting: true),
        ])
        #expect(rules.subscription(filter: "#", clientID: "a/b", username: nil) == .denied)
    }

    /// Every topic over the alphabet that a filter matches, asked one by one, must come to the same.
    @Test(arguments: [11, 12, 13, 14, 15, 16, 17, 18] as [UInt64])
    func `the search answers as every topic one by one does`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        // One level more than any rule has, for what lies below all rules.
        let topics =
            RandomRules.topics
            + RandomRules.topics.filter {
                $0.split(separator: "/", omittingEmptySubsequences: false).count == 3
            }
            .map { $0 + "/z" }
        for _ in 0..<100 {
            let reference = RandomRules.make(&random)
            let rules = TopicRules(try reference.rules.map { try $0.compiled() })
            let filter = RandomRules.filter(&random, names: false)
            let answers = Set(
                topics.filter { ReferenceRules.matches(filter, $0) }.map { reference.permits(.receive, $0) }
            )
            let expected: SubscriptionAccess =
                answers == [true] ? .allowed : answers == [false] ? .denied : .checkEachMessage
            #expect(
                rules.subscription(
                    filter: filter,
                    clientID: reference.clientID,
                    username: reference.username
                ) == expected,
                "seed \(seed), \(reference.rules), user \(reference.username ?? "-"), \(filter)"
            )
        }
    }

    @Test func `a search that would take too long ends with a check of each message`() throws {
        // Thirteen + with a choice at each level: the sets of nodes double from level to level.
        var rules: [TopicRule] = [try TopicRule(.allow, .receive, filter: "#", substituting: false)]
        for place in 0..<13 {
            var levels = Array(repeating: "+", count: 14)
            levels[place] = "x"
            rules.append(
                try TopicRule(
                    .deny,
                    .receive,
                    filter: levels.joined(separator: "/") + "/never",
                    substituting: false
                )
            )
        }
        let filter = Array(repeating: "+", count: 14).joined(separator: "/")
        let clock = ContinuousClock()
        let start = clock.now
        #expect(
            TopicRules(rules).subscription(filter: filter, clientID: "c", username: nil) == .checkEachMessage
        )
        #expect(clock.now - start < .seconds(5))
    }
}
