/// Writes a settings file that names every key, each commented out at its default.
///
/// `#key: value` (no space after `#`) is a key to uncomment by taking the `#` away; `# text` is explanation.
package enum Sample {
    private static let width = 100

    package static func write(_ fields: [Field], heading: [String]) -> String {
        var lines = heading.map { $0.isEmpty ? "#" : "# \($0)" }
        for field in fields {
            lines.append("")
            write(field, indent: 0, into: &lines)
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// - Parameters:
    ///   - dash: Whether the field opens a list element, so that its key follows "- ".
    ///   - isTemplate: Whether the field is part of an element that is there only as an example.
    private static func write(
        _ field: Field,
        indent: Int,
        dash: Bool = false,
        isTemplate: Bool = false,
        into lines: inout [String]
    ) {
        let margin = String(repeating: " ", count: indent)
        var prose = field.summary
        if case .value(let value) = field.content { prose += " " + facts(value, field.isRequired) }
        for line in wrapped(prose, width: width - indent - 2) { lines.append("\(margin)# \(line)") }

        let key = dash ? "\(margin.dropLast(2))#- \(field.name):" : "\(margin)#\(field.name):"
        switch field.content {
        case .value(let value):
            let isEmpty = field.isRequired || value.text == nil || value.text == "[]" || value.text == "\"\""
            let text = isEmpty ? value.example ?? value.text ?? "" : value.text ?? ""
            lines.append(text.isEmpty ? key : "\(key) \(text)")
        case .group(let fields):
            // A group without keys in force is the same as no group, so its own line needs no "#".
            lines.append(isTemplate ? key : "\(margin)\(field.name):")
            for field in fields { write(field, indent: indent + 2, isTemplate: isTemplate, into: &lines) }
        case .list(_, let template):
            lines.append(key)
            for (index, field) in template.enumerated() {
                write(field, indent: indent + 4, dash: index == 0, isTemplate: true, into: &lines)
            }
        case .map(_, let template):
            lines.append(key)
            lines.append("\(margin)  #\(template.0):")
            for field in template.1 { write(field, indent: indent + 4, isTemplate: true, into: &lines) }
        }
    }

    private static func facts(_ value: Field.Value, _ isRequired: Bool) -> String {
        var text = value.expectation
        if isRequired {
            text += "; required"
        } else if value.text == nil {
            text += "; not set by default"
        }
        return "(\(text)\(value.reload == .live ? "; reloadable" : ""))"
    }

    private static func wrapped(_ text: String, width: Int) -> [String] {
        var lines: [String] = []
        var line = ""
        for word in text.split(whereSeparator: \.isWhitespace) {
            if !line.isEmpty, line.count + 1 + word.count > width {
                lines.append(line)
                line = ""
            }
            line += line.isEmpty ? String(word) : " \(word)"
        }
        return line.isEmpty ? lines : lines + [line]
    }

    /// `text` as a YAML value.
    package static func quoted(_ text: String) -> String { Settings.quoted(text) }

    /// The sample with every key in force, as an operator would leave it after uncommenting everything.
    package static func uncommented(_ sample: String) -> String {
        sample.split(separator: "\n", omittingEmptySubsequences: false).map { line -> String in
            let margin = line.prefix { $0 == " " }
            let rest = line.dropFirst(margin.count)
            let isKey = rest.hasPrefix("#") && rest.count > 1 && !rest.hasPrefix("# ")
            return isKey ? String(margin + rest.dropFirst()) : String(line)
        }.joined(separator: "\n")
    }
}
