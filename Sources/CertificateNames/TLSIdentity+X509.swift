package import Access
package import X509

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Who a client is by the certificate that it has shown to a server of NIO's, gRPC or HTTP.
extension TLSIdentity {
    /// - Parameter der: A certificate whose chain has been verified; `nil` where it cannot be read.
    package init?(der: [UInt8]) {
        guard let certificate = try? Certificate(derEncoded: der) else { return nil }
        self.init(certificate)
    }

    /// - Parameter certificate: One whose chain has been verified.
    package init(_ certificate: Certificate) {
        self.init(subject: certificate.subject.description)
        for name in certificate.subject {
            for attribute in name where attribute.type == .RDNAttributeType.commonName {
                commonName = attribute.value.description
            }
        }
        guard let names = try? certificate.extensions.subjectAlternativeNames else { return }
        subjectAltNames = names.compactMap { name in
            switch name {
            case .dnsName(let value): SubjectAltName(.dns, value)
            case .uniformResourceIdentifier(let value): SubjectAltName(.uri, value)
            case .rfc822Name(let value): SubjectAltName(.email, value)
            case .ipAddress(let value): Self.address(value.bytes).map { SubjectAltName(.ip, $0) }
            default: nil
            }
        }
    }

    private static func address(_ bytes: ArraySlice<UInt8>) -> String? {
        guard bytes.count == 4 || bytes.count == 16 else { return nil }
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        let written = Array(bytes).withUnsafeBytes {
            inet_ntop(
                bytes.count == 4 ? AF_INET : AF_INET6,
                $0.baseAddress,
                &text,
                socklen_t(INET6_ADDRSTRLEN)
            )
        }
        guard written != nil else { return nil }
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
