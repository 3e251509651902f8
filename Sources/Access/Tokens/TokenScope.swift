/// The words of a token's `scope` (RFC 8693 4.2) that are about topics: `publish:FILTER` and `receive:FILTER`.
///
/// A token with such words is good for those topics only; one without is good for all that its user may do.
package enum TokenScope {
    private static let actions: [(prefix: String, action: TopicRule.Actions)] = [
        ("publish:", .publish), ("receive:", .receive),
    ]

    /// Whether a word is about topics, with a filter that is one.
    package static func isTopic(_ word: String) -> Bool { (try? rule(word)) != nil }

    /// - Parameter scope: Words with a blank between them; others are passed over.
    /// - Returns: `nil` where none is about topics.
    /// - Throws: The first filter's flaw.
    static func rules(_ scope: String) throws(FilterFlaw) -> [TopicRule]? {
        var rules: [TopicRule] = []
        for word in scope.split(separator: " ") {
            if let rule = try rule(String(word)) { rules.append(rule) }
        }
        return rules.isEmpty ? nil : rules
    }

    private static func rule(_ word: String) throws(FilterFlaw) -> TopicRule? {
        guard let (prefix, action) = actions.first(where: { word.hasPrefix($0.prefix) }) else { return nil }
        let filter = String(word.dropFirst(prefix.count))
        return try TopicRule(.allow, action, filter: filter, substituting: false)
    }
}
