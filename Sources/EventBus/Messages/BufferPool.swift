#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Output memory of one shard, kept for reuse in size classes of powers of two.
///
/// A connection holds memory only while it has bytes to send, so ten thousand idle ones hold none.
package struct BufferPool: ~Copyable {
    package static let smallestShift = 11  // 2 KiB
    package static let largestShift = 20  // what is larger goes back to the system at once
    private var free: [[UnsafeMutableRawPointer]]
    /// Bytes kept for reuse; at most ``keptBytesMax``.
    package private(set) var keptBytes = 0
    package let keptBytesMax: Int

    package init(keptBytesMax: Int = 8 << 20) {
        self.keptBytesMax = keptBytesMax
        free = Array(repeating: [], count: Self.largestShift + 1)
    }

    deinit {
        for list in free { for pointer in list { Glibc.free(pointer) } }
    }

    /// The capacity that ``take(atLeast:)`` gives for a wish of `size` bytes.
    static func capacity(for size: Int) -> Int {
        var capacity = 1 << smallestShift
        while capacity < size { capacity <<= 1 }
        return capacity
    }

    /// Memory of at least `size` bytes and its true capacity.
    package mutating func take(atLeast size: Int) -> (UnsafeMutableRawPointer, Int) {
        let capacity = Self.capacity(for: size)
        let shift = capacity.trailingZeroBitCount
        if shift <= Self.largestShift, let pointer = free[shift].popLast() {
            keptBytes -= capacity
            return (pointer, capacity)
        }
        guard let pointer = malloc(capacity) else {
            fatalError("out of memory: \(capacity) bytes for output")
        }
        return (pointer, capacity)
    }

    package mutating func give(_ pointer: UnsafeMutableRawPointer, capacity: Int) {
        let shift = capacity.trailingZeroBitCount
        if shift <= Self.largestShift, keptBytes + capacity <= keptBytesMax {
            free[shift].append(pointer)
            keptBytes += capacity
        } else {
            Glibc.free(pointer)
        }
    }
}
