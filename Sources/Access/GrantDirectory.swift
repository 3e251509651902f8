import Synchronization

/// Finds the one ``Grants`` object for a user with certain roles.
final class GrantDirectory: Sendable {
    /// Combinations of roles that are remembered. Tokens choose their own, from the roles there are;
    /// beyond this many a combination is compiled for each client that comes with it.
    static let combinationsMax = 4_096

    private struct Key: Hashable {
        /// The user, where it has rules or limits of its own.
        var user: String?
        var isAnonymous: Bool
        /// Sorted.
        var roles: [String]
        /// Of a token.
        var scope: [TopicRule]?
    }

    private struct Role {
        var rules: [TopicRule]
        var quotas: QuotaOverrides
    }

    private let roles: [String: Role]
    private let users: [String: AccessSettings.UserSettings]
    private let certificates: [AccessSettings.CertificateMapping]
    private let anonymousRoles: [String]
    private let defaultRoles: [String]
    private let file: RuleFile?
    private let quotas: Quotas
    private let hasRules: Bool
    private let made = Mutex<[Key: Grants]>([:])

    init(_ settings: AccessSettings, _ file: RuleFile?, _ errors: inout [AccessSettingsError]) {
        var roles: [String: Role] = [:]
        for role in settings.roles {
            let place = "access.roles.\(role.name)"
            if roles[role.name] != nil {
                errors.append(
                    AccessSettingsError(
                        place,
                        found: "the role twice",
                        expected: "each role once"
                    )
                )
            }
            var rules: [TopicRule] = []
            for rule in role.rules {
                do throws(FilterFlaw) {
                    rules.append(
                        try TopicRule(rule.effect, rule.actions, filter: rule.filter, substituting: true)
                    )
                } catch {
                    errors.append(
                        AccessSettingsError(
                            place,
                            found: "filter \"\(rule.filter)\"",
                            expected: "a topic filter: \(error.rawValue)"
                        )
                    )
                }
            }
            roles[role.name] = Role(rules: rules, quotas: role.quotas)
        }
        let known = roles.keys.sorted().joined(separator: ", ")
        func check(_ names: [String], _ place: String) {
            for name in names where roles[name] == nil {
                errors.append(
                    AccessSettingsError(
                        place,
                        found: "role \"\(name)\"",
                        expected: known.isEmpty
                            ? "a role from access.roles, which has none" : "one of \(known)"
                    )
                )
            }
        }
        check(settings.anonymousRoles, "access.anonymousRoles")
        check(settings.defaultRoles, "access.defaultRoles")
        for user in settings.users { check(user.roles, "access.users.\(user.name)") }
        for mapping in settings.certificates {
            check(mapping.roles, "access.certificates \"\(mapping.pattern)\"")
        }
        var users: [String: AccessSettings.UserSettings] = [:]
        for user in settings.users {
            if users.updateValue(user, forKey: user.name) != nil {
                errors.append(
                    AccessSettingsError(
                        "access.users.\(user.name)",
                        found: "the user twice",
                        expected: "each user once"
                    )
                )
            }
        }
        self.roles = roles
        self.users = users
        self.file = file
        certificates = settings.certificates
        anonymousRoles = settings.anonymousRoles
        defaultRoles = settings.defaultRoles
        quotas = settings.quotas
        hasRules = file != nil || !settings.roles.isEmpty
    }

    func anonymous(clientID: String) -> Identity {
        let key = Key(user: nil, isAnonymous: true, roles: Set(anonymousRoles).sorted())
        return Identity(
            names: ClientNames(clientID: clientID, username: nil),
            grants: grants(key),
            source: .anonymous
        )
    }

    /// - Parameters:
    ///   - extraRoles: From a token or a certificate; names that are no role are passed over.
    ///   - scope: From a token; narrows the rules.
    func identity(
        name: String,
        clientID: String,
        extraRoles: [String],
        expiry: Int64? = nil,
        scope: [TopicRule]? = nil,
        source: Identity.Source
    ) -> Identity {
        var names = Set(extraRoles).intersection(roles.keys)
        names.formUnion(users[name]?.roles ?? [])
        if names.isEmpty { names.formUnion(defaultRoles) }
        let hasOwn = users[name] != nil || file?.users[name] != nil
        let key = Key(user: hasOwn ? name : nil, isAnonymous: false, roles: names.sorted(), scope: scope)
        return Identity(
            names: ClientNames(clientID: clientID, username: name),
            grants: grants(key),
            expiry: expiry,
            source: source,
            claimedRoles: extraRoles,
            scope: scope
        )
    }

    /// The roles that the mappings give to a certificate.
    func roles(for tls: TLSIdentity) -> [String] {
        certificates.filter { mapping in
            mapping.values(in: tls).contains { Glob.matches($0, mapping.pattern) }
        }.flatMap(\.roles)
    }

    private func grants(_ key: Key) -> Grants {
        if let found = made.withLock({ $0[key] }) { return found }
        let new = compile(key)
        return made.withLock { made in
            // Another thread may have been faster; all get the same object.
            if let found = made[key] { return found }
            if made.count < Self.combinationsMax { made[key] = new }
            return new
        }
    }

    private func compile(_ key: Key) -> Grants {
        var rules = key.roles.flatMap { roles[$0]?.rules ?? [] }
        if key.isAnonymous {
            rules += file?.anonymous ?? []
        } else if let user = key.user {
            rules += file?.users[user] ?? []
        }
        rules += file?.patterns ?? []
        var overrides = QuotaOverrides()
        for role in key.roles { overrides = overrides.widened(by: roles[role]?.quotas ?? QuotaOverrides()) }
        var quotas = overrides.applied(to: quotas)
        if let user = key.user, let own = users[user] { quotas = own.quotas.applied(to: quotas) }
        var compiled = hasRules ? TopicRules(rules) : .unrestricted
        if let scope = key.scope { compiled = compiled.narrowed(by: scope) }
        return Grants(roles: key.roles, rules: compiled, quotas: quotas)
    }
}

extension AccessSettings.CertificateMapping {
    fileprivate func values(in tls: TLSIdentity) -> [String] {
        switch field {
        case .commonName: tls.commonName.map { [$0] } ?? []
        case .subject: tls.subject.map { [$0] } ?? []
        case .subjectAltName: tls.subjectAltNames.map(\.value)
        }
    }
}

/// Text patterns in which `*` stands for any run of characters.
enum Glob {
    /// Takes time proportional to both lengths at most: it goes back to the last `*` only.
    static func matches(_ text: String, _ pattern: String) -> Bool {
        let text = Array(text.utf8)
        let pattern = Array(pattern.utf8)
        var (t, p) = (0, 0)
        var star: (pattern: Int, text: Int)?
        while t < text.count {
            if p < pattern.count, pattern[p] == UInt8(ascii: "*") {
                star = (p, t)
                p += 1
            } else if p < pattern.count, pattern[p] == text[t] {
                p += 1
                t += 1
            } else if let last = star {
                p = last.pattern + 1
                t = last.text + 1
                star = (last.pattern, t)
            } else {
                return false
            }
        }
        return pattern[p...].allSatisfy { $0 == UInt8(ascii: "*") }
    }
}
