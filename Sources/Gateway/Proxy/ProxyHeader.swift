package import Reactor

/// What a proxy says of the connection that it forwards: haproxy's PROXY protocol, versions 1 and 2.
package struct ProxyHeader: Sendable, Equatable {
    /// The client's address; `nil` where the proxy speaks for itself (a health check, LOCAL) or does not know.
    package var source: SocketAddress?
    /// The address that the client connected to.
    package var destination: SocketAddress?
    /// Whether the client spoke TLS to the proxy.
    package var isTLS = false
    /// The common name of a client certificate that the proxy has verified.
    package var commonName: String?

    package init(source: SocketAddress? = nil, destination: SocketAddress? = nil) {
        self.source = source
        self.destination = destination
    }

    package enum Outcome: Sendable, Equatable {
        case incomplete
        /// The client's bytes begin behind `consumed` bytes.
        case header(ProxyHeader, consumed: Int)
        /// Close: the peer is no proxy, or a broken one.
        case invalid(String)
    }

    /// A header with all that is defined, and certificates' names, fits; more is refused.
    package static let maximumBytes = 4096

    /// Reads the header at the beginning of a connection.
    package static func read(_ bytes: UnsafeRawBufferPointer) -> Outcome {
        guard let first = bytes.first else { return .incomplete }
        switch first {
        case ProxyHeaderV2.signature[0]: return ProxyHeaderV2.read(bytes)
        case UInt8(ascii: "P"): return ProxyHeaderV1.read(bytes)
        default: return .invalid("a PROXY header is expected")
        }
    }
}
