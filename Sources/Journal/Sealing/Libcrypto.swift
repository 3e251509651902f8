import COpenSSL

/// The few calls of libcrypto that sealing needs.
enum SHA256 {
    static func digest(_ bytes: [UInt8]) throws(LogError) -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: 32)
        var count: UInt32 = 32
        guard EVP_Digest(bytes, bytes.count, &digest, &count, EVP_sha256(), nil) == 1 else {
            throw Libcrypto.error("EVP_Digest")
        }
        return digest
    }
}

enum Libcrypto {
    static func error(_ call: String) -> LogError {
        let code = ERR_get_error()
        var text = [CChar](repeating: 0, count: 256)
        ERR_error_string_n(code, &text, text.count)
        let reason = String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return LogError(.misuse, "libcrypto: \(call) failed: \(reason)")
    }

    static func randomBytes(_ count: Int) throws(LogError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        guard RAND_bytes(&bytes, Int32(count)) == 1 else { throw error("RAND_bytes") }
        return bytes
    }
}
