/// Every key of one settings struct: name, type, range, default and sentence, each declared once.
///
/// From it come reading with exact errors, the commented sample, the table of keys, and the list of
/// what a reload changed. Defaults are not repeated here: they are what `Root`'s own initialiser sets.
package struct Schema<Root: Sendable>: Sendable {
    /// Tells problems that no single key shows, such as a certificate without its key.
    package typealias Check = @Sendable (Root, _ path: String, inout Decoding) -> Void

    package var members: [Member<Root>]
    package var checks: [Check]

    package init(checks: [Check] = [], @MemberList<Root> _ members: () -> [Member<Root>]) {
        self.members = members()
        self.checks = checks
    }

    /// What the struct holds, with everything the schema knows about each key.
    package func fields(of root: Root) -> [Field] {
        members.map { member in
            Field(
                name: member.name,
                summary: member.summary,
                isRequired: member.isRequired,
                content: member.content(root)
            )
        }
    }

    /// Reads `node` over `root`, which holds the defaults.
    func decode(_ node: SettingNode, into root: inout Root, path: String, _ decoding: inout Decoding) {
        decoding.places[path] = node.place
        if !node.isAbsent {
            guard case .map(let entries, _) = node else {
                decoding.problem(
                    at: node.place,
                    path,
                    "found \(node.found), expected a map of \(shortList(members.map(\.name)))"
                )
                return
            }
            for entry in entries where !members.contains(where: { $0.name == entry.key }) {
                decoding.unknownKey(entry, name: Self.name(path, entry.key), siblings: members.map(\.name))
            }
            // In the order of the schema, not of the file: a listener's URL comes before what refines it.
            for member in members {
                guard let entry = entries.first(where: { $0.key == member.name }) else { continue }
                let name = Self.name(path, entry.key)
                decoding.places[name] = entry.value.isAbsent ? entry.keyPlace : entry.value.place
                member.decode(entry.value, &root, name, &decoding)
            }
        }
        for member in members where member.isRequired {
            let name = Self.name(path, member.name)
            if decoding.places[name] == nil {
                decoding.problem(at: node.place, name, "not set, expected \(member.expectation)")
            }
        }
        // Checks across keys run only where reading found nothing wrong, so that one slip is not told twice.
        if decoding.problems.isEmpty {
            for check in checks { check(root, path, &decoding) }
        }
    }

    private static func name(_ path: String, _ key: String) -> String {
        path.isEmpty ? key : "\(path).\(key)"
    }
}

/// One key of a settings struct.
package struct Member<Root: Sendable>: Sendable {
    package var name: String
    package var summary: String
    package var isRequired: Bool
    var expectation: String
    var decode: @Sendable (SettingNode, inout Root, _ path: String, inout Decoding) -> Void
    var content: @Sendable (Root) -> Field.Content
}

@resultBuilder
package enum MemberList<Root: Sendable> {
    package static func buildExpression(_ member: Member<Root>) -> [Member<Root>] { [member] }
    package static func buildExpression(_ members: [Member<Root>]) -> [Member<Root>] { members }
    package static func buildBlock(_ members: [Member<Root>]...) -> [Member<Root>] { members.flatMap(\.self) }
}

// MARK: - Declaring keys

extension Member {
    package typealias Path<Value> = WritableKeyPath<Root, Value> & Sendable

    /// A key with one value.
    ///
    /// - Parameters:
    ///   - summary: One or two sentences for the operator: what it does and what happens at the limit.
    ///   - reload: Whether SIGHUP takes a new value up, or only a restart.
    ///   - secret: Never shown in messages or listings.
    ///   - example: A value for the sample where the default is "not set".
    package static func value<Value: Sendable>(
        _ name: String,
        _ path: any Path<Value>,
        _ type: SettingType<Value>,
        _ summary: String,
        reload: Field.Reload = .restart,
        required: Bool = false,
        secret: Bool = false,
        example: String? = nil
    ) -> Member {
        let about = Field.Value(
            text: nil,
            typeName: type.name,
            expectation: type.expectation,
            reload: reload,
            isSecret: secret,
            example: example
        )
        return Member(
            name: name,
            summary: summary,
            isRequired: required,
            expectation: type.expectation,
            decode: { node, root, name, decoding in
                do throws(Mismatch) {
                    root[keyPath: path] = try type.parse(node)
                } catch {
                    let found = secret ? "an unreadable value (not shown)" : error.found.found
                    let message = error.message ?? "found \(found), expected \(error.expected)"
                    decoding.problem(at: error.found.place, name, message)
                }
            },
            content: { root in
                var field = about
                field.text = type.format(root[keyPath: path])
                return .value(field)
            }
        )
    }

    /// A key that holds further keys.
    package static func group<Value: Sendable>(
        _ name: String,
        _ path: any Path<Value>,
        _ schema: Schema<Value>,
        _ summary: String
    ) -> Member {
        Member(
            name: name,
            summary: summary,
            isRequired: false,
            expectation: "a map",
            decode: { node, root, name, decoding in
                schema.decode(node, into: &root[keyPath: path], path: name, &decoding)
            },
            content: { .group(schema.fields(of: $0[keyPath: path])) }
        )
    }

    /// A key that holds a list of such groups.
    ///
    /// - Parameters:
    ///   - template: What an element is before its own keys are read.
    ///   - countMax: Longest list.
    package static func list<Element: Sendable>(
        _ name: String,
        _ path: any Path<[Element]>,
        of schema: Schema<Element>,
        template: Element,
        countMax: Int,
        _ summary: String
    ) -> Member {
        Member(
            name: name,
            summary: summary,
            isRequired: false,
            expectation: "a list",
            decode: { node, root, name, decoding in
                let elements: [SettingNode]
                switch node {
                case .list(let list, _): elements = list
                case _ where node.isAbsent: elements = []
                default:
                    decoding.problem(
                        at: node.place,
                        name,
                        "found \(node.found), expected a list: lines that begin with \"- \""
                    )
                    return
                }
                guard elements.count <= countMax else {
                    decoding.problem(
                        at: node.place,
                        name,
                        "found \(elements.count) entries, expected at most \(countMax)"
                    )
                    return
                }
                root[keyPath: path] = elements.enumerated().map { index, element in
                    var value = template
                    schema.decode(element, into: &value, path: "\(name)[\(index)]", &decoding)
                    return value
                }
            },
            content: { root in
                .list(
                    elements: root[keyPath: path].map { schema.fields(of: $0) },
                    template: schema.fields(of: template)
                )
            }
        )
    }

    /// A key that holds groups by a name that the operator chooses, kept in the order of the file.
    ///
    /// - Parameter namePath: Where an element keeps its name.
    package static func map<Element: Sendable>(
        _ name: String,
        _ path: any Path<[Element]>,
        of schema: Schema<Element>,
        template: Element,
        named namePath: any WritableKeyPath<Element, String> & Sendable,
        countMax: Int,
        exampleName: String,
        _ summary: String
    ) -> Member {
        Member(
            name: name,
            summary: summary,
            isRequired: false,
            expectation: "a map",
            decode: { node, root, name, decoding in
                let entries: [SettingNode.Entry]
                switch node {
                case .map(let list, _): entries = list
                case _ where node.isAbsent: entries = []
                default:
                    decoding.problem(
                        at: node.place,
                        name,
                        "found \(node.found), expected a map from names to groups of keys"
                    )
                    return
                }
                guard entries.count <= countMax else {
                    decoding.problem(
                        at: node.place,
                        name,
                        "found \(entries.count) entries, expected at most \(countMax)"
                    )
                    return
                }
                root[keyPath: path] = entries.map { entry in
                    var value = template
                    value[keyPath: namePath] = entry.key
                    schema.decode(entry.value, into: &value, path: "\(name).\(entry.key)", &decoding)
                    return value
                }
            },
            content: { root in
                .map(
                    elements: root[keyPath: path].map { ($0[keyPath: namePath], schema.fields(of: $0)) },
                    template: (exampleName, schema.fields(of: template))
                )
            }
        )
    }
}

/// "a, b, c …", at most eight names.
func shortList(_ names: [String]) -> String {
    names.prefix(8).joined(separator: ", ") + (names.count > 8 ? " …" : "")
}
