/// The HTTP listener: health, metrics, and the APIs as they come.
package struct HTTPSettings: Sendable, Equatable {
    /// Whether there is one.
    package var enabled = true
    /// Host and port, `127.0.0.1:8080` or `[::1]:8080`. Port 0 takes any free one.
    package var listen = HTTPAddress(host: "127.0.0.1", port: 8_080)
    /// Connections beyond these wait in the kernel's queue.
    package var maximumConnections = 256
    /// A connection that sends nothing for so long is closed.
    package var idleTimeout = Duration.seconds(30)
    /// A request whose header is larger is refused with 400.
    package var maximumHeaderSize = 16 << 10

    /// A request whose body is larger is refused with 413.
    package var maximumBodySize = 1 << 20
    /// Threads that read and write; 1…64.
    package var threads = 2
    /// PEM files; with them the listener speaks TLS 1.2 or later and nothing else.
    package var certificateFile: String?
    package var keyFile: String?
    package var clientCertificate = ClientCertificate.none
    /// PEM file with the authorities whose client certificates are good.
    package var clientCAFile: String?

    /// Whether clients are asked for a certificate.
    package enum ClientCertificate: String, Sendable, CaseIterable {
        case none
        /// Asked for; one that is sent must be good.
        case optional
        /// A client without a good one is turned away.
        case required
    }

    package init() {}
}

/// Where to listen.
package struct HTTPAddress: Sendable, Equatable {
    package var host: String
    package var port: Int

    package init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    /// Reads `host:port`, an IPv6 address in brackets; `nil` for anything else.
    package init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else {
            return nil
        }
        var host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            return nil
        }
        let isName = host.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "/") }
        guard !host.isEmpty, isName else { return nil }
        self.init(host: String(host), port: Int(port))
    }
}

extension HTTPAddress: CustomStringConvertible {
    package var description: String {
        host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    }
}
