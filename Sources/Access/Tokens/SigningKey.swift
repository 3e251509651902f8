/// What tokens are signed with, bound to one algorithm by what it is.
struct SigningKey: Sendable {
    private enum Material: Sendable {
        case secret([UInt8])
        case privateKey(PrivateKey)
    }

    private let material: Material
    private let path: String

    /// - Parameter file: A private key as PEM, or a secret.
    init(file: String) throws(AccessSettingsError) {
        path = file
        let bytes = try TextFile.secret(file, expected: "a readable file with a secret or a private key")
        if String(decoding: bytes, as: UTF8.self).contains("PRIVATE KEY-----") {
            material = .privateKey(
                try KeySet.placed(file) { () throws(VerificationKey.Flaw) in try PrivateKey(pem: bytes) }
            )
        } else {
            material = .secret(bytes)
        }
        // A secret that is too short is told at once.
        _ = try verificationKey()
    }

    var algorithm: VerificationKey.Algorithm {
        switch material {
        case .secret: .hs256
        case .privateKey(let key): key.publicKey.kind == .rsa ? .rs256 : .es256
        }
    }

    func verificationKey() throws(AccessSettingsError) -> VerificationKey {
        try KeySet.placed(path) { () throws(VerificationKey.Flaw) in
            switch material {
            case .secret(let secret): try VerificationKey(secret: secret, id: nil)
            case .privateKey(let key): VerificationKey(publicKey: key.publicKey, id: nil)
            }
        }
    }

    /// - Returns: `nil` when libcrypto fails.
    func sign(_ message: [UInt8]) -> [UInt8]? {
        switch material {
        case .secret(let secret): try? Crypto.hmacSHA256(key: secret, message)
        case .privateKey(let key): key.sign(message)
        }
    }
}
