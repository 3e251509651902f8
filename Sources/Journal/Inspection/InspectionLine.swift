/// One line of what an inspection tells: named values in order, as JSON or as text.
package struct InspectionLine: Sendable, Equatable {
    package enum Value: Sendable, Equatable {
        case text(String)
        case number(UInt64)
        case flag(Bool)
        case list([String])
    }

    package struct Field: Sendable, Equatable {
        package var name: String
        package var value: Value
    }

    package private(set) var fields: [Field]

    init(_ kind: String) { fields = [Field(name: "kind", value: .text(kind))] }

    package subscript(name: String) -> Value? { fields.first { $0.name == name }?.value }

    func with(_ name: String, _ value: String?) -> InspectionLine { adding(name, value.map(Value.text)) }
    func with(_ name: String, _ value: UInt64?) -> InspectionLine { adding(name, value.map(Value.number)) }
    func with(_ name: String, _ value: Int) -> InspectionLine { adding(name, .number(UInt64(max(0, value)))) }
    func with(_ name: String, _ value: Bool) -> InspectionLine { adding(name, .flag(value)) }
    func with(_ name: String, _ value: [String]) -> InspectionLine { adding(name, .list(value)) }

    private func adding(_ name: String, _ value: Value?) -> InspectionLine {
        guard let value else { return self }
        var line = self
        line.fields.append(Field(name: name, value: value))
        return line
    }

    /// One JSON object, without a line break.
    package var json: String {
        "{" + fields.map { Self.quoted($0.name) + ":" + Self.json($0.value) }.joined(separator: ",") + "}"
    }

    /// `kind name=value name=value`.
    package var text: String {
        fields.map { field in
            field.name == "kind" ? Self.plain(field.value) : "\(field.name)=\(Self.plain(field.value))"
        }.joined(separator: " ")
    }

    private static func json(_ value: Value) -> String {
        switch value {
        case .text(let text): quoted(text)
        case .number(let number): String(number)
        case .flag(let flag): String(flag)
        case .list(let items): "[" + items.map(quoted).joined(separator: ",") + "]"
        }
    }

    private static func plain(_ value: Value) -> String {
        switch value {
        case .text(let text): text.contains(" ") ? quoted(text) : text
        case .number(let number): String(number)
        case .flag(let flag): String(flag)
        case .list(let items): items.joined(separator: ",")
        }
    }

    /// A JSON string (RFC 8259, section 7).
    private static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case _ where scalar.value < 0x20 || scalar.value == 0x7F:
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
