import Access
import Testing

@Suite struct RuleFileTests {
    struct Flawed: CustomTestStringConvertible, Sendable {
        var text: String
        var line: Int
        var found: String
        var expected: String
        var testDescription: String { text }
    }

    static let flawed: [Flawed] = [
        Flawed(text: "topic raed a/b", line: 1, found: "access \"raed\"", expected: "readwrite"),
        Flawed(text: "# c\n\ntopic", line: 3, found: "topic without a filter", expected: "topic [read|"),
        Flawed(text: "user", line: 1, found: "user without a name", expected: "user <username>"),
        Flawed(text: "topic a\nusr ann", line: 2, found: "\"usr\"", expected: "topic, user or pattern"),
        Flawed(text: "topic read a/#/b", line: 1, found: "filter \"a/#/b\"", expected: "last level"),
        Flawed(text: "pattern read a+/%c", line: 1, found: "filter \"a+/%c\"", expected: "alone"),
        Flawed(text: "\u{0}", line: 1, found: "\"\u{0}\"", expected: "topic, user"),
    ]

    @Test(arguments: flawed)
    func `an error names line, what was found and what was expected`(_ flawed: Flawed) {
        #expect {
            try RuleFile(text: flawed.text, name: "rules.acl")
        } throws: { error in
            guard let first = (error as? AccessSettingsErrors)?.errors.first else { return false }
            return first.place == "rules.acl" && first.line == flawed.line && first.found == flawed.found
                && first.expected.contains(flawed.expected)
        }
    }

    @Test func `every wrong line is told of`() {
        #expect {
            try RuleFile(text: "topc a\ntopic b\nusr c", name: "rules.acl")
        } throws: { error in
            (error as? AccessSettingsErrors)?.errors.map(\.line) == [1, 3]
        }
    }

    @Test func `comments, blank lines, tabs at the ends and CRLF are taken`() throws {
        let folder = try ScratchFolder()
        let path = try folder.write(
            "rules.acl",
            "\u{feff}# c\r\n\r\ntopic read a/b\t\r\nuser ann smith \r\ntopic c\r\n"
        )
        let file = try RuleFile(path: path)
        #expect(file.anonymous.count == 1)
        #expect(file.users["ann smith"]?.count == 1)
        #expect(file.warnings.isEmpty)
    }

    @Test func `a pattern without a name is taken with a warning`() throws {
        let file = try RuleFile(text: "pattern read a", name: "rules.acl")
        #expect(file.patterns.count == 1)
        #expect(file.warnings.count == 1)
    }

    @Test func `a missing file and bytes that are no text are told of`() throws {
        let folder = try ScratchFolder()
        #expect {
            try RuleFile(path: folder.path + "/none")
        } throws: { "\($0)".contains("none: found a file that cannot be read (No such file or directory)") }
        let path = try folder.write("rules.acl", [0x74, 0x0a, 0xff, 0xfe])
        #expect {
            try RuleFile(path: path)
        } throws: { "\($0)".contains("line 2: found bytes that are not UTF-8") }
    }

    @Test func `no bytes trap the reader`() throws {
        var random = SeededGenerator(seed: 7)
        let parts = [
            "topic", "user", "pattern", "read", " ", "\n", "#", "+", "/", "%c", "%u", "\0", "é", "deny",
        ]
        var taken = 0
        for _ in 0..<3_000 {
            let text = (0..<Int.random(in: 0...12, using: &random))
                .map { _ in parts.randomElement(using: &random) ?? "" }.joined()
            if (try? RuleFile(text: text, name: "x")) != nil { taken += 1 }
        }
        #expect(taken > 100)
    }
}
