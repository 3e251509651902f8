import Access
package import EventBus
package import Reactor

/// What other threads ask of a shard.
enum ShardCommand: Sendable {
    case run(@Sendable (BusShard) -> Void)
    /// Take an accepted connection.
    case adopt(AcceptedConnection)
    /// Take a connection over whose session lives here.
    case takeOver(MovedConnection)
    /// What a worker has found out about a client.
    case authenticated(ConnectionID, AuthenticationResult)
    /// Limits of listeners have changed.
    case configurationsChanged
    case snapshot(@Sendable (ShardSnapshot) -> Void)
    /// Take nobody in, send everybody away, and stop when all are gone, at the latest at `deadline`.
    case drain(deadline: UInt64)
}

/// A connection that was taken from a listener and belongs to nobody yet.
struct AcceptedConnection: Sendable {
    let descriptor: Int32
    let listener: Int
    let peer: SocketAddress
}

/// A connection on its way from one shard to another.
struct MovedConnection: @unchecked Sendable {
    // Sendable: the shard that sends it has let go of `extras` before.
    let descriptor: Int32
    let listener: Int
    let extras: ConnectionExtras
    /// When CONNECT must be complete, monotonic nanoseconds.
    let deadline: UInt64
}

/// What a shard has counted, at one moment.
package struct ShardSnapshot: Sendable {
    package let shard: Int
    package let bus: BusCounters
    package let gateway: GatewayCounters
    package let reactor: ReactorStatistics
    package let sessions: Int
    package let connections: Int
    package let subscriptions: Int
    /// Of the whole site, which all shards share.
    package let retained: Int
}
