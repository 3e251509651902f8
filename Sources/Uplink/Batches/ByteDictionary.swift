import Glibc

/// Numbers distinct byte strings from 0 in the order of their first appearance: the dictionary of a batch.
struct ByteDictionary: ~Copyable {
    private struct Entry {
        var hash: UInt64
        var offset: Int
        var count: Int
    }

    private var bytes = ByteColumn(capacity: 4096)
    private var entries: [Entry] = []
    /// Index of an entry plus one, by hash; 0 is free. Linear probing, at most half full.
    private var slots: [UInt32]
    /// Devices often publish in bursts: the last answer is tried first.
    private var newest = -1

    init() { slots = Array(repeating: 0, count: 256) }

    var count: Int { entries.count }
    var byteCount: Int { bytes.count }

    subscript(index: Int) -> UnsafeRawBufferPointer {
        let entry = entries[index]
        return UnsafeRawBufferPointer(start: bytes.start + entry.offset, count: entry.count)
    }

    mutating func removeAll() {
        guard !entries.isEmpty else { return }
        bytes.removeAll()
        entries.removeAll(keepingCapacity: true)
        for index in slots.indices { slots[index] = 0 }
        newest = -1
    }

    mutating func index(of key: UnsafeRawBufferPointer) -> Int {
        if newest >= 0, matches(entries[newest], key) { return newest }
        let hash = Self.hash(key)
        var slot = Int(truncatingIfNeeded: hash) & (slots.count - 1)
        while slots[slot] != 0 {
            let index = Int(slots[slot]) - 1
            if entries[index].hash == hash, matches(entries[index], key) {
                newest = index
                return index
            }
            slot = (slot + 1) & (slots.count - 1)
        }
        newest = entries.count
        entries.append(Entry(hash: hash, offset: bytes.count, count: key.count))
        bytes.append(key)
        slots[slot] = UInt32(entries.count)
        if entries.count * 2 > slots.count { grow() }
        return newest
    }

    @inline(__always)
    private func matches(_ entry: Entry, _ key: UnsafeRawBufferPointer) -> Bool {
        guard entry.count == key.count else { return false }
        guard let base = key.baseAddress, key.count > 0 else { return true }
        return memcmp(bytes.start + entry.offset, base, key.count) == 0
    }

    private mutating func grow() {
        slots = Array(repeating: 0, count: slots.count * 2)
        for (index, entry) in entries.enumerated() {
            var slot = Int(truncatingIfNeeded: entry.hash) & (slots.count - 1)
            while slots[slot] != 0 { slot = (slot + 1) & (slots.count - 1) }
            slots[slot] = UInt32(index + 1)
        }
    }

    /// Eight bytes at a time, multiplied and folded. Whoever publishes topics that collide slows only the
    /// building of batches that hold them, each of which holds a bounded number.
    private static func hash(_ key: UnsafeRawBufferPointer) -> UInt64 {
        var hash: UInt64 = 0x9E37_79B9_7F4A_7C15 ^ UInt64(key.count)
        var offset = 0
        while offset + 8 <= key.count {
            mix(&hash, key.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
            offset += 8
        }
        var rest: UInt64 = 0
        while offset < key.count {
            rest = rest << 8 | UInt64(key[offset])
            offset += 1
        }
        mix(&hash, rest)
        return hash
    }

    @inline(__always)
    private static func mix(_ hash: inout UInt64, _ word: UInt64) {
        let product = (hash ^ word).multipliedFullWidth(by: 0xD6E8_FEB8_6659_FD93)
        hash = product.high ^ product.low
    }
}
