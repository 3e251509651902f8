import Access

extension AccessSettings {
    static let schema = Schema<AccessSettings> {
        Member.value(
            "allowAnonymous",
            \.allowAnonymous,
            .optional(.bool),
            "Whether clients without a username may connect. Not set: only over loopback and Unix listeners.",
            reload: .live,
            example: "false"
        )
        Member.value(
            "anonymousRoles",
            \.anonymousRoles,
            .list(.text("the name of a role")),
            "Roles of anonymous clients, by their names under access.roles.",
            reload: .live,
            example: "[viewer]"
        )
        Member.value(
            "defaultRoles",
            \.defaultRoles,
            .list(.text("the name of a role")),
            "Roles of clients that no other setting gives one.",
            reload: .live,
            example: "[device]"
        )
        Member.value(
            "passwordFile",
            \.passwordFile,
            .optional(.path()),
            "Lines user:hash, as \"weir passwd\" and mosquitto_passwd write them.",
            reload: .live,
            example: "/etc/weir/passwords"
        )
        Member.value(
            "rulesFile",
            \.rulesFile,
            .optional(.path()),
            "Topic rules in mosquitto's ACL syntax, with %c and %u. A client that no rule allows is denied.",
            reload: .live,
            example: "/etc/weir/rules"
        )
        Member.value(
            "preSharedKeyFile",
            \.preSharedKeyFile,
            .optional(.path()),
            "Lines identity:key in hexadecimal, for TLS-PSK, as mosquitto's psk_file.",
            reload: .live,
            example: "/etc/weir/psk"
        )
        Member.map(
            "roles",
            \.roles,
            of: RoleSettings.schema,
            template: RoleSettings(name: ""),
            named: \.name,
            countMax: 1_000,
            exampleName: "device",
            "What a client may do, by the name of a role; clients have any number of roles."
        )
        Member.map(
            "users",
            \.users,
            of: UserSettings.schema,
            template: UserSettings(name: ""),
            named: \.name,
            countMax: 100_000,
            exampleName: "alice",
            "What users have beside a password, by username."
        )
        Member.list(
            "certificates",
            \.certificates,
            of: CertificateMapping.schema,
            template: CertificateMapping(field: .commonName, pattern: "", roles: []),
            countMax: 10_000,
            "Roles for clients by what their TLS certificate says."
        )
        Member.group(
            "tokens",
            \.tokens,
            TokenSettings.schema,
            "JSON Web Tokens in the place of the password."
        )
        Member.group(
            "quotas",
            \.quotas,
            Quotas.schema,
            "What each client may use; roles and users may have more or less."
        )
        Member.group(
            "throttle",
            \.throttle,
            ThrottleSettings.schema,
            "How failed attempts slow an address down."
        )
        Member.group(
            "passwordCache",
            \.passwordCache,
            PasswordCacheSettings.schema,
            "Passwords that were right a moment ago, so that ten thousand devices can come back at once."
        )
    }
}

extension AccessSettings.RoleSettings {
    static let schema = Schema<AccessSettings.RoleSettings> {
        Member.value(
            "rules",
            \.rules,
            .list(.topicRule, countMax: 10_000),
            "What the role allows and denies; a denial wins. %c and %u stand for the client's identifier and username.",
            reload: .live,
            example: "[\"allow write devices/%c/#\", \"allow read site/+/state\", \"deny read site/keys\"]"
        )
        Member.group("quotas", \.quotas, QuotaOverrides.schema, "Limits in the place of access.quotas.")
    }
}

extension AccessSettings.UserSettings {
    static let schema = Schema<AccessSettings.UserSettings> {
        Member.value(
            "roles",
            \.roles,
            .list(.text("the name of a role")),
            "The user's roles.",
            reload: .live,
            example: "[device]"
        )
        Member.group("quotas", \.quotas, QuotaOverrides.schema, "Limits in the place of access.quotas.")
    }
}

extension AccessSettings.CertificateMapping {
    static let schema = Schema<AccessSettings.CertificateMapping> {
        Member.value("field", \.field, .choice, "Which part of the certificate is looked at.", reload: .live)
        Member.value(
            "pattern",
            \.pattern,
            .text("a value; * stands for any run of characters"),
            "What it must be.",
            reload: .live,
            required: true,
            example: "\"*.sensors.example\""
        )
        Member.value(
            "roles",
            \.roles,
            .list(.text("the name of a role")),
            "Roles of such a client.",
            reload: .live,
            example: "[device]"
        )
    }
}

extension AccessSettings.PasswordCacheSettings {
    static let schema = Schema<AccessSettings.PasswordCacheSettings> {
        Member.value(
            "maximumEntries",
            \.entriesMax,
            .integer(in: 0...1_000_000),
            "Passwords remembered; 0 switches it off.",
            reload: .live
        )
        Member.value(
            "lifetime",
            \.seconds,
            .seconds(in: 1...86_400),
            "How long each is remembered.",
            reload: .live
        )
    }
}

extension AccessSettings.ThrottleSettings {
    static let schema = Schema<AccessSettings.ThrottleSettings> {
        Member.value(
            "maximumAddresses",
            \.addressesMax,
            .integer(in: 0...10_000_000),
            "Addresses remembered; the one that failed longest ago makes room. 0 switches it off.",
            reload: .live
        )
        Member.value(
            "freeFailures",
            \.freeFailures,
            .integer(in: 0...1_000_000),
            "Failures that cost nothing.",
            reload: .live
        )
        Member.value(
            "firstDelay",
            \.firstDelayMilliseconds,
            .milliseconds(in: 1...3_600_000),
            "The wait after the first failure that costs; each further one doubles it.",
            reload: .live
        )
        Member.value(
            "maximumDelay",
            \.delayMaxMilliseconds,
            .milliseconds(in: 1...86_400_000),
            "The longest wait.",
            reload: .live
        )
        Member.value(
            "forgetAfter",
            \.forgetAfterSeconds,
            .seconds(in: 1...2_592_000),
            "After so long without a failure an address is as new.",
            reload: .live
        )
    }
}
