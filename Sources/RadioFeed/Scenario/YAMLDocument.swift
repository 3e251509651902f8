import Yams

/// A YAML file as nodes that know their line.
struct YAMLDocument {
    let file: String
    let root: Node

    /// - Parameter file: Its name, for messages.
    init(_ text: String, file: String) throws(ScenarioError) {
        self.file = file
        let node: Node?
        do {
            node = try Yams.compose(yaml: text)
        } catch let error as YamlError {
            throw YAMLDocument.explain(error, file: file)
        } catch {
            throw ScenarioError(file: file, message: "not YAML: \(error)")
        }
        guard let node else {
            throw ScenarioError(file: file, message: "the file is empty; expected a scenario")
        }
        root = node
    }

    private static func explain(_ error: YamlError, file: String) -> ScenarioError {
        switch error {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            ScenarioError(
                file: file,
                line: mark.line,
                column: mark.column,
                message: "not YAML: \(problem); check indentation and quotes there"
            )
        default:
            ScenarioError(file: file, message: "not YAML: \(error)")
        }
    }

    func map(_ node: Node, _ what: String) throws(ScenarioError) -> YAMLMap {
        guard case .mapping(let mapping) = node else {
            throw fail(node, "expected \(what) as a mapping (key: value), found \(YAMLDocument.kind(node))")
        }
        return YAMLMap(document: self, what: what, mapping: mapping, node: node)
    }

    func fail(_ node: Node?, _ message: String) -> ScenarioError {
        ScenarioError(file: file, line: node?.mark?.line, column: node?.mark?.column, message: message)
    }

    static func kind(_ node: Node) -> String {
        switch node {
        case .scalar(let scalar): "\"\(scalar.string.prefix(40))\""
        case .mapping: "a mapping"
        case .sequence: "a list"
        case .alias: "an alias"
        }
    }
}

/// One mapping of a YAML file, read key by key; a key that nobody asks for is an error.
struct YAMLMap {
    let document: YAMLDocument
    /// "a cell", for messages.
    let what: String
    let node: Node
    private let values: [String: Node]

    init(document: YAMLDocument, what: String, mapping: Node.Mapping, node: Node) {
        self.document = document
        self.what = what
        self.node = node
        values = Dictionary(
            mapping.compactMap { key, value in key.scalar.map { ($0.string, value) } },
            uniquingKeysWith: { first, _ in first }
        )
        keys = mapping.compactMap { key, _ in key.scalar.map { ($0.string, key) } }
    }

    /// Keys in the order of the file, with their nodes.
    let keys: [(name: String, node: Node)]

    /// Throws for the first key that is not in `allowed`, naming them.
    func allow(_ allowed: [String]) throws(ScenarioError) {
        for key in keys where !allowed.contains(key.name) {
            throw document.fail(
                key.node,
                "\(what) has no \"\(key.name)\"; it may have \(allowed.sorted().joined(separator: ", "))"
            )
        }
    }

    /// The value of a key; `nil` when it is missing or `null`.
    subscript(_ key: String) -> Node? {
        guard let value = values[key] else { return nil }
        if case .scalar(let scalar) = value, scalar.style == .plain,
            ["", "~", "null", "Null", "NULL"].contains(scalar.string)
        {
            return nil
        }
        return value
    }

    func require(_ key: String) throws(ScenarioError) -> Node {
        guard let value = self[key] else { throw document.fail(node, "\(what) needs \"\(key)\"") }
        return value
    }

    func string(_ key: String) throws(ScenarioError) -> String? {
        guard let value = self[key] else { return nil }
        guard let scalar = value.scalar else {
            throw document.fail(value, "\"\(key)\" is a text, found \(YAMLDocument.kind(value))")
        }
        return scalar.string
    }

    func requireString(_ key: String) throws(ScenarioError) -> String {
        let value = try require(key)
        guard let scalar = value.scalar, !scalar.string.isEmpty else {
            throw document.fail(value, "\"\(key)\" is a text, found \(YAMLDocument.kind(value))")
        }
        return scalar.string
    }

    func number(_ key: String, in range: ClosedRange<Double>) throws(ScenarioError) -> Double? {
        guard let value = self[key] else { return nil }
        return try document.number(value, "\"\(key)\"", in: range)
    }

    func integer(_ key: String, in range: ClosedRange<Int>) throws(ScenarioError) -> Int? {
        guard let value = self[key] else { return nil }
        guard let text = value.scalar?.string, let number = Int(text), range.contains(number) else {
            throw document.fail(
                value,
                "\"\(key)\" is a whole number from \(range.lowerBound) to \(range.upperBound), "
                    + "found \(YAMLDocument.kind(value))"
            )
        }
        return number
    }

    func list(_ key: String) throws(ScenarioError) -> [Node]? {
        guard let value = self[key] else { return nil }
        guard case .sequence(let sequence) = value else {
            throw document.fail(value, "\"\(key)\" is a list, found \(YAMLDocument.kind(value))")
        }
        return Array(sequence)
    }

    /// One of the named choices.
    func choice<Value>(_ key: String, _ choices: [(String, Value)]) throws(ScenarioError) -> Value? {
        guard let value = self[key] else { return nil }
        return try document.choice(value, "\"\(key)\"", choices)
    }
}

extension YAMLDocument {
    func number(_ node: Node, _ what: String, in range: ClosedRange<Double>) throws(ScenarioError) -> Double {
        guard let text = node.scalar?.string, let number = Double(text), range.contains(number) else {
            throw fail(
                node,
                "\(what) is a number from \(range.lowerBound) to \(range.upperBound), "
                    + "found \(YAMLDocument.kind(node))"
            )
        }
        return number
    }

    func choice<Value>(_ node: Node, _ what: String, _ choices: [(String, Value)]) throws(ScenarioError)
        -> Value
    {
        guard let text = node.scalar?.string, let found = choices.first(where: { $0.0 == text }) else {
            let names = choices.map(\.0).joined(separator: ", ")
            throw fail(node, "\(what) is one of \(names); found \(YAMLDocument.kind(node))")
        }
        return found.1
    }
}
