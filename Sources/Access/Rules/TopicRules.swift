/// What a group of clients may publish and receive, compiled for asking.
///
/// Immutable and shared: all clients with the same rules have the same object.
package final class TopicRules: Sendable {
    /// Every topic, without asking: no rules are configured.
    package let publishesAnything: Bool
    package let receivesAnything: Bool
    /// As they were given; for `weir check` and for people.
    package let rules: [TopicRule]

    let trie: RuleTrie
    let patternGuard: RankGuard
    let clientGuard: RankGuard
    /// What must allow a topic too, see ``narrowed(by:)``.
    let base: TopicRules?

    /// - Parameter rules: What no rule allows is denied.
    package init(_ rules: [TopicRule]) {
        self.rules = rules
        publishesAnything = false
        receivesAnything = false
        trie = RuleTrie(rules)
        clientGuard = RankGuard(rules.filter { $0.rank == .client })
        patternGuard = RankGuard(rules.filter { $0.rank == .pattern })
        base = nil
    }

    private init(_ scope: TopicRules, narrowing base: TopicRules) {
        rules = base.rules + scope.rules
        publishesAnything = scope.publishesAnything && base.publishesAnything
        receivesAnything = scope.receivesAnything && base.receivesAnything
        trie = scope.trie
        clientGuard = scope.clientGuard
        patternGuard = scope.patternGuard
        self.base = base
    }

    private init() {
        rules = []
        publishesAnything = true
        receivesAnything = true
        trie = RuleTrie([])
        clientGuard = RankGuard([])
        patternGuard = RankGuard([])
        base = nil
    }

    /// These rules for somebody who may do only what `scope` allows besides.
    package func narrowed(by scope: [TopicRule]) -> TopicRules {
        TopicRules(TopicRules(scope), narrowing: self)
    }

    /// Rules that allow everything, for a broker without rules.
    package static let unrestricted = TopicRules()

    /// Whether a client may publish on `topic`, a topic name. Allocates nothing.
    package func mayPublish(topic: UnsafeRawBufferPointer, as names: ClientNames) -> Bool {
        publishesAnything
            || permits(.publish, topic, names) && base?.mayPublish(topic: topic, as: names) ?? true
    }

    /// Whether a message on `topic` may reach a client. Allocates nothing.
    package func mayReceive(topic: UnsafeRawBufferPointer, as names: ClientNames) -> Bool {
        receivesAnything
            || permits(.receive, topic, names) && base?.mayReceive(topic: topic, as: names) ?? true
    }

    package func mayPublish(topic: String, clientID: String, username: String?) -> Bool {
        mayPublish(topic: topic, as: ClientNames(clientID: clientID, username: username))
    }

    package func mayReceive(topic: String, clientID: String, username: String?) -> Bool {
        mayReceive(topic: topic, as: ClientNames(clientID: clientID, username: username))
    }

    package func mayPublish(topic: String, as names: ClientNames) -> Bool {
        var topic = topic
        return topic.withUTF8 { mayPublish(topic: UnsafeRawBufferPointer($0), as: names) }
    }

    package func mayReceive(topic: String, as names: ClientNames) -> Bool {
        var topic = topic
        return topic.withUTF8 { mayReceive(topic: UnsafeRawBufferPointer($0), as: names) }
    }

    private func permits(
        _ action: TopicRule.Actions,
        _ topic: UnsafeRawBufferPointer,
        _ names: ClientNames
    ) -> Bool {
        var bits = closedRanks(for: names, action)
        // Nothing can be allowed any more: the denial stands first.
        if bits.contains(.deny(action, .client)) { return false }
        bits.formUnion(trie.match(topic, names))
        return bits.permits(action)
    }

    /// A denial of everything for each rank that `names` may not be asked about.
    ///
    /// A permission whose `%c` or `%u` cannot be filled in matches nothing, which is safe. A denial that
    /// matched nothing would open what it was to close, so it closes its rank instead.
    func closedRanks(for names: ClientNames, _ action: TopicRule.Actions) -> RuleBits {
        var bits: RuleBits = []
        if clientGuard.closes(for: names) { bits.formUnion(.deny(action, .client)) }
        // mosquitto asks no pattern at all for a client with + or # in a name (CVE-2017-7650).
        let wildcards = names.clientIDFlaws.union(names.usernameFlaws).contains(.wildcard)
        if patternGuard.isUsed, wildcards || patternGuard.closes(for: names) {
            bits.formUnion(.deny(action, .pattern))
        }
        return bits
    }
}

/// Which flaws of a client's names keep a rank's denials from being filled in.
struct RankGuard: Sendable {
    let isUsed: Bool
    private let clientIDFlaws: NameFlaws
    private let usernameFlaws: NameFlaws

    init(_ rules: [TopicRule]) {
        var clientIDFlaws: NameFlaws = []
        var usernameFlaws: NameFlaws = []
        for rule in rules where rule.effect == .deny {
            for (index, level) in rule.filter.levels.enumerated() {
                guard case .template(let pieces) = level else { continue }
                // Whether the name comes first in the level does not matter enough to be exact about it.
                let flaws: NameFlaws = index == 0 ? .firstLevel : .anyLevel
                if pieces.contains(.clientID) { clientIDFlaws.formUnion(flaws) }
                if pieces.contains(.username) { usernameFlaws.formUnion(flaws) }
            }
        }
        isUsed = !rules.isEmpty
        self.clientIDFlaws = clientIDFlaws
        self.usernameFlaws = usernameFlaws
    }

    func closes(for names: ClientNames) -> Bool {
        !clientIDFlaws.isDisjoint(with: names.clientIDFlaws)
            || !usernameFlaws.isDisjoint(with: names.usernameFlaws)
    }
}
