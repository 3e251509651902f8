import Access
import Testing

@Suite struct GrantTests {
    private let fixture: AccessFixture

    init() throws { fixture = try AccessFixture() }

    @Test func `clients with the same rules share them`() throws {
        let access = try fixture.accessWithPasswords {
            $0.allowAnonymous = true
            $0.roles = [.init(name: "a", rules: [.init(.allow, .both, "%u/#")])]
            $0.defaultRoles = ["a"]
        }
        let ann = access.authenticate(fixture.request("ann", "x"), now: AccessFixture.now).identity
        let bob = access.authenticate(fixture.request("bob", "pencil"), now: AccessFixture.now).identity
        #expect(ann?.grants === bob?.grants)
        #expect(ann?.mayPublish("ann/x") == true)
        #expect(bob?.mayPublish("ann/x") == false)
        let anonymous = (0..<2).map { _ in
            access.authenticate(fixture.request(), now: AccessFixture.now).identity
        }
        #expect(anonymous[0]?.grants === anonymous[1]?.grants)
        #expect(anonymous[0]?.grants !== ann?.grants)
    }

    @Test func `limits come from the settings, then the widest role, then the user`() throws {
        let access = try fixture.accessWithPasswords {
            $0.quotas.publishRate = 10
            $0.quotas.queuedMessages = 10
            var few = QuotaOverrides()
            few.publishRate = 20
            few.inFlight = 5
            var many = QuotaOverrides()
            many.publishRate = 30
            var own = QuotaOverrides()
            own.subscriptions = 3
            $0.roles = [.init(name: "few", quotas: few), .init(name: "many", quotas: many)]
            $0.users = [.init(name: "ann", roles: ["many", "few"], quotas: own)]
        }
        let ann = access.authenticate(fixture.request("ann", "x"), now: AccessFixture.now).identity
        var expected = Quotas()
        expected.publishRate = 30
        expected.queuedMessages = 10
        expected.inFlight = 5
        expected.subscriptions = 3
        #expect(ann?.quotas == expected)
        let bob = access.authenticate(fixture.request("bob", "pencil"), now: AccessFixture.now).identity
        #expect(bob?.quotas.publishRate == 10)
    }

    @Test func `with roles configured, a client without any may do nothing`() throws {
        let access = try fixture.accessWithPasswords {
            $0.roles = [.init(name: "a", rules: [.init(.allow, .both, "#")])]
        }
        let ann = access.authenticate(fixture.request("ann", "x"), now: AccessFixture.now).identity
        #expect(ann?.mayPublish("x") == false)
        #expect(ann?.subscription("#") == .denied)
    }

    @Test func `a reload gives and takes roles`() throws {
        let old = try fixture.accessWithTokens { $0.users = [.init(name: "ann", roles: ["a"])] }
        let ann = try #require(old.authenticate(fixture.request("ann", "x"), now: AccessFixture.now).identity)
        let token = TestIssuer.hs256(
            #"{"sub":"cem","exp":1800000060,"roles":["a"]}"#,
            secret: AccessFixture.secret
        )
        let cem = try #require(
            old.authenticate(fixture.request("cem", token), now: AccessFixture.now).identity
        )

        var settings = old.settings
        settings.users = [.init(name: "ann", roles: ["b"])]
        settings.banned.users = ["bob"]
        let new = try AccessControl(settings, replacing: old)
        #expect(new.refreshed(ann)?.roles == ["b"])
        #expect(new.refreshed(cem)?.roles == ["a"])
        #expect(new.refreshed(cem)?.expiry == cem.expiry)
        let bob = try #require(
            old.authenticate(fixture.request("bob", "pencil"), now: AccessFixture.now).identity
        )
        #expect(new.refreshed(bob) == nil)
        _ = try fixture.folder.write("passwords", "")
        #expect(try AccessControl(settings).refreshed(ann) == nil)
        #expect(new.refreshed(.unrestricted(clientID: "uplink"))?.source == .internal)
    }
}
