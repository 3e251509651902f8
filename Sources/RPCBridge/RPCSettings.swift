package import Access

/// The gRPC listener.
package struct RPCSettings: Sendable, Equatable {
    /// Whether there is one.
    package var enabled = true
    /// Host or address to listen on.
    package var host = "127.0.0.1"
    /// Port 0 takes any free one.
    package var port = 50_051
    /// What access rules call this listener.
    package var name = "rpc"
    /// `nil`: ``AccessSettings/allowAnonymous`` decides.
    package var allowAnonymous: Bool?
    package var tls = TLS()
    /// Largest request, bytes; one of more than twice as many is not even read.
    package var maximumMessageSize = 4 << 20
    /// Calls at a time on one connection.
    package var maximumStreams = 1_000
    /// Calls at a time of all connections together.
    package var maximumCalls = 10_000
    /// A connection that is older is asked to go, and its calls may end by themselves; `nil` for no limit.
    package var maximumConnectionAge: Duration?
    /// How long calls may take to end after that.
    package var connectionAgeGrace = Duration.seconds(30)
    /// A connection without calls is closed after this.
    package var idleTimeout = Duration.seconds(300)
    /// Silence after which a client is asked whether it is still there.
    package var keepaliveTime = Duration.seconds(60)
    /// How long its answer may take.
    package var keepaliveTimeout = Duration.seconds(20)
    /// Clients may not ask more often than this.
    package var minimumPingInterval = Duration.seconds(10)
    /// Bytes of events that wait in memory for subscribers of the same filters.
    package var maximumWaitingBytes = 16 << 20
    /// Durable subscriptions of all clients together.
    package var maximumSubscriptions = 1_000
    /// Disk space of a stream that is made for a durable subscription.
    package var subscriptionStreamBytes: UInt64 = 256 << 20
    /// Threads that move bytes.
    package var threads = 1

    package init() {}

    package struct TLS: Sendable, Equatable {
        /// PEM file: the server's certificate, then those between it and the root; `nil` for no TLS.
        package var certificateFile: String?
        /// PEM file with the private key; `nil` looks for it in ``certificateFile``.
        package var keyFile: String?
        /// PEM file with the authorities whose client certificates are good; with it a client needs one.
        package var clientCAFile: String?
        /// Which part of a client's certificate is its username.
        package var usernameFrom: AccessSettings.UsernameSource?

        package init() {}
    }
}
