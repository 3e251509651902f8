internal import Glibc

/// The sockets of one reactor, 16 bytes each.
struct SocketTable: ~Copyable {
    struct Entry {
        var descriptor: Int32
        /// Odd while the slot is in use.
        var generation: UInt32
        /// The owner's own number; next free slot while the slot is not in use.
        var tag: UInt32
        var kind: Kind
        var flags: Flags
    }

    enum Kind: UInt8 {
        case stream
        case listener
    }

    struct Flags: OptionSet {
        let rawValue: UInt8
        /// The owner wants no bytes for now.
        static let paused = Flags(rawValue: 1)
        /// An event came while paused: there may be something to read.
        static let readable = Flags(rawValue: 2)
        /// Waits in the list of sockets to be read again without a new event.
        static let queued = Flags(rawValue: 4)
        /// The kernel's send buffer was full.
        static let stalled = Flags(rawValue: 8)
        /// EPOLLOUT is in the interest set.
        static let armed = Flags(rawValue: 16)
        /// End or error was reported; nothing more will be.
        static let ended = Flags(rawValue: 32)
        /// The peer has sent its last byte: read on until the end shows.
        static let hangup = Flags(rawValue: 64)
    }

    private static let none = UInt32.max

    private(set) var entries: UnsafeMutablePointer<Entry>
    private var capacity: Int
    private var used = 0
    private var firstFree = SocketTable.none
    private(set) var count = 0

    init(capacity: Int = 64) {
        self.capacity = capacity
        entries = .allocate(capacity: capacity)
    }

    deinit {
        for slot in 0..<used where entries[slot].generation & 1 == 1 {
            close(entries[slot].descriptor)
        }
        entries.deallocate()
    }

    /// The slot of `id`, or `nil` when the socket is gone.
    func find(_ id: SocketID) -> Int? {
        let slot = Int(id.slot)
        guard slot < used, entries[slot].generation == id.generation, id.generation & 1 == 1 else {
            return nil
        }
        return slot
    }

    func id(of slot: Int) -> SocketID {
        SocketID(slot: UInt32(slot), generation: entries[slot].generation)
    }

    mutating func add(_ descriptor: Int32, kind: Kind, tag: UInt32) -> SocketID {
        let slot: Int
        if firstFree != Self.none {
            slot = Int(firstFree)
            firstFree = entries[slot].tag
        } else {
            if used == capacity { grow() }
            slot = used
            used += 1
            entries[slot].generation = 0
        }
        count += 1
        entries[slot] = Entry(
            descriptor: descriptor,
            generation: entries[slot].generation &+ 1,
            tag: tag,
            kind: kind,
            flags: []
        )
        return id(of: slot)
    }

    mutating func remove(_ slot: Int) {
        entries[slot].generation &+= 1
        entries[slot].tag = firstFree
        firstFree = UInt32(slot)
        count -= 1
    }

    private mutating func grow() {
        let larger = UnsafeMutablePointer<Entry>.allocate(capacity: capacity * 2)
        larger.moveInitialize(from: entries, count: used)
        entries.deallocate()
        entries = larger
        capacity *= 2
    }
}
