/// What falls due in one shard, earliest first: a binary heap of 24-byte entries.
///
/// A timer is never taken out early. When it fires, its owner looks whether it still means something
/// and sets a new one if need be; so a message costs keep alive one store, not a heap operation.
struct TimerHeap {
    enum Kind: UInt8 {
        case keepAlive
        case sessionExpiry
        case willDelay
        case identityExpiry
        case resumeReading
        case resumeSending
        case refill
        case sys
    }

    struct Entry {
        /// Nanoseconds of the monotonic clock.
        var due: UInt64
        /// Slot of a connection or session.
        var slot: Int32
        /// The life of the slot that the timer belongs to.
        var stamp: UInt32
        var kind: Kind
    }

    private var entries: [Entry] = []

    var next: UInt64? { entries.first?.due }
    var count: Int { entries.count }

    mutating func add(_ entry: Entry) {
        entries.append(entry)
        var child = entries.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            if entries[parent].due <= entries[child].due { break }
            entries.swapAt(parent, child)
            child = parent
        }
    }

    /// Takes the earliest entry out if it is due.
    mutating func popDue(_ now: UInt64) -> Entry? {
        guard let first = entries.first, first.due <= now else { return nil }
        let last = entries.removeLast()
        if !entries.isEmpty {
            entries[0] = last
            var parent = 0
            while true {
                var child = parent * 2 + 1
                if child >= entries.count { break }
                if child + 1 < entries.count, entries[child + 1].due < entries[child].due { child += 1 }
                if entries[parent].due <= entries[child].due { break }
                entries.swapAt(parent, child)
                parent = child
            }
        }
        return first
    }
}
