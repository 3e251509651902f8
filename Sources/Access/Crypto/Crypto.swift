import COpenSSL

/// The few operations of libcrypto that access needs, as functions of bytes.
///
/// Each throws only where libcrypto itself fails: out of memory, or an algorithm that the system's policy
/// (FIPS, say) forbids.
enum Crypto {
    struct Failure: Error, CustomStringConvertible {
        var operation: String
        var reason: String

        /// Takes libcrypto's own reason off its per-thread queue.
        init(_ operation: String) {
            self.operation = operation
            var text = [CChar](repeating: 0, count: 256)
            let code = ERR_get_error()
            ERR_clear_error()
            ERR_error_string_n(code, &text, text.count)
            reason = text.withUnsafeBufferPointer { buffer in
                String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            }
        }

        var description: String { "libcrypto refuses \(operation): \(reason)" }
    }

    static func randomBytes(_ count: Int) throws(Failure) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        guard RAND_bytes(&bytes, Int32(clamping: count)) == 1 else { throw Failure("random bytes") }
        return bytes
    }

    static func sha256(_ bytes: [UInt8]) throws(Failure) -> [UInt8] {
        try digest(bytes, EVP_sha256(), 32, "SHA-256")
    }

    static func sha512(_ bytes: [UInt8]) throws(Failure) -> [UInt8] {
        try digest(bytes, EVP_sha512(), 64, "SHA-512")
    }

    static func hmacSHA256(key: [UInt8], _ bytes: [UInt8]) throws(Failure) -> [UInt8] {
        var code = [UInt8](repeating: 0, count: 32)
        var count: UInt32 = 0
        // An empty array's pointer may be null, which HMAC takes for "the key of before".
        let filled = key.isEmpty ? [0] : key
        let done = HMAC(EVP_sha256(), filled, Int32(clamping: key.count), bytes, bytes.count, &code, &count)
        guard done != nil, count == 32 else { throw Failure("HMAC-SHA-256") }
        return code
    }

    enum HashFunction { case sha256, sha512 }

    /// RFC 8018, 5.2.
    static func pbkdf2(
        _ function: HashFunction,
        password: [UInt8],
        salt: [UInt8],
        iterations: UInt32,
        count: Int
    ) throws(Failure) -> [UInt8] {
        var key = [UInt8](repeating: 0, count: count)
        let done = PKCS5_PBKDF2_HMAC(
            characters(password),
            Int32(clamping: password.count),
            salt,
            Int32(clamping: salt.count),
            Int32(clamping: iterations),
            function == .sha256 ? EVP_sha256() : EVP_sha512(),
            Int32(clamping: count),
            &key
        )
        guard done == 1 else { throw Failure("PBKDF2") }
        return key
    }

    /// RFC 7914. Takes 128 · r · 2^logN bytes of memory while it runs.
    static func scrypt(
        password: [UInt8],
        salt: [UInt8],
        logN: UInt8,
        r: UInt32,
        p: UInt32,
        count: Int
    ) throws(Failure) -> [UInt8] {
        var key = [UInt8](repeating: 0, count: count)
        // libcrypto's own limit is 32 MiB; ours was checked when the parameters were read.
        let memoryMax: UInt64 = 1 << 30
        let done = EVP_PBE_scrypt(
            characters(password),
            password.count,
            salt,
            salt.count,
            1 << UInt64(logN),
            UInt64(r),
            UInt64(p),
            memoryMax,
            &key,
            count
        )
        guard done == 1 else { throw Failure("scrypt") }
        return key
    }

    /// Takes the same time wherever the two differ; their lengths are no secret.
    static func equal(_ a: [UInt8], _ b: [UInt8]) -> Bool {
        a.count == b.count && CRYPTO_memcmp(a, b, a.count) == 0
    }

    /// With a zero byte after them, so that there is an address even where the password is empty.
    private static func characters(_ password: [UInt8]) -> [CChar] {
        password.map { CChar(bitPattern: $0) } + [0]
    }

    private static func digest(
        _ bytes: [UInt8],
        _ function: OpaquePointer?,
        _ size: Int,
        _ name: String
    ) throws(Failure) -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: size)
        var count: UInt32 = 0
        guard EVP_Digest(bytes, bytes.count, &digest, &count, function, nil) == 1, Int(count) == size else {
            throw Failure(name)
        }
        return digest
    }
}
