/// Names a socket of one reactor; a name is not used twice for 2³² uses of its slot.
package struct SocketID: Hashable, Sendable {
    /// Dense and used again: good as an index of parallel arrays.
    package let slot: UInt32
    package let generation: UInt32

    package init(slot: UInt32, generation: UInt32) {
        self.slot = slot
        self.generation = generation
    }

    /// What epoll hands back with an event.
    var eventData: UInt64 {
        UInt64(generation) << 32 | UInt64(slot)
    }

    init(eventData: UInt64) {
        slot = UInt32(truncatingIfNeeded: eventData)
        generation = UInt32(truncatingIfNeeded: eventData >> 32)
    }
}
