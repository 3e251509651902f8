/// Caps bytes per second. A batch may overdraw it, and then the next one waits until the debt is paid.
package struct TokenBucket: Sendable {
    /// Bytes per second; `nil` is no cap.
    package private(set) var rate: UInt64?
    private var tokens: Double
    private var filledAt: UInt64

    package init(rate: UInt64?, now: UInt64) {
        self.rate = rate
        tokens = 0
        filledAt = now
    }

    /// Changes the cap. Debts stay.
    package mutating func setRate(_ rate: UInt64?, now: UInt64) {
        guard rate != self.rate else { return }
        fill(now)
        self.rate = rate
        if rate == nil { tokens = 0 }
    }

    package mutating func take(_ bytes: Int, now: UInt64) {
        guard rate != nil else { return }
        fill(now)
        tokens -= Double(bytes)
    }

    /// When something may be sent: `now` or later.
    package mutating func readyAt(_ now: UInt64) -> UInt64 {
        guard let rate else { return now }
        guard rate > 0 else { return .max }
        fill(now)
        guard tokens < 0 else { return now }
        return now + UInt64(-tokens / Double(rate) * 1e9) + 1
    }

    private mutating func fill(_ now: UInt64) {
        guard let rate, now > filledAt else {
            filledAt = max(filledAt, now)
            return
        }
        // A fifth of a second's worth may gather: enough to never idle, too little for a burst.
        tokens = min(Double(rate) / 5, tokens + Double(now - filledAt) / 1e9 * Double(rate))
        filledAt = now
    }
}
