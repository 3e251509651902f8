import MECModel

/// Fields and types of an API's bodies in a few characters each, and their JSON Schema.
///
/// A line without indentation begins a type, an indented one is a field: name, `!` if it is required, and its
/// type: `string`, `uri`, `integer`, `number`, `boolean`, `object`, `any`, `enum A B`, `integers 1 2`, or
/// another type's name; `[]` behind it makes a list. `Name = type` gives a type another name, `A | B` is either. A tilde in
/// a value of `enum` is a blank.
struct SchemaText: Sendable {
    struct Field: Sendable, Equatable {
        var name: String
        var isRequired: Bool
        var type: String
    }

    enum Shape: Sendable, Equatable {
        case object([Field])
        case other(String)
    }

    private(set) var types: [(name: String, shape: Shape)] = []

    init(_ text: String) {
        for line in text.split(separator: "\n") {
            if line.hasPrefix(" ") {
                let parts = line.drop { $0 == " " }.split(separator: " ", maxSplits: 1).map(String.init)
                guard parts.count == 2, var last = types.popLast() else { continue }
                let isRequired = parts[0].hasSuffix("!")
                let name = isRequired ? String(parts[0].dropLast()) : parts[0]
                if case .object(let fields) = last.shape {
                    last.shape = .object(fields + [Field(name: name, isRequired: isRequired, type: parts[1])])
                }
                types.append(last)
            } else if let equals = line.firstRange(of: " = ") {
                types.append((String(line[..<equals.lowerBound]), .other(String(line[equals.upperBound...]))))
            } else {
                types.append((String(line), .object([])))
            }
        }
    }

    func write(to writer: inout JSONWriter) {
        writer.beginObject()
        for (name, shape) in types {
            writer.name(dynamic: name)
            switch shape {
            case .other(let type): Self.write(type, to: &writer)
            case .object(let fields):
                writer.beginObject()
                writer.member("type", literal: "object")
                writer.beginObject("properties")
                for field in fields {
                    writer.name(dynamic: field.name)
                    Self.write(field.type, to: &writer)
                }
                writer.endObject()
                let required = fields.filter(\.isRequired)
                if !required.isEmpty {
                    writer.beginArray("required")
                    for field in required { writer.value(field.name) }
                    writer.endArray()
                }
                writer.endObject()
            }
        }
        writer.endObject()
    }

    /// The schema of a type expression.
    static func write(_ type: String, to writer: inout JSONWriter) {
        let choices = type.split(separator: "|").map { $0.drop { $0 == " " } }
        if choices.count > 1 {
            writer.beginObject()
            writer.beginArray("oneOf")
            for choice in choices {
                write(String(choice.reversed().drop { $0 == " " }.reversed()), to: &writer)
            }
            writer.endArray()
            writer.endObject()
            return
        }
        let words = type.split(separator: " ").map(String.init)
        guard let first = words.first else { return }
        writer.beginObject()
        if first.hasSuffix(":"), words.count == 2 {
            // A body under its type's name.
            let name = String(first.dropLast())
            writer.member("type", literal: "object")
            writer.beginObject("properties")
            writer.name(dynamic: name)
            write(words[1], to: &writer)
            writer.endObject()
            writer.beginArray("required")
            writer.value(name)
            writer.endArray()
        } else if first.hasSuffix("[]") {
            writer.member("type", literal: "array")
            writer.name("items")
            write(([String(first.dropLast(2))] + words.dropFirst()).joined(separator: " "), to: &writer)
        } else {
            switch first {
            case "string", "integer", "number", "boolean", "object": writer.member("type", first)
            case "uri":
                writer.member("type", literal: "string")
                writer.member("format", literal: "uri-reference")
            case "any": break
            case "enum":
                writer.member("type", literal: "string")
                writer.beginArray("enum")
                for word in words.dropFirst() { writer.value(word.replacing("~", with: " ")) }
                writer.endArray()
            case "integers":
                writer.member("type", literal: "integer")
                writer.beginArray("enum")
                for word in words.dropFirst() { writer.value(Int(word) ?? 0) }
                writer.endArray()
            default: writer.member("$ref", "#/components/schemas/\(first)")
            }
        }
        writer.endObject()
    }
}
