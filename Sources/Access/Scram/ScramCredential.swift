/// What a server keeps of a password for SCRAM-SHA-256, RFC 5802 section 3 and RFC 7677.
///
/// Whoever steals it cannot log in with it, though guesses can be checked against it.
package struct ScramCredential: Sendable, Hashable {
    /// RFC 7677 section 4: "at least 4096".
    package static let iterationsMin: UInt32 = 4_096
    /// The client does this work, too: 10,000 take a small device a second.
    package static let iterationsDefault: UInt32 = 10_000

    package let salt: [UInt8]
    package let iterations: UInt32
    /// 32 bytes.
    package let storedKey: [UInt8]
    /// 32 bytes.
    package let serverKey: [UInt8]

    package init(salt: [UInt8], iterations: UInt32, storedKey: [UInt8], serverKey: [UInt8]) {
        self.salt = salt
        self.iterations = iterations
        self.storedKey = storedKey
        self.serverKey = serverKey
    }

    /// A fresh credential with a salt of 16 random bytes.
    ///
    /// - Throws: ``SASLprep/Flaw`` for a password with characters that SASLprep forbids or would change.
    package init(password: String, iterations: UInt32 = iterationsDefault) throws {
        try self.init(password: password, salt: try Crypto.randomBytes(16), iterations: iterations)
    }

    package init(password: String, salt: [UInt8], iterations: UInt32) throws {
        let keys = try ScramKeys(
            password: Array(try SASLprep.prepare(password).utf8),
            salt: salt,
            iterations: iterations
        )
        self.init(
            salt: salt,
            iterations: iterations,
            storedKey: keys.storedKey,
            serverKey: keys.serverKey
        )
    }

    /// Whether `password`, sent as it is, is the one that this was made from.
    func verify(_ password: [UInt8]) throws -> Bool {
        // What SASLprep refuses was never stored; it costs as much as any other wrong password.
        let text = String(validating: password, as: UTF8.self).flatMap { try? SASLprep.prepare($0) }
        let prepared = text.map { Array($0.utf8) }
        let keys = try ScramKeys(password: prepared ?? password, salt: salt, iterations: iterations)
        let isSame = Crypto.equal(keys.storedKey, storedKey)
        return isSame && prepared != nil
    }
}

/// The keys that both ends derive from a password, RFC 5802 section 3.
struct ScramKeys {
    let clientKey: [UInt8]
    let storedKey: [UInt8]
    let serverKey: [UInt8]

    init(password: [UInt8], salt: [UInt8], iterations: UInt32) throws {
        // Hi() is PBKDF2 with HMAC() as the pseudorandom function (RFC 5802, 2.2).
        let salted = try Crypto.pbkdf2(
            .sha256,
            password: password,
            salt: salt,
            iterations: iterations,
            count: 32
        )
        clientKey = try Crypto.hmacSHA256(key: salted, Array("Client Key".utf8))
        storedKey = try Crypto.sha256(clientKey)
        serverKey = try Crypto.hmacSHA256(key: salted, Array("Server Key".utf8))
    }
}
