/// What the rules that match a topic say, gathered; eight rules' worth of answer in a byte.
struct RuleBits: OptionSet, Sendable, Hashable {
    let rawValue: UInt8

    init(rawValue: UInt8) { self.rawValue = rawValue }

    /// Bit 0 publish, bit 1 receive; shifted by 2 for a denial and by 4 for the pattern rank.
    init(_ rule: TopicRule) {
        let shift = (rule.effect == .deny ? 2 : 0) + (rule.rank == .pattern ? 4 : 0)
        rawValue = rule.actions.rawValue << shift
    }

    static func allow(_ action: TopicRule.Actions, _ rank: TopicRule.Rank) -> RuleBits {
        RuleBits(rawValue: action.rawValue << (rank == .pattern ? 4 : 0))
    }

    static func deny(_ action: TopicRule.Actions, _ rank: TopicRule.Rank) -> RuleBits {
        RuleBits(rawValue: action.rawValue << (rank == .pattern ? 6 : 2))
    }

    /// Everything that bears on receiving.
    static let receiving = RuleBits(rawValue: 0b1010_1010)

    /// A client's own denials, then its own permissions, then the patterns' denials and permissions,
    /// then no: the order in which mosquitto asks its ACL file.
    func permits(_ action: TopicRule.Actions) -> Bool {
        if contains(.deny(action, .client)) { return false }
        if contains(.allow(action, .client)) { return true }
        if contains(.deny(action, .pattern)) { return false }
        return contains(.allow(action, .pattern))
    }
}
