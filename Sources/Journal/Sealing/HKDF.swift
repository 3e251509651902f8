import COpenSSL

/// Keys from a key (RFC 5869, with SHA-256).
enum HKDF {
    /// Derives 32 bytes.
    static func derive(from key: [UInt8], salt: [UInt8], info: String) throws(LogError) -> [UInt8] {
        guard let kdf = EVP_KDF_fetch(nil, "HKDF", nil) else { throw Libcrypto.error("EVP_KDF_fetch") }
        defer { EVP_KDF_free(kdf) }
        guard let context = EVP_KDF_CTX_new(kdf) else { throw Libcrypto.error("EVP_KDF_CTX_new") }
        defer { EVP_KDF_CTX_free(context) }
        var derived = [UInt8](repeating: 0, count: 32)
        var digest = Array("SHA256".utf8CString)
        var key = key
        var salt = salt
        var info = Array(info.utf8)
        // A parameter keeps pointers to its name and value, so both must outlive the derivation.
        let result = digest.withUnsafeMutableBufferPointer { digest in
            key.withUnsafeMutableBytes { key in
                salt.withUnsafeMutableBytes { salt in
                    info.withUnsafeMutableBytes { info in
                        let parameters = [
                            OSSL_PARAM_construct_utf8_string(name("digest"), digest.baseAddress, 0),
                            OSSL_PARAM_construct_octet_string(name("key"), key.baseAddress, key.count),
                            OSSL_PARAM_construct_octet_string(name("salt"), salt.baseAddress, salt.count),
                            OSSL_PARAM_construct_octet_string(name("info"), info.baseAddress, info.count),
                            OSSL_PARAM_construct_end(),
                        ]
                        return EVP_KDF_derive(context, &derived, derived.count, parameters)
                    }
                }
            }
        }
        guard result == 1 else { throw Libcrypto.error("EVP_KDF_derive") }
        return derived
    }

    /// A C string that lives as long as the program.
    private static func name(_ string: StaticString) -> UnsafePointer<CChar> {
        UnsafeRawPointer(string.utf8Start).assumingMemoryBound(to: CChar.self)
    }
}
