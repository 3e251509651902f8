package import MECModel

/// Counts what a source said and was not believed, and lets a few of each kind through to the log.
///
/// A source that sends nonsense at line speed must not fill the log: of each reason a burst is let
/// through, then one in a while, which says how many were kept back.
package struct FeedWarnings: Sendable {
    package struct Settings: Sendable, Hashable {
        /// Warnings of one reason that may come at once, 1…1,000.
        package var burst = 5
        /// Seconds until one more may come, 0.1…86,400.
        package var secondsPerWarning = 30.0
        /// Warnings that wait to be taken, 1…10,000; more are counted only.
        package var pendingMax = 256

        package init() {}
    }

    private struct Bucket: Sendable {
        var total: UInt64 = 0
        var held: UInt64 = 0
        var tokens: Double
        var filled: RadioTime
    }

    private let settings: Settings
    private var buckets: [FeedWarning.Reason: Bucket] = [:]
    private var pending: [FeedWarning] = []

    package init(_ settings: Settings = Settings()) {
        self.settings = settings
    }

    /// - Parameter now: By the clock that drives the sources, not by the source's own.
    package mutating func report(_ warning: FeedWarning, at now: RadioTime) {
        let burst = Double(max(1, settings.burst))
        var bucket = buckets[warning.reason] ?? Bucket(tokens: burst, filled: now)
        bucket.total &+= 1
        let waited = max(0, Double(now.nanoseconds(since: bucket.filled)) / 1e9)
        bucket.tokens = min(burst, bucket.tokens + waited / max(0.1, settings.secondsPerWarning))
        bucket.filled = max(bucket.filled, now)
        if bucket.tokens >= 1, pending.count < settings.pendingMax {
            bucket.tokens -= 1
            var warning = warning
            if bucket.held > 0 { warning.message += " (and \(bucket.held) more like it, not logged)" }
            bucket.held = 0
            pending.append(warning)
        } else {
            bucket.held &+= 1
        }
        buckets[warning.reason] = bucket
    }

    /// What may be logged now, oldest first; once.
    package mutating func take() -> [FeedWarning] {
        defer { pending.removeAll() }
        return pending
    }

    /// How many of each reason there were since the start.
    package var totals: [FeedWarning.Reason: UInt64] { buckets.mapValues(\.total) }

    /// How many there were in all.
    package var total: UInt64 { buckets.values.reduce(0) { $0 &+ $1.total } }
}
