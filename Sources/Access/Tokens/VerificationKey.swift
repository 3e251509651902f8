/// A key that tokens are verified with, bound to one algorithm.
///
/// The algorithm comes from the key, never from the token: else a token "signed" by HS256 with the text
/// of a public key as its secret would pass (RFC 8725 2.1, 3.1).
struct VerificationKey: Sendable {
    /// RFC 7518 3.1. `none` is no member, and so never accepted.
    enum Algorithm: String, Sendable, CaseIterable {
        case hs256 = "HS256"
        case rs256 = "RS256"
        case es256 = "ES256"
    }

    struct Flaw: Error, Equatable {
        var found: String
        var expected: String
    }

    private enum Material: Sendable {
        case secret([UInt8])
        case publicKey(PublicKey)
    }

    /// `kid`; a key without one is tried for any token of its algorithm.
    let id: String?
    let algorithm: Algorithm
    private let material: Material

    init(secret: [UInt8], id: String?) throws(Flaw) {
        // RFC 7518 3.2: a key of the same size as the hash or larger MUST be used.
        guard secret.count >= 32 else {
            throw Flaw(found: "a secret of \(secret.count) bytes", expected: "at least 32 bytes for HS256")
        }
        self.id = id
        algorithm = .hs256
        material = .secret(secret)
    }

    init(publicKey: PublicKey, id: String?) {
        self.id = id
        algorithm = publicKey.kind == .rsa ? .rs256 : .es256
        material = .publicKey(publicKey)
    }

    func verifies(_ signature: [UInt8], of message: [UInt8]) -> Bool {
        switch material {
        case .secret(let secret):
            guard let code = try? Crypto.hmacSHA256(key: secret, message) else { return false }
            return Crypto.equal(code, signature)
        case .publicKey(let key):
            return key.verifies(signature, of: message)
        }
    }
}
