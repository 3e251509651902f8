package import Access

/// One connection of one shard: a dense slot number, reused after the connection is gone, and the
/// number of times the slot was used, so that a late answer for an earlier connection is noticed.
package struct ConnectionID: Hashable, Sendable {
    package var slot: Int32
    package var generation: UInt32

    @inlinable
    package init(slot: Int32, generation: UInt32) {
        self.slot = slot
        self.generation = generation
    }
}

/// What the gateway knows of a client before its first packet.
package struct PeerInfo: Sendable {
    /// For logs, for example `192.0.2.7:40312` or `unix`.
    package var address: String
    /// The address as 16 bytes (IPv4 mapped into IPv6), for throttling; zero on Unix sockets.
    package var addressKey: (UInt64, UInt64)
    package var isLoopback: Bool
    package var isUnixSocket: Bool
    package var tls: TLSIdentity?

    package init(
        address: String,
        addressKey: (UInt64, UInt64) = (0, 0),
        isLoopback: Bool = false,
        isUnixSocket: Bool = false,
        tls: TLSIdentity? = nil
    ) {
        self.address = address
        self.addressKey = addressKey
        self.isLoopback = isLoopback
        self.isUnixSocket = isUnixSocket
        self.tls = tls
    }
}

/// What a listener asks of its connections; the parts that the core must know.
package struct ListenerPolicy: Sendable {
    package var name: String
    /// Bytes of a whole packet, fixed header included `[MQTT-3.2.2-15]`; at most 268,435,460.
    package var maximumPacketSize: Int

    package init(name: String, maximumPacketSize: Int = 1 << 20) {
        self.name = name
        self.maximumPacketSize = maximumPacketSize
    }
}

/// Why a connection is gone, as the gateway saw it.
package enum CloseCause: Sendable {
    /// The peer closed or reset the socket.
    case peer
    /// Time ran out before CONNECT was complete, or the peer stopped reading.
    case timeout
    /// TLS, WebSocket or PROXY broke.
    case transport
    /// We closed it, as the core asked.
    case local
}
