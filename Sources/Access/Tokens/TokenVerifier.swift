/// Verifies JSON Web Tokens (RFC 7519) signed with HS256, RS256 or ES256 (RFC 7515, RFC 7518).
///
/// Why not jwt-kit: it brings a second cryptographic library (swift-crypto with BoringSSL) and
/// swift-certificates into every build beside the libcrypto that we link and the distribution patches,
/// and its verification is `async`, where a worker thread wants a plain call. What is needed of JOSE is
/// three algorithms over libcrypto; RFC 8725's advice is followed below, clause by clause.
package struct TokenVerifier: Sendable {
    /// What a good token says.
    package struct Claims: Sendable, Equatable {
        package var username: String
        package var roles: [String]
        /// `exp`, in Unix seconds, leeway included: the session ends then.
        package var expiry: Int64?
        /// What the token is for, beside what its user may do; `nil` does not narrow.
        package var scope: [TopicRule]?

        package init(username: String, roles: [String], expiry: Int64?, scope: [TopicRule]? = nil) {
            self.username = username
            self.roles = roles
            self.expiry = expiry
            self.scope = scope
        }
    }

    package enum Failure: Error, Sendable, Equatable {
        /// Not verified, or not meant for us; the text is for the log.
        case refused(String)
        /// Good but for its time.
        case expired
    }

    private let settings: AccessSettings.TokenSettings
    private let keys: KeySet

    package init(_ settings: AccessSettings.TokenSettings) throws(AccessSettingsErrors) {
        self.settings = settings
        keys = try KeySet(settings.keys)
    }

    package var warnings: [String] { keys.warnings }
    package var isUsed: Bool { !keys.keys.isEmpty }

    /// Whether `password` is a token by its looks: three parts, the first a JSON object.
    package func looksLikeToken(_ password: [UInt8]) -> Bool {
        guard password.count <= settings.sizeMaxBytes,
            password.count(where: { $0 == UInt8(ascii: ".") }) == 2,
            let end = password.firstIndex(of: UInt8(ascii: ".")),
            let header = Base64.decode(password[..<end], .url, padding: .forbidden)
        else { return false }
        return JSONValue.object(header) != nil
    }

    /// - Parameter now: Wall-clock second (Unix time).
    package func verify(_ token: [UInt8], now: Int64) throws(Failure) -> Claims {
        guard token.count <= settings.sizeMaxBytes else {
            throw .refused("a token of \(token.count) bytes, over \(settings.sizeMaxBytes)")
        }
        let parts = token.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 3, let headerBytes = Base64.decode(parts[0], .url, padding: .forbidden),
            let payloadBytes = Base64.decode(parts[1], .url, padding: .forbidden),
            let signature = Base64.decode(parts[2], .url, padding: .forbidden),
            let header = JSONValue.object(headerBytes)
        else { throw .refused("not three base64url parts with a JSON header") }

        // RFC 8725 3.1: only algorithms that we asked for, and each key with one only.
        guard let name = header["alg"]?.string, let algorithm = VerificationKey.Algorithm(rawValue: name)
        else {
            throw .refused("an algorithm other than HS256, RS256 and ES256")
        }
        // RFC 7515 4.1.11: extensions that must be understood, and none is.
        guard header["crit"] == nil else { throw .refused("a critical header extension") }
        let id = header["kid"]?.string
        if header["kid"] != nil, id == nil { throw .refused("a \"kid\" that is no string") }

        let message = Array(token[..<(token.count - parts[2].count - 1)])
        let candidates = keys.candidates(algorithm, id: id)
        guard !candidates.isEmpty else {
            throw .refused("no key for \(algorithm.rawValue) with this \"kid\"")
        }
        guard candidates.contains(where: { $0.verifies(signature, of: message) }) else {
            throw .refused("a wrong signature")
        }
        guard let claims = JSONValue.object(payloadBytes) else { throw .refused("claims that are no object") }
        return try check(claims, now)
    }

    private func check(_ claims: [String: JSONValue], _ now: Int64) throws(Failure) -> Claims {
        // RFC 8725 3.8 and 3.9: issuer and audience, where we know whom to expect.
        if let issuer = settings.issuer, claims["iss"]?.string != issuer { throw .refused("another issuer") }
        if let audience = settings.audience {
            // RFC 7519 4.1.3: one string or an array of them.
            let audiences =
                claims["aud"]?.array?.compactMap(\.string) ?? [claims["aud"]?.string].compactMap(\.self)
            guard audiences.contains(audience) else { throw .refused("another audience") }
        }
        let leeway = settings.leewaySeconds
        var expiry: Int64?
        if let value = claims["exp"] {
            guard let date = value.numericDate else { throw .refused("an \"exp\" that is no date") }
            // RFC 7519 4.1.4: "on or after which the JWT MUST NOT be accepted".
            guard now < date + leeway else { throw .expired }
            expiry = date + leeway
        } else if settings.expiryRequired {
            throw .refused("no \"exp\"")
        }
        if let value = claims["nbf"] {
            guard let date = value.numericDate, now >= date - leeway else { throw .refused("not valid yet") }
        }
        guard let username = claims[settings.usernameClaim]?.string, !username.isEmpty,
            !username.utf8.contains(0)
        else { throw .refused("no name in \"\(settings.usernameClaim)\"") }
        let roles: [String] =
            switch claims[settings.rolesClaim] {
            case .array(let values): values.compactMap(\.string)
            case .string(let text): text.split(separator: " ").map(String.init)
            default: []
            }
        let scope: [TopicRule]?
        do throws(FilterFlaw) {
            scope = try TokenScope.rules(claims["scope"]?.string ?? "")
        } catch {
            throw .refused("a topic filter in \"scope\" that is none")
        }
        return Claims(username: username, roles: roles, expiry: expiry, scope: scope)
    }
}
