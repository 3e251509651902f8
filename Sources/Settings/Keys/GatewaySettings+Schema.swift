import Gateway

extension TLSSettings {
    static let schema = Schema<TLSSettings> {
        Member.value(
            "certificateFile",
            \.certificateFile,
            .optional(.path("the path of a PEM file")),
            "The server's certificate, then those between it and the root.",
            reload: .live,
            example: "/etc/weir/site.pem"
        )
        Member.value(
            "keyFile",
            \.keyFile,
            .optional(.path("the path of a PEM file")),
            "The private key; not set, it is looked for in certificateFile.",
            reload: .live,
            example: "/etc/weir/site.key"
        )
        Member.value(
            "keyPasswordFile",
            \.keyPasswordFile,
            .optional(.path()),
            "A file whose first line is the key's password.",
            reload: .live,
            example: "/etc/weir/site.key.password"
        )
        Member.value(
            "caFile",
            \.caFile,
            .optional(.path("the path of a PEM file")),
            "Authorities whose client certificates are good.",
            reload: .live,
            example: "/etc/weir/ca.pem"
        )
        Member.value(
            "caDirectory",
            \.caDirectory,
            .optional(.path("the path of a directory")),
            "A directory of such files, named by \"openssl rehash\".",
            reload: .live,
            example: "/etc/ssl/certs"
        )
        Member.value(
            "crlFile",
            \.crlFile,
            .optional(.path("the path of a PEM file")),
            "Revocation lists; with it every client certificate must be covered by one.",
            reload: .live,
            example: "/etc/weir/ca.crl"
        )
        Member.value(
            "clientCertificate",
            \.clientCertificate,
            .choice,
            "Whether a client is asked for a certificate: not at all, if it likes, or must it have a good one.",
            reload: .live
        )
        Member.value(
            "minimumVersion",
            \.minimumVersion,
            .choice,
            "The lowest version of TLS that is spoken.",
            reload: .live
        )
        Member.value(
            "ciphers",
            \.ciphers,
            .optional(.text("ciphers")),
            "TLS 1.2 ciphers in OpenSSL's notation; not set, OpenSSL's own choice.",
            reload: .live,
            example: "ECDHE+AESGCM"
        )
        Member.value(
            "cipherSuites",
            \.cipherSuites,
            .optional(.text("cipher suites")),
            "TLS 1.3 cipher suites, separated by colons; not set, OpenSSL's own choice.",
            reload: .live,
            example: "TLS_AES_128_GCM_SHA256"
        )
        Member.value(
            "groups",
            \.groups,
            .optional(.text("groups")),
            "Key exchange groups, separated by colons; not set, OpenSSL's own choice.",
            reload: .live,
            example: "\"X25519:P-256\""
        )
        Member.value(
            "applicationProtocols",
            \.applicationProtocols,
            .list(.text("a protocol", lengthMax: 255), countMax: 16),
            "Application protocols (ALPN) taken from a client that offers any.",
            reload: .live
        )
        Member.value(
            "sessionResumption",
            \.sessionResumption,
            .bool,
            "Whether a client may resume its TLS session by a ticket, which saves the signatures.",
            reload: .live
        )
        Member.value(
            "preSharedKeys",
            \.preSharedKeys,
            .bool,
            "Whether clients may prove themselves by a key of access.preSharedKeyFile; without a certificate they must.",
            reload: .live
        )
        Member.value(
            "preSharedKeyHint",
            \.preSharedKeyHint,
            .optional(.text("a hint", lengthMax: 128)),
            "Told to TLS 1.2 clients before they choose their identity.",
            reload: .live,
            example: "site"
        )
    }
}

extension WebSocketSettings {
    static let schema = Schema<WebSocketSettings> {
        Member.value(
            "path",
            \.path,
            .optional(.text("a path")),
            "Path of the request; null takes any.",
            example: "/mqtt"
        )
        Member.value(
            "origins",
            \.origins,
            .optional(.list(.text("an origin"))),
            "Web pages that may connect, by their Origin; not set, any. What is no browser is let in.",
            example: "[\"https://site.example\"]"
        )
        Member.value(
            "maximumRequestSize",
            \.requestMaximumBytes,
            .byteSize(in: 256...(1 << 20)),
            "Bytes of the HTTP request; more is answered with 431."
        )
    }
}

extension GatewaySettings {
    static let schema = Schema<GatewaySettings> {
        Member.value(
            "shards",
            \.shards,
            .integer(in: 1...32),
            "Threads that serve connections, each with its part of the sessions. One serves a million messages a second."
        )
        Member.value(
            "lingerTimeout",
            \.lingerSeconds,
            .seconds(in: 0...600),
            "Time to send the last words to a client that is sent away; then the rest is dropped."
        )
        Member.value(
            "authenticationThreads",
            \.authenticationThreads,
            .integer(in: 1...64),
            "Threads that check passwords."
        )
        Member.value(
            "maximumAuthentications",
            \.authenticationsMaximum,
            .integer(in: 1...1_000_000),
            "Clients that may wait for such a check; one more is refused with 0x89 Server busy."
        )
        Member.value(
            "maximumCommands",
            \.commandsMaximum,
            .integer(in: 1_024...16_777_216),
            "Requests of other threads that may wait for a shard; more are refused."
        )
        Member.value(
            "maximumMail",
            \.mailMaximumBytes,
            .byteSize(in: (1 << 20)...(1 << 40)),
            "Bytes that may wait between two shards; then the sending shard waits."
        )
    }
}
