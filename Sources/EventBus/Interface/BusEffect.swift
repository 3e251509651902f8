package import Access

/// What the core asks of whoever drives it, besides sending output.
package enum BusEffect: Sendable {
    /// Send what is left of the output, at most for as long as the gateway's linger time, then close.
    case close(ConnectionID)
    /// Run the costly check of `request` on a worker and give the answer to
    /// ``BusShard/authenticationFinished(_:_:)``.
    case authenticate(ConnectionID, ConnectRequest)
    /// The client's session lives in another shard: hand the socket over, with all bytes from the
    /// start of its CONNECT packet, which was not consumed.
    case migrate(ConnectionID, toShard: Int)
    /// Read nothing more from this connection until ``resume``: its quota is used up, or the journal
    /// cannot keep up.
    case pause(ConnectionID)
    case resume(ConnectionID)
    /// Mail for another shard waits: see ``BusShard/takeMail(for:)``.
    case mail(toShard: Int)
    /// Something an operator may want to read. `isError` means that a person must act.
    case log(LogEvent)
}

/// One line for the log: a constant message and what belongs to it.
package struct LogEvent: Sendable {
    package enum Level: Int, Sendable, Comparable {
        case debug, info, notice, warning, error

        package static func < (a: Level, b: Level) -> Bool { a.rawValue < b.rawValue }
    }

    package var level: Level
    package var message: String
    package var metadata: [(String, String)]

    package init(_ level: Level, _ message: String, _ metadata: [(String, String)] = []) {
        self.level = level
        self.message = message
        self.metadata = metadata
    }
}
