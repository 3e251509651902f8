import Glibc
import Journal
import Synchronization

/// A handle to a file of a ``SimulatedDisk``. Dead after a crash.
final class SimulatedFile: DiskFile {
    private let disk: SimulatedDisk
    private let path: String
    private let life: Int
    /// Only reached under the disk's lock.
    private nonisolated(unsafe) let node: SimulatedNode

    init(disk: SimulatedDisk, node: SimulatedNode, path: String, life: Int) {
        self.disk = disk
        self.node = node
        self.path = path
        self.life = life
    }

    private func run<T: Sendable>(
        _ operation: DiskError.Operation,
        _ body: (inout SimulatedDiskState) throws(DiskError) -> T
    ) throws(DiskError) -> T {
        try disk.state.withLock { state throws(DiskError) -> T in
            guard state.life == life else { throw DiskError(operation, path, code: EIO) }
            return try body(&state)
        }
    }

    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(DiskError) -> Int {
        try run(.read) { state throws(DiskError) in
            try state.begin(.read, path)
            let start = min(Int(offset), node.cache.count)
            let end = min(start + buffer.count, node.cache.count)
            node.cache.withUnsafeBytes { cache in
                buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: cache[start..<end]))
            }
            return end - start
        }
    }

    func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(DiskError) {
        try run(.write) { state throws(DiskError) in
            var count = bytes.count
            var failure: DiskError?
            do throws(DiskError) {
                try state.begin(.write, path)
            } catch {
                // A machine that stops here, unlike one that had stopped, may have written a part.
                if error.isReadOnly || state.faults.stopAfter != 0 { throw error }
                state.faults.stopAfter = nil
                failure = error
                count = Int(state.random.next() % UInt64(bytes.count + 1))
            }
            state.counts.writes += 1
            state.elapsed += state.faults.writeLatency
            if failure == nil, SimulatedDiskState.spend(&state.faults.failWrites) {
                failure = DiskError(.write, path, code: EIO)
                count = Int(state.random.next() % UInt64(bytes.count + 1))
            }
            let growth = max(0, Int(offset) + count - node.cache.count)
            let room = state.faults.capacityBytes - min(state.faults.capacityBytes, state.usedBytes)
            if UInt64(growth) > room {
                failure = DiskError(.write, path, code: ENOSPC)
                count = max(0, count - (growth - Int(room)))
            }
            write(UnsafeRawBufferPointer(rebasing: bytes[..<count]), at: Int(offset))
            state.counts.writtenBytes += UInt64(count)
            if let failure { throw failure }
        }
    }

    private func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) {
        guard !bytes.isEmpty else { return }
        let end = offset + bytes.count
        if node.cache.count < end {
            node.cache.append(contentsOf: repeatElement(0, count: end - node.cache.count))
            node.isSizeDirty = true
        }
        node.cache.replaceSubrange(offset..<end, with: bytes)
        node.dirty.append(offset..<end)
    }

    func sync() throws(DiskError) {
        try run(.sync) { state throws(DiskError) in
            try state.begin(.sync, path)
            state.counts.syncs += 1
            state.elapsed += state.faults.syncLatency
            guard !SimulatedDiskState.spend(&state.faults.failSyncs) else {
                // Some of it got there. All of it counts as clean from now on.
                for range in node.dirty where state.random.oneIn(2) { node.persist(range) }
                node.dirty = []
                throw DiskError(.sync, path, code: EIO)
            }
            node.sync()
        }
    }

    func truncate(to sizeBytes: UInt64) throws(DiskError) {
        try run(.truncate) { state throws(DiskError) in
            try state.begin(.truncate, path)
            if Int(sizeBytes) < node.cache.count {
                node.cache.removeLast(node.cache.count - Int(sizeBytes))
            } else {
                node.cache.append(contentsOf: repeatElement(0, count: Int(sizeBytes) - node.cache.count))
            }
            node.isSizeDirty = true
        }
    }

    func size() throws(DiskError) -> UInt64 {
        try run(.size) { state throws(DiskError) in UInt64(node.cache.count) }
    }

    func punchHole(at offset: UInt64, count: UInt64) throws(DiskError) {
        try run(.punchHole) { state throws(DiskError) in
            try state.begin(.punchHole, path)
            let end = min(Int(offset + count), node.cache.count)
            guard Int(offset) < end else { return }
            node.cache.replaceSubrange(
                Int(offset)..<end,
                with: repeatElement(UInt8(0), count: end - Int(offset))
            )
            node.dirty.append(Int(offset)..<end)
        }
    }
}
