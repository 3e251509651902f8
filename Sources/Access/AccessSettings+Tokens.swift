extension AccessSettings {
    /// JSON Web Tokens in the place of the password, RFC 7519.
    package struct TokenSettings: Sendable {
        /// Keys that tokens are signed with; no keys, no tokens.
        package var keys: [KeySource] = []
        /// Each token must have this `iss`; `nil` takes any.
        package var issuer: String?
        /// Each token must have this among its `aud`; `nil` takes any.
        package var audience: String?
        /// The claim that is the username.
        package var usernameClaim = "sub"
        /// The claim with the roles: an array of strings, or one string with spaces between them.
        package var rolesClaim = "roles"
        /// Whether the CONNECT's username, where there is one, must be the token's.
        package var usernameMustMatch = true
        /// Whether a token without `exp` is refused.
        package var expiryRequired = true
        /// Seconds by which clocks may differ. 0…300.
        package var leewaySeconds: Int64 = 30
        /// Longest token. MQTT passwords end at 65,535 bytes.
        package var sizeMaxBytes = 8_192

        package init() {}
    }

    /// Where the key of a token's signature is.
    package enum KeySource: Sendable, Equatable {
        /// HS256: the bytes of a file, without one line end after them. `id` is the token's `kid`.
        case secretFile(String, id: String?)
        /// RS256 or ES256: a public key or certificate as PEM.
        case pemFile(String, id: String?)
        /// What ``TokenSigner`` signs with: a secret, or a private key as PEM.
        case signingKeyFile(String)
        /// RFC 7517, any number of keys.
        case jwksFile(String)
    }

    /// How failed attempts slow an address down.
    package struct ThrottleSettings: Sendable {
        /// Addresses remembered; the one that failed longest ago makes room. 0 switches it off.
        package var addressesMax = 10_000
        /// Failures that cost nothing: people mistype.
        package var freeFailures: UInt32 = 5
        /// The wait after the first failure that costs; each further one doubles it.
        package var firstDelayMilliseconds: UInt64 = 500
        package var delayMaxMilliseconds: UInt64 = 60_000
        /// After this long without a failure the address is as new.
        package var forgetAfterSeconds: UInt64 = 900

        package init() {}
    }
}
