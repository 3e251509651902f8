/// Bytes that wait, in one piece: appended behind, consumed in front.
///
/// Holds no memory before the first byte. `headroom` bytes before the first one may be written to
/// through ``prepend(_:)``.
package struct ByteQueue: ~Copyable {
    private let headroom: Int
    private var base: UnsafeMutableRawPointer?
    private var capacity = 0
    private var head: Int
    private var tail: Int

    package init(headroom: Int = 0) {
        self.headroom = headroom
        head = headroom
        tail = headroom
    }

    deinit {
        base?.deallocate()
    }

    package var count: Int { tail - head }
    package var isEmpty: Bool { tail == head }

    /// Good until the queue is changed.
    package var bytes: UnsafeMutableRawBufferPointer {
        UnsafeMutableRawBufferPointer(start: base.map { $0 + head }, count: tail - head)
    }

    package mutating func append(_ source: UnsafeRawBufferPointer) {
        guard let start = source.baseAddress, source.count > 0 else { return }
        let target = reserve(source.count)
        target.copyMemory(from: UnsafeRawBufferPointer(start: start, count: source.count))
        tail += source.count
    }

    package mutating func append(_ byte: UInt8) {
        reserve(1)[0] = byte
        tail += 1
    }

    package mutating func append(_ text: String) {
        var text = text
        text.withUTF8 { append(UnsafeRawBufferPointer($0)) }
    }

    /// Room for at least `count` bytes behind the last; ``commit(_:)`` says how many were written.
    package mutating func reserve(_ count: Int) -> UnsafeMutableRawBufferPointer {
        if tail + count > capacity { makeRoom(count) }
        return UnsafeMutableRawBufferPointer(start: base.map { $0 + tail }, count: capacity - tail)
    }

    package mutating func commit(_ count: Int) {
        precondition(count >= 0 && count <= capacity - tail)
        tail += count
    }

    /// Drops bytes in front.
    package mutating func consume(_ count: Int) {
        precondition(count >= 0 && count <= tail - head)
        head += count
        if head == tail {
            head = headroom
            tail = headroom
        }
    }

    /// Drops everything; memory above `keeping` bytes is given back.
    package mutating func removeAll(keeping: Int = .max) {
        head = headroom
        tail = headroom
        if capacity > keeping {
            base?.deallocate()
            base = nil
            capacity = 0
        }
    }

    /// Drops bytes behind.
    package mutating func truncate(to count: Int) {
        precondition(count >= 0 && count <= tail - head)
        tail = head + count
    }

    private mutating func makeRoom(_ count: Int) {
        let held = tail - head
        if let base, headroom + held + count <= capacity, head - headroom >= held {
            // The consumed part is at least as large as the rest: moving pays.
            (base + headroom).copyMemory(from: base + head, byteCount: held)
        } else {
            let larger = max(headroom + held + count, capacity * 2, 256)
            let fresh = UnsafeMutableRawPointer.allocate(byteCount: larger, alignment: 16)
            if let base {
                (fresh + headroom).copyMemory(from: base + head, byteCount: held)
                base.deallocate()
            }
            base = fresh
            capacity = larger
        }
        head = headroom
        tail = headroom + held
    }
}
