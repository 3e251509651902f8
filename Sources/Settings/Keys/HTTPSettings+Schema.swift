import HTTPGateway

extension HTTPSettings {
    static let schema = Schema<HTTPSettings>(checks: [hasBoth, hasAuthorities]) {
        Member.value(
            "enabled",
            \.enabled,
            .bool,
            "Whether /metrics, /healthz, /readyz and the APIs are served."
        )
        Member.value(
            "listen",
            \.listen,
            .httpAddress,
            "Where. Nobody is asked for a password for metrics and health: keep it on loopback, or behind something that asks."
        )
        Member.value(
            "maximumConnections",
            \.maximumConnections,
            .integer(in: 1...65_536),
            "Connections at a time; further ones wait in the kernel's queue."
        )
        Member.value(
            "idleTimeout",
            \.idleTimeout,
            .duration(in: .seconds(1)...(.seconds(3_600))),
            "A connection that sends nothing for so long is closed."
        )
        Member.value(
            "maximumHeaderSize",
            \.maximumHeaderSize,
            .byteSize(in: 1_024...(1 << 20)),
            "A request with a larger header is refused with 400."
        )
        Member.value(
            "maximumBodySize",
            \.maximumBodySize,
            .byteSize(in: 1_024...(64 << 20)),
            "A request with a larger body is refused with 413."
        )
        Member.value("threads", \.threads, .integer(in: 1...64), "Threads that read and write.")
        Member.value(
            "certificateFile",
            \.certificateFile,
            .optional(.path("a PEM file")),
            "The server's certificate and those it was issued with; with it the listener speaks TLS only, 1.2 or later.",
            example: "/etc/weir/http.crt"
        )
        Member.value(
            "keyFile",
            \.keyFile,
            .optional(.path("a PEM file")),
            "The certificate's private key.",
            example: "/etc/weir/http.key"
        )
        Member.value(
            "clientCertificate",
            \.clientCertificate,
            .choice,
            "Whether clients are asked for a certificate, and turned away without a good one; rest.usernameFrom names them."
        )
        Member.value(
            "clientCAFile",
            \.clientCAFile,
            .optional(.path("a PEM file")),
            "Authorities whose client certificates are good.",
            example: "/etc/weir/clients.pem"
        )
    }

    private static func hasBoth(_ settings: HTTPSettings, _ path: String, _ decoding: inout Decoding) {
        guard (settings.certificateFile == nil) != (settings.keyFile == nil) else { return }
        let (given, missing) =
            settings.keyFile == nil ? ("certificateFile", "keyFile") : ("keyFile", "certificateFile")
        decoding.problem(with: "\(path).\(given)", "set without \(path).\(missing); TLS needs both")
    }
}

extension HTTPSettings {
    private static func hasAuthorities(_ settings: HTTPSettings, _ path: String, _ decoding: inout Decoding) {
        guard settings.clientCertificate != .none else { return }
        for (name, file) in [
            ("clientCAFile", settings.clientCAFile), ("certificateFile", settings.certificateFile),
        ] where file == nil {
            decoding.problem(
                with: "\(path).clientCertificate",
                "\(settings.clientCertificate.rawValue) without \(path).\(name); set it too"
            )
        }
    }
}

extension SettingType where Value == HTTPAddress {
    static var httpAddress: SettingType {
        SettingType(
            name: "address",
            expectation: "HOST:PORT, such as 127.0.0.1:8080 or [::1]:8080",
            text: { HTTPAddress($0) },
            format: { quoted($0.description) }
        )
    }
}
