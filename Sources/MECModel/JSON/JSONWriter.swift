/// Writes JSON text into a byte buffer, member by member, without intermediate objects.
///
/// The notifications of a site of ten thousand terminals are too many for `Codable`; their encoders
/// use this. The caller says where objects and arrays begin and end; the writer sets the commas.
/// Whatever is written is valid UTF-8 and valid JSON as long as begin and end pair up.
package struct JSONWriter: Sendable {
    package private(set) var bytes: [UInt8]
    private var needsComma = false

    package init(reserving capacity: Int = 512) {
        bytes = []
        bytes.reserveCapacity(capacity)
    }

    /// Empties the buffer and keeps its memory.
    package mutating func removeAll() {
        bytes.removeAll(keepingCapacity: true)
        needsComma = false
    }

    // MARK: - Structure

    package mutating func beginObject() { begin(UInt8(ascii: "{")) }
    package mutating func endObject() { end(UInt8(ascii: "}")) }
    package mutating func beginArray() { begin(UInt8(ascii: "[")) }
    package mutating func endArray() { end(UInt8(ascii: "]")) }

    /// Writes a member's name; its value must follow. `name` must need no escape.
    package mutating func name(_ name: StaticString) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        raw(name)
        raw("\":")
        needsComma = false
    }

    /// Writes a member's name that is known at run time only; its value must follow.
    package mutating func name(dynamic name: String) {
        value(name)
        raw(":")
        needsComma = false
    }

    package mutating func beginObject(_ name: StaticString) {
        self.name(name)
        beginObject()
    }

    package mutating func beginArray(_ name: StaticString) {
        self.name(name)
        beginArray()
    }

    // MARK: - Members

    package mutating func member(_ name: StaticString, _ value: some FixedWidthInteger) {
        self.name(name)
        self.value(value)
    }

    /// Nothing is written for `nil`.
    package mutating func member(_ name: StaticString, _ value: (some FixedWidthInteger)?) {
        if let value { member(name, value) }
    }

    package mutating func member(_ name: StaticString, _ text: String) {
        self.name(name)
        value(text)
    }

    /// Nothing is written for `nil`.
    package mutating func member(_ name: StaticString, _ text: String?) {
        if let text { member(name, text) }
    }

    package mutating func member(_ name: StaticString, literal: StaticString) {
        self.name(name)
        value(literal: literal)
    }

    package mutating func member(_ name: StaticString, _ flag: Bool) {
        self.name(name)
        raw(flag ? "true" : "false")
        needsComma = true
    }

    // MARK: - Values

    package mutating func value(_ number: some FixedWidthInteger) {
        separate()
        append(decimal: number)
        needsComma = true
    }

    package mutating func value(_ text: String) {
        separate()
        append(quoted: text)
        needsComma = true
    }

    /// A text that needs no escape.
    package mutating func value(literal: StaticString) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        raw(literal)
        bytes.append(UInt8(ascii: "\""))
        needsComma = true
    }

    /// A number with at most `decimals` (0…9) digits behind the point, without trailing zeros.
    ///
    /// A number that JSON cannot say (infinite, none, or beyond 9 × 10⁹) is written as `null`.
    package mutating func value(_ number: Double, decimals: Int) {
        separate()
        append(decimal: number, decimals: decimals)
        needsComma = true
    }

    /// Bytes that are a JSON value already.
    package mutating func value(encoded json: some Sequence<UInt8>) {
        separate()
        bytes.append(contentsOf: json)
        needsComma = true
    }

    /// `digits` hexadecimal digits as text, most significant first.
    package mutating func value(hexadecimal number: UInt64, digits: Int) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        append(hexadecimal: number, digits: digits)
        bytes.append(UInt8(ascii: "\""))
        needsComma = true
    }

    // MARK: - Helpers

    private mutating func begin(_ bracket: UInt8) {
        separate()
        bytes.append(bracket)
        needsComma = false
    }

    private mutating func end(_ bracket: UInt8) {
        bytes.append(bracket)
        needsComma = true
    }

    private mutating func separate() {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
    }

    private mutating func raw(_ text: StaticString) {
        text.withUTF8Buffer { bytes.append(contentsOf: $0) }
    }

    private mutating func append(decimal number: some FixedWidthInteger) {
        if number < 0 { bytes.append(UInt8(ascii: "-")) }
        let magnitude = UInt64(number.magnitude)
        if magnitude < 10 {
            bytes.append(UInt8(ascii: "0") + UInt8(magnitude))
            return
        }
        append(digits: magnitude)
    }

    private mutating func append(digits magnitude: UInt64) {
        let start = bytes.count
        var rest = magnitude
        repeat {
            bytes.append(UInt8(ascii: "0") + UInt8(rest % 10))
            rest /= 10
        } while rest > 0
        bytes[start...].reverse()
    }

    private mutating func append(decimal number: Double, decimals: Int) {
        guard number.isFinite, abs(number) < 9e9, decimals >= 0, decimals <= 9 else {
            raw("null")
            return
        }
        var scale: UInt64 = 1
        for _ in 0..<decimals { scale *= 10 }
        let scaled = UInt64((abs(number) * Double(scale)).rounded())
        if number < 0, scaled > 0 { bytes.append(UInt8(ascii: "-")) }
        append(digits: scaled / scale)
        var fraction = scaled % scale
        guard fraction > 0 else { return }
        bytes.append(UInt8(ascii: "."))
        while fraction > 0 {
            scale /= 10
            bytes.append(UInt8(ascii: "0") + UInt8(fraction / scale))
            fraction %= scale
        }
    }

    private mutating func append(hexadecimal number: UInt64, digits: Int) {
        var shift = digits * 4
        while shift > 0 {
            shift -= 4
            let digit = UInt8(truncatingIfNeeded: number >> UInt64(shift)) & 0xF
            bytes.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
        }
    }

    private mutating func append(quoted text: String) {
        bytes.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""): raw("\\\"")
            case UInt8(ascii: "\\"): raw("\\\\")
            case UInt8(ascii: "\n"): raw("\\n")
            case UInt8(ascii: "\r"): raw("\\r")
            case UInt8(ascii: "\t"): raw("\\t")
            case 0..<0x20:
                raw("\\u")
                append(hexadecimal: UInt64(byte), digits: 4)
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }
}
