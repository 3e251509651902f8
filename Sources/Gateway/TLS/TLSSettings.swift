/// How a listener speaks TLS.
package struct TLSSettings: Sendable, Equatable {
    package enum ClientCertificate: String, Sendable, CaseIterable {
        /// None is asked for.
        case none
        /// Asked for; one that is sent must be good.
        case optional
        /// A client without a good one is turned away.
        case required
    }

    package enum Version: String, Sendable, CaseIterable {
        case tls12 = "1.2"
        case tls13 = "1.3"
    }

    /// PEM file: the server's certificate, then those between it and the root.
    package var certificateFile: String?
    /// PEM file with the private key; `nil` looks for it in ``certificateFile``.
    package var keyFile: String?
    /// File whose first line is the password of ``keyFile``.
    package var keyPasswordFile: String?
    /// PEM file with the authorities whose client certificates are good.
    package var caFile: String?
    /// Directory of such files, named by `openssl rehash`.
    package var caDirectory: String?
    /// PEM file with revocation lists; with it every client certificate must be covered by one.
    package var crlFile: String?
    package var clientCertificate = ClientCertificate.none
    package var minimumVersion = Version.tls12
    /// TLS 1.2 ciphers in OpenSSL's notation; `nil` for OpenSSL's default.
    package var ciphers: String?
    /// TLS 1.3 cipher suites, separated by colons; `nil` for OpenSSL's default.
    package var cipherSuites: String?
    /// Key exchange groups, separated by colons; `nil` for OpenSSL's default.
    package var groups: String?
    /// Application protocols that are accepted from a client that offers any (RFC 7301).
    package var applicationProtocols = ["mqtt"]
    /// A client may resume its session by a ticket, which saves the signatures.
    package var sessionResumption = true
    /// Clients may prove themselves by a pre-shared key; without ``certificateFile`` they must.
    package var preSharedKeys = false
    /// Told to TLS 1.2 clients before they choose their identity.
    package var preSharedKeyHint: String?

    package init() {}
}
