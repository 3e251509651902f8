/// Lets `rate` units a second through, and `burst` at once after a pause.
///
/// A value of 32 bytes with integer arithmetic only; the caller passes the time. It counts what is
/// spent, so that a fresh bucket is full at whatever time it is first asked.
package struct TokenBucket: Sendable {
    /// Units per second; `.max` is without limit, 0 lets the burst through and then nothing.
    package let rate: UInt64
    /// Units that fit in the bucket.
    package let burst: UInt64
    /// How many units are spent at `updated`.
    private var spent: UInt64 = 0
    private var updated: UInt64 = 0

    package init(rate: UInt64, burst: UInt64) {
        self.rate = rate
        self.burst = burst
    }

    /// Takes `count` units, all or none.
    ///
    /// - Parameter now: Monotonic nanoseconds; a time before the last one counts as the last one.
    /// - Returns: Whether they were there.
    package mutating func take(_ count: UInt64 = 1, now: UInt64) -> Bool {
        if rate == .max { return true }
        refill(now: now)
        guard spent <= burst, count <= burst - spent else { return false }
        spent += count
        return true
    }

    /// Takes `count` units even where they are not there, and says how long to pause.
    ///
    /// For work that is already done when its size is known, such as a packet that has been read.
    /// A debt never grows above one more burst, so the pause is bounded.
    /// - Returns: Nanoseconds until the bucket is out of debt; 0 to go on at once.
    package mutating func spend(_ count: UInt64 = 1, now: UInt64) -> UInt64 {
        if rate == .max { return 0 }
        refill(now: now)
        let limit = burst.multipliedReportingOverflow(by: 2)
        let most = limit.overflow ? UInt64.max : limit.partialValue
        let sum = spent.addingReportingOverflow(count)
        spent = min(sum.overflow ? .max : sum.partialValue, most)
        return spent > burst ? nanoseconds(for: spent - burst) : 0
    }

    /// Nanoseconds until `count` units are there; `nil` when they never will be.
    package mutating func wait(for count: UInt64 = 1, now: UInt64) -> UInt64? {
        if rate == .max { return 0 }
        refill(now: now)
        guard count <= burst else { return nil }
        let mostSpent = burst - count
        if spent <= mostSpent { return 0 }
        guard rate > 0 else { return nil }
        // Time that was worth less than a unit is on the account already.
        let needed = nanoseconds(for: spent - mostSpent)
        let waited = now > updated ? now - updated : 0
        return needed > waited ? needed - waited : 0
    }

    private static let second: UInt64 = 1_000_000_000

    private mutating func refill(now: UInt64) {
        guard now > updated else { return }
        guard spent > 0, rate > 0 else {
            updated = now
            return
        }
        let elapsed = now - updated
        let product = elapsed.multipliedFullWidth(by: rate)
        // A quotient that does not fit is more than any bucket holds.
        guard product.high < Self.second else {
            spent = 0
            updated = now
            return
        }
        let (units, remainder) = Self.second.dividingFullWidth(product)
        if units >= spent {
            spent = 0
            updated = now
        } else if units > 0 {
            spent -= units
            // Time worth less than a unit stays on the account.
            updated = now - remainder / rate
        }
    }

    /// Rounded up, so that who waits this long finds the units there.
    private func nanoseconds(for units: UInt64) -> UInt64 {
        guard rate > 0 else { return .max }
        let product = units.multipliedFullWidth(by: Self.second)
        guard product.high < rate else { return .max }
        let (quotient, remainder) = rate.dividingFullWidth(product)
        return remainder == 0 || quotient == .max ? quotient : quotient + 1
    }
}
