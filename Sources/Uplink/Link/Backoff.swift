/// How long to wait before the next attempt: twice as long after each failure, and never the same for two sites,
/// so that a thousand of them do not come back in one second.
package struct Backoff: Sendable {
    private let shortest: Duration
    private let longest: Duration
    private var failures = 0

    package init(shortest: Duration, longest: Duration) {
        self.shortest = shortest
        self.longest = max(shortest, longest)
    }

    package mutating func succeeded() { failures = 0 }

    /// Nanoseconds: between half and all of the step that is due.
    package mutating func next(using random: inout some RandomNumberGenerator) -> UInt64 {
        let step = min(longest.nanoseconds, shortest.nanoseconds << UInt64(min(failures, 20)))
        failures += 1
        return step / 2 + UInt64.random(in: 0...(step / 2), using: &random)
    }
}
