extension SettingNode {
    /// The text of the value with the full name `key`; `nil` when it is not there or no text.
    package func text(at key: String) -> String? {
        guard let path = PathStep.parse(key) else { return nil }
        var node = self
        for step in path {
            switch (step, node) {
            case (.key(let name), .map(let entries, _)):
                guard let entry = entries.first(where: { $0.key == name }) else { return nil }
                node = entry.value
            case (.index(let index), .list(let elements, _)):
                guard elements.indices.contains(index) else { return nil }
                node = elements[index]
            default:
                return nil
            }
        }
        guard case .scalar(let text, _, _) = node else { return nil }
        return text
    }

    /// The tree as YAML, with the file and line that a value came from behind it.
    package var yaml: String {
        lines(margin: "").joined(separator: "\n") + "\n"
    }

    private func lines(margin: String) -> [String] {
        switch self {
        case .scalar:
            return [margin + valueText]
        case .map(let entries, _):
            return entries.flatMap { entry -> [String] in
                let key = quoted(entry.key)
                if case .scalar = entry.value { return ["\(margin)\(key): \(entry.value.valueText)"] }
                return ["\(margin)\(key):"] + entry.value.lines(margin: margin + "  ")
            }
        case .list(let elements, _):
            return elements.flatMap { element -> [String] in
                var lines = element.lines(margin: margin + "  ")
                if let first = lines.first { lines[0] = "\(margin)- \(first.dropFirst(margin.count + 2))" }
                return lines
            }
        }
    }

    private var valueText: String {
        guard case .scalar(let text, let isPlain, let place) = self else { return "" }
        let value = isPlain ? text : quoted(text)
        guard case .file(let path, let line, _) = place else { return value }
        return "\(value)  # \(path):\(line)"
    }
}
