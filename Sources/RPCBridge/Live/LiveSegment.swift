/// Encoded events one behind the other, in memory that never moves: what lies before ``used`` never changes, so that
/// any number of subscribers copy from it without a lock.
///
/// Sendable: written by one thread under the feed's lock, which also hands out ``count`` and ``used``; a reader
/// touches nothing behind what it was handed.
final class LiveSegment: @unchecked Sendable {
    let base: UnsafeMutableRawPointer
    let capacity: Int
    /// Where each event ends.
    let ends: UnsafeMutablePointer<UInt32>
    let eventsMaximum: Int
    /// Number of the first event in its feed.
    let first: UInt64
    var count = 0
    var used = 0

    init(capacity: Int, first: UInt64) {
        self.capacity = capacity
        self.first = first
        // The smallest event that is worth its name takes 32 bytes.
        eventsMaximum = max(16, capacity / 32)
        base = .allocate(byteCount: capacity, alignment: 16)
        ends = .allocate(capacity: eventsMaximum)
    }

    deinit {
        base.deallocate()
        ends.deallocate()
    }

    func start(of index: Int) -> Int { index == 0 ? 0 : Int(ends[index - 1]) }
}

/// Some events of a segment.
struct LiveSlice {
    let segment: LiveSegment
    let range: Range<Int>
    let events: Int

    var bytes: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: segment.base + range.lowerBound, count: range.count)
    }
}
