import COpenSSL

/// The keys that open a log's files: the first seals new ones, all of them open old ones.
package struct KeyRing: Sendable {
    /// 32 bytes for AES-256.
    package struct Key: Sendable {
        package static let byteCount = 32
        let bytes: [UInt8]
        /// Tells keys apart without giving them away: the first eight bytes of a SHA-256 over a
        /// label and the key.
        package let id: UInt64

        /// - Throws: ``LogError`` where there are not 32 bytes.
        package init(bytes: [UInt8]) throws(LogError) {
            guard bytes.count == Self.byteCount else {
                throw LogError(
                    .wrongKey,
                    "journal key: expected \(Self.byteCount) bytes, found \(bytes.count)"
                )
            }
            self.bytes = bytes
            id = try SHA256.digest(Array("weir journal key id".utf8) + bytes).load(UInt64.self, at: 0)
        }

        /// The id as files and messages show it.
        package var name: String { KeyRing.name(of: id) }
    }

    package let keys: [Key]

    package static let none = KeyRing(keys: [])

    package init(keys: [Key]) { self.keys = keys }

    /// The key for new files; `nil` leaves them unsealed.
    package var current: Key? { keys.first }

    func key(id: UInt64) -> Key? { keys.first { $0.id == id } }

    static func name(of id: UInt64) -> String {
        let digits = String(id, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
