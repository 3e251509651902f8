/// The sizes of one reactor.
package struct ReactorSettings: Sendable {
    /// Bytes that one receive can take at most; one such buffer per reactor. 4 KiB…16 MiB.
    package var readBufferBytes = 128 << 10
    /// Bytes received after which a turn ends, so that answers leave and nobody waits for long.
    /// 4 KiB…1 GiB.
    package var turnBudgetBytes = 512 << 10
    /// Events taken from the kernel in one call. 1…65,536.
    package var eventsPerWait = 256
    /// Connections taken from one listener before others have their turn. 1…65,536.
    package var acceptsPerTurn = 64

    package init() {}

    /// Every value within its range.
    var bounded: ReactorSettings {
        var settings = self
        settings.readBufferBytes = min(max(readBufferBytes, 4 << 10), 16 << 20)
        settings.turnBudgetBytes = min(max(turnBudgetBytes, 4 << 10), 1 << 30)
        settings.eventsPerWait = min(max(eventsPerWait, 1), 65_536)
        settings.acceptsPerTurn = min(max(acceptsPerTurn, 1), 65_536)
        return settings
    }
}

/// Counters of one reactor since its start. Each counts system calls or what they brought.
package struct ReactorStatistics: Sendable {
    package var turns: UInt64 = 0
    package var waits: UInt64 = 0
    package var receives: UInt64 = 0
    package var receivedBytes: UInt64 = 0
    package var sends: UInt64 = 0
    package var sentBytes: UInt64 = 0
    /// Sends that the kernel took only in part.
    package var stalls: UInt64 = 0
    package var accepts: UInt64 = 0
    /// Connections taken on the reserve descriptor and closed, since no other was left.
    package var acceptsWithoutDescriptor: UInt64 = 0
    package var acceptFailures: UInt64 = 0
    package var interestChanges: UInt64 = 0
    package var wakeUps: UInt64 = 0
}
