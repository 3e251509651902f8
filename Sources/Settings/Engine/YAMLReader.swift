import Yams

/// Reads YAML text into a ``SettingNode``, keeping line and column of every key and value.
///
/// Yams is used directly, and not through swift-configuration, because the latter hands over values
/// without their places: a message such as "weir.yaml:12:19" could not be made from it.
package enum YAMLReader {
    /// Most nodes in one file, aliases followed. A file that unfolds to more is refused.
    static let nodeCountMax = 100_000
    /// Deepest nesting; the deepest key of ours has six levels. The parser has a limit of its own, 1,000.
    static let depthMax = 32
    /// Largest file, in bytes.
    package static let sizeMaxBytes = 4 << 20

    /// - Parameters:
    ///   - text: The file's content.
    ///   - path: The file's name as the operator knows it, for messages.
    /// - Returns: An empty map for an empty file.
    /// - Throws: the first place at which the text stops being YAML.
    package static func read(_ text: String, path: String) throws(Problem) -> SettingNode {
        try read(text) { .file(path, line: $0, column: $1) }
    }

    /// Reads a value given as a flag or an environment variable. It may be a list or a map in YAML's flow style.
    package static func readValue(_ text: String, place: Place) throws(Problem) -> SettingNode {
        // Most values are plain, and some plain ones are not YAML ("*", "@here", "a: b: c").
        guard let first = text.first, first == "[" || first == "{" || first == "\"" || first == "'" else {
            return .scalar(text, isPlain: true, place)
        }
        return try read(text) { _, _ in place }
    }

    private static func read(_ text: String, makePlace: (Int, Int) -> Place) throws(Problem) -> SettingNode {
        let start = makePlace(1, 1)
        guard text.utf8.count <= sizeMaxBytes else {
            throw Problem(
                place: start,
                key: "",
                message: "found \(text.utf8.count) bytes, expected a file of at most \(sizeMaxBytes) bytes"
            )
        }
        do {
            guard let node = try Yams.compose(yaml: text) else { return .map([], start) }
            var budget = nodeCountMax
            let tree = try convert(node, start, makePlace, depth: 0, budget: &budget)
            return tree.isAbsent ? .map([], start) : tree
        } catch let problem as Problem {
            throw problem
        } catch let error as YamlError {
            throw problem(from: error, in: text, makePlace: makePlace)
        } catch {
            throw Problem(place: start, key: "", message: "not YAML: \(error)")
        }
    }

    private static func convert(
        _ node: Node,
        _ start: Place,
        _ makePlace: (Int, Int) -> Place,
        depth: Int,
        budget: inout Int
    ) throws -> SettingNode {
        let place = node.mark.map { makePlace($0.line, $0.column) } ?? start
        budget -= 1
        guard budget >= 0 else {
            throw Problem(
                place: place,
                key: "",
                message: "found more than \(nodeCountMax) values, aliases counted"
            )
        }
        guard depth <= depthMax else {
            throw Problem(
                place: place,
                key: "",
                message: "nested too deeply, expected at most \(depthMax) levels"
            )
        }
        switch node {
        case .scalar(let scalar):
            let isPlain = scalar.style == .plain || scalar.style == .any
            return .scalar(scalar.string, isPlain: isPlain, place)
        case .sequence(let sequence):
            var elements: [SettingNode] = []
            for element in sequence {
                elements.append(try convert(element, start, makePlace, depth: depth + 1, budget: &budget))
            }
            return .list(elements, place)
        case .mapping(let mapping):
            var entries: [SettingNode.Entry] = []
            for (key, value) in mapping {
                let keyPlace = key.mark.map { makePlace($0.line, $0.column) } ?? place
                guard case .scalar(let name) = key else {
                    throw Problem(place: keyPlace, key: "", message: "found a key that is not text")
                }
                let child = try convert(value, start, makePlace, depth: depth + 1, budget: &budget)
                entries.append(.init(key: name.string, keyPlace: keyPlace, value: child))
            }
            return .map(entries, place)
        case .alias:
            // The parser resolves aliases itself; one left over has nothing behind it.
            throw Problem(place: place, key: "", message: "found an alias without its anchor")
        }
    }

    private static func problem(
        from error: YamlError,
        in text: String,
        makePlace: (Int, Int) -> Place
    ) -> Problem {
        switch error {
        case .scanner(let context, let problem, let mark, _),
            .parser(let context, let problem, let mark, _),
            .composer(let context, let problem, let mark, _):
            let during = context.map { "\($0.text), " } ?? ""
            let hint = hasTab(text, line: mark.line) ? "; indent with spaces, not tabs" : ""
            return Problem(
                place: makePlace(mark.line, mark.column),
                key: "",
                message: "not YAML: \(during)\(problem)\(hint)"
            )
        case .reader(let problem, let offset, _, _):
            let before = offset.map { text.prefix($0) } ?? ""
            let line = before.count(where: \.isNewline) + 1
            let column = before.reversed().prefix { !$0.isNewline }.count + 1
            return Problem(place: makePlace(line, column), key: "", message: "not YAML: \(problem)")
        case .duplicatedKeysInMapping(let keys, let context):
            let key = keys.first ?? ""
            let first = context.mark
            let second = secondLine(of: key, after: first, in: text) ?? first.line
            let also = makePlace(first.line, first.column)
            return Problem(
                place: makePlace(second, first.column),
                key: key,
                message: "found a second time, expected once; the first is at \(also)"
            )
        default:
            return Problem(place: makePlace(1, 1), key: "", message: "not YAML: \(error)")
        }
    }

    private static func hasTab(_ text: String, line: Int) -> Bool {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        guard line >= 1, line <= lines.count else { return false }
        return lines[line - 1].prefix { $0 == " " || $0 == "\t" }.contains("\t")
    }

    /// The parser names only the first of two equal keys; the operator wants to see the second.
    private static func secondLine(of key: String, after first: Mark, in text: String) -> Int? {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        guard first.line < lines.count else { return nil }
        for (offset, line) in lines[first.line...].enumerated() {
            let indent = line.prefix { $0 == " " || $0 == "-" }.count
            if indent == first.column - 1, line.dropFirst(indent).hasPrefix(key + ":") {
                return first.line + offset + 1
            }
        }
        return nil
    }
}
