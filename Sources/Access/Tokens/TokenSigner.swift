/// Signs JSON Web Tokens (RFC 7515) for clients that get them from Weir itself.
package struct TokenSigner: Sendable {
    private let key: SigningKey

    /// - Parameter keyFile: A secret of at least 32 bytes for HS256, without one line end after them, or an RSA or
    ///   P-256 private key as PEM for RS256 or ES256.
    /// - Throws: What is wrong with the file.
    package init(keyFile: String) throws(AccessSettingsError) { key = try SigningKey(file: keyFile) }

    /// - Parameter claims: A JSON object.
    /// - Returns: The compact form; `nil` when libcrypto fails.
    package func sign(claims: [UInt8]) -> String? {
        let header = Array(#"{"alg":"\#(key.algorithm.rawValue)","typ":"JWT"}"#.utf8)
        let message =
            Base64.encode(header, .url, padded: false) + "." + Base64.encode(claims, .url, padded: false)
        guard let signature = key.sign(Array(message.utf8)) else { return nil }
        return message + "." + Base64.encode(signature, .url, padded: false)
    }

    /// The claims of a token that has been verified.
    package static func claims(of token: String) -> [UInt8]? {
        let parts = token.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        return parts.count == 3 ? Base64.decode(Array(parts[1]), .url, padding: .forbidden) : nil
    }
}
