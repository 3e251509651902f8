/// Keys of TLS-PSK clients by their identity, from lines `identity:hexadecimal key` as in mosquitto's
/// `psk_file`.
package struct PreSharedKeys: Sendable {
    /// RFC 4279 5.3 asks for at least 64 bytes of room; libssl has 256 (PSK_MAX_PSK_LEN).
    package static let keySizeMaxBytes = 256
    /// PSK_MAX_IDENTITY_LEN of libssl.
    package static let identitySizeMaxBytes = 256

    private var keys: [String: [UInt8]] = [:]

    package init() {}

    package init(path: String) throws(AccessSettingsErrors) {
        let lines: [(number: Int, text: String)]
        do throws(AccessSettingsError) {
            lines = try TextFile.lines(path, expected: "a readable file with lines identity:hexadecimal key")
        } catch { throw AccessSettingsErrors([error]) }
        var errors: [AccessSettingsError] = []
        for (number, text) in lines {
            let line = TextFile.trimmed(text[...])
            guard !line.isEmpty, line.utf8.first != UInt8(ascii: "#") else { continue }
            func refuse(_ found: String, _ expected: String) {
                errors.append(AccessSettingsError(path, line: number, found: found, expected: expected))
            }
            guard let colon = line.utf8.firstIndex(of: UInt8(ascii: ":")), colon > line.startIndex else {
                refuse("a line without an identity and a colon", "identity:hexadecimal key")
                continue
            }
            let identity = String(line[..<colon])
            guard identity.utf8.count <= Self.identitySizeMaxBytes else {
                refuse("an identity of \(identity.utf8.count) bytes", "at most \(Self.identitySizeMaxBytes)")
                continue
            }
            guard let key = Self.bytes(hexadecimal: line[line.utf8.index(after: colon)...]),
                (1...Self.keySizeMaxBytes).contains(key.count)
            else {
                refuse(
                    "a key that is not hexadecimal or not of the right length",
                    "1 to \(Self.keySizeMaxBytes) bytes, two hexadecimal digits each, without 0x"
                )
                continue
            }
            if keys.updateValue(key, forKey: identity) != nil {
                refuse("identity \"\(identity)\" a second time", "each identity once")
            }
        }
        if !errors.isEmpty { throw AccessSettingsErrors(errors) }
    }

    package var isEmpty: Bool { keys.isEmpty }
    package var count: Int { keys.count }

    /// For libssl's callback. `nil`: the handshake fails.
    package func key(for identity: String) -> [UInt8]? { keys[identity] }

    private static func bytes(hexadecimal text: Substring) -> [UInt8]? {
        let digits = Array(text.utf8)
        guard digits.count.isMultiple(of: 2) else { return nil }
        var bytes: [UInt8] = []
        for place in stride(from: 0, to: digits.count, by: 2) {
            guard let high = nibble(digits[place]), let low = nibble(digits[place + 1]) else { return nil }
            bytes.append(high << 4 | low)
        }
        return bytes
    }

    private static func nibble(_ digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
