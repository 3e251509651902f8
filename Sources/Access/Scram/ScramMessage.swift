/// The attributes of a SCRAM message, `a=value,b=value`, RFC 5802 section 7.
struct ScramMessage {
    /// In order; a value may hold `=`, never `,`.
    let attributes: [(name: UInt8, value: [UInt8])]

    /// `nil` where the text is no list of attributes, or no UTF-8.
    init?(_ bytes: some Collection<UInt8>) {
        guard String(validating: bytes, as: UTF8.self) != nil, !bytes.contains(0) else { return nil }
        var attributes: [(name: UInt8, value: [UInt8])] = []
        for part in bytes.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false) {
            let field = Array(part)
            // attr-val = ALPHA "=" value, and a value is not empty.
            guard field.count >= 3, field[1] == UInt8(ascii: "="), Self.isLetter(field[0]) else { return nil }
            attributes.append((field[0], Array(field[2...])))
        }
        self.attributes = attributes
    }

    /// The values where the names are exactly `names` in this order, extensions after them passed over.
    ///
    /// `m`, a mandatory extension, is none of ours: a message with it is refused (RFC 5802 5.1).
    func values(_ names: String) -> [[UInt8]]? {
        guard attributes.count >= names.utf8.count else { return nil }
        for (attribute, name) in zip(attributes, names.utf8) where attribute.name != name { return nil }
        guard !attributes.contains(where: { $0.name == UInt8(ascii: "m") }) else { return nil }
        return attributes.prefix(names.utf8.count).map(\.value)
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
    }

    /// `saslname`: `,` and `=` are written `=2C` and `=3D`.
    static func decodeName(_ value: [UInt8]) -> String? {
        var bytes: [UInt8] = []
        var rest = value[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "=") else {
                bytes.append(byte)
                continue
            }
            let code = Array(rest.prefix(2))
            rest = rest.dropFirst(2)
            if code == Array("2C".utf8) {
                bytes.append(UInt8(ascii: ","))
            } else if code == Array("3D".utf8) {
                bytes.append(UInt8(ascii: "="))
            } else {
                return nil
            }
        }
        return String(validating: bytes, as: UTF8.self)
    }

    static func encodeName(_ name: String) -> [UInt8] {
        name.utf8.flatMap { byte -> [UInt8] in
            switch byte {
            case UInt8(ascii: ","): Array("=2C".utf8)
            case UInt8(ascii: "="): Array("=3D".utf8)
            default: [byte]
            }
        }
    }

    /// `printable`: U+0021 to U+007E without `,`.
    static func isNonce(_ value: some Collection<UInt8>) -> Bool {
        !value.isEmpty && value.allSatisfy { (0x21...0x7e).contains($0) && $0 != UInt8(ascii: ",") }
    }

    static func xor(_ a: [UInt8], _ b: [UInt8]) -> [UInt8] { zip(a, b).map { $0 ^ $1 } }
}
