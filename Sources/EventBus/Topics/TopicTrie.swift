#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A tree of topic levels with a value at each node; subscriptions and retained messages each keep one.
///
/// Nodes are numbers into one array. All edges of the tree are in one hash table keyed by parent and
/// level, so one step costs one probe however many children a node has: a lookup among a million
/// filters touches as many cache lines per level as one among a thousand. Wildcard children are
/// ordinary nodes whose level is `+` or `#`, also kept in the parent for the matcher.
struct TopicTrie<Value: BitwiseCopyable>: ~Copyable {
    struct Node {
        var parent: UInt32
        /// The `+` child, or 0.
        var single: UInt32 = 0
        /// The `#` child, or 0.
        var multi: UInt32 = 0
        /// Children that are neither.
        var literals: UInt32 = 0
        var firstChild: UInt32 = 0
        var nextSibling: UInt32 = 0
        var previousSibling: UInt32 = 0
        /// Counts the lives of this number, so that a note of it can be checked later.
        var stamp: UInt32
        var hash: UInt64
        /// Up to 16 bytes in place, otherwise a pointer in the first word.
        var segment: (UInt64, UInt64)
        var segmentLength: UInt16
        var value: Value
    }

    static var root: UInt32 { 1 }
    private var nodes: UnsafeMutablePointer<Node>
    private var capacity: UInt32
    private var limit: UInt32 = 2
    private var freeHead: UInt32 = 0
    private var table: UnsafeMutablePointer<UInt32>
    private var tableMask: Int
    /// Nodes in the tree, the root not counted.
    private(set) var count = 0
    private let empty: Value

    init(empty: Value) {
        self.empty = empty
        capacity = 256
        nodes = .allocate(capacity: 256)
        tableMask = 511
        table = .allocate(capacity: 512)
        table.initialize(repeating: 0, count: 512)
        nodes[1] = Node(parent: 0, stamp: 0, hash: 0, segment: (0, 0), segmentLength: 0, value: empty)
    }

    deinit {
        for index in 2..<max(limit, 2) where nodes[Int(index)].parent != 0 { freeSegment(of: index) }
        nodes.deallocate()
        table.deallocate()
    }

    /// The node's place; valid until the next insertion.
    subscript(index: UInt32) -> UnsafeMutablePointer<Node> {
        @inline(__always) get {
            precondition(index > 0 && index < limit, "no such node")
            return nodes + Int(index)
        }
    }

    /// Whether `index` is still the node it was when its stamp was noted.
    func isLive(_ index: UInt32, stamp: UInt32) -> Bool {
        index > 0 && index < limit && nodes[Int(index)].stamp == stamp
            && (nodes[Int(index)].parent != 0 || index == Self.root)
    }

    // MARK: - Steps

    /// The child of `parent` at `level`, or 0.
    @inline(__always)
    func child(of parent: UInt32, _ level: TopicLevels.Level, in base: UnsafeRawPointer) -> UInt32 {
        let bytes = base + Int(level.offset)
        var slot = Self.slot(parent, level.hash) & tableMask
        while true {
            let candidate = table[slot]
            if candidate == 0 { return 0 }
            let node = nodes + Int(candidate)
            if node.pointee.hash == level.hash, node.pointee.parent == parent,
                node.pointee.segmentLength == level.length,
                Self.sameSegment(node, bytes, Int(level.length))
            {
                return candidate
            }
            slot = (slot &+ 1) & tableMask
        }
    }

    /// The node at the end of `levels`, or 0 where there is none.
    func find(_ levels: borrowing TopicLevels) -> UInt32 {
        var node = Self.root
        for i in 0..<levels.count {
            node = child(of: node, levels[i], in: levels.base)
            if node == 0 { return 0 }
        }
        return node
    }

    /// The node at the end of `levels`, made where it is missing.
    mutating func insert(_ levels: borrowing TopicLevels) -> UInt32 {
        var node = Self.root
        for i in 0..<levels.count {
            let level = levels[i]
            let next = child(of: node, level, in: levels.base)
            node = next != 0 ? next : add(level, in: levels.base, to: node)
        }
        return node
    }

    /// Removes `index` and its ancestors as far as they hold nothing and lead nowhere.
    ///
    /// - Parameter isEmpty: Whether a value holds nothing.
    mutating func prune(_ index: UInt32, isEmpty: (Value) -> Bool) {
        var index = index
        while index != Self.root, isEmpty(nodes[Int(index)].value), nodes[Int(index)].firstChild == 0 {
            let parent = nodes[Int(index)].parent
            remove(index)
            index = parent
        }
    }

    /// The full name of a node, for people and for the journal.
    func name(of index: UInt32) -> [UInt8] {
        var path: [UInt32] = []
        var node = index
        while node != Self.root && node != 0 {
            path.append(node)
            node = nodes[Int(node)].parent
        }
        var bytes: [UInt8] = []
        for (i, step) in path.reversed().enumerated() {
            if i > 0 { bytes.append(UInt8(ascii: "/")) }
            withSegment(of: step) { bytes.append(contentsOf: $0) }
        }
        return bytes
    }

    func withSegment<R>(of index: UInt32, _ body: (UnsafeRawBufferPointer) -> R) -> R {
        let length = Int(nodes[Int(index)].segmentLength)
        if length <= 16 {
            return withUnsafeBytes(of: nodes[Int(index)].segment) {
                body(UnsafeRawBufferPointer(rebasing: $0[0..<length]))
            }
        }
        let pointer = UnsafeRawPointer(bitPattern: UInt(nodes[Int(index)].segment.0))
        return body(UnsafeRawBufferPointer(start: pointer, count: length))
    }

    // MARK: - Nodes

    private mutating func add(
        _ level: TopicLevels.Level,
        in base: UnsafeRawPointer,
        to parent: UInt32
    ) -> UInt32 {
        if (count + 2) * 2 > tableMask { growTable() }
        let index: UInt32
        if freeHead != 0 {
            index = freeHead
            freeHead = nodes[Int(index)].nextSibling
        } else {
            if limit == capacity { growNodes() }
            index = limit
            nodes[Int(index)].stamp = 0
            limit += 1
        }
        let stamp = nodes[Int(index)].stamp
        let length = Int(level.length)
        let bytes = base + Int(level.offset)
        var segment: (UInt64, UInt64) = (0, 0)
        if length <= 16 {
            withUnsafeMutableBytes(of: &segment) {
                $0.copyMemory(from: UnsafeRawBufferPointer(start: bytes, count: length))
            }
        } else {
            let copy = UnsafeMutableRawPointer.allocate(byteCount: length, alignment: 1)
            copy.copyMemory(from: bytes, byteCount: length)
            segment.0 = UInt64(UInt(bitPattern: copy))
        }
        let sibling = nodes[Int(parent)].firstChild
        nodes[Int(index)] = Node(
            parent: parent,
            nextSibling: sibling,
            stamp: stamp,
            hash: level.hash,
            segment: segment,
            segmentLength: level.length,
            value: empty
        )
        if sibling != 0 { nodes[Int(sibling)].previousSibling = index }
        nodes[Int(parent)].firstChild = index
        switch wildcard(bytes, length) {
        case UInt8(ascii: "+"): nodes[Int(parent)].single = index
        case UInt8(ascii: "#"): nodes[Int(parent)].multi = index
        default: nodes[Int(parent)].literals += 1
        }
        place(index)
        count += 1
        return index
    }

    private func wildcard(_ bytes: UnsafeRawPointer, _ length: Int) -> UInt8 {
        length == 1 ? bytes.load(as: UInt8.self) : 0
    }

    private mutating func remove(_ index: UInt32) {
        let node = nodes[Int(index)]
        unplace(index)
        if nodes[Int(node.parent)].single == index {
            nodes[Int(node.parent)].single = 0
        } else if nodes[Int(node.parent)].multi == index {
            nodes[Int(node.parent)].multi = 0
        } else {
            nodes[Int(node.parent)].literals -= 1
        }
        if node.previousSibling != 0 {
            nodes[Int(node.previousSibling)].nextSibling = node.nextSibling
        } else {
            nodes[Int(node.parent)].firstChild = node.nextSibling
        }
        if node.nextSibling != 0 { nodes[Int(node.nextSibling)].previousSibling = node.previousSibling }
        freeSegment(of: index)
        nodes[Int(index)].parent = 0
        nodes[Int(index)].stamp &+= 1
        nodes[Int(index)].nextSibling = freeHead
        freeHead = index
        count -= 1
    }

    private func freeSegment(of index: UInt32) {
        if nodes[Int(index)].segmentLength > 16 {
            UnsafeMutableRawPointer(bitPattern: UInt(nodes[Int(index)].segment.0))?.deallocate()
        }
    }

    private mutating func growNodes() {
        precondition(capacity < UInt32.max / 2, "too many topic levels")
        let bigger = UnsafeMutablePointer<Node>.allocate(capacity: Int(capacity) * 2)
        // Node is bitwise copyable; slot 0 is never used.
        memcpy(bigger, nodes, Int(limit) * MemoryLayout<Node>.stride)
        nodes.deallocate()
        nodes = bigger
        capacity *= 2
    }

    // MARK: - The table of edges

    @inline(__always)
    private static func slot(_ parent: UInt32, _ hash: UInt64) -> Int {
        Int(truncatingIfNeeded: TopicHash.mix(hash ^ UInt64(parent), 0x9FB2_1C65_1E98_DF25))
    }

    @inline(__always)
    private static func sameSegment(
        _ node: UnsafeMutablePointer<Node>,
        _ bytes: UnsafeRawPointer,
        _ length: Int
    ) -> Bool {
        if length <= 16 {
            return withUnsafePointer(to: &node.pointee.segment) { memcmp($0, bytes, length) == 0 }
        }
        guard let own = UnsafeRawPointer(bitPattern: UInt(node.pointee.segment.0)) else { return false }
        return memcmp(own, bytes, length) == 0
    }

    private mutating func place(_ index: UInt32) {
        var slot = Self.slot(nodes[Int(index)].parent, nodes[Int(index)].hash) & tableMask
        while table[slot] != 0 { slot = (slot &+ 1) & tableMask }
        table[slot] = index
    }

    /// Takes `index` out and closes the gap, so that lookups need no tombstones.
    private mutating func unplace(_ index: UInt32) {
        var hole = Self.slot(nodes[Int(index)].parent, nodes[Int(index)].hash) & tableMask
        while table[hole] != index { hole = (hole &+ 1) & tableMask }
        var next = hole
        while true {
            next = (next &+ 1) & tableMask
            let candidate = table[next]
            if candidate == 0 { break }
            let home = Self.slot(nodes[Int(candidate)].parent, nodes[Int(candidate)].hash) & tableMask
            // The candidate may move into the hole if its home is not between the hole and itself.
            if (next &- home) & tableMask >= (next &- hole) & tableMask {
                table[hole] = candidate
                hole = next
            }
        }
        table[hole] = 0
    }

    private mutating func growTable() {
        table.deallocate()
        let size = (tableMask + 1) * 2
        tableMask = size - 1
        table = .allocate(capacity: size)
        table.initialize(repeating: 0, count: size)
        for index in 2..<max(limit, 2) where nodes[Int(index)].parent != 0 { place(index) }
    }
}
