import COpenSSL

/// Seals and opens the records of one file with AES-256-GCM.
///
/// How GCM meets a file that grows, and why so:
///
/// - Every file has a key of its own, derived by HKDF-SHA256 from the operator's key and 32 random
///   bytes in the file's header. The nonce of a record is its position, which no other record of
///   the file has. GCM forbids a nonce to be used twice with one key for different bytes; that can
///   only happen here if a position of one file is written twice with different contents. So after
///   a crash, whose torn tail gives positions back, and after a failed sync, the log never goes on
///   in the old file: it begins a new one, hence a new key. A write repeated in the same file (disk
///   full) repeats the same bytes.
/// - The unit is the record, not a block of many: a reader that knows a position needs one read and
///   one decryption, no index of blocks, and a torn or damaged record costs no neighbour.
/// - The header of the record stays readable and is authenticated with the payload. The checksum
///   covers the sealed bytes. So `check` and `repair` work without the key, at the price that a
///   thief sees how many records there are, how long, and of which type.
final class RecordSealer: Sendable {
    private let key: [UInt8]

    init(seal: SegmentHeader.SealDescription, keys: KeyRing, path: String) throws(LogError) {
        guard let master = keys.key(id: seal.keyID) else {
            let given = keys.keys.map(\.name).joined(separator: ", ")
            throw LogError(
                .wrongKey,
                "\"\(path)\" is sealed with key \(KeyRing.name(of: seal.keyID)), the keys given are:"
                    + " \(given.isEmpty ? "none" : given); give that key too, nothing was changed"
            )
        }
        key = try HKDF.derive(from: master.bytes, salt: seal.keySalt, info: "weir journal file v1")
    }

    /// A context of this file's key. Not shared between threads; making one takes a microsecond or two.
    func makeContext(forSealing: Bool) throws(LogError) -> SealContext {
        try SealContext(key: key, forSealing: forSealing)
    }
}

/// A cipher context with its key schedule in place; only the nonce changes between records.
final class SealContext {
    private let context: OpaquePointer
    /// Twelve bytes: four zeros and the position. The key is the file's own, so no more is needed.
    private let nonce = UnsafeMutableRawPointer.allocate(byteCount: 12, alignment: 8)

    fileprivate init(key: [UInt8], forSealing: Bool) throws(LogError) {
        guard let context = EVP_CIPHER_CTX_new() else { throw Libcrypto.error("EVP_CIPHER_CTX_new") }
        self.context = context
        nonce.initializeMemory(as: UInt8.self, repeating: 0, count: 12)
        let result =
            forSealing
            ? EVP_EncryptInit_ex2(context, EVP_aes_256_gcm(), key, nil, nil)
            : EVP_DecryptInit_ex2(context, EVP_aes_256_gcm(), key, nil, nil)
        guard result == 1 else { throw Libcrypto.error("EVP_CipherInit_ex2") }
    }

    deinit {
        EVP_CIPHER_CTX_free(context)
        nonce.deallocate()
    }

    /// Seals `length` bytes at `payload` in place and puts the tag behind them.
    ///
    /// - Parameter header: The record's first 16 bytes; authenticated, not hidden.
    func seal(
        _ payload: UnsafeMutableRawPointer,
        length: Int,
        position: LogPosition,
        header: UnsafeRawPointer
    ) -> Bool {
        var count: Int32 = 0
        let bytes = payload.assumingMemoryBound(to: UInt8.self)
        let associated = header.assumingMemoryBound(to: UInt8.self)
        return EVP_EncryptInit_ex2(context, nil, nil, setNonce(position), nil) == 1
            && EVP_EncryptUpdate(context, nil, &count, associated, 16) == 1
            && EVP_EncryptUpdate(context, bytes, &count, bytes, Int32(length)) == 1
            && EVP_EncryptFinal_ex(context, bytes + length, &count) == 1
            && EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, 16, bytes + length) == 1
    }

    /// Opens `length` bytes at `payload` in place; the tag stands behind them.
    ///
    /// - Returns: False where header, payload or tag are not what was sealed.
    func open(
        _ payload: UnsafeMutableRawPointer,
        length: Int,
        position: LogPosition,
        header: UnsafeRawPointer
    ) -> Bool {
        var count: Int32 = 0
        let bytes = payload.assumingMemoryBound(to: UInt8.self)
        let associated = header.assumingMemoryBound(to: UInt8.self)
        return EVP_DecryptInit_ex2(context, nil, nil, setNonce(position), nil) == 1
            && EVP_DecryptUpdate(context, nil, &count, associated, 16) == 1
            && EVP_DecryptUpdate(context, bytes, &count, bytes, Int32(length)) == 1
            && EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, 16, bytes + length) == 1
            && EVP_DecryptFinal_ex(context, bytes + length, &count) == 1
    }

    private func setNonce(_ position: UInt64) -> UnsafePointer<UInt8> {
        nonce.storeBytes(
            of: UInt32(truncatingIfNeeded: position).littleEndian,
            toByteOffset: 4,
            as: UInt32.self
        )
        nonce.storeBytes(
            of: UInt32(truncatingIfNeeded: position >> 32).littleEndian,
            toByteOffset: 8,
            as: UInt32.self
        )
        return UnsafePointer(nonce.assumingMemoryBound(to: UInt8.self))
    }
}
