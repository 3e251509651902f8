/// A Public Land Mobile Network identity: mobile country code and mobile network code, MEC 012 6.5.5.
///
/// Kept in 4 bytes so that 10,000 terminals cost nothing to tell apart; the digits come back as text
/// because "01" and "001" are different networks.
package struct Plmn: Hashable, Sendable, BitwiseCopyable {
    private let packed: UInt32

    /// - Parameters:
    ///   - mcc: Three decimal digits.
    ///   - mnc: Two or three decimal digits.
    /// - Returns: `nil` when either is anything else.
    package init?(mcc: some StringProtocol, mnc: some StringProtocol) {
        guard let country = Plmn.number(mcc, digits: 3...3), let network = Plmn.number(mnc, digits: 2...3)
        else { return nil }
        let isLong: UInt32 = mnc.utf8.count == 3 ? 1 : 0
        packed = country << 11 | network << 1 | isLong
    }

    /// The code as one word, `mcc` then `mnc`: "20801", five or six digits.
    package init?(_ digits: some StringProtocol) {
        guard digits.utf8.count >= 5 else { return nil }
        self.init(mcc: digits.prefix(3), mnc: digits.dropFirst(3))
    }

    package init?(packed: UInt32) {
        guard packed >> 11 <= 999, (packed >> 1) & 0x3FF <= (packed & 1 == 1 ? 999 : 99) else { return nil }
        self.packed = packed
    }

    /// At most 21 bits; ``init(packed:)`` takes it back.
    package var packedValue: UInt32 { packed }

    /// Three digits.
    package var mcc: String { Plmn.text(packed >> 11, digits: 3) }

    /// Two or three digits, as given.
    package var mnc: String { Plmn.text((packed >> 1) & 0x3FF, digits: packed & 1 == 1 ? 3 : 2) }

    private static func number(_ text: some StringProtocol, digits: ClosedRange<Int>) -> UInt32? {
        guard digits.contains(text.utf8.count) else { return nil }
        var value: UInt32 = 0
        for byte in text.utf8 {
            guard byte >= 0x30, byte <= 0x39 else { return nil }
            value = value * 10 + UInt32(byte - 0x30)
        }
        return value
    }

    private static func text(_ value: UInt32, digits: Int) -> String {
        let text = String(value)
        return String(repeating: "0", count: max(0, digits - text.utf8.count)) + text
    }
}

extension Plmn: CustomStringConvertible {
    /// "20801": one topic level.
    package var description: String { mcc + mnc }
}
