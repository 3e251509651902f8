/// How large batches are and how many may be on their way, found out from how long the far end of the link takes
/// to accept them: small and few on a thin link, so that an alarm does not wait behind bulk.
package struct BatchSizer: Sendable {
    package static let smallest = 4 << 10
    /// How long one batch may keep the link busy.
    private static let batchTime: UInt64 = 125_000_000

    private let largest: Int
    private let countMaximum: Int
    /// Bytes of a batch on the wire.
    package private(set) var target: Int
    /// Batches that may be handed over and not accepted yet.
    package private(set) var count = 2
    /// Bytes before compression per byte on the wire.
    private var ratio = 4.0
    private var shortestRoundTrip: UInt64?
    private var lastAcceptedAt: UInt64 = 0

    package init(largest: Int, countMaximum: Int) {
        self.largest = max(Self.smallest, largest)
        self.countMaximum = max(1, countMaximum)
        target = min(16 << 10, self.largest)
    }

    /// Bytes to gather before compression for a batch of ``target`` bytes.
    package var bodySize: Int { Int(Double(target) * ratio) }

    package mutating func built(bodySize: Int, wireSize: Int) {
        guard bodySize > 1_024, wireSize > 0 else { return }
        ratio = min(64, max(1, ratio * 0.8 + Double(bodySize) / Double(wireSize) * 0.2))
    }

    /// A new connection may lead another way.
    package mutating func connected() {
        shortestRoundTrip = nil
        count = min(2, countMaximum)
        target = min(target, 64 << 10)
        lastAcceptedAt = 0
    }

    package mutating func accepted(size: Int, handedAt: UInt64, now: UInt64) {
        let delay = now - min(now, handedAt)
        let shortest = min(shortestRoundTrip ?? delay, delay)
        shortestRoundTrip = shortest
        let busy = now - min(now, max(lastAcceptedAt, handedAt))
        lastAcceptedAt = now
        if busy > Self.batchTime * 2, size * 2 >= target {
            target = max(Self.smallest, target / 10 * 7)
        } else if busy < Self.batchTime, size * 2 >= target {
            target = min(largest, target / 2 * 3)
        }
        // As many as cover a round trip, and one more: further ones would only wait in front of the link.
        let step = max(busy, 1_000_000)
        let wanted =
            delay < 20_000_000 ? countMaximum : min(countMaximum, 1 + Int((shortest + step - 1) / step))
        if count < wanted { count += 1 } else if count > wanted { count -= 1 }
        count = max(min(2, countMaximum), count)
    }
}
