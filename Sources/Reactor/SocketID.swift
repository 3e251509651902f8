/// Names a socket of one reactor; a name is not used twice for 2³² uses of its slot.
package struct SocketID: Hashable, Sendable, BitwiseCopyable {
    /// Dense and used again: good as an index of parallel arrays.
    package let slot: UInt32
    package let generation: UInt32

    package init(slot: UInt32, generation: UInt32) {
        self.slot = slot
        self.generation = generation
    }

    /// The name as one number, for example as a timer's token; a live socket's is at least 2³².
    package var packed: UInt64 {
        UInt64(generation) << 32 | UInt64(slot)
    }

    package init(packed: UInt64) {
        slot = UInt32(truncatingIfNeeded: packed)
        generation = UInt32(truncatingIfNeeded: packed >> 32)
    }
}
