/// Everything about access that can be configured, with its defaults.
package struct AccessSettings: Sendable {
    /// Whether clients without a username may connect. `nil`: only over loopback and Unix listeners.
    package var allowAnonymous: Bool?
    /// Roles of anonymous clients, names in `roles`.
    package var anonymousRoles: [String] = []
    /// Roles of clients that no other setting gives a role.
    package var defaultRoles: [String] = []

    /// Lines `user:hash`, as `weir passwd` or `mosquitto_passwd` writes them.
    package var passwordFile: String?
    /// Topic rules in mosquitto's ACL syntax.
    package var rulesFile: String?
    /// Lines `identity:hexadecimal key`, as mosquitto's `psk_file`.
    package var preSharedKeyFile: String?
    package var tokens = TokenSettings()

    package var roles: [RoleSettings] = []
    package var users: [UserSettings] = []
    package var certificates: [CertificateMapping] = []
    /// By the listener's name.
    package var listeners: [String: ListenerSettings] = [:]

    package var banned = BanSettings()
    package var quotas = Quotas()
    package var throttle = ThrottleSettings()
    package var passwordCache = PasswordCacheSettings()

    package init() {}

    /// What differs from listener to listener.
    package struct ListenerSettings: Sendable {
        /// Overrides ``AccessSettings/allowAnonymous``.
        package var allowAnonymous: Bool?
        /// Which part of a verified TLS identity is the username; then no password is asked for.
        package var usernameFrom: UsernameSource?

        package init(allowAnonymous: Bool? = nil, usernameFrom: UsernameSource? = nil) {
            self.allowAnonymous = allowAnonymous
            self.usernameFrom = usernameFrom
        }
    }

    /// Where in a TLS identity the username is.
    package enum UsernameSource: String, Sendable, CaseIterable {
        /// The subject's common name; of a pre-shared key, its identity (mosquitto:
        /// `use_identity_as_username`).
        case commonName
        /// The first DNS, URI or e-mail name among the subject alternative names.
        case subjectAltName
        /// The whole subject (mosquitto: `use_subject_as_username`).
        case subject
    }

    package struct RoleSettings: Sendable {
        package var name: String
        package var rules: [RuleSettings]
        package var quotas: QuotaOverrides

        package init(name: String, rules: [RuleSettings] = [], quotas: QuotaOverrides = QuotaOverrides()) {
            self.name = name
            self.rules = rules
            self.quotas = quotas
        }
    }

    /// One rule of a role; `%c` and `%u` in the filter stand for the client's names.
    package struct RuleSettings: Sendable {
        package var effect: TopicRule.Effect
        package var actions: TopicRule.Actions
        package var filter: String

        package init(_ effect: TopicRule.Effect, _ actions: TopicRule.Actions, _ filter: String) {
            self.effect = effect
            self.actions = actions
            self.filter = filter
        }
    }

    /// What a user has beside a password.
    package struct UserSettings: Sendable {
        package var name: String
        package var roles: [String]
        package var quotas: QuotaOverrides

        package init(name: String, roles: [String] = [], quotas: QuotaOverrides = QuotaOverrides()) {
            self.name = name
            self.roles = roles
            self.quotas = quotas
        }
    }

    /// Roles for clients by what their certificate says.
    package struct CertificateMapping: Sendable {
        package var field: UsernameSource
        /// The value; a `*` stands for any run of characters.
        package var pattern: String
        package var roles: [String]

        package init(field: UsernameSource, pattern: String, roles: [String]) {
            self.field = field
            self.pattern = pattern
            self.roles = roles
        }
    }

    /// Who is turned away before anything else is asked.
    package struct BanSettings: Sendable {
        /// Addresses or networks: `192.0.2.7`, `192.0.2.0/24`, `2001:db8::/32`.
        package var addresses: [String] = []
        /// A `*` stands for any run of characters.
        package var clientIDs: [String] = []
        /// Verified usernames; a `*` as above.
        package var users: [String] = []

        package init() {}
    }

    /// Passwords that were right a moment ago, so that a site whose power returns is not busy for
    /// minutes with the slow hashes of ten thousand reconnecting devices.
    package struct PasswordCacheSettings: Sendable, Equatable {
        /// 0 switches it off.
        package var entriesMax = 10_000
        package var seconds: Int64 = 3_600

        package init() {}
    }
}
