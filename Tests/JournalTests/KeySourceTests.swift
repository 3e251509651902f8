import Glibc
import Journal
import Testing

@Suite struct KeySourceTests {
    private static let hex = String(repeating: "0f", count: 32)

    /// A file with `content`, gone after `body`.
    private func withFile(_ content: String, _ body: (_ directory: String, _ name: String) throws -> Void)
        throws
    {
        var template = Array("/tmp/weir-key-XXXXXX".utf8CString)
        let directory = try #require(mkdtemp(&template).map { String(cString: $0) })
        defer { rmdir(directory) }
        let file = try POSIXDisk().open("\(directory)/key", .create)
        defer { unlink("\(directory)/key") }
        try file.write(Array(content.utf8), at: 0)
        try body(directory, "key")
    }

    @Test func `a key comes from a file, the environment or a credential, and is the same`() throws {
        let expected = try KeyRing.Key(bytes: Array(repeating: 15, count: 32)).id
        let variable = try #require(KeySource("environment:WEIR_KEY"))
        #expect(try variable.key(environment: ["WEIR_KEY": Self.hex]).id == expected)
        try withFile(Self.hex + "\n") { directory, name in
            let file = try #require(KeySource("file:\(directory)/\(name)"))
            #expect(try file.key(environment: [:]).id == expected)
            let credential = try #require(KeySource("credential:\(name)"))
            #expect(try credential.key(environment: ["CREDENTIALS_DIRECTORY": directory]).id == expected)
        }
        // 32 bytes as they are.
        try withFile(String(repeating: "\u{0F}", count: 32)) { directory, name in
            let file = try #require(KeySource("file:\(directory)/\(name)"))
            #expect(try file.key(environment: [:]).id == expected)
        }
    }

    @Test(arguments: ["", "file:", "secret:x", "nothing"])
    func `what is no source is none`(_ text: String) {
        #expect(KeySource(text) == nil)
    }

    @Test(arguments: [
        ("environment:GONE", "the variable is not set"),
        ("credential:x", "$CREDENTIALS_DIRECTORY is not set"),
        ("environment:SHORT", "found 4 bytes, expected 32"), ("file:/nowhere/key", "/nowhere/key"),
    ])
    func `what is wrong with a key is said, and the key is not`(_ text: String, _ expected: String) throws {
        let source = try #require(KeySource(text))
        do {
            _ = try source.key(environment: ["SHORT": "abcd"])
            Issue.record("\(text) gave a key")
        } catch {
            #expect(error.message.contains(expected), "\(error.message)")
            #expect(!error.message.contains("abcd"))
        }
    }
}
