import MQTTWire
import Testing

@Suite struct UTF8TextTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let name: String
        let bytes: [UInt8]
        let isWellFormed: Bool
        var testDescription: String { name }
    }

    /// The borders of Unicode's table 3-7, each from both sides.
    static let cases: [Case] = [
        Case(name: "nothing", bytes: [], isWellFormed: true),
        Case(name: "U+0001", bytes: [0x01], isWellFormed: true),
        Case(name: "U+007F", bytes: [0x7F], isWellFormed: true),
        Case(name: "a lone continuation", bytes: [0x80], isWellFormed: false),
        Case(name: "another lone continuation", bytes: [0xBF], isWellFormed: false),
        Case(name: "overlong NUL, C0 80", bytes: [0xC0, 0x80], isWellFormed: false),
        Case(name: "overlong U+007F", bytes: [0xC1, 0xBF], isWellFormed: false),
        Case(name: "U+0080", bytes: [0xC2, 0x80], isWellFormed: true),
        Case(name: "U+07FF", bytes: [0xDF, 0xBF], isWellFormed: true),
        Case(name: "two bytes cut", bytes: [0xC2], isWellFormed: false),
        Case(name: "two bytes, wrong second", bytes: [0xC2, 0x7F], isWellFormed: false),
        Case(name: "two bytes, lead for second", bytes: [0xC2, 0xC0], isWellFormed: false),
        Case(name: "overlong U+07FF", bytes: [0xE0, 0x9F, 0xBF], isWellFormed: false),
        Case(name: "U+0800", bytes: [0xE0, 0xA0, 0x80], isWellFormed: true),
        Case(name: "U+D7FF", bytes: [0xED, 0x9F, 0xBF], isWellFormed: true),
        Case(name: "U+D800, a surrogate [MQTT-1.5.4-1]", bytes: [0xED, 0xA0, 0x80], isWellFormed: false),
        Case(name: "U+DFFF, a surrogate [MQTT-1.5.4-1]", bytes: [0xED, 0xBF, 0xBF], isWellFormed: false),
        Case(name: "U+E000", bytes: [0xEE, 0x80, 0x80], isWellFormed: true),
        Case(name: "U+FEFF [MQTT-1.5.4-3]", bytes: [0xEF, 0xBB, 0xBF], isWellFormed: true),
        Case(name: "U+FFFF", bytes: [0xEF, 0xBF, 0xBF], isWellFormed: true),
        Case(name: "three bytes cut", bytes: [0xE1, 0x80], isWellFormed: false),
        Case(name: "three bytes, wrong third", bytes: [0xE1, 0x80, 0x41], isWellFormed: false),
        Case(name: "overlong U+FFFF", bytes: [0xF0, 0x8F, 0xBF, 0xBF], isWellFormed: false),
        Case(name: "U+10000", bytes: [0xF0, 0x90, 0x80, 0x80], isWellFormed: true),
        Case(name: "U+10FFFF", bytes: [0xF4, 0x8F, 0xBF, 0xBF], isWellFormed: true),
        Case(name: "U+110000", bytes: [0xF4, 0x90, 0x80, 0x80], isWellFormed: false),
        Case(name: "F5", bytes: [0xF5, 0x80, 0x80, 0x80], isWellFormed: false),
        Case(name: "FF", bytes: [0xFF], isWellFormed: false),
        Case(name: "four bytes cut", bytes: [0xF0, 0x90, 0x80], isWellFormed: false),
        Case(name: "four bytes, wrong fourth", bytes: [0xF0, 0x90, 0x80, 0xC0], isWellFormed: false),
        Case(name: "U+0000 [MQTT-1.5.4-2]", bytes: [0x00], isWellFormed: false),
    ]

    /// Each case at every place of texts around the eight bytes that the fast path takes at once.
    @Test(arguments: cases)
    func `is judged the same wherever it stands`(_ row: Case) {
        for before in 0...17 {
            for after in [0, 1, 3, 7, 8, 9, 20] {
                let text =
                    Array(repeating: UInt8(ascii: "x"), count: before) + row.bytes
                    + Array(repeating: UInt8(ascii: "/"), count: after)
                #expect(isValidString(text) == row.isWellFormed, "\(before) before, \(after) after")
                #expect(isTopicName(text) == (row.isWellFormed && !text.isEmpty))
            }
        }
    }

    @Test func `a payload may contain U+0000`() {
        let text: [UInt8] = [0x61, 0x00, 0xC3, 0xA9]
        let span = text.span
        let asPayload = UTF8Text.isWellFormed(span.bytes, 0..<4, allowNull: true)
        let asString = UTF8Text.isWellFormed(span.bytes, 0..<4, allowNull: false)
        #expect(asPayload)
        #expect(!asString)
    }

    /// The Swift library's decoder is an independent judge.
    @Test func `agrees with the Swift library on random bytes`() {
        var generator = SeededGenerator(seed: 1)
        // Leads, continuations and ASCII in a mix that is often nearly right.
        let pool: [UInt8] = [
            0x41, 0x2F, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC2, 0xDF, 0xE0, 0xE1, 0xED, 0xEF, 0xF0,
            0xF4,
        ]
        for round in 0..<20_000 {
            let count = Int.random(in: 0...20, using: &generator)
            let text = (0..<count).map { _ in pool.randomElement(using: &generator) ?? 0 }
            #expect(
                isValidString(text) == (String(validating: text, as: UTF8.self) != nil),
                "seed 1, round \(round): \(text)"
            )
        }
    }

    private func isValidString(_ text: [UInt8]) -> Bool {
        let span = text.span
        return UTF8Text.isValidString(span.bytes, 0..<text.count)
    }

    private func isTopicName(_ text: [UInt8]) -> Bool {
        let span = text.span
        do throws(WireError) {
            try TopicName.validate(span.bytes, 0..<text.count)
            return true
        } catch {
            return false
        }
    }
}
