/// The log of one lane, as the uplink sees it. One thread uses it.
package protocol LaneSource: AnyObject {
    /// Made with the log; another one after the log was lost.
    var epoch: UInt64 { get }
    /// The last sequence known to be stored, 0 for none.
    var committed: UInt64 { get }

    /// Adds what is durable and not read yet to `builder`, until it has `size` bytes.
    ///
    /// - Parameter now: nanoseconds since 1970; what waits for the end of a window is told by it.
    /// - Returns: whether there may be more at once.
    func fill(_ builder: BatchBuilder, size: Int, now: Int64) throws -> Bool
    /// What ``commit(_:)`` takes for everything that `fill` has added so far.
    var mark: UInt64 { get }
    /// Passes over everything up to `sequence`; it is stored already.
    func skip(through sequence: UInt64)
    /// Keeps durably that everything up to `mark` is stored, and lets the log forget it.
    func commit(_ mark: UInt64) throws

    var backlog: LaneBacklog { get }
    /// Calls `wake` from any thread when there is more to read.
    func onData(_ wake: @escaping @Sendable () -> Void)
}

/// What waits in a lane.
package struct LaneBacklog: Sendable, Equatable {
    package var events: UInt64 = 0
    package var bytes: UInt64 = 0
    /// When the oldest event was taken in, nanoseconds since 1970; 0 without backlog.
    package var since: Int64 = 0

    package init() {}
}
