import Access
import EventBus
import Synchronization

/// What all shards of a gateway share.
final class GatewayContext: Sendable {
    let settings: GatewaySettings
    let listeners: [Listener]
    let shards: [ShardHandle]
    let authentication: AuthenticationPool
    let log: @Sendable (LogEvent) -> Void
    let loggedLevel: @Sendable () -> LogEvent.Level

    init(
        settings: GatewaySettings,
        listeners: [Listener],
        shards: [ShardHandle],
        authentication: AuthenticationPool,
        log: @escaping @Sendable (LogEvent) -> Void,
        loggedLevel: @escaping @Sendable () -> LogEvent.Level
    ) {
        self.settings = settings
        self.listeners = listeners
        self.shards = shards
        self.authentication = authentication
        self.log = log
        self.loggedLevel = loggedLevel
    }
}

/// Lets one line in ten seconds through, and counts the others.
struct LogLimiter {
    private var next: UInt64 = 0
    private var suppressed = 0

    /// - Returns: how many were left out since the last line, or `nil` to leave out this one.
    mutating func admit(now: UInt64) -> Int? {
        guard now >= next else {
            suppressed += 1
            return nil
        }
        defer { suppressed = 0 }
        next = now + 10_000_000_000
        return suppressed
    }
}
