/// Signs JSON Web Tokens with HS256 (RFC 7515), for clients that get them from Weir itself.
package struct TokenSigner: Sendable {
    private let secret: [UInt8]

    /// - Parameter secretFile: At least 32 bytes, without one line end after them.
    /// - Throws: What is wrong with the file.
    package init(secretFile: String) throws(AccessSettingsError) {
        var secret = try TextFile.bytes(secretFile, expected: "a readable file with the secret of HS256")
        if secret.last == UInt8(ascii: "\n") { secret.removeLast() }
        if secret.last == UInt8(ascii: "\r") { secret.removeLast() }
        // RFC 7518 3.2: a key of the same size as the hash or larger MUST be used.
        guard secret.count >= 32 else {
            throw AccessSettingsError(
                secretFile,
                found: "a secret of \(secret.count) bytes",
                expected: "at least 32 bytes for HS256"
            )
        }
        self.secret = secret
    }

    /// - Parameter claims: A JSON object.
    /// - Returns: The compact form; `nil` when libcrypto fails.
    package func sign(claims: [UInt8]) -> String? {
        let header = Array(#"{"alg":"HS256","typ":"JWT"}"#.utf8)
        let message =
            Base64.encode(header, .url, padded: false) + "." + Base64.encode(claims, .url, padded: false)
        guard let code = try? Crypto.hmacSHA256(key: secret, Array(message.utf8)) else { return nil }
        return message + "." + Base64.encode(code, .url, padded: false)
    }

    /// The claims of a token that has been verified.
    package static func claims(of token: String) -> [UInt8]? {
        let parts = token.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        return parts.count == 3 ? Base64.decode(Array(parts[1]), .url, padding: .forbidden) : nil
    }
}
