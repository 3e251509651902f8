/// Memory that encoded events are gathered in, used again for each batch. For one user at a time.
///
/// Sendable: who has it at the moment, a call or a scan under its lock, is alone with it.
final class BatchBuffer: @unchecked Sendable {
    private(set) var count = 0
    private(set) var events = 0
    private var base: UnsafeMutableRawPointer
    private var capacity: Int

    init(capacity: Int = 16 << 10) {
        self.capacity = capacity
        base = .allocate(byteCount: capacity, alignment: 16)
    }

    deinit { base.deallocate() }

    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: count) }
    var isEmpty: Bool { events == 0 }

    func clear() {
        count = 0
        events = 0
    }

    /// - Returns: bytes that the event took.
    @discardableResult
    func append(_ image: borrowing EventImage) -> Int {
        reserve(image.encodedBound)
        let size = image.encode(at: base + count)
        count += size
        events += 1
        return size
    }

    /// Takes one event that is encoded already.
    func append(encoded bytes: UnsafeRawBufferPointer) {
        guard let source = bytes.baseAddress else { return }
        reserve(bytes.count)
        (base + count).copyMemory(from: source, byteCount: bytes.count)
        count += bytes.count
        events += 1
    }

    /// Takes what another has.
    func append(all other: BatchBuffer) {
        reserve(other.count)
        (base + count).copyMemory(from: other.base, byteCount: other.count)
        count += other.count
        events += other.events
    }

    /// Moves the last event, of `size` bytes, to `other`.
    func moveLast(_ size: Int, to other: BatchBuffer) {
        other.reserve(size)
        (other.base + other.count).copyMemory(from: base + count - size, byteCount: size)
        other.count += size
        other.events += 1
        count -= size
        events -= 1
    }

    private func reserve(_ more: Int) {
        guard count + more > capacity else { return }
        let larger = max(capacity * 2, count + more)
        let memory = UnsafeMutableRawPointer.allocate(byteCount: larger, alignment: 16)
        memory.copyMemory(from: base, byteCount: count)
        base.deallocate()
        base = memory
        capacity = larger
    }
}
