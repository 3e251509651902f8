/// Whether bytes are one JSON text, RFC 8259.
///
/// A check that keeps no values, so that a payload passes on as it came, to the last digit of its numbers.
package struct JSONCheck {
    /// Objects and arrays inside each other.
    package static let depthMax = 512

    private let bytes: [UInt8]
    private var at = 0

    package static func isValid(_ bytes: [UInt8]) -> Bool {
        var check = JSONCheck(bytes: bytes)
        guard check.value(depth: 0) else { return false }
        check.blanks()
        return check.at == bytes.count && String(validating: bytes, as: UTF8.self) != nil
    }

    private init(bytes: [UInt8]) { self.bytes = bytes }

    private var next: UInt8? { at < bytes.count ? bytes[at] : nil }

    private mutating func blanks() {
        while let byte = next, byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D { at += 1 }
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard next == byte else { return false }
        at += 1
        return true
    }

    private mutating func value(depth: Int) -> Bool {
        guard depth <= Self.depthMax else { return false }
        blanks()
        switch next {
        case UInt8(ascii: "{"): return list(close: UInt8(ascii: "}"), hasNames: true, depth: depth)
        case UInt8(ascii: "["): return list(close: UInt8(ascii: "]"), hasNames: false, depth: depth)
        case UInt8(ascii: "\""): return string()
        case UInt8(ascii: "t"): return word("true")
        case UInt8(ascii: "f"): return word("false")
        case UInt8(ascii: "n"): return word("null")
        default: return number()
        }
    }

    private mutating func list(close: UInt8, hasNames: Bool, depth: Int) -> Bool {
        at += 1
        blanks()
        if take(close) { return true }
        while true {
            if hasNames {
                blanks()
                guard string() else { return false }
                blanks()
                guard take(UInt8(ascii: ":")) else { return false }
            }
            guard value(depth: depth + 1) else { return false }
            blanks()
            if take(close) { return true }
            guard take(UInt8(ascii: ",")) else { return false }
        }
    }

    private mutating func word(_ word: String) -> Bool { word.utf8.allSatisfy { take($0) } }

    private mutating func string() -> Bool {
        guard take(UInt8(ascii: "\"")) else { return false }
        while let byte = next {
            at += 1
            switch byte {
            case UInt8(ascii: "\""): return true
            case UInt8(ascii: "\\"): guard escape() else { return false }
            case 0..<0x20: return false
            default: break
            }
        }
        return false
    }

    private mutating func escape() -> Bool {
        guard let kind = next else { return false }
        at += 1
        if kind != UInt8(ascii: "u") { return "\"\\/bfnrt".utf8.contains(kind) }
        for _ in 0..<4 {
            guard let digit = next, Character(UnicodeScalar(digit)).isHexDigit else { return false }
            at += 1
        }
        return true
    }

    private mutating func digits() -> Bool {
        let start = at
        while let byte = next, (0x30...0x39).contains(byte) { at += 1 }
        return at > start
    }

    private mutating func number() -> Bool {
        _ = take(UInt8(ascii: "-"))
        // A number has no zeros in front.
        if !take(0x30) { guard digits() else { return false } }
        if take(UInt8(ascii: ".")) { guard digits() else { return false } }
        if next == UInt8(ascii: "e") || next == UInt8(ascii: "E") {
            at += 1
            if next == UInt8(ascii: "+") || next == UInt8(ascii: "-") { at += 1 }
            return digits()
        }
        return true
    }
}
