import Glibc

/// Memory in which records wait, laid out exactly as they will stand in the file.
///
/// Two of them belong to a log: one takes appends while the other is being written. A buffer's
/// bytes do not change between the moment it is swapped out and the moment a commit covers it, so
/// a commit that failed can write the very same group again.
///
/// Sendable because its memory is only reached under the log's lock, or, by the one who commits,
/// while it is swapped out and nobody writes to it.
struct StagingBuffer: @unchecked Sendable {
    /// Left free for what a commit adds itself: filling, a gap record or two, the mark.
    static let commitReserve = 4096 + 512

    private(set) var start: UnsafeMutableRawPointer
    let capacity: Int
    /// Position of the first byte.
    var base: LogPosition = 0
    private(set) var used = 0
    /// The largest `used` since pages were last given back to the system.
    private var touched = 0

    var end: LogPosition { base + UInt64(used) }
    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: start, count: used) }

    /// What records of the user may fill, and what those that ask for the reserve may.
    var ordinaryLimit: Int { capacity - capacity / 8 - Self.commitReserve }
    var reserveLimit: Int { capacity - Self.commitReserve }

    static func recordBytesMax(capacity: Int) -> Int {
        capacity - capacity / 8 - commitReserve - RecordHeader.byteCount - RecordHeader.tagByteCount
            - RecordHeader.alignment
    }

    init(capacity: Int) {
        self.capacity = capacity
        start = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 4096)
    }

    func deallocate() { start.deallocate() }

    /// Takes `count` bytes, a multiple of eight. The caller has compared `used + count` with a limit.
    @inline(__always)
    mutating func take(_ count: Int) -> UnsafeMutableRawPointer {
        let pointer = start + used
        used += count
        return pointer
    }

    /// Makes the buffer ready for records from `base` on.
    ///
    /// A burst fills megabytes that the trickle behind it never needs: those pages go back to the
    /// system once a group has used less than a quarter of them.
    mutating func reset(base: LogPosition) {
        touched = max(touched, used)
        if touched > 512 << 10, used < touched / 4 {
            let kept = (max(used, 256 << 10) + 4095) & ~4095
            if kept < capacity { madvise(start + kept, capacity - kept, MADV_DONTNEED) }
            touched = kept
        }
        self.base = base
        used = 0
    }
}
