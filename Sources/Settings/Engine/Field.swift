/// A key as documentation, sample and reload see it: what it is called, what it means, what it holds.
package struct Field: Sendable {
    /// Whether a new value is taken up by SIGHUP and `weir reload`.
    package enum Reload: Sendable {
        case live
        case restart
    }

    /// A key with one value.
    package struct Value: Sendable {
        /// The value as YAML; `nil` when it is not set.
        package var text: String?
        package var typeName: String
        /// "a duration from 1s to 1h …"
        package var expectation: String
        package var reload: Reload
        package var isSecret: Bool
        package var example: String?
    }

    /// Elements carry the fields they hold; the template carries the fields that one more element would start with.
    package indirect enum Content: Sendable {
        case value(Value)
        case group([Field])
        case list(elements: [[Field]], template: [Field])
        case map(elements: [(String, [Field])], template: (String, [Field]))
    }

    package var name: String
    package var summary: String
    package var isRequired: Bool
    package var content: Content
}

extension Field {
    /// One value with its full name.
    package struct Flat: Sendable {
        package var name: String
        package var summary: String
        package var value: Value
    }

    /// All values of `fields`, by full name, in the schema's order.
    ///
    /// - Parameter templates: Also name the keys that elements of lists and maps may have,
    ///   as `listeners[].url` and `roles.NAME.topics`.
    package static func flatten(_ fields: [Field], under path: String = "", templates: Bool = false) -> [Flat]
    {
        fields.flatMap { field -> [Flat] in
            let name = path.isEmpty ? field.name : "\(path).\(field.name)"
            switch field.content {
            case .value(let value):
                return [Flat(name: name, summary: field.summary, value: value)]
            case .group(let fields):
                return flatten(fields, under: name, templates: templates)
            case .list(let elements, let template):
                if templates { return flatten(template, under: "\(name)[]", templates: true) }
                return elements.enumerated().flatMap { flatten($1, under: "\(name)[\($0)]") }
            case .map(let elements, let template):
                if templates { return flatten(template.1, under: "\(name).\(template.0)", templates: true) }
                return elements.flatMap { flatten($0.1, under: "\(name).\($0.0)") }
            }
        }
    }

    /// Full names that stand in the tree whatever the configuration: what an environment variable can name.
    static func fixedNames(_ fields: [Field], under path: String = "") -> [String] {
        fields.flatMap { field -> [String] in
            let name = path.isEmpty ? field.name : "\(path).\(field.name)"
            if case .group(let fields) = field.content { return fixedNames(fields, under: name) }
            return [name]
        }
    }
}

/// A value that differs between the running configuration and a new one.
package struct SettingChange: Sendable, Equatable {
    package var name: String
    /// `nil` where the key, or the list element it stands in, was not there. Secrets read "(secret)".
    package var old: String?
    package var new: String?
    package var needsRestart: Bool

    package init(name: String, old: String?, new: String?, needsRestart: Bool) {
        self.name = name
        self.old = old
        self.new = new
        self.needsRestart = needsRestart
    }
}

extension Schema {
    /// What changed from `old` to `new`, in the schema's order.
    package func changes(from old: Root, to new: Root) -> [SettingChange] {
        let before = Field.flatten(fields(of: old))
        let after = Field.flatten(fields(of: new))
        let oldByName = Dictionary(before.map { ($0.name, $0.value) }) { first, _ in first }
        let newByName = Dictionary(after.map { ($0.name, $0.value) }) { first, _ in first }
        func shown(_ value: Field.Value?) -> String? {
            value.flatMap { $0.isSecret ? "(secret)" : $0.text }
        }
        let gone = before.filter { newByName[$0.name] == nil }
        return (after + gone).compactMap { flat in
            let old = oldByName[flat.name]
            let new = newByName[flat.name]
            if let old, let new, old.text == new.text { return nil }
            // An element that came or went, such as a listener, needs what its keys need.
            return SettingChange(
                name: flat.name,
                old: shown(old),
                new: shown(new),
                needsRestart: flat.value.reload == .restart
            )
        }
    }
}
