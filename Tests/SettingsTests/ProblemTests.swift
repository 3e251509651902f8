import Settings
import Testing

/// Each row is a mistake and the exact line that the operator reads.
@Suite struct ProblemTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let name: String
        var yaml = ""
        var environment: [String: String] = [:]
        var flags: [String] = []
        let expected: String
        var testDescription: String { name }
    }

    static let cases: [Case] = [
        Case(
            name: "a misspelt key is told with the nearest name",
            yaml: "limits:\n  maximumPaketSize: 1KiB\n",
            expected: """
                weir.yaml:2:3: limits.maximumPaketSize: unknown key; did you mean "maximumPacketSize"?
                """
        ),
        Case(
            name: "another style of the same name is near",
            yaml: "limits:\n  maximum_packet_size: 1KiB\n",
            expected: """
                weir.yaml:2:3: limits.maximum_packet_size: unknown key; did you mean "maximumPacketSize"?
                """
        ),
        Case(
            name: "a key in the wrong group is told where it belongs",
            yaml: "keepAlive: 5s\n",
            expected: "weir.yaml:1:1: keepAlive: unknown key; did you mean \"limits.keepAlive\"?"
        ),
        Case(
            name: "a key that resembles nothing is told with the keys there are",
            yaml: "limits:\n  zzz: 5s\n",
            expected: """
                weir.yaml:2:3: limits.zzz: unknown key, expected one of maximumPacketSize, keepAlive, expiry, policy, \
                publishRate
                """
        ),
        Case(
            name: "an unreadable size",
            yaml: "limits:\n  maximumPacketSize: 64 potatoes\n",
            expected: """
                weir.yaml:2:22: limits.maximumPacketSize: found "64 potatoes", expected a byte size from 128B to \
                256MiB, such as 512, 64KiB or 1MiB
                """
        ),
        Case(
            name: "a size out of range",
            yaml: "limits: {maximumPacketSize: 1GiB}\n",
            expected: """
                weir.yaml:1:29: limits.maximumPacketSize: found "1GiB", expected a byte size from 128B to 256MiB, \
                such as 512, 64KiB or 1MiB
                """
        ),
        Case(
            name: "a duration without its unit",
            yaml: "limits:\n  keepAlive: 5\n",
            expected: """
                weir.yaml:2:14: limits.keepAlive: found "5", expected a duration from 1ms to 1h with its unit (us, ms, \
                s, m, h, d), such as 250ms or 5s
                """
        ),
        Case(
            name: "a choice that is none",
            yaml: "limits:\n  policy: DropOldest\n",
            expected: "weir.yaml:2:11: limits.policy: found \"DropOldest\", expected refuse or dropOldest"
        ),
        Case(
            name: "nothing where a value must be",
            yaml: "anonymous:\n",
            expected: "weir.yaml:1:11: anonymous: found nothing, expected true or false"
        ),
        Case(
            name: "a map where a value must be",
            yaml: "anonymous: {a: b}\n",
            expected: "weir.yaml:1:12: anonymous: found a map, expected true or false"
        ),
        Case(
            name: "a value where a map must be",
            yaml: "limits: 5\n",
            expected: """
                weir.yaml:1:9: limits: found "5", expected a map of maximumPacketSize, keepAlive, expiry, policy, \
                publishRate
                """
        ),
        Case(
            name: "a map where a list must be",
            yaml: "listeners:\n  url: x\n",
            expected: "weir.yaml:2:3: listeners: found a map, expected a list: lines that begin with \"- \""
        ),
        Case(
            name: "a list that is too long",
            yaml: "listeners: [{url: a}, {url: a}, {url: a}, {url: a}, {url: a}]\n",
            expected: "weir.yaml:1:12: listeners: found 5 entries, expected at most 4"
        ),
        Case(
            name: "the element of a list that does not fit",
            yaml: "listeners:\n  - url: x\n    names: [a, {b: c}]\n",
            expected: """
                weir.yaml:3:16: listeners[0].names: found a map, expected text of at most 4096 bytes
                """
        ),
        Case(
            name: "a required key that is missing",
            yaml: "listeners:\n  - names: [a]\n",
            expected: "weir.yaml:2:5: listeners[0].url: not set, expected a URL of at most 4096 bytes"
        ),
        Case(
            name: "two keys that do not fit each other",
            yaml: "listeners:\n  - url: x\n    certificateFile: a.pem\n",
            expected: """
                weir.yaml:3:22: listeners[0].certificateFile: found a certificate without keyFile, expected both
                """
        ),
        Case(
            name: "a secret is not repeated",
            yaml: "password: {a: s3cret}\n",
            expected: """
                weir.yaml:1:11: password: found an unreadable value (not shown), expected text of at most 4096 bytes
                """
        ),
        Case(
            name: "the second of two equal keys",
            yaml: "limits:\n  policy: refuse\n  keepAlive: 1s\n  policy: dropOldest\n",
            expected:
                "weir.yaml:4:3: policy: found a second time, expected once; the first is at weir.yaml:2:3"
        ),
        Case(
            name: "a tab in the margin",
            yaml: "limits:\n\tpolicy: refuse\n",
            expected: """
                weir.yaml:2:1: not YAML: while scanning for the next token, found character that cannot start any \
                token; indent with spaces, not tabs
                """
        ),
        Case(
            name: "an unknown variable",
            environment: ["WEIR_LIMITS_KEEPALIVE": "5s"],
            expected:
                "environment variable WEIR_LIMITS_KEEPALIVE: unknown variable; did you mean WEIR_LIMITS_KEEP_ALIVE?"
        ),
        Case(
            name: "an unreadable variable",
            environment: ["WEIR_ANONYMOUS": "perhaps"],
            expected: """
                environment variable WEIR_ANONYMOUS: anonymous: found "perhaps", expected true or false
                """
        ),
        Case(
            name: "an unknown flag key",
            flags: ["limits.polcy=refuse"],
            expected: "flag --set limits.polcy: limits.polcy: unknown key; did you mean \"policy\"?"
        ),
        Case(
            name: "a flag without a value",
            flags: ["anonymous"],
            expected: "flag --set anonymous: found no \"=\", expected --set key=value"
        ),
        Case(
            name: "a flag past the end of a list",
            flags: ["listeners[1].url=x"],
            expected: """
                flag --set listeners[1].url: listeners[1].url: cannot be set here: what stands above it is no group of \
                keys, or the list is shorter
                """
        ),
        Case(
            name: "a flag that is no key",
            flags: ["a..b=1"],
            expected: "flag --set a..b: found \"a..b\", expected a key such as mqtt.maximumPacketSize"
        ),
    ]

    @Test(arguments: cases)
    func `a mistake is told with its place, what was found and what was expected`(_ testCase: Case) throws {
        let problems = try #require(throws: Problems.self) {
            try TestSettings.load(testCase.yaml, environment: testCase.environment, flags: testCase.flags)
        }
        #expect(problems.description == testCase.expected)
    }

    @Test func `all mistakes of a file are told at once`() throws {
        let problems = try #require(throws: Problems.self) {
            try TestSettings.load("anonymous: 5\nlimits:\n  policy: x\n  zzz: 1\n")
        }
        #expect(problems.list.map(\.key) == ["anonymous", "limits.policy", "limits.zzz"])
    }

    @Test func `a file that unfolds without end is refused`() throws {
        var yaml = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n"
        for level in 1...9 {
            let alias = Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ",")
            yaml += "a\(level): &a\(level) [\(alias)]\n"
        }
        let problems = try #require(throws: Problems.self) { try TestSettings.load(yaml) }
        #expect(problems.list.first?.message == "found more than 100000 values, aliases counted")
    }

    @Test func `a file nested without end is refused`() throws {
        let yaml = "anonymous: " + String(repeating: "[", count: 100_000)
        #expect(throws: Problems.self) { try TestSettings.load(yaml) }
        let deep = "anonymous: " + String(repeating: "[", count: 100) + String(repeating: "]", count: 100)
        let problems = try #require(throws: Problems.self) { try TestSettings.load(deep) }
        #expect(problems.list.first?.message == "nested too deeply, expected at most 32 levels")
    }
}
