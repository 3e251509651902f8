import Access
import Glibc
import Settings
import Testing

/// The product's own keys: complete, documented, and read into the structs they configure.
@Suite struct WeirSettingsTests {
    static let fields = WeirSettings.schema.fields(of: WeirSettings())

    @Test func `every key has a sentence, a type and a name in one style`() {
        var names: Set<String> = []
        for flat in Field.flatten(Self.fields, templates: true) {
            #expect(flat.summary.hasSuffix(".") || flat.summary.hasSuffix("?"), "\(flat.name)")
            #expect(flat.summary.count > 10, "\(flat.name)")
            #expect(!flat.value.typeName.isEmpty, "\(flat.name)")
            let key = flat.name.split(separator: ".").last ?? ""
            #expect(key.wholeMatch(of: /[a-z][A-Za-z0-9]*/) != nil, "\(flat.name)")
            #expect(names.insert(flat.name).inserted, "\(flat.name) is declared twice")
        }
    }

    @Test func `a default is one of the values that its own key accepts`() throws {
        // A key inside a list can only be set together with the others of its element.
        for flat in Field.flatten(Self.fields) where !flat.name.contains("[") {
            guard let text = flat.value.text else { continue }
            #expect(throws: Never.self, "\(flat.name)=\(text)") {
                _ = try WeirSettings.loader.load(flags: ["\(flat.name)=\(text)"])
            }
        }
    }

    @Test func `a key that is not set by default has an example`() {
        for flat in Field.flatten(Self.fields, templates: true) where flat.value.text == nil {
            #expect(flat.value.example != nil, "\(flat.name)")
        }
    }

    @Test func `the sample in examples is what the schema writes now`() throws {
        let path = "\(#filePath)".replacing(
            "Tests/SettingsTests/WeirSettingsTests.swift",
            with: "examples/weir.yaml"
        )
        let file = try #require(open(path, O_RDONLY) as Int32?)
        defer { close(file) }
        try #require(file >= 0, "\(path) is missing; write it with: weir config sample > examples/weir.yaml")
        var bytes = [UInt8](repeating: 0, count: 1 << 20)
        let count = read(file, &bytes, bytes.count)
        let text = String(decoding: bytes[..<max(0, count)], as: UTF8.self)
        #expect(text == WeirSettings.sample, "write it anew: weir config sample > examples/weir.yaml")
    }

    @Test func `the sample is valid as it is and means the defaults`() throws {
        let loaded = try WeirSettings.loader.load(file: (WeirSettings.sample, "weir.yaml"))
        #expect(WeirSettings.schema.changes(from: WeirSettings(), to: loaded.settings).isEmpty)
    }

    @Test func `the sample with every key in force is valid and names every key`() throws {
        let loaded = try WeirSettings.loader.load(
            file: (Sample.uncommented(WeirSettings.sample), "weir.yaml")
        )
        for flat in Field.flatten(Self.fields, templates: true) {
            #expect(loaded.places[flat.name.replacing("[]", with: "[0]")] != nil, "\(flat.name) is missing")
        }
    }

    @Test func `rules of a role are read and written back`() throws {
        let yaml = """
            access:
              roles:
                device:
                  rules: ["allow write devices/%c/#", deny read a b/+, allow readwrite x]
                  quotas: {inFlight: 3}
              users:
                alice: {roles: [device]}
            """
        let access = try WeirSettings.loader.load(file: (yaml, "weir.yaml")).settings.access
        #expect(access.roles.map(\.name) == ["device"])
        #expect(access.roles[0].rules.map(\.filter) == ["devices/%c/#", "a b/+", "x"])
        #expect(access.roles[0].rules.map(\.actions) == [.publish, .receive, .both])
        #expect(access.roles[0].rules.map(\.effect) == [.allow, .deny, .allow])
        #expect(access.roles[0].quotas.inFlight == 3)
        #expect(access.users.map(\.name) == ["alice"])
    }

    @Test(arguments: [
        "allow write", "permit read a", "allow subscribe a", "allow read a/#/b", "allow read a+",
    ])
    func `what is no rule is told with its place`(_ rule: String) throws {
        let yaml = "access:\n  roles:\n    r:\n      rules:\n        - allow read a\n        - \(rule)\n"
        let problems = try #require(throws: Problems.self) {
            _ = try WeirSettings.loader.load(file: (yaml, "weir.yaml"))
        }
        #expect(
            problems.description == """
                weir.yaml:6:11: access.roles.r.rules: found "\(rule)", expected "allow|deny read|write|readwrite \
                FILTER", such as "allow write devices/%c/#"
                """
        )
    }
}
