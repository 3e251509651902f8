import COpenSSL

/// An RSA or P-256 private key of libcrypto.
///
/// `@unchecked Sendable`: the key is only read after `init`, and libcrypto counts its references
/// atomically; each signature has a context of its own.
final class PrivateKey: @unchecked Sendable {
    let publicKey: PublicKey
    private let key: OpaquePointer

    deinit { EVP_PKEY_free(key) }

    /// - Parameter pem: A private key that is not encrypted.
    init(pem: [UInt8]) throws(VerificationKey.Flaw) {
        defer { ERR_clear_error() }
        guard let source = BIO_new_mem_buf(pem, Int32(clamping: pem.count)) else {
            throw VerificationKey.Flaw(found: "no memory", expected: "some")
        }
        defer { BIO_free(source) }
        // Without this, libcrypto would ask a person at the terminal for a password.
        guard let key = PEM_read_bio_PrivateKey(source, nil, { _, _, _, _ in -1 }, nil) else {
            throw VerificationKey.Flaw(
                found: "no private key that libcrypto can read",
                expected: "an RSA or P-256 PRIVATE KEY as PEM, not encrypted"
            )
        }
        var der: UnsafeMutablePointer<UInt8>?
        let count = i2d_PUBKEY(key, &der)
        guard count > 0, let der else {
            EVP_PKEY_free(key)
            throw VerificationKey.Flaw(found: "a key without a public half", expected: "a whole key")
        }
        let bytes = Array(UnsafeBufferPointer(start: der, count: Int(count)))
        CRYPTO_free(der, "", 0)
        do throws(VerificationKey.Flaw) {
            publicKey = try PublicKey(der: bytes)
        } catch {
            EVP_PKEY_free(key)
            throw error
        }
        self.key = key
    }

    /// - Returns: As a JWS has it: for ES256, r and s of 32 bytes each (RFC 7518 3.4). `nil` when libcrypto fails.
    func sign(_ message: [UInt8]) -> [UInt8]? {
        defer { ERR_clear_error() }
        guard let context = EVP_MD_CTX_new() else { return nil }
        defer { EVP_MD_CTX_free(context) }
        var count = 0
        guard EVP_DigestSignInit(context, nil, EVP_sha256(), nil, key) == 1,
            EVP_DigestSign(context, nil, &count, message, message.count) == 1
        else { return nil }
        var signature = [UInt8](repeating: 0, count: count)
        guard EVP_DigestSign(context, &signature, &count, message, message.count) == 1 else { return nil }
        signature.removeLast(signature.count - count)
        return publicKey.kind == .rsa ? signature : DER.pair(in: signature, width: 32)
    }
}
