/// Spaces bytes out so that their rate is kept exactly, whatever the size of a packet: the virtual
/// scheduling of ITU-T I.371 annex A.
///
/// Unlike a bucket of fixed depth it owes for a packet larger than any burst, however long that takes.
struct RatePacer {
    /// Nanoseconds at the full rate that may be caught up with after a silence.
    static let allowance: UInt64 = 50_000_000

    /// 1 or more.
    let bytesPerSecond: UInt64
    /// When everything that was spent is paid for, monotonic nanoseconds.
    private var paidAt: UInt64 = 0

    init(bytesPerSecond: UInt64) {
        self.bytesPerSecond = max(1, bytesPerSecond)
    }

    /// Takes `count` bytes that have passed or are about to.
    mutating func spend(_ count: Int, now: UInt64) {
        let credit = now > Self.allowance ? now - Self.allowance : 0
        // Less than 2^32 bytes at once: the product has at most 62 bits.
        let cost = UInt64(UInt32(clamping: count)) &* 1_000_000_000 / bytesPerSecond
        paidAt = max(paidAt, credit) &+ cost
    }

    /// Nanoseconds until more may pass; 0 for now.
    func wait(now: UInt64) -> UInt64 { paidAt > now ? paidAt - now : 0 }

    /// Bytes that are sent at once: what a hundredth of a second allows, and no less than a small packet.
    var piece: Int { Int(clamping: max(1_400, bytesPerSecond / 100)) }
}
