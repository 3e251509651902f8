private import Synchronization

/// Byte records from other threads to one reactor's thread, in order per sender.
///
/// A sender collects a burst and appends it at once: one lock, one copy, at most one wake-up. The
/// reader swaps the whole contents out under the lock and reads them without it.
package final class ByteMailbox: Sendable {
    private struct State: ~Copyable {
        var records = RecordBuffer()
        var refused: UInt64 = 0
    }

    private let state = Mutex(State())
    private let waker: Waker
    private let limitBytes: Int

    /// - Parameter limitBytes: Bytes that may wait, headers included; a record that does not fit is
    ///   refused and counted, and its sender keeps it.
    package init(waker: Waker, limitBytes: Int = 64 << 20) {
        self.waker = waker
        self.limitBytes = limitBytes
    }

    /// Copies `bytes` behind the records already there and wakes the reactor if it sleeps.
    ///
    /// - Parameter sender: Told to the reader with the record.
    /// - Returns: False when there is no room; nothing is copied then.
    package func append(from sender: UInt32, _ bytes: UnsafeRawBufferPointer) -> Bool {
        let taken = state.withLock { state in
            guard state.records.sizeBytes + RecordBuffer.headerSizeBytes + bytes.count <= limitBytes else {
                state.refused += 1
                return false
            }
            state.records.append(from: sender, bytes)
            return true
        }
        waker.wake()
        return taken
    }

    /// Swaps everything that waits into `records`, whose contents are dropped first; its memory is used again.
    package func take(into records: inout RecordBuffer) {
        records.removeAll()
        state.withLock { swap(&$0.records, &records) }
    }

    /// Records refused so far for want of room.
    package var refused: UInt64 {
        state.withLock { $0.refused }
    }
}

/// Records one behind the other: sender, length, bytes.
package struct RecordBuffer: ~Copyable, @unchecked Sendable {
    // Sendable: the only owner of its memory.
    static let headerSizeBytes = 8
    /// Memory above this is given back once the burst that needed it is over.
    private static let keptSizeBytes = 1 << 20

    private var base: UnsafeMutableRawPointer?
    private var capacity = 0
    private var cursor = 0
    private(set) package var sizeBytes = 0

    package init() {}

    deinit {
        base?.deallocate()
    }

    mutating func append(from sender: UInt32, _ bytes: UnsafeRawBufferPointer) {
        let needed = sizeBytes + Self.headerSizeBytes + bytes.count
        if needed > capacity { grow(to: needed) }
        guard let base else { return }
        base.storeBytes(of: sender, toByteOffset: sizeBytes, as: UInt32.self)
        base.storeBytes(of: UInt32(bytes.count), toByteOffset: sizeBytes + 4, as: UInt32.self)
        if let source = bytes.baseAddress {
            (base + sizeBytes + Self.headerSizeBytes).copyMemory(from: source, byteCount: bytes.count)
        }
        sizeBytes = needed
    }

    /// The next record, or `nil` after the last. The bytes are good until the buffer is changed.
    package mutating func next() -> (sender: UInt32, bytes: UnsafeRawBufferPointer)? {
        guard cursor < sizeBytes, let base else { return nil }
        let sender = base.loadUnaligned(fromByteOffset: cursor, as: UInt32.self)
        let count = Int(base.loadUnaligned(fromByteOffset: cursor + 4, as: UInt32.self))
        let bytes = UnsafeRawBufferPointer(start: base + cursor + Self.headerSizeBytes, count: count)
        cursor += Self.headerSizeBytes + count
        return (sender, bytes)
    }

    package mutating func removeAll() {
        sizeBytes = 0
        cursor = 0
        if capacity > Self.keptSizeBytes {
            base?.deallocate()
            base = nil
            capacity = 0
        }
    }

    private mutating func grow(to needed: Int) {
        let larger = max(needed, capacity * 2, 4096)
        let fresh = UnsafeMutableRawPointer.allocate(byteCount: larger, alignment: 16)
        if let base {
            fresh.copyMemory(from: base, byteCount: sizeBytes)
            base.deallocate()
        }
        base = fresh
        capacity = larger
    }
}
