/// One listener: where clients connect, how, and how many.
package struct ListenerSettings: Sendable, Equatable {
    /// Where to listen.
    package enum Address: Sendable, Equatable {
        /// `host` is a literal address, a name, or empty for every address of the machine.
        case network(host: String, port: UInt16)
        case unix(path: String)
    }

    package enum ProxyProtocol: String, Sendable, CaseIterable {
        /// Connections come from the clients themselves.
        case off
        /// A header of version 2 is expected on every connection.
        case v2
        /// A header of version 1 or 2 is expected on every connection.
        case any
    }

    /// Unique; what access rules, logs and metrics call it. Its URL by default.
    package var name: String
    package var address: Address
    /// `nil` for plain TCP or Unix sockets.
    package var tls: TLSSettings?
    /// `nil` for MQTT straight on the connection.
    package var webSocket: WebSocketSettings?

    /// Connections at once; one more is closed as soon as it is accepted, and counted. 1…16,777,216.
    package var maximumConnections = 100_000
    /// Bytes of one packet `[MQTT-3.2.2-15]`; a larger one ends the connection. 64…268,435,460.
    package var maximumPacketSize = 1 << 20
    /// Connections taken per second, on average; more wait in the kernel's queue. 1…1,000,000; `nil` for no limit.
    package var connectRate: Int?
    /// Time from the connection to a complete CONNECT, with TLS and WebSocket handshakes; then it is closed.
    package var handshakeTimeout = Duration.seconds(10)
    package var proxyProtocol = ProxyProtocol.off
    /// Networks from which a PROXY header is taken, such as `10.0.0.0/8`; `nil` for any. Others are refused.
    package var proxies: [String]?
    /// Whether clients without credentials may come in; `nil` on loopback and Unix sockets only.
    package var allowAnonymous: Bool?
    /// Connections that may wait to be taken. 1…65,535; the kernel's `net.core.somaxconn` is a limit too.
    package var backlog = 1024
    /// Access mode of a Unix socket's file; `nil` leaves it to the process's umask.
    package var mode: UInt32?

    package init(
        name: String? = nil,
        address: Address,
        tls: TLSSettings? = nil,
        webSocket: WebSocketSettings? = nil
    ) {
        self.address = address
        self.tls = tls
        self.webSocket = webSocket
        self.name = name ?? Self.url(address, tls != nil, webSocket)
    }

    /// The listener as a URL, without its options.
    package var url: String { Self.url(address, tls != nil, webSocket) }

    private static func url(_ address: Address, _ isTLS: Bool, _ webSocket: WebSocketSettings?) -> String {
        switch address {
        case .unix(let path):
            return "unix://\(path)"
        case .network(let host, let port):
            let scheme = webSocket != nil ? (isTLS ? "wss" : "ws") : (isTLS ? "tls" : "tcp")
            let shownHost = host.contains(":") ? "[\(host)]" : (host.isEmpty ? "*" : host)
            return "\(scheme)://\(shownHost):\(port)\(webSocket?.path ?? "")"
        }
    }
}

/// Why a listener cannot be: what was expected, what was found, and what to do.
package struct ListenerError: Error, Equatable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) {
        self.description = description
    }
}
