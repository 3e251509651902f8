package import Access
package import Gateway

/// One listener as the settings have it: what the gateway needs, and what access rules need.
package struct ListenerEntry: Sendable, Equatable {
    package var gateway: ListenerSettings
    /// Which part of a verified TLS identity is the username.
    package var usernameFrom: AccessSettings.UsernameSource?
    /// Whether the URL, and not only a `tls` group, asks for TLS.
    fileprivate var urlIsTLS = false
    fileprivate var urlIsWebSocket = false

    /// - Throws: ``ListenerError`` for a URL that is none.
    package init(url: String) throws(ListenerError) {
        gateway = try ListenerURL.parse(url)
        urlIsTLS = gateway.tls != nil
        urlIsWebSocket = gateway.webSocket != nil
    }

    private init(_ gateway: ListenerSettings) {
        self.gateway = gateway
    }

    /// Before its own keys are read.
    static let template = ListenerEntry(ListenerSettings(address: .network(host: "127.0.0.1", port: 1_883)))

    /// The listeners of a server without settings.
    package static let standard = [
        template,
        webSocket(
            ListenerSettings(
                address: .network(host: "127.0.0.1", port: 8_083),
                webSocket: WebSocketSettings()
            )
        ),
    ]

    private static func webSocket(_ settings: ListenerSettings) -> ListenerEntry {
        var entry = ListenerEntry(settings)
        entry.urlIsWebSocket = true
        return entry
    }
}

extension ListenerEntry {
    static let schema = Schema<ListenerEntry>(checks: [fits]) {
        mainKeys
        Member.group("tls", \.tls, TLSSettings.schema, "For tls:// and wss:// only.")
        Member.group("webSocket", \.webSocket, WebSocketSettings.schema, "For ws:// and wss:// only.")
    }

    @MemberList<ListenerEntry> private static var mainKeys: [Member<ListenerEntry>] {
        Member.value(
            "url",
            \.definition,
            .listenerURL,
            "Where to listen. The keys below can also follow a question mark here, as flags need it.",
            required: true,
            example: "\"wss://127.0.0.1:8084/mqtt\""
        )
        Member.value(
            "name",
            \.gateway.name,
            .text("a name", lengthMax: 256),
            "What logs, metrics and rules call it; its URL where nothing is said.",
            example: "plant"
        )
        Member.value(
            "allowAnonymous",
            \.gateway.allowAnonymous,
            .optional(.bool),
            "Whether clients without a username may connect here; not set, access.allowAnonymous decides.",
            reload: .live,
            example: "false"
        )
        Member.value(
            "usernameFrom",
            \.usernameFrom,
            .optional(.choice),
            "Which part of a client's certificate (or the PSK identity) is its username; then no password is asked.",
            reload: .live,
            example: "commonName"
        )
        Member.value(
            "maximumConnections",
            \.gateway.maximumConnections,
            .integer(in: 1...16_777_216),
            "Connections at a time; one more is closed as soon as it is taken, and counted.",
            reload: .live
        )
        Member.value(
            "maximumPacketSize",
            \.gateway.maximumPacketSize,
            .byteSize(in: 64...268_435_460),
            "Largest packet; a larger one ends the connection with 0x95.",
            reload: .live
        )
        Member.value(
            "connectRate",
            \.gateway.connectRate,
            .optional(.perSecond("connections", in: 1...1_000_000)),
            "Connections taken on average; more wait in the kernel's queue.",
            reload: .live,
            example: "500/s"
        )
        Member.value(
            "handshakeTimeout",
            \.gateway.handshakeTimeout,
            .duration(in: .seconds(1)...(.seconds(3_600))),
            "Time for TLS, WebSocket and CONNECT together; then the connection is closed.",
            reload: .live
        )
        Member.value(
            "proxyProtocol",
            \.gateway.proxyProtocol,
            .choice,
            "Whether a load balancer in front sends a PROXY header (v2, or any for 1 and 2) on every connection."
        )
        Member.value(
            "proxies",
            \.gateway.proxies,
            .optional(.list(.text("an address or a network"))),
            "Networks from which such a header is taken; others are refused. Not set: any.",
            example: "[10.0.0.0/8]"
        )
        Member.value(
            "backlog",
            \.gateway.backlog,
            .integer(in: 1...65_535),
            "Connections that may wait to be taken; net.core.somaxconn is a limit too."
        )
        Member.value(
            "mode",
            \.gateway.mode,
            .optional(.fileMode),
            "Access mode of a Unix socket; not set, the umask decides.",
            example: "\"0660\""
        )
    }

    private static func fits(_ entry: ListenerEntry, _ path: String, _ decoding: inout Decoding) {
        if let tls = entry.gateway.tls {
            if !entry.urlIsTLS {
                decoding.problem(
                    with: "\(path).tls",
                    "found TLS settings, expected them with tls:// or wss:// only"
                )
            } else if tls.certificateFile == nil, !tls.preSharedKeys {
                decoding.problem(
                    with: "\(path).tls.certificateFile",
                    "not set, expected the server's certificate (or preSharedKeys: true) for \(entry.gateway.url)"
                )
            }
        }
        if entry.gateway.webSocket != nil, !entry.urlIsWebSocket {
            decoding.problem(
                with: "\(path).webSocket",
                "found WebSocket settings, expected them with ws:// or wss:// only"
            )
        }
    }

    /// The URL sets everything that it names, and the other keys refine it.
    private var definition: ListenerSettings {
        get { gateway }
        set {
            gateway = newValue
            urlIsTLS = newValue.tls != nil
            urlIsWebSocket = newValue.webSocket != nil
        }
    }

    /// TLS settings that came into being when a key of theirs was set.
    private var tls: TLSSettings {
        get { gateway.tls ?? TLSSettings() }
        set { if gateway.tls != nil || newValue != TLSSettings() { gateway.tls = newValue } }
    }

    private var webSocket: WebSocketSettings {
        get { gateway.webSocket ?? WebSocketSettings() }
        set {
            if gateway.webSocket != nil || newValue != WebSocketSettings() { gateway.webSocket = newValue }
        }
    }
}

extension SettingType where Value == ListenerSettings {
    static var listenerURL: SettingType {
        SettingType(
            name: "URL",
            expectation:
                "a URL: tcp://HOST:PORT, tls://, ws://, wss:// or unix:///PATH; port 0 takes any free one",
            parse: { node throws(Mismatch) in
                let expected = "a URL such as tcp://127.0.0.1:1883"
                guard case .scalar(let text, _, _) = node, !node.isAbsent else {
                    throw Mismatch(found: node, expected: expected)
                }
                do throws(ListenerError) {
                    return try ListenerURL.parse(text)
                } catch {
                    throw Mismatch(found: node, expected: expected, message: error.description)
                }
            },
            format: { quoted($0.url) }
        )
    }
}

extension SettingType where Value == UInt32 {
    /// Permissions in octal, as chmod writes them.
    static var fileMode: SettingType {
        SettingType(
            name: "mode",
            expectation: "an octal mode from 0 to 0777, such as 0660",
            text: { text in UInt32(text, radix: 8).flatMap { $0 <= 0o777 ? $0 : nil } },
            format: { "\"0\(String($0, radix: 8))\"" }
        )
    }
}
