import Access
import Testing

@Suite struct AccessControlTests {
    private let fixture: AccessFixture

    init() throws { fixture = try AccessFixture() }

    // MARK: - Anonymous clients

    struct AnonymousCase: CustomTestStringConvertible, Sendable {
        var testDescription: String
        var everywhere: Bool?
        var onListener: Bool?
        var loopback = false
        var unix = false
        var isAllowed: Bool
    }

    static let anonymousCases: [AnonymousCase] = [
        AnonymousCase(testDescription: "from elsewhere", isAllowed: false),
        AnonymousCase(testDescription: "over loopback", loopback: true, isAllowed: true),
        AnonymousCase(testDescription: "over a Unix socket", unix: true, isAllowed: true),
        AnonymousCase(testDescription: "from elsewhere, allowed", everywhere: true, isAllowed: true),
        AnonymousCase(
            testDescription: "over loopback, forbidden",
            everywhere: false,
            loopback: true,
            isAllowed: false
        ),
        AnonymousCase(
            testDescription: "the listener allows",
            everywhere: false,
            onListener: true,
            isAllowed: true
        ),
        AnonymousCase(
            testDescription: "the listener forbids",
            everywhere: true,
            onListener: false,
            unix: true,
            isAllowed: false
        ),
    ]

    @Test(arguments: anonymousCases)
    func `anonymous clients are let in by transport and settings`(_ testCase: AnonymousCase) throws {
        var settings = AccessSettings()
        settings.allowAnonymous = testCase.everywhere
        settings.listeners["tcp"] = .init(allowAnonymous: testCase.onListener)
        let access = try AccessControl(settings)
        let result = access.authenticateQuickly(
            fixture.request(loopback: testCase.loopback, unix: testCase.unix),
            now: AccessFixture.now
        )
        #expect((result?.identity?.source == .anonymous) == testCase.isAllowed)
        #expect((result?.refusal?.reason == .notAuthorized) == !testCase.isAllowed)
    }

    @Test func `a name that nothing verifies is not used`() throws {
        let access = try AccessControl(AccessSettings())
        let identity = access.authenticateQuickly(
            fixture.request("admin", "x", loopback: true),
            now: AccessFixture.now
        )?.identity
        #expect(identity != nil)
        #expect(identity?.name == nil)
        let refusal = access.authenticateQuickly(fixture.request("admin", "x"), now: AccessFixture.now)?
            .refusal
        #expect(refusal?.reason == .badUserNameOrPassword)
    }

    // MARK: - Passwords

    @Test func `a password takes the long way once and the quick way then`() throws {
        let access = try fixture.accessWithPasswords()
        let good = fixture.request("ann", "x", loopback: true)
        #expect(access.authenticateQuickly(good, now: AccessFixture.now) == nil)
        let identity = access.authenticate(good, now: AccessFixture.now).identity
        #expect(identity?.name == "ann")
        #expect(identity?.clientID == "dev7")
        #expect(identity?.source == .password)
        #expect(access.authenticateQuickly(good, now: AccessFixture.now + 3_599)?.identity?.name == "ann")
        #expect(access.authenticateQuickly(good, now: AccessFixture.now + 3_600) == nil)
        #expect(access.authenticateQuickly(fixture.request("ann", "y"), now: AccessFixture.now) == nil)
    }

    @Test func `wrong passwords and unknown users are refused alike, loopback or not`() throws {
        let access = try fixture.accessWithPasswords()
        let refusals = [("ann", "y"), ("nobody", "x"), ("ann", ""), ("", "x"), ("bob", "pencils")].map {
            access.authenticate(fixture.request($0.0, $0.1, loopback: true), now: AccessFixture.now).refusal
        }
        #expect(Set(refusals.map { $0?.logText }).count == 1)
        #expect(
            refusals.allSatisfy { $0?.reason == .badUserNameOrPassword && $0?.reason.isFailedAttempt == true }
        )
        #expect(
            access.authenticate(fixture.request("ann", loopback: true), now: AccessFixture.now).refusal?
                .reason == .badUserNameOrPassword
        )
        #expect(
            access.authenticate(fixture.request(nil, "x", loopback: true), now: AccessFixture.now).refusal?
                .reason == .badUserNameOrPassword
        )
        #expect(
            access.authenticate(fixture.request("bob", "pencil"), now: AccessFixture.now).identity?.name
                == "bob"
        )
    }

    @Test func `no refusal's text has the password`() throws {
        let access = try fixture.accessWithPasswords()
        for username in ["ann", "nobody"] {
            let refusal = access.authenticate(fixture.request(username, "hunter2"), now: AccessFixture.now)
                .refusal
            #expect(refusal?.logText.contains("hunter2") == false)
        }
    }

    @Test func `a new snapshot remembers right passwords but not changed ones`() throws {
        let old = try fixture.accessWithPasswords()
        let good = fixture.request("ann", "x")
        _ = old.authenticate(good, now: AccessFixture.now)
        #expect(
            try AccessControl(old.settings, replacing: old).authenticateQuickly(good, now: AccessFixture.now)?
                .identity != nil
        )
        #expect(try AccessControl(old.settings).authenticateQuickly(good, now: AccessFixture.now) == nil)
        let hash = try PasswordHash.scrypt(Array("new".utf8), PasswordTests.cheap)
        _ = try fixture.folder.write("passwords", "ann:\(hash.text)\n")
        let new = try AccessControl(old.settings, replacing: old)
        #expect(new.authenticateQuickly(good, now: AccessFixture.now) == nil)
        #expect(new.authenticate(good, now: AccessFixture.now).refusal?.reason == .badUserNameOrPassword)
    }

    @Test func `the memory of right passwords is bounded`() throws {
        let access = try fixture.accessWithPasswords {
            $0.passwordCache.entriesMax = 1
        }
        _ = access.authenticate(fixture.request("ann", "x"), now: AccessFixture.now)
        _ = access.authenticate(fixture.request("bob", "pencil"), now: AccessFixture.now)
        let quick = [fixture.request("ann", "x"), fixture.request("bob", "pencil")].filter {
            access.authenticateQuickly($0, now: AccessFixture.now) != nil
        }
        #expect(quick.map(\.username) == ["bob"])
    }

    // MARK: - TLS

    struct TLSCase: CustomTestStringConvertible, Sendable {
        var testDescription: String
        var source: AccessSettings.UsernameSource?
        var tls: TLSIdentity?
        var name: String?
        var kind: Identity.Source?
    }

    private static let certificate = TLSIdentity(
        commonName: "dev7",
        subjectAltNames: [.init(.ip, "192.0.2.1"), .init(.dns, "dev7.example")],
        subject: "CN=dev7,O=Example"
    )

    static let tlsCases: [TLSCase] = [
        TLSCase(
            testDescription: "common name",
            source: .commonName,
            tls: certificate,
            name: "dev7",
            kind: .certificate
        ),
        TLSCase(
            testDescription: "alternative name",
            source: .subjectAltName,
            tls: certificate,
            name: "dev7.example",
            kind: .certificate
        ),
        TLSCase(
            testDescription: "subject",
            source: .subject,
            tls: certificate,
            name: "CN=dev7,O=Example",
            kind: .certificate
        ),
        TLSCase(
            testDescription: "pre-shared key",
            source: .commonName,
            tls: TLSIdentity(pskIdentity: "p"),
            name: "p",
            kind: .psk
        ),
        TLSCase(testDescription: "listener takes no name from it", source: nil, tls: certificate),
        TLSCase(testDescription: "no certificate", source: .commonName, tls: nil),
        TLSCase(
            testDescription: "certificate without the field",
            source: .subjectAltName,
            tls: TLSIdentity(commonName: "x")
        ),
        TLSCase(testDescription: "empty common name", source: .commonName, tls: TLSIdentity(commonName: "")),
    ]

    @Test(arguments: tlsCases)
    func `a TLS identity is a name where the listener takes it`(_ testCase: TLSCase) throws {
        var settings = AccessSettings()
        settings.listeners["tls"] = .init(usernameFrom: testCase.source)
        let result = try AccessControl(settings).authenticateQuickly(
            fixture.request("claimed", "x", listener: "tls", tls: testCase.tls),
            now: AccessFixture.now
        )
        #expect(result?.identity?.name == testCase.name)
        #expect(result?.identity?.source == testCase.kind)
        #expect((result?.refusal != nil) == (testCase.name == nil))
    }

    @Test func `certificates get roles by pattern`() throws {
        var settings = AccessSettings()
        settings.listeners["tls"] = .init(usernameFrom: .commonName)
        settings.roles = [
            .init(name: "sensor", rules: [.init(.allow, .publish, "s/%u/#")]),
            .init(name: "guest", rules: [.init(.allow, .receive, "public/#")]),
        ]
        settings.certificates = [
            .init(field: .subjectAltName, pattern: "*.sensors.example", roles: ["sensor"])
        ]
        settings.defaultRoles = ["guest"]
        let access = try AccessControl(settings)
        func identity(_ name: String) -> Identity? {
            let tls = TLSIdentity(commonName: "d", subjectAltNames: [.init(.dns, name)])
            return access.authenticateQuickly(
                fixture.request(listener: "tls", tls: tls),
                now: AccessFixture.now
            )?.identity
        }
        let sensor = identity("d1.sensors.example")
        #expect(sensor?.roles == ["sensor"])
        #expect(sensor?.mayPublish("s/d/x") == true)
        #expect(sensor?.mayReceive("public/x") == false)
        for name in ["d1.sensors.example.org", "sensors.example", "d1.sensorsxexample"] {
            #expect(identity(name)?.roles == ["guest"])
        }
    }

    // MARK: - Tokens

    @Test func `a token is a password whose claims say who and until when`() throws {
        let access = try fixture.accessWithTokens()
        let token = TestIssuer.hs256(
            #"{"sub":"cem","exp":1800000060,"roles":["b","a","root"]}"#,
            secret: AccessFixture.secret
        )
        for username in ["cem", nil] {
            let identity = access.authenticate(fixture.request(username, token), now: AccessFixture.now)
                .identity
            #expect(identity?.name == "cem")
            #expect(identity?.source == .jwt)
            #expect(identity?.roles == ["a", "b"], "a role that the settings do not have is no role")
            #expect(identity?.expiry == 1_800_000_090)
            #expect(identity?.mayPublish("a/x") == true)
            #expect(identity?.mayPublish("b/x") == false)
        }
        #expect(
            access.authenticate(fixture.request("ann", token), now: AccessFixture.now).refusal?.reason
                == .badUserNameOrPassword
        )
        #expect(
            access.authenticate(fixture.request("cem", token), now: AccessFixture.now + 100).refusal?.reason
                == .tokenExpired
        )
        let forged = TestIssuer.hs256(
            #"{"sub":"cem","exp":1800000060}"#,
            secret: AccessFixture.secret.reversed()
        )
        let refusal = access.authenticate(fixture.request("cem", forged), now: AccessFixture.now).refusal
        #expect(refusal?.reason == .badUserNameOrPassword)
        #expect(refusal?.logText.contains(forged) == false)
    }

    @Test func `passwords go on beside tokens`() throws {
        let access = try fixture.accessWithTokens()
        #expect(
            access.authenticate(fixture.request("ann", "x"), now: AccessFixture.now).identity?.source
                == .password
        )
        #expect(
            access.authenticate(fixture.request("ann", "x.y.z"), now: AccessFixture.now).refusal?.logText
                == "unknown user or wrong password"
        )
    }

    // MARK: - Bans

    @Test func `the banned are turned away first`() throws {
        let access = try fixture.accessWithPasswords {
            $0.allowAnonymous = true
            $0.banned.addresses = ["192.0.2.0/24", "198.51.100.7", "2001:db8::/32", "::1"]
            $0.banned.clientIDs = ["bad-*"]
            $0.banned.users = ["ann"]
        }
        func reason(_ request: ConnectRequest) -> Refusal.Reason? {
            access.authenticate(request, now: AccessFixture.now).refusal?.reason
        }
        #expect(reason(fixture.request(address: AddressKey(ipv4: 192, 0, 2, 200))) == .banned)
        #expect(reason(fixture.request(address: AddressKey(ipv4: 192, 0, 3, 1))) == nil)
        #expect(reason(fixture.request(address: AddressKey(ipv4: 198, 51, 100, 7))) == .banned)
        #expect(reason(fixture.request(address: AddressKey(ipv4: 198, 51, 100, 6))) == nil)
        #expect(reason(fixture.request(address: AddressKey(high: 0x2001_0db8_ffff_0000, low: 1))) == .banned)
        #expect(reason(fixture.request(address: AddressKey(high: 0x2001_0db9_0000_0000, low: 1))) == nil)
        #expect(reason(fixture.request(address: AddressKey(high: 0, low: 1))) == .banned)
        #expect(reason(fixture.request(clientID: "bad-7")) == .banned)
        #expect(reason(fixture.request(clientID: "good-7")) == nil)
        #expect(reason(fixture.request("ann", "x")) == .banned)
        #expect(reason(fixture.request("ann", "y")) == .badUserNameOrPassword)
        #expect(reason(fixture.request("bob", "pencil")) == nil)
    }
}
