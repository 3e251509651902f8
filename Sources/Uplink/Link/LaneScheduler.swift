/// Chooses the lane whose batch goes next: the one of highest priority, but each gets its minimum share of the
/// bytes as long as it has something to send.
package struct LaneScheduler: Sendable {
    private struct Entry: Sendable {
        var priority: Int
        /// 0…1 of the link.
        var share: Double
        /// Bytes that the lane may still claim of its share.
        var credit: Double = 0
        /// Bytes sent; the least comes first among lanes of one priority.
        var sent: Double = 0
    }

    /// Most bytes of share that can gather: a lane's claim is for now, not for the past.
    private static let creditMaximum = 4.0 * 1_048_576
    private var entries: [Entry]

    package init(_ lanes: [(priority: Int, share: Double)]) {
        entries = lanes.map { Entry(priority: $0.priority, share: min(max($0.share, 0), 1)) }
    }

    /// - Parameter ready: whether a lane has something to send.
    package func pick(_ ready: (Int) -> Bool) -> Int? {
        var claim: Int?
        var best: Int?
        for index in entries.indices where ready(index) {
            let entry = entries[index]
            if entry.credit > 0, claim.map({ entries[$0].credit < entry.credit }) ?? true { claim = index }
            guard let current = best.map({ entries[$0] }) else {
                best = index
                continue
            }
            if (entry.priority, -entry.sent) > (current.priority, -current.sent) { best = index }
        }
        // A claim gives way to nothing but a lane of higher priority that is below its own share too.
        return claim ?? best
    }

    /// Books `bytes` of `lane`; every other lane that waits earns its share of them.
    package mutating func sent(_ bytes: Int, by lane: Int, waiting: (Int) -> Bool) {
        entries[lane].sent += Double(bytes)
        entries[lane].credit = max(-Self.creditMaximum, entries[lane].credit - Double(bytes))
        for index in entries.indices {
            if waiting(index) || index == lane {
                entries[index].credit = min(
                    Self.creditMaximum,
                    entries[index].credit + Double(bytes) * entries[index].share
                )
            } else {
                // Who has nothing to send claims nothing.
                entries[index].credit = min(0, entries[index].credit)
            }
        }
        // Only differences matter; without this the sums would grow for ever.
        if let least = entries.map(\.sent).min(), least > 1e15 {
            for index in entries.indices { entries[index].sent -= least }
        }
    }
}
