/// The two names of a client that topic rules speak of, and whether each may stand in a rule.
///
/// A name with `+`, `#` or `/` put in the place of `%u` would turn one level of a rule into several
/// or into a wildcard (CVE-2017-7650), so such names are marked once, when the client connects.
package struct ClientNames: Sendable, Equatable {
    package let clientID: String
    /// Verified; `nil` for an anonymous client.
    package let username: String?
    let clientIDFlaws: NameFlaws
    let usernameFlaws: NameFlaws

    package init(clientID: String, username: String?) {
        self.clientID = clientID
        self.username = username
        clientIDFlaws = NameFlaws(of: clientID)
        usernameFlaws = username.map(NameFlaws.init(of:)) ?? []
    }
}

/// What keeps a name out of a rule.
struct NameFlaws: OptionSet, Sendable {
    let rawValue: UInt8

    /// Holds `+` or `#`.
    static let wildcard = NameFlaws(rawValue: 1)
    /// Holds `/` or U+0000.
    static let separator = NameFlaws(rawValue: 2)
    /// Begins with `$`: as a first level it would reach into `$SYS` and its like.
    static let dollar = NameFlaws(rawValue: 4)

    /// What keeps a name out of any level.
    static let anyLevel: NameFlaws = [.wildcard, .separator]
    static let firstLevel: NameFlaws = [.wildcard, .separator, .dollar]

    init(rawValue: UInt8) { self.rawValue = rawValue }

    init(of name: String) {
        var flaws: NameFlaws = []
        for byte in name.utf8 {
            switch byte {
            case UInt8(ascii: "+"), UInt8(ascii: "#"): flaws.insert(.wildcard)
            case UInt8(ascii: "/"), 0: flaws.insert(.separator)
            default: break
            }
        }
        if name.utf8.first == UInt8(ascii: "$") { flaws.insert(.dollar) }
        self = flaws
    }
}

extension ClientNames {
    /// Whether the client identifier may take the place of `%c`.
    /// - Parameter atStart: Whether it would begin the first level of a topic.
    func mayStandForClientID(atStart: Bool) -> Bool {
        clientIDFlaws.isDisjoint(with: atStart ? .firstLevel : .anyLevel)
    }

    func mayStandForUsername(atStart: Bool) -> Bool {
        username != nil && usernameFlaws.isDisjoint(with: atStart ? .firstLevel : .anyLevel)
    }
}
