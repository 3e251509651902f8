/// A client that has proved who it is, and what it may do.
///
/// Small, since there is one per connection: what many clients have in common is in one shared
/// ``Grants``.
package final class Identity: Sendable {
    /// How the client proved who it is.
    package enum Source: String, Sendable {
        case anonymous, password, certificate, psk, jwt, scram
        /// A part of Weir itself, such as the uplink; never refused.
        case `internal`
    }

    package let names: ClientNames
    package let grants: Grants
    /// Wall-clock second (Unix time) at which the session must be closed; `nil` is never.
    package let expiry: Int64?
    package let source: Source
    /// Roles that a token or certificate gave, beside those that the settings give to the name.
    package let claimedRoles: [String]
    /// What a token narrowed the rules to; `nil` where it did not.
    package let scope: [TopicRule]?

    package init(
        names: ClientNames,
        grants: Grants,
        expiry: Int64?,
        source: Source,
        claimedRoles: [String],
        scope: [TopicRule]?
    ) {
        self.names = names
        self.grants = grants
        self.expiry = expiry
        self.source = source
        self.claimedRoles = claimedRoles
        self.scope = scope
    }

    /// One that no token has narrowed.
    package convenience init(
        names: ClientNames,
        grants: Grants,
        expiry: Int64? = nil,
        source: Source,
        claimedRoles: [String] = []
    ) {
        self.init(
            names: names,
            grants: grants,
            expiry: expiry,
            source: source,
            claimedRoles: claimedRoles,
            scope: nil
        )
    }

    /// The verified username; `nil` for an anonymous client, whatever it called itself.
    package var name: String? { names.username }
    package var clientID: String { names.clientID }
    package var roles: [String] { grants.roles }
    package var rules: TopicRules { grants.rules }
    package var quotas: Quotas { grants.quotas }

    /// Whether the client may publish on `topic` (a topic name, already checked by the decoder).
    ///
    /// Allocates nothing. With no rules configured this is one comparison.
    package func mayPublish(_ topic: UnsafeRawBufferPointer) -> Bool {
        grants.rules.publishesAnything || grants.rules.mayPublish(topic: topic, as: names)
    }

    /// Whether a message on `topic` may be delivered to the client. Allocates nothing.
    package func mayReceive(_ topic: UnsafeRawBufferPointer) -> Bool {
        grants.rules.receivesAnything || grants.rules.mayReceive(topic: topic, as: names)
    }

    /// What a subscription to `filter` comes to. `filter` is without any `$share/group/` in front.
    package func subscription(_ filter: UnsafeRawBufferPointer) -> SubscriptionAccess {
        grants.rules.subscription(filter: filter, as: names)
    }

    package func mayPublish(_ topic: String) -> Bool {
        var topic = topic
        return topic.withUTF8 { mayPublish(UnsafeRawBufferPointer($0)) }
    }

    package func mayReceive(_ topic: String) -> Bool {
        var topic = topic
        return topic.withUTF8 { mayReceive(UnsafeRawBufferPointer($0)) }
    }

    package func subscription(_ filter: String) -> SubscriptionAccess {
        var filter = filter
        return filter.withUTF8 { subscription(UnsafeRawBufferPointer($0)) }
    }

    /// An identity for a part of Weir itself, which no rule and no quota holds back.
    package static func unrestricted(clientID: String) -> Identity {
        Identity(
            names: ClientNames(clientID: clientID, username: nil),
            grants: .unrestricted,
            source: .internal
        )
    }
}

/// What a group of clients may do; one object for all that have the same roles and rules.
package final class Grants: Sendable {
    /// Sorted by name.
    package let roles: [String]
    package let rules: TopicRules
    package let quotas: Quotas

    package init(roles: [String], rules: TopicRules, quotas: Quotas) {
        self.roles = roles
        self.rules = rules
        self.quotas = quotas
    }

    package static let unrestricted = Grants(roles: [], rules: .unrestricted, quotas: .unlimited)
}
