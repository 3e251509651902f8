import RESTGateway

extension RESTSettings {
    static let schema = Schema<RESTSettings> {
        Member.value("enabled", \.isEnabled, .bool, "Whether the ETSI APIs are served at http.listen.")
        Member.value(
            "publicURL",
            \.publicURL,
            .optional(.text("a URL", lengthMax: 1_024)),
            "How clients reach the APIs, for links in answers; not set, the address of http.listen.",
            example: "\"https://mec.example\""
        )
        Member.value(
            "requestRate",
            \.requestRate,
            .integer(in: 0...10_000_000),
            "Requests per second of one address; further ones are refused with 429. 0 is without limit."
        )
        Member.value(
            "maximumSubscriptions",
            \.subscriptionsMaximum,
            .integer(in: 1...1_000_000),
            "Subscriptions of the radio network service and the registry; one more is refused with 403."
        )
        Member.value(
            "tokenKeyFile",
            \.tokenKeyFile,
            .optional(.path("a file with a secret of at least 32 bytes, or a private key as PEM")),
            """
            Signs the access tokens that /oauth2/token hands to those who have a password or a client certificate: a \
            secret (HS256), or an RSA or P-256 key (RS256, ES256). Every listener takes them. Not set, none are handed out.
            """,
            example: "/etc/weir/token.key"
        )
        Member.value(
            "allowAnonymous",
            \.allowAnonymous,
            .optional(.bool),
            "Whether somebody without credentials may use the APIs; not set, as access.allowAnonymous says.",
            example: "false"
        )
        Member.value(
            "usernameFrom",
            \.usernameFrom,
            .optional(.choice),
            "Which part of a client's certificate (http.clientCertificate) is its name; then no password or token is asked.",
            example: "commonName"
        )
        Member.group("callbacks", \.callbacks, CallbackSettings.schema, "How notifications are delivered.")
    }
}

extension CallbackSettings {
    static let schema = Schema<CallbackSettings> {
        Member.value(
            "allowLoopback",
            \.allowsLoopback,
            .bool,
            "Whether callbacks may go to this host's own loopback addresses; link-local ones are refused anyway."
        )
        Member.value(
            "timeout",
            \.timeout,
            .duration(in: .milliseconds(100)...(.seconds(60))),
            "How long one attempt may take."
        )
        Member.value(
            "attempts",
            \.attempts,
            .integer(in: 1...20),
            "Attempts for one notification; then it is given up and counted in weir_notifications_dead_total."
        )
        Member.value(
            "firstDelay",
            \.firstDelay,
            .duration(in: .milliseconds(10)...(.seconds(60))),
            "The wait after the first failure; each further one doubles it."
        )
        Member.value(
            "maximumDelay",
            \.delayMaximum,
            .duration(in: .milliseconds(10)...(.seconds(3_600))),
            "The longest such wait."
        )
        Member.value(
            "maximumQueue",
            \.queueMaximum,
            .integer(in: 1...100_000),
            "Notifications that may wait for one subscriber; then the oldest goes and is counted."
        )
        Member.value(
            "expiryNotice",
            \.expiryNotice,
            .duration(in: .zero...(.seconds(86_400))),
            "How long before its end a subscription gets its ExpiryNotification."
        )
    }
}
