internal import Access
internal import COpenSSL
internal import Reactor

extension TLSIdentity {
    /// The names in a certificate whose chain has been verified.
    ///
    /// A name with a zero byte is left out: it would end somewhere else for each reader.
    init(certificate: OpaquePointer) {
        self.init(
            commonName: Self.commonName(certificate),
            subjectAltNames: Self.alternativeNames(certificate),
            subject: Self.subject(certificate)
        )
    }

    private static func commonName(_ certificate: OpaquePointer) -> String? {
        guard let subject = X509_get_subject_name(certificate) else { return nil }
        let index = X509_NAME_get_index_by_NID(subject, NID_commonName, -1)
        guard index >= 0, let entry = X509_NAME_get_entry(subject, index) else { return nil }
        var text: UnsafeMutablePointer<UInt8>?
        let count = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(entry))
        guard count > 0, let text else { return nil }
        defer { CRYPTO_free(text, "", 0) }
        return clean(UnsafeBufferPointer(start: text, count: Int(count)))
    }

    private static func subject(_ certificate: OpaquePointer) -> String? {
        guard let name = X509_get_subject_name(certificate), let bio = BIO_new(BIO_s_mem()) else {
            return nil
        }
        defer { BIO_free(bio) }
        guard weir_x509_name_print_rfc2253(bio, name) >= 0 else { return nil }
        var bytes: UnsafeMutablePointer<CChar>?
        let count = weir_bio_memory(bio, &bytes)
        guard count > 0, let bytes else { return nil }
        return bytes.withMemoryRebound(to: UInt8.self, capacity: count) {
            clean(UnsafeBufferPointer(start: $0, count: count))
        }
    }

    private static func alternativeNames(_ certificate: OpaquePointer) -> [SubjectAltName] {
        guard let raw = X509_get_ext_d2i(certificate, NID_subject_alt_name, nil, nil) else { return [] }
        let names = OpaquePointer(raw)
        defer { GENERAL_NAMES_free(names) }
        return (0..<weir_general_name_count(names)).compactMap { index in
            guard let name = weir_general_name(names, index) else { return nil }
            switch name.pointee.type {
            case GEN_DNS: return text(name.pointee.d.dNSName).map { SubjectAltName(.dns, $0) }
            case GEN_EMAIL: return text(name.pointee.d.rfc822Name).map { SubjectAltName(.email, $0) }
            case GEN_URI:
                return text(name.pointee.d.uniformResourceIdentifier).map { SubjectAltName(.uri, $0) }
            case GEN_IPADD: return address(name.pointee.d.iPAddress).map { SubjectAltName(.ip, $0) }
            default: return nil
            }
        }
    }

    private static func bytes(_ string: UnsafeMutablePointer<ASN1_STRING>?) -> UnsafeBufferPointer<UInt8> {
        guard let string else { return UnsafeBufferPointer(start: nil, count: 0) }
        return UnsafeBufferPointer(
            start: ASN1_STRING_get0_data(string),
            count: Int(max(0, ASN1_STRING_length(string)))
        )
    }

    private static func text(_ string: UnsafeMutablePointer<ASN1_STRING>?) -> String? {
        clean(bytes(string))
    }

    private static func clean(_ bytes: UnsafeBufferPointer<UInt8>) -> String? {
        guard !bytes.isEmpty, !bytes.contains(0) else { return nil }
        return String(validating: bytes, as: UTF8.self)
    }

    private static func address(_ string: UnsafeMutablePointer<ASN1_STRING>?) -> String? {
        let bytes = bytes(string)
        switch bytes.count {
        case 4: return bytes.map { String($0) }.joined(separator: ".")
        case 16:
            let halves = (0..<2).map { half in
                bytes[half * 8..<half * 8 + 8].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            }
            return SocketAddress.ipv6(halves[0], halves[1], scope: 0, port: 0).host
        default: return nil
        }
    }
}
