/// A topic name or filter cut at its slashes: where each level is, and its hash.
///
/// One per shard, reused for every lookup; the memory grows to the longest topic seen (bounded by
/// the limit on levels that the decoder applied before).
struct TopicLevels: ~Copyable {
    struct Level {
        var offset: UInt16
        var length: UInt16
        var hash: UInt64
    }

    private(set) var count = 0
    private(set) var base: UnsafeRawPointer
    private var levels: UnsafeMutablePointer<Level>
    private var capacity = 32

    init() {
        levels = .allocate(capacity: 32)
        base = UnsafeRawPointer(levels)
    }

    deinit { levels.deallocate() }

    subscript(index: Int) -> Level {
        @inline(__always) get {
            precondition(index >= 0 && index < count, "level out of range")
            return levels[index]
        }
    }

    /// Cuts `topic`, at most 65,535 bytes; the levels refer to its memory until the next call.
    mutating func split(_ topic: UnsafeRawBufferPointer, _ hash: TopicHash) {
        count = 0
        guard let start = topic.baseAddress else {
            append(0, 0, hash(base, 0))
            return
        }
        base = start
        var levelStart = 0
        let end = topic.count
        var i = 0
        while i < end {
            if start.load(fromByteOffset: i, as: UInt8.self) == UInt8(ascii: "/") {
                append(levelStart, i &- levelStart, hash(start + levelStart, i &- levelStart))
                levelStart = i &+ 1
            }
            i &+= 1
        }
        append(levelStart, end &- levelStart, hash(start + levelStart, end &- levelStart))
    }

    private mutating func append(_ offset: Int, _ length: Int, _ hash: UInt64) {
        if count == capacity {
            let bigger = UnsafeMutablePointer<Level>.allocate(capacity: capacity * 2)
            bigger.update(from: levels, count: count)
            levels.deallocate()
            levels = bigger
            capacity *= 2
        }
        levels[count] = Level(
            offset: UInt16(truncatingIfNeeded: offset),
            length: UInt16(truncatingIfNeeded: length),
            hash: hash
        )
        count &+= 1
    }
}
