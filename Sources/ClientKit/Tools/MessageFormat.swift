/// A format string as mosquitto_sub's -F takes it: `%` for the message, `@` for the time, `\` for characters.
package struct MessageFormat: Sendable, Equatable {
    struct Layout: Sendable, Equatable {
        var zeroPadded = false
        var leftAligned = false
        var minimumWidth = 0
        var maximumWidth: Int?
    }

    enum Part: Sendable, Equatable {
        case literal([UInt8])
        case field(UInt8, Layout)
        /// A conversion of strftime, without its percent sign.
        case time(UInt8)
    }

    /// Fields wider than this are refused.
    private static let widthMax = 10_000

    let parts: [Part]

    /// - Throws: ``ClientError/Kind/usage``, naming the sequence.
    package init(_ text: String) throws(ClientError) {
        var parts: [Part] = []
        var literal: [UInt8] = []
        var rest = Array(text.utf8)[...]
        func flush() {
            if !literal.isEmpty { parts.append(.literal(literal)) }
            literal = []
        }
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "%"):
                if rest.first == UInt8(ascii: "%") {
                    rest.removeFirst()
                    literal.append(byte)
                } else {
                    flush()
                    parts.append(try Self.field(&rest))
                }
            case UInt8(ascii: "@"):
                guard let conversion = rest.popFirst() else {
                    throw ClientError(.usage, "the format ends with @")
                }
                if conversion == UInt8(ascii: "@") {
                    literal.append(conversion)
                } else {
                    flush()
                    parts.append(.time(conversion))
                }
            case UInt8(ascii: "\\"): literal.append(try Self.escape(&rest))
            default: literal.append(byte)
            }
        }
        flush()
        self.parts = parts
    }

    private static func escape(_ rest: inout ArraySlice<UInt8>) throws(ClientError) -> UInt8 {
        switch rest.popFirst() {
        case UInt8(ascii: "\\"): return UInt8(ascii: "\\")
        case UInt8(ascii: "0"): return 0
        case UInt8(ascii: "a"): return 7
        case UInt8(ascii: "e"): return 27
        case UInt8(ascii: "n"): return 10
        case UInt8(ascii: "r"): return 13
        case UInt8(ascii: "t"): return 9
        case UInt8(ascii: "v"): return 11
        case let other:
            let text = other.map { String(UnicodeScalar($0)) } ?? ""
            throw ClientError(
                .usage,
                "\\\(text) means nothing in a format; \\\\ \\0 \\a \\e \\n \\r \\t \\v do"
            )
        }
    }

    private static func field(_ rest: inout ArraySlice<UInt8>) throws(ClientError) -> Part {
        var layout = Layout()
        while let flag = rest.first, flag == UInt8(ascii: "0") || flag == UInt8(ascii: "-") {
            if flag == UInt8(ascii: "0") { layout.zeroPadded = true } else { layout.leftAligned = true }
            rest.removeFirst()
        }
        layout.minimumWidth = try number(&rest) ?? 0
        if rest.first == UInt8(ascii: ".") {
            rest.removeFirst()
            layout.maximumWidth = try number(&rest) ?? 0
        }
        guard let kind = rest.popFirst(), "ACDEFIJPRSUXjlmpqrtx".utf8.contains(kind) else {
            throw ClientError(.usage, "the format has a % that no known letter follows")
        }
        return .field(kind, layout)
    }

    private static func number(_ rest: inout ArraySlice<UInt8>) throws(ClientError) -> Int? {
        var value: Int?
        while let digit = rest.first, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) {
            rest.removeFirst()
            value = (value ?? 0) * 10 + Int(digit - UInt8(ascii: "0"))
            guard value ?? 0 <= widthMax else {
                throw ClientError(.usage, "a field is at most \(widthMax) wide")
            }
        }
        return value
    }
}
