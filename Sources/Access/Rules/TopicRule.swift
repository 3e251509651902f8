/// One rule: who may (or may not) do what on the topics that a filter matches.
package struct TopicRule: Sendable, Hashable {
    package enum Effect: String, Sendable, Hashable { case allow, deny }

    package struct Actions: OptionSet, Sendable, Hashable {
        package let rawValue: UInt8
        package init(rawValue: UInt8) { self.rawValue = rawValue }

        package static let publish = Actions(rawValue: 1)
        /// To subscribe, and to receive what the subscription brings.
        package static let receive = Actions(rawValue: 2)
        package static let both: Actions = [.publish, .receive]
    }

    /// Rules are asked in this order, and within one rank a denial wins over a permission.
    package enum Rank: UInt8, Sendable, Hashable {
        /// Given to the client by its name or by a role.
        case client = 0
        /// mosquitto's `pattern` lines, for everybody; asked when no rule of the client's own matches.
        case pattern = 1
    }

    package let effect: Effect
    package let actions: Actions
    package let rank: Rank
    let filter: FilterTemplate

    /// - Parameter substituting: Whether `%c` and `%u` in `filter` stand for the client's names.
    /// - Throws: ``FilterTemplate/Flaw`` where `filter` is not a topic filter `[MQTT-4.7.1-1]`.
    package init(
        _ effect: Effect,
        _ actions: Actions,
        filter: String,
        substituting: Bool,
        rank: Rank = .client
    ) throws(FilterFlaw) {
        self.effect = effect
        self.actions = actions
        self.rank = rank
        self.filter = try FilterTemplate(filter, substituting: substituting)
    }
}
