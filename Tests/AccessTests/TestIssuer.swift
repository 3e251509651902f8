import COpenSSL
import Foundation

/// Issues tokens for tests with fresh keys of libcrypto: the other end of what `TokenVerifier` does, by
/// the signing half of the library.
final class TestIssuer: @unchecked Sendable {
    enum Kind: String { case rsa = "RSA", p256 = "P-256", p384 = "P-384", ed25519 = "ED25519" }

    /// Making RSA keys takes a while; one is enough.
    static let rsa = TestIssuer(.rsa)
    static let p256 = TestIssuer(.p256)

    let kind: Kind
    private let key: OpaquePointer

    init(_ kind: Kind, bits: Int32 = 2_048) {
        self.kind = kind
        let name = kind == .p256 || kind == .p384 ? "EC" : kind.rawValue
        guard let context = EVP_PKEY_CTX_new_from_name(nil, name, nil) else { fatalError("no \(name)") }
        defer { EVP_PKEY_CTX_free(context) }
        EVP_PKEY_keygen_init(context)
        if kind == .rsa { EVP_PKEY_CTX_ctrl_str(context, "rsa_keygen_bits", String(bits)) }
        if name == "EC" { EVP_PKEY_CTX_set_group_name(context, kind.rawValue) }
        var made: OpaquePointer?
        guard EVP_PKEY_keygen(context, &made) == 1, let made else { fatalError("no key") }
        key = made
    }

    deinit { EVP_PKEY_free(key) }

    var publicPEM: [UInt8] { pem { PEM_write_bio_PUBKEY($0, key) } }
    var privatePEM: [UInt8] { pem { PEM_write_bio_PrivateKey($0, key, nil, nil, 0, nil, nil) } }

    private func pem(_ write: (OpaquePointer?) -> Int32) -> [UInt8] {
        let sink = BIO_new(BIO_s_mem())
        defer { BIO_free(sink) }
        _ = write(sink)
        var bytes = [UInt8](repeating: 0, count: 8_192)
        let count = BIO_read(sink, &bytes, Int32(bytes.count))
        return Array(bytes.prefix(Int(count)))
    }

    /// A JWK of the public key, RFC 7518 6.
    func jwk(_ more: String = "") -> String {
        switch kind {
        case .rsa:
            #"{"kty":"RSA","n":"\#(number("n"))","e":"\#(number("e"))"\#(more)}"#
        case .p256, .p384:
            #"{"kty":"EC","crv":"\#(kind.rawValue)","x":"\#(number("qx"))","y":"\#(number("qy"))"\#(more)}"#
        case .ed25519:
            #"{"kty":"OKP","crv":"Ed25519","x":"AAAA"\#(more)}"#
        }
    }

    private func number(_ name: String) -> String {
        var value: OpaquePointer?
        guard EVP_PKEY_get_bn_param(key, name, &value) == 1, let value else { fatalError("no \(name)") }
        defer { BN_free(value) }
        var size = Int((BN_num_bits(value) + 7) / 8)
        if kind == .p256 { size = 32 }
        var bytes = [UInt8](repeating: 0, count: size)
        BN_bn2binpad(value, &bytes, Int32(size))
        return Self.base64url(bytes)
    }

    func token(_ claims: String, header: String? = nil) -> String {
        let algorithm = kind == .rsa ? "RS256" : "ES256"
        let message = Self.message(header ?? #"{"alg":"\#(algorithm)","typ":"JWT"}"#, claims)
        return message + "." + Self.base64url(sign(Array(message.utf8)))
    }

    private func sign(_ message: [UInt8]) -> [UInt8] {
        let context = EVP_MD_CTX_new()
        defer { EVP_MD_CTX_free(context) }
        var count = 0
        EVP_DigestSignInit(context, nil, EVP_sha256(), nil, key)
        EVP_DigestSign(context, nil, &count, message, message.count)
        var signature = [UInt8](repeating: 0, count: count)
        guard EVP_DigestSign(context, &signature, &count, message, message.count) == 1 else {
            fatalError("no signature")
        }
        signature = Array(signature.prefix(count))
        return kind == .p256 ? Self.plain(signature) : signature
    }

    /// r and s of 32 bytes each out of SEQUENCE { INTEGER, INTEGER }.
    private static func plain(_ der: [UInt8]) -> [UInt8] {
        var rest = der[...].dropFirst(2)
        var result: [UInt8] = []
        for _ in 0..<2 {
            let count = Int(rest.dropFirst().first ?? 0)
            let digits = rest.dropFirst(2).prefix(count).drop { $0 == 0 }
            result += [UInt8](repeating: 0, count: 32 - digits.count) + digits
            rest = rest.dropFirst(2 + count)
        }
        return result
    }

    static func hs256(_ claims: String, secret: [UInt8], header: String = #"{"alg":"HS256"}"#) -> String {
        let message = message(header, claims)
        var code = [UInt8](repeating: 0, count: 32)
        var count: UInt32 = 0
        _ = HMAC(
            EVP_sha256(),
            secret,
            Int32(secret.count),
            Array(message.utf8),
            message.utf8.count,
            &code,
            &count
        )
        return message + "." + base64url(code)
    }

    static func message(_ header: String, _ claims: String) -> String {
        base64url(Array(header.utf8)) + "." + base64url(Array(claims.utf8))
    }

    static func base64url(_ bytes: [UInt8]) -> String {
        Data(bytes).base64EncodedString().replacingOccurrences(of: "+", with: "-")
            .replacingOccurrences(of: "/", with: "_").replacingOccurrences(of: "=", with: "")
    }
}
