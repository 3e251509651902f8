#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Encoded packets that wait to be sent on one connection: one contiguous piece of pooled memory,
/// `head ..< tail` of it in use. 24 bytes, no memory while empty.
///
/// Not a class and not copyable by intent: it lives in the slab of connections and is touched only
/// by its shard's thread.
struct OutputBuffer {
    private var base: UnsafeMutableRawPointer?
    private var head: UInt32 = 0
    private var tail: UInt32 = 0
    private var capacity: UInt32 = 0

    init() {}

    var count: Int { Int(tail &- head) }
    var isEmpty: Bool { tail == head }

    /// Makes room for `size` more bytes, counts them as written and returns where they go.
    ///
    /// The caller must fill all of them before the next call on this buffer.
    @inline(__always)
    mutating func append(_ size: Int, from pool: inout BufferPool) -> UnsafeMutableRawPointer {
        if let base, size <= Int(capacity &- tail) {
            let place = base + Int(tail)
            tail &+= UInt32(truncatingIfNeeded: size)
            return place
        }
        return grow(size, from: &pool)
    }

    @inline(never)
    private mutating func grow(_ size: Int, from pool: inout BufferPool) -> UnsafeMutableRawPointer {
        let used = count
        precondition(size >= 0 && used + size < Int(UInt32.max) / 2, "output beyond 2 GiB")
        if let old = base, used + size <= Int(capacity), Int(head) >= used {
            memcpy(old, old + Int(head), used)
        } else {
            let (fresh, size2) = pool.take(atLeast: used + size)
            if let old = base {
                memcpy(fresh, old + Int(head), used)
                pool.give(old, capacity: Int(capacity))
            }
            base = fresh
            capacity = UInt32(size2)
        }
        head = 0
        tail = UInt32(used + size)
        return base.unsafelyUnwrapped + used
    }

    /// The bytes to send; valid until the next mutation.
    var bytes: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: base.map { UnsafeRawPointer($0 + Int(head)) }, count: count)
    }

    /// Forgets the first `size` bytes, which were sent.
    mutating func consume(_ size: Int, to pool: inout BufferPool) {
        precondition(size <= count, "consumed more than there is")
        head &+= UInt32(size)
        if head == tail { release(to: &pool) }
    }

    mutating func release(to pool: inout BufferPool) {
        if let base { pool.give(base, capacity: Int(capacity)) }
        self = OutputBuffer()
    }
}
