package import Reactor

/// The gateway's limits that are not a listener's.
package struct GatewaySettings: Sendable {
    /// Threads that serve connections, each with its part of the sessions. 1…32.
    package var shards = 1
    package var reactor = ReactorSettings()
    /// Time to send the last words to a client that is sent away; then the rest is dropped.
    package var lingerSeconds = 5
    /// Threads that check passwords. 1…64.
    package var authenticationThreads = 2
    /// Clients that may wait for such a check; one more is refused with 0x89 "Server busy".
    package var authenticationsMaximum = 1024
    /// Things that other threads may have asked of a shard and that are not done; more are refused.
    package var commandsMaximum = 65_536
    /// Bytes of messages between two shards that may wait; beyond that the sending shard waits.
    package var mailMaximumBytes = 64 << 20

    package init() {}
}

/// What the gateway has counted in one shard since it started.
package struct GatewayCounters: Sendable {
    package var accepted: UInt64 = 0
    /// Closed at once because the listener has as many connections as it may have.
    package var refusedConnections: UInt64 = 0
    /// Times that a listener paused because of its connect rate.
    package var connectRatePauses: UInt64 = 0
    /// Closed because CONNECT was not complete in time.
    package var handshakeTimeouts: UInt64 = 0
    package var proxyFailures: UInt64 = 0
    package var tlsFailures: UInt64 = 0
    package var tlsHandshakes: UInt64 = 0
    package var tlsResumed: UInt64 = 0
    package var webSocketFailures: UInt64 = 0
    /// Closed because the peer does not read what TLS and WebSocket must tell it.
    package var unreadControl: UInt64 = 0
    /// Closed with words unsaid, because the peer did not read them in time.
    package var lingerTimeouts: UInt64 = 0
    package var authentications: UInt64 = 0
    package var authenticationsRefused: UInt64 = 0
    package var movedIn: UInt64 = 0
    package var movedOut: UInt64 = 0
    /// Times that the shard waited for another to read its mail.
    package var mailStalls: UInt64 = 0

    package init() {}
}
