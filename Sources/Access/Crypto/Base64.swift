/// RFC 4648 base 64, strict: no other characters, no stray bits, so one text per value.
enum Base64 {
    enum Alphabet {
        /// `+` and `/`, RFC 4648 4.
        case standard
        /// `-` and `_`, RFC 4648 5.
        case url
    }

    enum Padding {
        case required, forbidden, optional
    }

    static func encode(_ bytes: some Collection<UInt8>, _ alphabet: Alphabet = .standard, padded: Bool)
        -> String
    {
        let digits = digits(alphabet)
        var text: [UInt8] = []
        text.reserveCapacity((bytes.count + 2) / 3 * 4)
        var rest = bytes[...]
        while !rest.isEmpty {
            let group = rest.prefix(3)
            rest = rest.dropFirst(3)
            var bits: UInt32 = 0
            for byte in group { bits = bits << 8 | UInt32(byte) }
            bits <<= UInt32(3 - group.count) * 8
            for place in 0..<4 {
                if place <= group.count {
                    text.append(digits[Int(bits >> UInt32(18 - 6 * place) & 63)])
                } else if padded {
                    text.append(UInt8(ascii: "="))
                }
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// `nil` where `text` is not exactly what ``encode(_:_:padded:)`` gives for some bytes.
    static func decode(
        _ text: some Collection<UInt8>,
        _ alphabet: Alphabet = .standard,
        padding: Padding
    ) -> [UInt8]? {
        var digits = Array(text)
        if padding != .forbidden, digits.last == UInt8(ascii: "=") {
            guard digits.count % 4 == 0 else { return nil }
            digits.removeLast()
            if digits.last == UInt8(ascii: "=") { digits.removeLast() }
        } else if padding == .required, digits.count % 4 != 0 {
            return nil
        }
        guard digits.count % 4 != 1 else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(digits.count / 4 * 3 + 2)
        var bits: UInt32 = 0
        var count = 0
        for digit in digits {
            guard let value = value(digit, alphabet) else { return nil }
            bits = bits << 6 | value
            count += 6
            if count >= 8 {
                count -= 8
                bytes.append(UInt8(bits >> UInt32(count) & 0xff))
                bits &= (1 << UInt32(count)) - 1
            }
        }
        return bits == 0 ? bytes : nil
    }

    private static func digits(_ alphabet: Alphabet) -> [UInt8] {
        let letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
        return Array((letters + (alphabet == .standard ? "+/" : "-_")).utf8)
    }

    private static func value(_ digit: UInt8, _ alphabet: Alphabet) -> UInt32? {
        switch (digit, alphabet) {
        case (UInt8(ascii: "A")...UInt8(ascii: "Z"), _): UInt32(digit - UInt8(ascii: "A"))
        case (UInt8(ascii: "a")...UInt8(ascii: "z"), _): UInt32(digit - UInt8(ascii: "a")) + 26
        case (UInt8(ascii: "0")...UInt8(ascii: "9"), _): UInt32(digit - UInt8(ascii: "0")) + 52
        case (UInt8(ascii: "+"), .standard), (UInt8(ascii: "-"), .url): 62
        case (UInt8(ascii: "/"), .standard), (UInt8(ascii: "_"), .url): 63
        default: nil
        }
    }
}
