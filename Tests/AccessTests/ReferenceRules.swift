import Access

/// The rules' meaning written down a second time, one rule and one topic at a time, to compare with.
struct ReferenceRules {
    struct Rule: CustomStringConvertible {
        var deny: Bool
        var actions: TopicRule.Actions
        var filter: String
        var pattern: Bool

        var description: String {
            "\(pattern ? "pattern" : "topic") \(deny ? "deny" : "allow")(\(actions.rawValue)) \(filter)"
        }

        func compiled() throws -> TopicRule {
            try TopicRule(
                deny ? .deny : .allow,
                actions,
                filter: filter,
                substituting: pattern,
                rank: pattern ? .pattern : .client
            )
        }
    }

    var rules: [Rule]
    var clientID: String
    var username: String?

    /// mosquitto's order: a client's denials, its permissions, then the patterns' likewise.
    func permits(_ action: TopicRule.Actions, _ topic: String) -> Bool {
        func any(deny: Bool, pattern: Bool) -> Bool {
            rules.contains { rule in
                guard rule.deny == deny, rule.pattern == pattern, rule.actions.contains(action) else {
                    return false
                }
                var filter = rule.filter
                if pattern {
                    if filter.contains("%u"), username == nil { return false }
                    filter = filter.replacing("%c", with: clientID).replacing("%u", with: username ?? "")
                }
                return Self.matches(filter, topic)
            }
        }
        if any(deny: true, pattern: false) { return false }
        if any(deny: false, pattern: false) { return true }
        if any(deny: true, pattern: true) { return false }
        return any(deny: false, pattern: true)
    }

    /// [MQTT 4.7]
    static func matches(_ filter: String, _ topic: String) -> Bool {
        let f = filter.split(separator: "/", omittingEmptySubsequences: false)
        let t = topic.split(separator: "/", omittingEmptySubsequences: false)
        if topic.hasPrefix("$"), f[0] == "+" || f[0] == "#" { return false }
        for (index, level) in f.enumerated() {
            if level == "#" { return true }
            guard index < t.count else { return false }
            if level != "+", level != t[index] { return false }
            if index == t.count - 1, f.count == t.count + 1, f[index + 1] == "#" { return true }
        }
        return f.count == t.count
    }
}
