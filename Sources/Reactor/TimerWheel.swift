/// Names a timer until it fires or is cancelled; a name is never used twice.
package struct TimerID: Hashable, Sendable, BitwiseCopyable {
    /// Names no timer.
    package static var none: TimerID { TimerID(index: .max, generation: 0) }

    fileprivate let index: UInt32
    fileprivate let generation: UInt32
}

/// Timers in a hierarchy of wheels: setting and cancelling cost the same however many there are.
///
/// Six wheels of 64 slots, one tick a millisecond. A timer never fires before its deadline and fires
/// at most one tick after the first ``advance(to:)`` that reaches it; timers of the same tick fire in
/// the order in which they were set. Deadlines farther than 2³⁶ ticks (two years) are brought nearer.
package struct TimerWheel: ~Copyable {
    private struct Node {
        var tick: UInt64
        var token: UInt64
        var next: UInt32
        var previous: UInt32
        var generation: UInt32
        /// Wheel slot whose list the node is in, `dueList`, or `free`.
        var list: UInt32
    }

    static let tickNanoseconds: UInt64 = 1_000_000
    private static let levels = 6
    private static let slotBits = 6
    private static let slotsPerLevel = 1 << slotBits
    /// Lists are rings through a head node each: one per wheel slot and one for what is due.
    private static let dueList = UInt32(levels * slotsPerLevel)
    private static let free = UInt32.max

    private var nodes: UnsafeMutablePointer<Node>
    private var capacity: Int
    private var used: Int
    private var firstFree = TimerWheel.free
    private var occupied: InlineArray<6, UInt64> = .init(repeating: 0)
    /// Every timer up to this tick is due or gone.
    private var elapsed: UInt64
    package private(set) var count = 0

    package init(now: UInt64) {
        elapsed = now / Self.tickNanoseconds
        used = Int(Self.dueList) + 1
        capacity = 512
        nodes = .allocate(capacity: capacity)
        for head in 0..<UInt32(used) {
            (nodes + Int(head)).initialize(
                to: Node(tick: 0, token: 0, next: head, previous: head, generation: 0, list: head)
            )
        }
    }

    deinit {
        nodes.deallocate()
    }

    /// Sets a timer that yields `token` at `deadline`, monotonic nanoseconds.
    package mutating func set(at deadline: UInt64, token: UInt64) -> TimerID {
        let index = allocate()
        let (rounded, overflow) = deadline.addingReportingOverflow(Self.tickNanoseconds - 1)
        nodes[Int(index)].tick = (overflow ? deadline : rounded) / Self.tickNanoseconds
        nodes[Int(index)].token = token
        place(index)
        count += 1
        return TimerID(index: index, generation: nodes[Int(index)].generation)
    }

    /// - Returns: False when the timer has fired or was cancelled before.
    @discardableResult
    package mutating func cancel(_ timer: TimerID) -> Bool {
        guard timer.index < UInt32(used), nodes[Int(timer.index)].generation == timer.generation,
            nodes[Int(timer.index)].list != Self.free
        else { return false }
        unlink(timer.index)
        release(timer.index)
        return true
    }

    /// Makes due what the time `now` has reached.
    package mutating func advance(to now: UInt64) {
        let target = now / Self.tickNanoseconds
        while let (level, slot, tick) = nextSlot(), tick <= target {
            elapsed = tick
            let head = UInt32(level * Self.slotsPerLevel + slot)
            // The list is taken off first: a node may fall back into this very slot.
            var index = nodes[Int(head)].next
            nodes[Int(nodes[Int(head)].previous)].next = Self.free
            nodes[Int(head)].next = head
            nodes[Int(head)].previous = head
            occupied[level] &= ~(1 << UInt64(slot))
            while index != Self.free {
                let next = nodes[Int(index)].next
                place(index)
                index = next
            }
        }
        if target > elapsed { elapsed = target }
    }

    /// Takes one timer that is due, earliest first.
    package mutating func popDue() -> UInt64? {
        let index = nodes[Int(Self.dueList)].next
        guard index != Self.dueList else { return nil }
        let token = nodes[Int(index)].token
        unlink(index)
        release(index)
        return token
    }

    /// When to call ``advance(to:)`` next, monotonic nanoseconds; at most five times too early per timer.
    package var nextDeadline: UInt64? {
        if nodes[Int(Self.dueList)].next != Self.dueList { return 0 }
        return nextSlot().map { $0.tick &* Self.tickNanoseconds }
    }

    private func nextSlot() -> (level: Int, slot: Int, tick: UInt64)? {
        for level in 0..<Self.levels where occupied[level] != 0 {
            let shift = UInt64(level * Self.slotBits)
            let current = (elapsed >> shift) & 63
            let rotated = occupied[level] >> current | (current == 0 ? 0 : occupied[level] << (64 - current))
            let slot = (UInt64(rotated.trailingZeroBitCount) + current) & 63
            let range = UInt64(1) << (shift + UInt64(Self.slotBits))
            var tick = (elapsed & ~(range - 1)) + slot << shift
            if tick < elapsed { tick += range }
            return (level, Int(slot), tick)
        }
        return nil
    }

    private mutating func place(_ index: UInt32) {
        let tick = nodes[Int(index)].tick
        guard tick > elapsed else {
            link(index, into: Self.dueList)
            return
        }
        // Level: the highest group of six bits in which the tick differs from now. The top wheel wraps.
        let horizon = UInt64(1) << UInt64(Self.levels * Self.slotBits) - 1
        let bounded = min(tick, elapsed + horizon)
        let differing = (bounded ^ elapsed) | 63
        let level = min((63 - differing.leadingZeroBitCount) / Self.slotBits, Self.levels - 1)
        let slot = Int((bounded >> UInt64(level * Self.slotBits)) & 63)
        occupied[level] |= 1 << UInt64(slot)
        link(index, into: UInt32(level * Self.slotsPerLevel + slot))
    }

    private mutating func link(_ index: UInt32, into head: UInt32) {
        let last = nodes[Int(head)].previous
        nodes[Int(index)].list = head
        nodes[Int(index)].next = head
        nodes[Int(index)].previous = last
        nodes[Int(last)].next = index
        nodes[Int(head)].previous = index
    }

    private mutating func unlink(_ index: UInt32) {
        let node = nodes[Int(index)]
        nodes[Int(node.previous)].next = node.next
        nodes[Int(node.next)].previous = node.previous
        if node.list < Self.dueList, nodes[Int(node.list)].next == node.list {
            let level = Int(node.list) / Self.slotsPerLevel
            occupied[level] &= ~(1 << UInt64(Int(node.list) % Self.slotsPerLevel))
        }
    }

    private mutating func allocate() -> UInt32 {
        if firstFree != Self.free {
            let index = firstFree
            firstFree = nodes[Int(index)].next
            return index
        }
        if used == capacity { grow() }
        let index = UInt32(used)
        (nodes + used).initialize(
            to: Node(tick: 0, token: 0, next: index, previous: index, generation: 1, list: Self.free)
        )
        used += 1
        return index
    }

    private mutating func release(_ index: UInt32) {
        nodes[Int(index)].list = Self.free
        nodes[Int(index)].generation &+= 1
        nodes[Int(index)].next = firstFree
        firstFree = index
        count -= 1
    }

    private mutating func grow() {
        let larger = UnsafeMutablePointer<Node>.allocate(capacity: capacity * 2)
        larger.moveInitialize(from: nodes, count: used)
        nodes.deallocate()
        nodes = larger
        capacity *= 2
    }
}
