/// What changed and is to be told, first come first served, so that telling can be spread over time.
///
/// Each entry waits for some rounds, so that many changes of one thing are told as one. Rounds and not time:
/// a clock that is put back must not hold anything up.
package struct ChangeQueue<Element: Sendable>: Sendable {
    private struct Entry: Sendable {
        var element: Element
        var round: UInt64
    }

    private var waiting: [Entry] = []
    private var head = 0
    private var round: UInt64 = 0

    package init() {}

    package var count: Int { waiting.count - head }

    package mutating func append(_ element: Element) {
        waiting.append(Entry(element: element, round: round))
    }

    /// Takes what was appended `hold` calls of this function ago, or earlier.
    ///
    /// - Parameter limit: How many at most; the rest comes with the next call.
    package mutating func take(hold: Int, limit: Int) -> [Element] {
        var taken: [Element] = []
        while taken.count < limit, head < waiting.count,
            round - waiting[head].round >= UInt64(clamping: hold)
        {
            taken.append(waiting[head].element)
            head += 1
        }
        round += 1
        // What was taken is given back once it is most of the memory.
        if head > 256, head > waiting.count / 2 {
            waiting.removeFirst(head)
            head = 0
        }
        return taken
    }
}

/// How a service spreads its retained state over time.
package struct StatePace: Sendable, Equatable {
    /// From one round of telling to the next.
    package let tick: Duration
    /// Changes in one round, at most.
    package let changesPerTick: Int
    /// Rounds for which a change waits for others of the same thing.
    package let hold: Int

    /// - Parameters:
    ///   - interval: In which a thing is told of once.
    ///   - changes: Changes in one interval, at most.
    package init(interval: Duration, changes: Int) {
        tick = min(.milliseconds(50), max(.milliseconds(1), interval))
        changesPerTick = max(1, Int((Double(changes) * (tick / max(tick, interval))).rounded(.up)))
        hold = Int((interval / tick).rounded())
    }
}

extension Duration {
    /// Rounded down, and bounded by what 64 bits hold.
    package var nanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        return overflow ? (seconds < 0 ? .min : .max) : whole + attoseconds / 1_000_000_000
    }
}
