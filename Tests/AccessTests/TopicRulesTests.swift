import Access
import Testing

@Suite struct TopicRulesTests {
    struct Case: CustomTestStringConvertible, Sendable {
        var name: String
        var rules: String
        var user: String? = nil
        var clientID = "dev7"
        var topic: String
        var publish: Bool
        var receive: Bool

        var testDescription: String { name }
    }

    static let cases: [Case] = [
        Case(name: "no access word is both", rules: "topic a/b", topic: "a/b", publish: true, receive: true),
        Case(name: "read", rules: "topic read a/b", topic: "a/b", publish: false, receive: true),
        Case(name: "write", rules: "topic write a/b", topic: "a/b", publish: true, receive: false),
        Case(name: "readwrite", rules: "topic readwrite a/b", topic: "a/b", publish: true, receive: true),
        Case(
            name: "what no line names is denied",
            rules: "topic a/b",
            topic: "a/c",
            publish: false,
            receive: false
        ),
        Case(
            name: "an empty file denies everything",
            rules: "# nothing\n",
            topic: "a",
            publish: false,
            receive: false
        ),
        Case(
            name: "a denial wins over a later permission",
            rules: "topic deny a/b\ntopic a/#",
            topic: "a/b",
            publish: false,
            receive: false
        ),
        Case(
            name: "a denial wins over an earlier permission",
            rules: "topic a/#\ntopic deny a/b",
            topic: "a/b",
            publish: false,
            receive: false
        ),
        Case(
            name: "a denial leaves its siblings alone",
            rules: "topic a/#\ntopic deny a/b",
            topic: "a/c",
            publish: true,
            receive: true
        ),
        Case(
            name: "# matches the level above [MQTT 4.7.1.2]",
            rules: "topic a/#",
            topic: "a",
            publish: true,
            receive: true
        ),
        Case(
            name: "+ matches one level",
            rules: "topic a/+/c",
            topic: "a/b/c",
            publish: true,
            receive: true
        ),
        Case(
            name: "+ does not match two levels",
            rules: "topic a/+",
            topic: "a/b/c",
            publish: false,
            receive: false
        ),
        Case(
            name: "+ matches an empty level",
            rules: "topic a/+/c",
            topic: "a//c",
            publish: true,
            receive: true
        ),
        Case(
            name: "# leaves $SYS alone [MQTT-4.7.2-1]",
            rules: "topic #",
            topic: "$SYS/uptime",
            publish: false,
            receive: false
        ),
        Case(
            name: "+ leaves $SYS alone [MQTT-4.7.2-1]",
            rules: "topic +/uptime",
            topic: "$SYS/uptime",
            publish: false,
            receive: false
        ),
        Case(
            name: "$SYS by its name",
            rules: "topic read $SYS/#",
            topic: "$SYS/uptime",
            publish: false,
            receive: true
        ),
        Case(
            name: "a $ deeper down is nothing special",
            rules: "topic a/+",
            topic: "a/$b",
            publish: true,
            receive: true
        ),
        Case(
            name: "the top section is for anonymous clients only",
            rules: "topic a\nuser ann\ntopic b",
            user: "ann",
            topic: "a",
            publish: false,
            receive: false
        ),
        Case(
            name: "a user's section",
            rules: "topic a\nuser ann\ntopic b",
            user: "ann",
            topic: "b",
            publish: true,
            receive: true
        ),
        Case(
            name: "another user's section",
            rules: "user bob\ntopic b",
            user: "ann",
            topic: "b",
            publish: false,
            receive: false
        ),
        Case(
            name: "a user's two sections are one",
            rules: "user ann\ntopic a\nuser bob\ntopic b\nuser ann\ntopic c",
            user: "ann",
            topic: "c",
            publish: true,
            receive: true
        ),
        Case(
            name: "a pattern is for all, in whatever section",
            rules: "user bob\npattern read d/%c",
            user: "ann",
            topic: "d/dev7",
            publish: false,
            receive: true
        ),
        Case(
            name: "%u is the username",
            rules: "pattern write s/%u/data",
            user: "ann",
            topic: "s/ann/data",
            publish: true,
            receive: false
        ),
        Case(
            name: "%u is not another's username",
            rules: "pattern write s/%u/data",
            user: "ann",
            topic: "s/bob/data",
            publish: false,
            receive: false
        ),
        Case(
            name: "%u is nobody for an anonymous client",
            rules: "pattern write s/%u/data",
            topic: "s//data",
            publish: false,
            receive: false
        ),
        Case(
            name: "%c and %u together",
            rules: "pattern %u/%c/#",
            user: "ann",
            topic: "ann/dev7/x",
            publish: true,
            receive: true
        ),
        Case(
            name: "a name as a part of a level",
            rules: "pattern s/id-%c-%u",
            user: "ann",
            topic: "s/id-dev7-ann",
            publish: true,
            receive: true
        ),
        Case(
            name: "a topic line substitutes nothing",
            rules: "user ann\ntopic s/%u",
            user: "ann",
            topic: "s/ann",
            publish: false,
            receive: false
        ),
        Case(
            name: "a topic line takes %u as it is",
            rules: "user ann\ntopic s/%u",
            user: "ann",
            topic: "s/%u",
            publish: true,
            receive: true
        ),
        Case(
            name: "a pattern's denial wins over its permission",
            rules: "pattern s/#\npattern deny s/%u",
            user: "ann",
            topic: "s/ann",
            publish: false,
            receive: false
        ),
        Case(
            name: "a user's permission wins over a pattern's denial",
            rules: "pattern deny s/%u\nuser ann\ntopic s/ann",
            user: "ann",
            topic: "s/ann",
            publish: true,
            receive: true
        ),
        Case(
            name: "a user's denial wins over a pattern's permission",
            rules: "pattern s/%u\nuser ann\ntopic deny s/+",
            user: "ann",
            topic: "s/ann",
            publish: false,
            receive: false
        ),
        Case(
            name: "a name with + widens nothing (CVE-2017-7650)",
            rules: "pattern s/%u",
            user: "+",
            topic: "s/ann",
            publish: false,
            receive: false
        ),
        Case(
            name: "a name with # widens nothing (CVE-2017-7650)",
            rules: "pattern s/%c",
            clientID: "#",
            topic: "s/ann",
            publish: false,
            receive: false
        ),
        Case(
            name: "a client with # in its identifier is asked no pattern",
            rules: "pattern read s/x",
            clientID: "a#",
            topic: "s/x",
            publish: false,
            receive: false
        ),
        Case(
            name: "a client with # in its identifier keeps its user's rules",
            rules: "pattern read s/x\nuser ann\ntopic read y",
            user: "ann",
            clientID: "a#",
            topic: "y",
            publish: false,
            receive: true
        ),
        Case(
            name: "a name with / does not reach into another's levels",
            rules: "pattern s/%u/#",
            user: "ann/secret",
            topic: "s/ann/secret/x",
            publish: false,
            receive: false
        ),
        Case(
            name: "a name with / leaves patterns without it alone",
            rules: "pattern read public/#\npattern s/%u",
            user: "ann",
            clientID: "rack/7",
            topic: "public/x",
            publish: false,
            receive: true
        ),
        Case(
            name: "a denial that a name with / would dodge closes the patterns",
            rules: "pattern read #\npattern deny s/%c",
            clientID: "a/b",
            topic: "s/a/b",
            publish: false,
            receive: false
        ),
        Case(
            name: "a name may not become $SYS",
            rules: "pattern %u/#",
            user: "$SYS",
            topic: "$SYS/x",
            publish: false,
            receive: false
        ),
        Case(
            name: "a name with $ is fine below the first level",
            rules: "pattern s/%u",
            user: "$x",
            topic: "s/$x",
            publish: true,
            receive: true
        ),
        Case(
            name: "a filter with spaces",
            rules: "topic read  a b/c d ",
            topic: "a b/c d",
            publish: false,
            receive: true
        ),
        Case(
            name: "the filter is called read",
            rules: "topic read",
            topic: "read",
            publish: true,
            receive: true
        ),
        Case(
            name: "names and topics are bytes, not characters",
            rules: "topic caf\u{e9}",
            topic: "cafe\u{301}",
            publish: false,
            receive: false
        ),
        Case(
            name: "leading slash is an empty first level",
            rules: "topic /rni/#",
            topic: "/rni/ue",
            publish: true,
            receive: true
        ),
        Case(
            name: "leading slash is not no slash",
            rules: "topic rni/#",
            topic: "/rni/ue",
            publish: false,
            receive: false
        ),
    ]

    @Test(arguments: cases)
    func `the ACL file means what mosquitto makes of it`(_ testCase: Case) throws {
        let folder = try ScratchFolder()
        var settings = AccessSettings()
        settings.rulesFile = try folder.write("rules.acl", testCase.rules)
        settings.listeners["tls"] = .init(usernameFrom: .commonName)
        let access = try AccessControl(settings)
        let request = ConnectRequest(
            clientID: testCase.clientID,
            isLoopback: true,
            listener: "tls",
            tls: testCase.user.map { TLSIdentity(commonName: $0) }
        )
        let identity = try #require(access.authenticateQuickly(request, now: 0)?.identity)

        #expect(identity.mayPublish(testCase.topic) == testCase.publish)
        #expect(identity.mayReceive(testCase.topic) == testCase.receive)
    }

    @Test func `without rules everything is allowed`() {
        let rules = TopicRules.unrestricted
        #expect(rules.publishesAnything && rules.receivesAnything)
        #expect(rules.mayReceive(topic: "$SYS/uptime", clientID: "c", username: nil))
        #expect(rules.subscription(filter: "#", clientID: "c", username: nil) == .allowed)
    }

    @Test func `a permission to publish is none to receive`() throws {
        let rules = TopicRules([try TopicRule(.allow, .publish, filter: "a", substituting: false)])
        #expect(rules.mayPublish(topic: "a", clientID: "c", username: nil))
        #expect(!rules.mayReceive(topic: "a", clientID: "c", username: nil))
    }

    @Test func `a denial of publishing leaves receiving alone`() throws {
        let rules = TopicRules([
            try TopicRule(.allow, .both, filter: "#", substituting: false),
            try TopicRule(.deny, .publish, filter: "a/#", substituting: false),
        ])
        #expect(!rules.mayPublish(topic: "a/b", clientID: "c", username: nil))
        #expect(rules.mayReceive(topic: "a/b", clientID: "c", username: nil))
    }

    @Test func `a deep topic of separators is answered, not followed`() throws {
        let rules = TopicRules([
            try TopicRule(.allow, .both, filter: "+/+/+/#", substituting: false),
            try TopicRule(.deny, .both, filter: "a/+/+/a/#", substituting: false),
        ])
        let topic = String(repeating: "/", count: 65_535)
        #expect(rules.mayPublish(topic: topic, clientID: "c", username: nil))
        #expect(rules.subscription(filter: topic, clientID: "c", username: nil) == .allowed)
    }

    static let flaws: [(String, FilterFlaw)] = [
        ("", .empty), ("a/#/b", .misplacedHash), ("a#", .misplacedHash), ("#/", .misplacedHash),
        ("a+", .misplacedPlus), ("+a/b", .misplacedPlus), ("a\0", .null),
        (String(repeating: "x", count: 65_536), .tooLong),
    ]

    @Test(arguments: flaws)
    func `what is not a topic filter is refused`(_ filter: String, _ flaw: FilterFlaw) {
        #expect(throws: flaw) { try TopicRule(.allow, .both, filter: filter, substituting: true) }
    }

    /// Rules, names and topics from a small alphabet meet often.
    @Test(arguments: [1, 2, 3, 4, 5, 6, 7, 8] as [UInt64])
    func `the compiled rules answer as the rules one by one do`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<100 {
            let reference = RandomRules.make(&random)
            let rules = TopicRules(try reference.rules.map { try $0.compiled() })
            for topic in RandomRules.topics.shuffled(using: &random).prefix(60) {
                for action in [TopicRule.Actions.publish, .receive] {
                    let answer =
                        action == .publish
                        ? rules.mayPublish(
                            topic: topic,
                            clientID: reference.clientID,
                            username: reference.username
                        )
                        : rules.mayReceive(
                            topic: topic,
                            clientID: reference.clientID,
                            username: reference.username
                        )
                    #expect(
                        answer == reference.permits(action, topic),
                        "seed \(seed), \(reference.rules), user \(reference.username ?? "-"), \(topic)"
                    )
                }
            }
        }
    }
}

enum RandomRules {
    /// `z` is a level that no rule names.
    static let alphabet = ["a", "b", "ann", "dev", "", "z", "$s"]

    /// Every topic of up to three levels.
    static let topics: [String] = {
        var all = alphabet
        var last = alphabet
        for _ in 0..<2 {
            last = last.flatMap { head in alphabet.map { head + "/" + $0 } }
            all += last
        }
        return all.filter { !$0.isEmpty }
    }()

    static func filter(_ random: inout SeededGenerator, names: Bool) -> String {
        let choices = ["a", "b", "ann", "dev", "", "$s", "+", "+"] + (names ? ["%u", "%c"] : [])
        var levels = (0..<Int.random(in: 1...3, using: &random)).map { _ in
            choices.randomElement(using: &random) ?? "a"
        }
        if Int.random(in: 0..<3, using: &random) == 0 { levels[levels.count - 1] = "#" }
        return levels == [""] ? "a" : levels.joined(separator: "/")
    }

    static func make(_ random: inout SeededGenerator) -> ReferenceRules {
        let rules = (0..<Int.random(in: 0...6, using: &random)).map { _ in
            let pattern = Bool.random(using: &random)
            return ReferenceRules.Rule(
                deny: Int.random(in: 0..<3, using: &random) == 0,
                actions: [.publish, .receive, .both].randomElement(using: &random) ?? .both,
                filter: filter(&random, names: pattern),
                pattern: pattern
            )
        }
        return ReferenceRules(
            rules: rules,
            clientID: "dev",
            username: Bool.random(using: &random) ? "ann" : nil
        )
    }
}
