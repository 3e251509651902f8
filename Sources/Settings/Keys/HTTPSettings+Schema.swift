import HTTPGateway

extension HTTPSettings {
    static let schema = Schema<HTTPSettings> {
        Member.value("enabled", \.enabled, .bool, "Whether /metrics, /healthz and /readyz are served.")
        Member.value(
            "listen",
            \.listen,
            .httpAddress,
            "Where. Nobody is asked for a password here: keep it on loopback, or behind something that asks."
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
