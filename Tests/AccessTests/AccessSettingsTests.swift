import Access
import Testing

@Suite struct AccessSettingsTests {
    private let fixture: AccessFixture

    init() throws { fixture = try AccessFixture() }

    @Test func `all that is wrong is told of at once`() throws {
        var settings = AccessSettings()
        settings.passwordFile = fixture.folder.path + "/no-passwords"
        settings.rulesFile = try fixture.folder.write("rules.acl", "topic read a/#/b\n")
        settings.preSharedKeyFile = try fixture.folder.write(
            "psk",
            "dev7:xyz\ndev8:00ff\ndev8:00ff\nnobody\n"
        )
        settings.tokens.keys = [.jwksFile(fixture.folder.path + "/no-keys")]
        settings.tokens.leewaySeconds = 301
        settings.roles = [
            .init(name: "a", rules: [.init(.allow, .both, "a+")]), .init(name: "a"),
        ]
        settings.defaultRoles = ["b"]
        settings.users = [.init(name: "ann", roles: ["c"]), .init(name: "ann")]
        settings.anonymousRoles = ["d"]
        settings.certificates = [.init(field: .subject, pattern: "*", roles: ["e"])]
        settings.banned.addresses = ["192.0.2.0/33", "example.com", "::/-1"]
        settings.quotas.inFlight = 0
        #expect {
            try AccessControl(settings)
        } throws: { error in
            guard let errors = (error as? AccessSettingsErrors)?.errors else { return false }
            let places = errors.map { $0.place.replacing(fixture.folder.path + "/", with: "") }
            return places == [
                "rules.acl", "no-passwords", "psk", "psk", "psk", "no-keys", "access.banned.addresses",
                "access.banned.addresses", "access.banned.addresses", "access.roles.a", "access.roles.a",
                "access.anonymousRoles", "access.defaultRoles", "access.users.ann",
                "access.certificates \"*\"", "access.users.ann", "access.tokens.leewaySeconds",
                "access.quotas.inFlight",
            ] && errors.filter { $0.place.hasSuffix("psk") }.map(\.line) == [1, 3, 4]
        }
    }

    @Test func `pre-shared keys are read as mosquitto writes them`() throws {
        var settings = AccessSettings()
        settings.preSharedKeyFile = try fixture.folder.write("psk", "# keys\ndev7:00fFa0\n\n dev 8:0102 \r\n")
        let keys = try AccessControl(settings).preSharedKeys
        #expect(keys.count == 2)
        #expect(keys.key(for: "dev7") == [0, 0xff, 0xa0])
        #expect(keys.key(for: "dev 8") == [1, 2])
        #expect(keys.key(for: "dev9") == nil)
    }
}
