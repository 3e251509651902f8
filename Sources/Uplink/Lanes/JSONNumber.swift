/// Finds one number in a JSON payload without making values of the rest.
enum JSONNumber {
    private static let depthMaximum = 32

    /// - Parameter path: names of members, outermost first; none for a payload that is a number itself.
    /// - Returns: `nil` where the payload is no JSON or has no number there.
    static func find(_ path: [[UInt8]], in payload: UnsafeRawBufferPointer) -> Double? {
        var scanner = Scanner(bytes: payload)
        return scanner.value(path[...], depth: 0) ?? nil
    }

    private struct Scanner {
        let bytes: UnsafeRawBufferPointer
        var offset = 0

        /// Passes over a value.
        /// - Returns: `nil` where it is malformed; the number at `path`, where there is one.
        mutating func value(_ path: ArraySlice<[UInt8]>?, depth: Int) -> Double?? {
            guard depth < JSONNumber.depthMaximum else { return nil }
            skipSpace()
            guard let byte = peek else { return nil }
            switch byte {
            case UInt8(ascii: "{"): return object(path, depth)
            case UInt8(ascii: "["): return array(depth)
            case UInt8(ascii: "\""): return string() == nil ? nil : .some(nil)
            case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
                guard let number = number() else { return nil }
                return .some(path?.isEmpty == true ? number : nil)
            default: return word() ? .some(nil) : nil
            }
        }

        private mutating func object(_ path: ArraySlice<[UInt8]>?, _ depth: Int) -> Double?? {
            offset += 1
            skipSpace()
            if take(UInt8(ascii: "}")) { return .some(nil) }
            var found: Double?
            while true {
                skipSpace()
                guard let name = string() else { return nil }
                skipSpace()
                guard take(UInt8(ascii: ":")) else { return nil }
                var inner: ArraySlice<[UInt8]>?
                if let path, let wanted = path.first, wanted.elementsEqual(bytes[name]) {
                    inner = path.dropFirst()
                }
                guard let result = value(inner, depth: depth + 1) else { return nil }
                found = result ?? found
                skipSpace()
                if take(UInt8(ascii: "}")) { return .some(found) }
                guard take(UInt8(ascii: ",")) else { return nil }
            }
        }

        private mutating func array(_ depth: Int) -> Double?? {
            offset += 1
            skipSpace()
            if take(UInt8(ascii: "]")) { return .some(nil) }
            while true {
                guard value(nil, depth: depth + 1) != nil else { return nil }
                skipSpace()
                if take(UInt8(ascii: "]")) { return .some(nil) }
                guard take(UInt8(ascii: ",")) else { return nil }
            }
        }

        /// The range between the quotation marks.
        private mutating func string() -> Range<Int>? {
            guard take(UInt8(ascii: "\"")) else { return nil }
            let start = offset
            while offset < bytes.count {
                switch bytes[offset] {
                case UInt8(ascii: "\\"): offset += 2
                case UInt8(ascii: "\""):
                    offset += 1
                    return start..<(offset - 1)
                default: offset += 1
                }
            }
            return nil
        }

        private mutating func number() -> Double? {
            let start = offset
            while let byte = peek, Self.isOfNumber(byte) { offset += 1 }
            return Double(String(decoding: bytes[start..<offset], as: UTF8.self))
        }

        private static func isOfNumber(_ byte: UInt8) -> Bool {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "+"),
                UInt8(ascii: "."),
                UInt8(ascii: "e"), UInt8(ascii: "E"):
                true
            default: false
            }
        }

        private mutating func word() -> Bool {
            for word in ["true", "false", "null"] where bytes[offset...].starts(with: word.utf8) {
                offset += word.utf8.count
                return true
            }
            return false
        }

        private var peek: UInt8? { offset < bytes.count ? bytes[offset] : nil }

        private mutating func take(_ byte: UInt8) -> Bool {
            guard peek == byte else { return false }
            offset += 1
            return true
        }

        private mutating func skipSpace() {
            while let byte = peek, byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D {
                offset += 1
            }
        }
    }
}
