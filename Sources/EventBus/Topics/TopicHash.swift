/// A fast keyed hash for topic names and levels.
///
/// The key is drawn at start, so a client cannot prepare topics that all fall into one bucket. Two
/// names with the same hash are still told apart by their bytes.
struct TopicHash: Sendable {
    let key: UInt64

    init(key: UInt64) { self.key = key }

    @inline(__always)
    static func mix(_ a: UInt64, _ b: UInt64) -> UInt64 {
        let product = a.multipliedFullWidth(by: b)
        return product.high ^ product.low
    }

    /// Hash of `count` bytes at `start`. The caller guarantees that they are readable.
    @inline(__always)
    func callAsFunction(_ start: UnsafeRawPointer, _ count: Int) -> UInt64 {
        var hash = key ^ (UInt64(truncatingIfNeeded: count) &* 0x9E37_79B9_7F4A_7C15)
        var offset = 0
        while count &- offset >= 8 {
            let word = (start + offset).loadUnaligned(as: UInt64.self)
            hash = Self.mix(hash ^ word, 0xD6E8_FEB8_6659_FD93)
            offset &+= 8
        }
        if offset < count {
            hash = Self.mix(hash ^ Self.tail(start + offset, count &- offset), 0xA076_1D64_78BD_642F)
        }
        return Self.mix(hash, key | 1) ^ hash
    }

    /// The last one to seven bytes as a word.
    @inline(__always)
    static func tail(_ start: UnsafeRawPointer, _ count: Int) -> UInt64 {
        if count >= 4 {
            let low = UInt64(start.loadUnaligned(as: UInt32.self))
            let high = UInt64((start + (count &- 4)).loadUnaligned(as: UInt32.self))
            return low | (high << 32)
        }
        let first = UInt64(start.load(as: UInt8.self))
        let middle = UInt64((start + (count >> 1)).load(as: UInt8.self))
        let last = UInt64((start + (count &- 1)).load(as: UInt8.self))
        return first | (middle << 8) | (last << 16) | (UInt64(count) << 56)
    }
}
