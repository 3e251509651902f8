import Access

extension AccessSettings.TokenSettings {
    static let schema = Schema<AccessSettings.TokenSettings> {
        Member.value(
            "keys",
            \.keys,
            .list(.tokenKey, countMax: 100),
            "Keys that tokens are signed with (HS256, RS256, ES256). No keys, no tokens.",
            reload: .live,
            example: "[\"jwks:/etc/weir/jwks.json\", \"pem:/etc/weir/issuer.pem\"]"
        )
        Member.value(
            "issuer",
            \.issuer,
            .optional(.text()),
            "Each token must have this iss; not set, any will do.",
            reload: .live,
            example: "\"https://login.example\""
        )
        Member.value(
            "audience",
            \.audience,
            .optional(.text()),
            "Each token must have this among its aud; not set, any will do.",
            reload: .live,
            example: "weir"
        )
        Member.value(
            "usernameClaim",
            \.usernameClaim,
            .text("a claim"),
            "The claim that is the username.",
            reload: .live
        )
        Member.value(
            "rolesClaim",
            \.rolesClaim,
            .text("a claim"),
            "The claim with the roles: a list of names, or one text with spaces between them.",
            reload: .live
        )
        Member.value(
            "usernameMustMatch",
            \.usernameMustMatch,
            .bool,
            "Whether the username of CONNECT, where there is one, must be the token's.",
            reload: .live
        )
        Member.value(
            "expiryRequired",
            \.expiryRequired,
            .bool,
            "Whether a token without exp is refused.",
            reload: .live
        )
        Member.value(
            "leeway",
            \.leewaySeconds,
            .seconds(in: 0...300),
            "By how much clocks may differ.",
            reload: .live
        )
        Member.value(
            "maximumSize",
            \.sizeMaxBytes,
            .byteSize(in: 256...65_535),
            "Longest token.",
            reload: .live
        )
    }
}

extension SettingType where Value == AccessSettings.KeySource {
    /// `secret:FILE`, `pem:FILE` or `jwks:FILE`; the first two may end in `#KID`.
    static var tokenKey: SettingType {
        SettingType(
            name: "key",
            expectation:
                "secret:FILE (HS256), pem:FILE (RS256, ES256) or jwks:FILE; #KID may follow the first two",
            text: { text in
                guard let colon = text.firstIndex(of: ":") else { return nil }
                let rest = text[text.index(after: colon)...]
                let parts = rest.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
                let file = parts.first.map(String.init) ?? ""
                let identifier = parts.count == 2 ? String(parts[1]) : nil
                guard !file.isEmpty, identifier != "" else { return nil }
                switch text[..<colon] {
                case "secret": return .secretFile(file, id: identifier)
                case "pem": return .pemFile(file, id: identifier)
                case "jwks": return .jwksFile(String(rest))
                default: return nil
                }
            },
            format: { source in
                switch source {
                case .secretFile(let file, let id): quoted("secret:\(file)" + (id.map { "#\($0)" } ?? ""))
                case .pemFile(let file, let id): quoted("pem:\(file)" + (id.map { "#\($0)" } ?? ""))
                // Never in a settings file: it comes from rest.tokenKeyFile.
                case .signingKeyFile(let file): quoted(file)
                case .jwksFile(let file): quoted("jwks:\(file)")
                }
            }
        )
    }
}

extension SettingType where Value == AccessSettings.RuleSettings {
    /// `allow write devices/%c/#`: an effect, an action, a filter, as mosquitto's ACL files name the actions.
    static var topicRule: SettingType {
        SettingType(
            name: "rule",
            expectation: "\"allow|deny read|write|readwrite FILTER\", such as \"allow write devices/%c/#\"",
            text: { text in
                let words = text.split(separator: " ", maxSplits: 2)
                guard words.count == 3, let effect = TopicRule.Effect(rawValue: String(words[0])) else {
                    return nil
                }
                let filter = words[2].drop { $0 == " " }
                let actions: TopicRule.Actions
                switch words[1] {
                case "read": actions = .receive
                case "write": actions = .publish
                case "readwrite": actions = .both
                default: return nil
                }
                // A filter that is none is a mistake of this line, so it is told here, with its place.
                guard (try? TopicRule(effect, actions, filter: String(filter), substituting: true)) != nil
                else { return nil }
                return AccessSettings.RuleSettings(effect, actions, String(filter))
            },
            format: { rule in
                let action = rule.actions == .both ? "readwrite" : rule.actions == .publish ? "write" : "read"
                return quoted("\(rule.effect.rawValue) \(action) \(rule.filter)")
            }
        )
    }
}

extension SettingType where Value: FixedWidthInteger {
    /// A number of milliseconds in `range`, written as a duration: `500ms`, `1m`.
    static func milliseconds(in range: ClosedRange<Value>) -> SettingType {
        let low = Units.format(.milliseconds(range.lowerBound))
        let high = Units.format(.milliseconds(range.upperBound))
        return SettingType(
            name: "duration",
            expectation: "a duration in whole milliseconds from \(low) to \(high), such as 500ms or 1m",
            text: { text in
                guard let duration = Units.parseDuration(text) else { return nil }
                let (seconds, attoseconds) = duration.components
                guard attoseconds.isMultiple(of: 1_000_000_000_000_000) else { return nil }
                let milliseconds = seconds * 1_000 + attoseconds / 1_000_000_000_000_000
                guard let value = Value(exactly: milliseconds), range.contains(value) else { return nil }
                return value
            },
            format: { Units.format(.milliseconds($0)) }
        )
    }
}
