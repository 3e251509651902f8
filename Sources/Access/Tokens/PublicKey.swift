import COpenSSL

/// An RSA or P-256 public key of libcrypto.
///
/// `@unchecked Sendable`: the key is only read after `init`, and libcrypto counts its references
/// atomically; each verification has a context of its own.
final class PublicKey: @unchecked Sendable {
    enum Kind: Sendable {
        /// RSASSA-PKCS1-v1_5 with SHA-256.
        case rsa
        /// ECDSA on P-256 with SHA-256.
        case p256
    }

    let kind: Kind
    private let key: OpaquePointer

    deinit { EVP_PKEY_free(key) }

    /// Takes `key` over.
    private init(taking key: OpaquePointer) throws(VerificationKey.Flaw) {
        self.key = key
        if EVP_PKEY_is_a(key, "RSA") == 1 {
            kind = .rsa
            // RFC 7518 3.3: 2048 bits or larger MUST be used.
            let bits = EVP_PKEY_get_bits(key)
            guard bits >= 2_048 else {
                throw VerificationKey.Flaw(
                    found: "an RSA key of \(bits) bits",
                    expected: "at least 2048 bits"
                )
            }
        } else if EVP_PKEY_is_a(key, "EC") == 1 {
            kind = .p256
            var name = [CChar](repeating: 0, count: 80)
            var count = 0
            guard EVP_PKEY_get_group_name(key, &name, name.count, &count) == 1,
                name.prefix(count).elementsEqual("prime256v1".utf8.map { CChar(bitPattern: $0) })
            else {
                throw VerificationKey.Flaw(found: "a key on another curve", expected: "P-256 for ES256")
            }
        } else {
            throw VerificationKey.Flaw(
                found: "a key of another kind",
                expected: "an RSA key (RS256) or a P-256 key (ES256)"
            )
        }
    }

    /// The first public key or certificate in a PEM text.
    convenience init(pem: [UInt8]) throws(VerificationKey.Flaw) {
        defer { ERR_clear_error() }
        let text = String(decoding: pem, as: UTF8.self)
        if text.contains("PRIVATE KEY-----") {
            throw VerificationKey.Flaw(
                found: "a private key, which belongs to whoever issues tokens",
                expected: "its public key (openssl pkey -pubout) or a certificate"
            )
        }
        guard let source = BIO_new_mem_buf(pem, Int32(clamping: pem.count)) else {
            throw VerificationKey.Flaw(found: "no memory", expected: "some")
        }
        defer { BIO_free(source) }
        var key: OpaquePointer?
        if text.contains("-----BEGIN CERTIFICATE-----") {
            if let certificate = PEM_read_bio_X509(source, nil, nil, nil) {
                key = X509_get_pubkey(certificate)
                X509_free(certificate)
            }
        } else {
            key = PEM_read_bio_PUBKEY(source, nil, nil, nil)
        }
        guard let key else {
            throw VerificationKey.Flaw(
                found: "no key that libcrypto can read",
                expected: "a PUBLIC KEY or CERTIFICATE as PEM"
            )
        }
        try self.init(taking: key)
    }

    /// An RSA key from a JWK's `n` and `e`, RFC 7518 6.3.
    convenience init(modulus: [UInt8], exponent: [UInt8]) throws(VerificationKey.Flaw) {
        // The parts in front of the BIT STRING: rsaEncryption with NULL, RFC 3279 2.3.1.
        let algorithm: [UInt8] = [
            0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00,
        ]
        let numbers = DER.sequence(DER.unsignedInteger(modulus) + DER.unsignedInteger(exponent))
        try self.init(der: DER.sequence(algorithm + DER.bitString(numbers)))
    }

    /// A P-256 key from a JWK's `x` and `y`, RFC 7518 6.2.
    convenience init(x: [UInt8], y: [UInt8]) throws(VerificationKey.Flaw) {
        guard x.count == 32, y.count == 32 else {
            throw VerificationKey.Flaw(found: "coordinates of another length", expected: "32 bytes each")
        }
        // id-ecPublicKey and prime256v1, RFC 5480 2.1.1; an uncompressed point.
        let algorithm: [UInt8] = [
            0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48,
            0xce, 0x3d, 0x03, 0x01, 0x07,
        ]
        try self.init(der: DER.sequence(algorithm + DER.bitString([4] + x + y)))
    }

    /// SubjectPublicKeyInfo. libcrypto checks that a point is on its curve.
    convenience init(der: [UInt8]) throws(VerificationKey.Flaw) {
        defer { ERR_clear_error() }
        let key = der.withUnsafeBufferPointer { buffer -> OpaquePointer? in
            var place = buffer.baseAddress
            return d2i_PUBKEY(nil, &place, buffer.count)
        }
        guard let key else {
            throw VerificationKey.Flaw(found: "numbers that are no key", expected: "a valid public key")
        }
        try self.init(taking: key)
    }

    /// - Parameter signature: As a JWS has it: for ES256, r and s of 32 bytes each (RFC 7518 3.4).
    func verifies(_ signature: [UInt8], of message: [UInt8]) -> Bool {
        defer { ERR_clear_error() }
        var signature = signature
        if kind == .p256 {
            guard signature.count == 64 else { return false }
            signature = DER.sequence(
                DER.unsignedInteger(Array(signature[..<32])) + DER.unsignedInteger(Array(signature[32...]))
            )
        }
        guard let context = EVP_MD_CTX_new() else { return false }
        defer { EVP_MD_CTX_free(context) }
        guard EVP_DigestVerifyInit(context, nil, EVP_sha256(), nil, key) == 1 else { return false }
        return EVP_DigestVerify(context, signature, signature.count, message, message.count) == 1
    }
}

/// The little of X.690 that public keys and ECDSA signatures need.
enum DER {
    static func sequence(_ content: [UInt8]) -> [UInt8] { [0x30] + length(content.count) + content }

    static func bitString(_ content: [UInt8]) -> [UInt8] {
        [0x03] + length(content.count + 1) + [0] + content
    }

    static func unsignedInteger(_ bytes: [UInt8]) -> [UInt8] {
        var digits = Array(bytes.drop { $0 == 0 })
        // The first bit is the sign.
        if digits.first.map({ $0 >= 0x80 }) ?? true { digits.insert(0, at: 0) }
        return [0x02] + length(digits.count) + digits
    }

    /// The two numbers of a SEQUENCE, such as an ECDSA signature (RFC 3279 2.2.3), each in `width` bytes.
    ///
    /// - Returns: `nil` where there are no two, or they need more room.
    static func pair(in sequence: [UInt8], width: Int) -> [UInt8]? {
        // Two numbers of 33 bytes at most: a length of one byte each.
        guard sequence.count >= 2, sequence[0] == 0x30, Int(sequence[1]) == sequence.count - 2 else {
            return nil
        }
        var rest = sequence[2...]
        var numbers: [UInt8] = []
        for _ in 0..<2 {
            guard rest.popFirst() == 0x02, let count = rest.popFirst(), count <= rest.count else {
                return nil
            }
            let digits = rest.prefix(Int(count)).drop { $0 == 0 }
            rest = rest.dropFirst(Int(count))
            guard digits.count <= width else { return nil }
            numbers += [UInt8](repeating: 0, count: width - digits.count) + digits
        }
        return rest.isEmpty ? numbers : nil
    }

    private static func length(_ count: Int) -> [UInt8] {
        if count < 0x80 { return [UInt8(count)] }
        var bytes: [UInt8] = []
        var rest = count
        while rest > 0 {
            bytes.insert(UInt8(rest & 0xff), at: 0)
            rest >>= 8
        }
        return [0x80 | UInt8(bytes.count)] + bytes
    }
}
