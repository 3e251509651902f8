import Access
import Testing

@Suite struct EnhancedAuthenticationTests {
    private let fixture: AccessFixture

    init() throws { fixture = try AccessFixture() }

    private func scram(
        _ access: AccessControl,
        _ user: String,
        _ password: String,
        _ request: ConnectRequest,
        previous: Identity? = nil
    ) throws -> EnhancedAuthentication.Step {
        var client = try ScramClient(username: user, password: password)
        var exchange = try #require(
            access.beginAuthentication(method: "SCRAM-SHA-256", for: request, previous: previous)
        )
        guard case .challenge(let challenge) = exchange.receive(client.firstMessage) else {
            Issue.record("no challenge")
            return .refused(Refusal(.malformed, ""))
        }
        let step = exchange.receive(try client.receiveFirst(challenge))
        if case .accepted(_, let data) = step { try client.receiveFinal(data) }
        return step
    }

    @Test func `SCRAM lets a user in and knows him again`() throws {
        let access = try fixture.accessWithPasswords()
        guard case .accepted(let identity, _) = try scram(access, "bob", "pencil", fixture.request()) else {
            Issue.record("not let in")
            return
        }
        #expect(identity.name == "bob")
        #expect(identity.source == .scram)
        guard case .accepted = try scram(access, "bob", "pencil", fixture.request(), previous: identity)
        else {
            Issue.record("not let in again")
            return
        }
        let other = try #require(
            access.authenticate(fixture.request("ann", "x"), now: AccessFixture.now).identity
        )
        guard
            case .refused(let refusal) = try scram(
                access,
                "bob",
                "pencil",
                fixture.request(),
                previous: other
            )
        else {
            Issue.record("became another user")
            return
        }
        #expect(refusal.reason == .notAuthorized)
    }

    @Test func `SCRAM refuses wrong passwords, other users' names and users without a credential`() throws {
        let access = try fixture.accessWithPasswords()
        for (user, password, username) in [
            ("bob", "pencils", nil), ("nobody", "pencil", nil), ("ann", "x", nil), ("bob", "pencil", "ann"),
        ] {
            guard case .refused(let refusal) = try scram(access, user, password, fixture.request(username))
            else {
                Issue.record("let in")
                continue
            }
            #expect(refusal.reason == .badUserNameOrPassword)
        }
        #expect(access.beginAuthentication(method: "SCRAM-SHA-1", for: fixture.request()) == nil)
        #expect(
            try AccessControl(AccessSettings()).beginAuthentication(
                method: "SCRAM-SHA-256",
                for: fixture.request()
            ) == nil
        )
        var exchange = try #require(
            access.beginAuthentication(method: "SCRAM-SHA-256", for: fixture.request())
        )
        guard case .refused(let refusal) = exchange.receive([]) else {
            Issue.record("took nothing for something")
            return
        }
        #expect(refusal.reason == .malformed)
    }
}
