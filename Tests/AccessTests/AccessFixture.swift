import Access

/// A folder with a password file, and an access control made from it.
///
/// ann's password "x" is kept as a quick hash of mosquitto's, bob's "pencil" as a SCRAM credential.
struct AccessFixture {
    static let now: Int64 = 1_800_000_000
    static let secret = Array("0123456789abcdef0123456789abcdef".utf8)

    let folder: ScratchFolder

    init() throws { folder = try ScratchFolder() }

    func request(
        _ username: String? = nil,
        _ password: String? = nil,
        loopback: Bool = false,
        unix: Bool = false,
        listener: String = "tcp",
        tls: TLSIdentity? = nil,
        clientID: String = "dev7",
        address: AddressKey? = nil
    ) -> ConnectRequest {
        ConnectRequest(
            clientID: clientID,
            username: username,
            password: password.map { Array($0.utf8) },
            addressKey: address,
            isLoopback: loopback,
            isUnixSocket: unix,
            listener: listener,
            tls: tls
        )
    }

    func accessWithPasswords(_ change: (inout AccessSettings) -> Void = { _ in }) throws -> AccessControl {
        let ann = try PasswordHash(text: PasswordTests.known[1].hash)
        let bob = PasswordHash.scram(try ScramCredential(password: "pencil", iterations: 4_096))
        var settings = AccessSettings()
        settings.passwordFile = try folder.write("passwords", "ann:\(ann.text)\nbob:\(bob.text)\n")
        change(&settings)
        return try AccessControl(settings)
    }

    /// With tokens beside the passwords, and roles "a" and "b".
    func accessWithTokens(_ change: (inout AccessSettings) -> Void = { _ in }) throws -> AccessControl {
        let path = try folder.write("secret", Self.secret)
        return try accessWithPasswords {
            $0.tokens.keys = [.secretFile(path, id: nil)]
            $0.roles = [.init(name: "a", rules: [.init(.allow, .both, "a/#")]), .init(name: "b")]
            change(&$0)
        }
    }
}
