/// How one kind of value is written: read from text, written back, and described.
package struct SettingType<Value: Sendable>: Sendable {
    /// One or two words for tables: "duration", "byte size".
    package var name: String
    /// What is accepted, range included, so that "expected …" reads as a sentence.
    package var expectation: String
    package var parse: @Sendable (SettingNode) throws(Mismatch) -> Value
    /// The value as YAML text on one line; `nil` when it is "not set".
    package var format: @Sendable (Value) -> String?

    package init(
        name: String,
        expectation: String,
        parse: @escaping @Sendable (SettingNode) throws(Mismatch) -> Value,
        format: @escaping @Sendable (Value) -> String?
    ) {
        self.name = name
        self.expectation = expectation
        self.parse = parse
        self.format = format
    }

    /// A type whose values are written as plain text.
    package init(
        name: String,
        expectation: String,
        text parse: @escaping @Sendable (String) -> Value?,
        format: @escaping @Sendable (Value) -> String?
    ) {
        self.init(
            name: name,
            expectation: expectation,
            parse: { node throws(Mismatch) in
                guard case .scalar(let text, _, _) = node, !node.isAbsent, let value = parse(text) else {
                    throw Mismatch(found: node, expected: expectation)
                }
                return value
            },
            format: format
        )
    }
}

/// A value that is not of the kind that was expected in its place.
package struct Mismatch: Error {
    package var found: SettingNode
    package var expected: String
    /// Says it better than "found …, expected …" where there is such a sentence.
    package var message: String?

    package init(found: SettingNode, expected: String, message: String? = nil) {
        self.found = found
        self.expected = expected
        self.message = message
    }
}

extension SettingType {
    /// Such a value, or nothing: an empty value, `~` or `null` means "not set".
    package static func optional<Wrapped: Sendable>(_ type: SettingType<Wrapped>) -> SettingType
    where Value == Wrapped? {
        SettingType(
            name: type.name,
            expectation: type.expectation,
            parse: { node throws(Mismatch) in
                if node.isAbsent { return nil }
                return try type.parse(node)
            },
            format: { $0.flatMap(type.format) }
        )
    }

    /// Any number of such values up to `countMax`, as a YAML list; one value alone is a list of one.
    package static func list<Element: Sendable>(_ type: SettingType<Element>, countMax: Int = 1_000)
        -> SettingType
    where Value == [Element] {
        SettingType(
            name: "list of \(type.name)",
            expectation: "a list of at most \(grouped(countMax)), each \(type.expectation)",
            parse: { node throws(Mismatch) in
                if node.isAbsent { return [] }
                guard case .list(let elements, _) = node else { return [try type.parse(node)] }
                guard elements.count <= countMax else {
                    throw Mismatch(found: node, expected: "at most \(grouped(countMax)) of them")
                }
                var values: [Element] = []
                // The element that does not fit is told, not the whole list.
                for element in elements { values.append(try type.parse(element)) }
                return values
            },
            format: { values in "[" + values.compactMap(type.format).joined(separator: ", ") + "]" }
        )
    }
}

extension SettingType where Value == Bool {
    /// `true` or `false`; YAML 1.1's other spellings are read too.
    package static var bool: SettingType {
        SettingType(
            name: "boolean",
            expectation: "true or false",
            text: { text in
                switch text.lowercased() {
                case "true", "yes", "on": true
                case "false", "no", "off": false
                default: nil
                }
            },
            format: { $0 ? "true" : "false" }
        )
    }
}

extension SettingType where Value: FixedWidthInteger {
    /// A whole number in `range`; underscores may group its digits.
    package static func integer(in range: ClosedRange<Value>) -> SettingType {
        SettingType(
            name: "integer",
            expectation: "a whole number from \(grouped(range.lowerBound)) to \(grouped(range.upperBound))",
            text: { text in
                guard !text.hasPrefix("_"), !text.hasSuffix("_") else { return nil }
                guard let value = Value(text.filter { $0 != "_" }), range.contains(value) else { return nil }
                return value
            },
            format: { String($0) }
        )
    }
}

extension SettingType where Value == Double {
    /// A number in `range`.
    package static func number(in range: ClosedRange<Double>) -> SettingType {
        SettingType(
            name: "number",
            expectation: "a number from \(trimmed(range.lowerBound)) to \(trimmed(range.upperBound))",
            text: { text in
                guard let value = Double(text), value.isFinite, range.contains(value) else { return nil }
                return value
            },
            format: { trimmed($0) }
        )
    }
}

extension SettingType where Value == String {
    /// Any text of at most `lengthMax` bytes.
    package static func text(_ what: String = "text", lengthMax: Int = 4_096) -> SettingType {
        SettingType(
            name: "text",
            expectation: "\(what) of at most \(lengthMax) bytes",
            text: { $0.utf8.count <= lengthMax && !$0.utf8.contains(0) ? $0 : nil },
            format: { quoted($0) }
        )
    }

    /// The path of a file or directory; relative ones start where the server was started.
    package static func path(_ what: String = "the path of a file") -> SettingType {
        SettingType(
            name: "path",
            expectation: what,
            text: { !$0.isEmpty && $0.utf8.count <= 4_096 && !$0.utf8.contains(0) ? $0 : nil },
            format: { quoted($0) }
        )
    }
}

extension SettingType where Value: CaseIterable & RawRepresentable, Value.RawValue == String {
    /// One of the cases, by its raw value.
    package static var choice: SettingType {
        let names = Value.allCases.map(\.rawValue)
        return SettingType(
            name: names.joined(separator: " \\| "),
            expectation: oneOf(names),
            text: { Value(rawValue: $0) },
            format: { $0.rawValue }
        )
    }
}

extension SettingType {
    /// One of a few named values.
    package static func choice(_ cases: [(name: String, value: Value)]) -> SettingType
    where Value: Equatable {
        SettingType(
            name: cases.map(\.name).joined(separator: " \\| "),
            expectation: oneOf(cases.map(\.name)),
            text: { text in cases.first { $0.name == text }?.value },
            format: { value in cases.first { $0.value == value }?.name }
        )
    }
}

// MARK: - Text

private func oneOf(_ names: [String]) -> String {
    guard let last = names.last else { return "nothing" }
    return names.count == 1 ? last : names.dropLast().joined(separator: ", ") + " or " + last
}

/// 1048576 as "1,048,576".
func grouped(_ value: some FixedWidthInteger) -> String {
    let digits = String(value.magnitude)
    var out = ""
    for (index, digit) in digits.enumerated() {
        if index > 0, (digits.count - index).isMultiple(of: 3) { out.append(",") }
        out.append(digit)
    }
    return value < 0 ? "-" + out : out
}

/// 5.0 as "5", 0.25 as "0.25".
func trimmed(_ value: Double) -> String {
    let text = String(value)
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
}

/// Text as a YAML scalar: plain where that is safe, else in double quotes.
func quoted(_ text: String) -> String {
    let plain = text.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "/"), UInt8(ascii: "."), UInt8(ascii: "_"),
            UInt8(ascii: "-"), UInt8(ascii: "$"), UInt8(ascii: "+"):
            true
        default: false
        }
    }
    if plain, let first = text.first, first != "-", !["null", "true", "false"].contains(text) { return text }
    var out = "\""
    for scalar in text.unicodeScalars {
        switch scalar {
        case "\"": out += "\\\""
        case "\\": out += "\\\\"
        case "\n": out += "\\n"
        case "\t": out += "\\t"
        case _ where scalar.value < 0x20 || scalar.value == 0x7F:
            let hex = String(scalar.value, radix: 16)
            out += "\\x" + (hex.count < 2 ? "0" + hex : hex)
        default: out.unicodeScalars.append(scalar)
        }
    }
    return out + "\""
}
