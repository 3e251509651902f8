/// Hands out turns at a fixed rate, to each publisher in turn.
///
/// Late turns are made up for at once, so that the rate holds on the average and a slow broker is not spared.
package struct Pacer {
    private let interval: Double
    private let start: UInt64
    private let publishers: Int
    private var count: UInt64 = 0

    /// - Parameter rate: turns per second over all publishers.
    package init(rate: Double, start: UInt64, publishers: Int) {
        interval = 1e9 / max(rate, 0.001)
        self.start = start
        self.publishers = max(1, publishers)
    }

    /// When the next turn is due.
    package var next: UInt64 { start &+ UInt64(Double(count) * interval) }

    /// The publisher whose turn has come, or `nil` when none is due.
    package mutating func due(at now: UInt64) -> Int? {
        guard now >= next else { return nil }
        defer { count += 1 }
        return Int(count % UInt64(publishers))
    }
}
