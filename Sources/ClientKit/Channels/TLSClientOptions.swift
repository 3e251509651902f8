/// How a TLS connection is made and whom it trusts.
package struct TLSClientOptions: Sendable, Equatable {
    /// Certificates in PEM that are trusted.
    package var caFile: String?
    /// A directory of trusted certificates, named by their hashes (c_rehash).
    package var caPath: String?
    /// Trust what the operating system trusts.
    package var trustsSystem = false
    package var certificateFile: String?
    package var keyFile: String?
    /// Do not compare the certificate's names with the host's. The chain is verified all the same.
    package var skipsHostName = false
    /// A TLS 1.2 cipher list in OpenSSL's words.
    package var ciphers: String?
    package var alpn: String?
    package var minimumVersion: Version?
    package var maximumVersion: Version?
    /// A pre-shared key instead of certificates.
    package var preSharedKey: PreSharedKey?

    package enum Version: String, Sendable, CaseIterable {
        case v1_2 = "tlsv1.2"
        case v1_3 = "tlsv1.3"
    }

    package struct PreSharedKey: Sendable, Equatable {
        package var identity: String
        package var key: [UInt8]

        package init(identity: String, key: [UInt8]) {
            self.identity = identity
            self.key = key
        }

        /// - Parameter hex: digits in pairs, without 0x.
        package init?(identity: String, hex: String) {
            let digits = Array(hex.utf8)
            guard !digits.isEmpty, digits.count.isMultiple(of: 2) else { return nil }
            var key: [UInt8] = []
            for index in stride(from: 0, to: digits.count, by: 2) {
                guard let byte = UInt8(String(decoding: digits[index...index + 1], as: UTF8.self), radix: 16)
                else {
                    return nil
                }
                key.append(byte)
            }
            self.init(identity: identity, key: key)
        }
    }

    package init() {}
}
