/// Checks of UTF-8 Encoded Strings, MQTT 5.0 section 1.5.4, in place.
///
/// Nearly all text on the bus is ASCII, so the fast path looks at eight bytes at once and only what
/// it cannot pass goes to the exact check.
@usableFromInline
package enum UTF8Text {
    @inlinable static var low7: UInt64 { 0x7F7F_7F7F_7F7F_7F7F }
    @inlinable static var high: UInt64 { 0x8080_8080_8080_8080 }

    /// Whether all eight bytes are ASCII and none is NUL.
    ///
    /// Adding 0x7F to a byte below 0x80 sets its high bit unless it was zero, and never carries.
    @inlinable
    static func isPlain(_ word: UInt64) -> Bool {
        (word &+ low7) & ~word & high == high
    }

    /// As ``isPlain(_:)``, and none is a wildcard ('+' is 0x2B, '#' is 0x23).
    @inlinable
    static func isPlainTopic(_ word: UInt64) -> Bool {
        let noPlus = (word ^ 0x2B2B_2B2B_2B2B_2B2B) &+ low7
        let noHash = (word ^ 0x2323_2323_2323_2323) &+ low7
        return (word &+ low7) & noPlus & noHash & ~word & high == high
    }

    /// One to seven bytes from `start` as a word; places without a byte repeat one, or hold an 'a'.
    @inlinable
    static func shortWord(_ bytes: RawSpan, at start: Int, count: Int) -> UInt64 {
        if count >= 4 {
            let first = bytes.unsafeLoadUnaligned(fromByteOffset: start, as: UInt32.self)
            let last = bytes.unsafeLoadUnaligned(fromByteOffset: start + count - 4, as: UInt32.self)
            return UInt64(first) | UInt64(last) << 32
        }
        let first = UInt64(bytes.byte(at: start))
        let middle = UInt64(bytes.byte(at: start + count >> 1))
        let last = UInt64(bytes.byte(at: start + count - 1))
        return 0x6161_6161_6100_0000 | first | middle << 8 | last << 16
    }

    /// Whether `range` of `bytes` is a well-formed UTF-8 Encoded String without U+0000.
    ///
    /// `[MQTT-1.5.4-1]` well-formed, no surrogates; `[MQTT-1.5.4-2]` no U+0000. U+FEFF is an
    /// ordinary character `[MQTT-1.5.4-3]`. The empty string is well-formed.
    @inlinable
    package static func isValidString(_ bytes: RawSpan, _ range: Range<Int>) -> Bool {
        let count = range.count
        if count >= 8 {
            var offset = range.lowerBound
            let last = range.upperBound - 8
            while offset < last {
                if !isPlain(bytes.word(at: offset)) { return isWellFormed(bytes, range, allowNull: false) }
                offset += 8
            }
            if isPlain(bytes.word(at: last)) { return true }
        } else if count == 0 || isPlain(shortWord(bytes, at: range.lowerBound, count: count)) {
            return true
        }
        return isWellFormed(bytes, range, allowNull: false)
    }

    /// Whether `range` of `bytes` is well-formed UTF-8 as RFC 3629 has it: shortest forms only, no
    /// surrogates, nothing above U+10FFFF.
    ///
    /// - Parameter allowNull: Payloads may contain U+0000 (section 3.3.2.3.2), strings may not.
    @usableFromInline
    package static func isWellFormed(_ bytes: RawSpan, _ range: Range<Int>, allowNull: Bool) -> Bool {
        var offset = range.lowerBound
        let end = range.upperBound
        while offset < end {
            if end - offset >= 8, isPlain(bytes.word(at: offset)) {
                offset += 8
                continue
            }
            let lead = bytes.byte(at: offset)
            if lead < 0x80 {
                if lead == 0, !allowNull { return false }
                offset += 1
                continue
            }
            // The second byte's range excludes overlong forms (E0, F0), surrogates (ED) and what
            // lies above U+10FFFF (F4): Unicode 15, table 3-7.
            let length: Int
            let second: ClosedRange<UInt8>
            switch lead {
            case 0xC2...0xDF: (length, second) = (2, 0x80...0xBF)
            case 0xE0: (length, second) = (3, 0xA0...0xBF)
            case 0xED: (length, second) = (3, 0x80...0x9F)
            case 0xE1...0xEF: (length, second) = (3, 0x80...0xBF)
            case 0xF0: (length, second) = (4, 0x90...0xBF)
            case 0xF1...0xF3: (length, second) = (4, 0x80...0xBF)
            case 0xF4: (length, second) = (4, 0x80...0x8F)
            default: return false
            }
            guard end - offset >= length, second.contains(bytes.byte(at: offset + 1)) else { return false }
            var next = offset + 2
            offset += length
            while next < offset {
                guard bytes.byte(at: next) & 0xC0 == 0x80 else { return false }
                next += 1
            }
        }
        return true
    }
}
