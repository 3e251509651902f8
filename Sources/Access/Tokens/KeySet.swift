/// The keys that tokens may be signed with, from every source that the settings name.
struct KeySet: Sendable {
    /// More keys than any issuer publishes; each may be tried for one token.
    static let keysMax = 64

    private(set) var keys: [VerificationKey] = []
    /// Keys of a JWKS that are passed over, and why.
    private(set) var warnings: [String] = []

    init(_ sources: [AccessSettings.KeySource]) throws(AccessSettingsErrors) {
        var errors: [AccessSettingsError] = []
        for source in sources {
            do throws(AccessSettingsError) { try add(source) } catch { errors.append(error) }
        }
        if keys.count > Self.keysMax {
            errors.append(
                AccessSettingsError(
                    "access.tokens.keys",
                    found: "\(keys.count) keys",
                    expected: "at most \(Self.keysMax)"
                )
            )
        }
        if !errors.isEmpty { throw AccessSettingsErrors(errors) }
    }

    /// The keys that may have signed a token. A token that names a key is verified with no other,
    /// except with keys that have no name.
    func candidates(_ algorithm: VerificationKey.Algorithm, id: String?) -> [VerificationKey] {
        keys.filter { $0.algorithm == algorithm && (id == nil || $0.id == nil || $0.id == id) }
    }

    private mutating func add(_ source: AccessSettings.KeySource) throws(AccessSettingsError) {
        switch source {
        case .secretFile(let path, let id):
            let secret = try TextFile.secret(path, expected: "a readable file with the secret of HS256")
            keys.append(
                try Self.placed(path) { () throws(VerificationKey.Flaw) in
                    try VerificationKey(secret: secret, id: id)
                }
            )
        case .signingKeyFile(let path): keys.append(try SigningKey(file: path).verificationKey())
        case .pemFile(let path, let id):
            let pem = try TextFile.bytes(path, expected: "a readable file with a public key")
            keys.append(
                try Self.placed(path) { () throws(VerificationKey.Flaw) in
                    VerificationKey(publicKey: try PublicKey(pem: pem), id: id)
                }
            )
        case .jwksFile(let path):
            let bytes = try TextFile.bytes(path, expected: "a readable JWK set")
            guard let list = JSONValue.object(bytes)?["keys"]?.array else {
                throw AccessSettingsError(
                    path,
                    found: "no JSON object with an array \"keys\"",
                    expected: "a JWK set (RFC 7517 5)"
                )
            }
            let count = keys.count
            for (index, entry) in list.enumerated() { try addKey(entry, "\(path), key \(index + 1)") }
            if keys.count == count {
                throw AccessSettingsError(
                    path,
                    found: "no key to verify tokens with",
                    expected: "at least one key for HS256, RS256 or ES256"
                )
            }
        }
    }

    static func placed<T>(
        _ place: String,
        _ body: () throws(VerificationKey.Flaw) -> T
    ) throws(AccessSettingsError) -> T {
        do throws(VerificationKey.Flaw) { return try body() } catch {
            throw AccessSettingsError(place, found: error.found, expected: error.expected)
        }
    }

    /// RFC 7517 5: keys that one does not understand are ignored; here, with a warning. Keys that
    /// one does understand and that are wrong stop the start.
    private mutating func addKey(_ value: JSONValue, _ place: String) throws(AccessSettingsError) {
        guard case .object(let members) = value, let type = members["kty"]?.string else {
            throw AccessSettingsError(place, found: "no object with \"kty\"", expected: "a JWK (RFC 7517 4)")
        }
        if let use = members["use"]?.string, use != "sig" {
            warnings.append("\(place): passed over, its use is \"\(use)\"")
            return
        }
        if let operations = members["key_ops"]?.array, !operations.contains(where: { $0.string == "verify" })
        {
            warnings.append("\(place): passed over, \"verify\" is none of its operations")
            return
        }
        let id = members["kid"]?.string
        func bytes(_ name: String) throws(AccessSettingsError) -> [UInt8] {
            guard let text = members[name]?.string,
                let bytes = Base64.decode(text.utf8, .url, padding: .forbidden), !bytes.isEmpty
            else {
                throw AccessSettingsError(
                    place,
                    found: "no proper \"\(name)\"",
                    expected: "base64url without padding (RFC 7518 6)"
                )
            }
            return bytes
        }
        let algorithm = members["alg"]?.string
        switch (type, members["crv"]?.string) {
        case ("oct", _) where algorithm == nil || algorithm == "HS256":
            let secret = try bytes("k")
            keys.append(
                try Self.placed(place) { () throws(VerificationKey.Flaw) in
                    try VerificationKey(secret: secret, id: id)
                }
            )
        case ("RSA", _) where algorithm == nil || algorithm == "RS256":
            let (modulus, exponent) = (try bytes("n"), try bytes("e"))
            keys.append(
                try Self.placed(place) { () throws(VerificationKey.Flaw) in
                    VerificationKey(publicKey: try PublicKey(modulus: modulus, exponent: exponent), id: id)
                }
            )
        case ("EC", "P-256") where algorithm == nil || algorithm == "ES256":
            let (x, y) = (try bytes("x"), try bytes("y"))
            keys.append(
                try Self.placed(place) { () throws(VerificationKey.Flaw) in
                    VerificationKey(publicKey: try PublicKey(x: x, y: y), id: id)
                }
            )
        default:
            warnings.append(
                "\(place): passed over, a key \"\(type)\" for \(algorithm ?? members["crv"]?.string ?? "another algorithm")"
            )
        }
    }
}
