/// Topic rules in mosquitto's ACL syntax:
///
///     topic [read|write|readwrite|deny] <filter>
///     user <username>
///     pattern [read|write|readwrite|deny] <filter with %c and %u>
///     # a comment
///
/// `topic` lines before the first `user` are for anonymous clients, those after it for that user;
/// `pattern` lines are for everybody wherever they stand. A client that no line allows is denied.
package struct RuleFile: Sendable {
    package private(set) var anonymous: [TopicRule] = []
    package private(set) var users: [String: [TopicRule]] = [:]
    package private(set) var patterns: [TopicRule] = []
    /// Lines that are right and yet hardly meant; for the log and for `weir check`.
    package private(set) var warnings: [String] = []

    package init() {}

    /// - Throws: Every line that cannot be read.
    package init(path: String) throws(AccessSettingsErrors) {
        let lines: [(number: Int, text: String)]
        do throws(AccessSettingsError) {
            lines = try TextFile.lines(path, expected: "a readable file with topic rules")
        } catch { throw AccessSettingsErrors([error]) }
        try self.init(lines: lines, path: path)
    }

    /// - Parameter name: Stands for the file in errors.
    package init(text: String, name: String) throws(AccessSettingsErrors) {
        let lines: [(number: Int, text: String)]
        do throws(AccessSettingsError) {
            lines = try TextFile.lines(of: Array(text.utf8), name)
        } catch { throw AccessSettingsErrors([error]) }
        try self.init(lines: lines, path: name)
    }

    private init(lines: [(number: Int, text: String)], path: String) throws(AccessSettingsErrors) {
        var errors: [AccessSettingsError] = []
        var user: String?
        for (number, text) in lines where text.utf8.first != UInt8(ascii: "#") {
            let words = TextFile.trimmed(text[...])
            guard !words.isEmpty else { continue }
            do throws(Flaw) {
                let (keyword, rest) = Self.firstWord(words)
                switch keyword {
                case "user":
                    guard !rest.isEmpty else {
                        throw Flaw(found: "user without a name", expected: "user <username>")
                    }
                    let name = String(rest)
                    user = name
                    users[name, default: []] += []
                case "topic":
                    let rule = try Self.rule(keyword, rest, substituting: false, rank: .client)
                    if let user { users[user, default: []].append(rule) } else { anonymous.append(rule) }
                case "pattern":
                    let rule = try Self.rule(keyword, rest, substituting: true, rank: .pattern)
                    if !rule.filter.usesClientID, !rule.filter.usesUsername {
                        warnings.append(
                            "\(path), line \(number): the pattern has no %c or %u, so it is for everybody"
                        )
                    }
                    patterns.append(rule)
                default:
                    throw Flaw(
                        found: "\"\(keyword)\"",
                        expected: "topic, user or pattern as the first word, or #"
                    )
                }
            } catch {
                errors.append(
                    AccessSettingsError(path, line: number, found: error.found, expected: error.expected)
                )
            }
        }
        if !errors.isEmpty { throw AccessSettingsErrors(errors) }
    }

    private struct Flaw: Error {
        var found: String
        var expected: String
    }

    /// The word after the keyword is the access only if another word follows: `topic read` is a rule for
    /// the topic `read`, as mosquitto takes it.
    private static func rule(
        _ keyword: Substring,
        _ rest: Substring,
        substituting: Bool,
        rank: TopicRule.Rank
    ) throws(Flaw) -> TopicRule {
        guard !rest.isEmpty else {
            throw Flaw(
                found: "\(keyword) without a filter",
                expected: "\(keyword) [read|write|readwrite|deny] <filter>"
            )
        }
        var (access, filter) = firstWord(rest)
        if filter.isEmpty { (access, filter) = ("readwrite", rest) }
        let effect: TopicRule.Effect
        let actions: TopicRule.Actions
        switch access {
        case "read": (effect, actions) = (.allow, .receive)
        case "write": (effect, actions) = (.allow, .publish)
        case "readwrite": (effect, actions) = (.allow, .both)
        case "deny": (effect, actions) = (.deny, .both)
        default:
            throw Flaw(
                found: "access \"\(access)\"",
                expected: "read, write, readwrite or deny (needed where the filter has a space)"
            )
        }
        do throws(FilterFlaw) {
            return try TopicRule(
                effect,
                actions,
                filter: String(filter),
                substituting: substituting,
                rank: rank
            )
        } catch {
            throw Flaw(found: "filter \"\(filter)\"", expected: "a topic filter: \(error.rawValue)")
        }
    }

    private static func firstWord(_ text: Substring) -> (word: Substring, rest: Substring) {
        guard let space = text.utf8.firstIndex(of: UInt8(ascii: " ")) else { return (text, "") }
        return (text[..<space], TextFile.trimmed(text[space...]))
    }
}
