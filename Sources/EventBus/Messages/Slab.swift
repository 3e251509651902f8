/// Values addressed by small dense numbers, in pages that never move: a pointer to a live slot stays
/// valid until that slot is freed.
///
/// The hot path reads sessions and connections through such pointers, so it neither copies them nor
/// counts references. Every lookup by number is bounds-checked.
struct Slab<Value>: ~Copyable {
    private static var pageShift: Int32 { 8 }
    private static var pageSize: Int { 1 << 8 }
    private var pages: [UnsafeMutablePointer<Value>] = []
    private var freeList: [Int32] = []
    /// Slots ever used; the numbers are `0 ..< limit`.
    private(set) var limit: Int32 = 0
    private(set) var count = 0

    init() {}

    deinit {
        // The owner frees each live slot before; pages hold raw memory only.
        for page in pages { page.deallocate() }
    }

    /// A free slot's number; ``initialize(_:to:)`` must follow.
    mutating func allocate(_ value: consuming Value) -> Int32 {
        count += 1
        let index: Int32
        if let last = freeList.popLast() {
            index = last
        } else {
            index = limit
            if Int(index) == pages.count * Self.pageSize {
                pages.append(.allocate(capacity: Self.pageSize))
            }
            limit += 1
        }
        self[index].initialize(to: value)
        return index
    }

    mutating func free(_ index: Int32) {
        self[index].deinitialize(count: 1)
        freeList.append(index)
        count -= 1
    }

    /// The slot's place. The caller knows that it is live.
    subscript(index: Int32) -> UnsafeMutablePointer<Value> {
        @inline(__always) get {
            precondition(index >= 0 && index < limit, "slab index out of range")
            return pages[Int(index >> Self.pageShift)] + Int(index & Int32(Self.pageSize - 1))
        }
    }
}
