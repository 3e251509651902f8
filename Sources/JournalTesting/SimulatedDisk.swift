import Glibc
package import Journal
import Synchronization

/// A disk in memory that does to unsynced data what real ones do, under a seed.
///
/// - At a ``crash()`` every sector written since the last sync of its file is, at random, as it was,
///   as it should be, a mixture, or garbage; a file is as long as it was or as it should be;
///   creations, renames and removals since the last sync of their directory happened up to some
///   point and not behind.
/// - A sync that fails leaves the written data readable and *clean*: a later sync succeeds without
///   putting it on the medium. That is what Linux does, and the trap for whoever syncs again.
/// - It can be full, read-only, slow in simulated time, fail writes or syncs, or stop the machine in
///   the middle of any operation.
///
/// No operation sleeps; ``elapsed`` tells how long they would have taken.
package final class SimulatedDisk: Disk {
    let state: Mutex<SimulatedDiskState>

    package init(seed: UInt64, sectorBytes: Int = 512) {
        state = Mutex(SimulatedDiskState(seed: seed, sectorBytes: sectorBytes))
    }

    /// What goes wrong from now on.
    package var faults: DiskFaults {
        get { state.withLock { $0.faults } }
        set { state.withLock { $0.faults = newValue } }
    }

    package var counts: DiskCounts { state.withLock { $0.counts } }

    /// What all operations together would have taken.
    package var elapsed: Duration { state.withLock { $0.elapsed } }

    /// Bytes in files that have a name.
    package var usedBytes: UInt64 { state.withLock { $0.usedBytes } }

    /// Whether ``DiskFaults/stopAfter`` has stopped the machine; ``crash()`` starts it again.
    package var isStopped: Bool { state.withLock { $0.isStopped } }

    /// Cuts the power, and restores it: what was not synced is lost, torn or garbage, every open
    /// file is dead, every lock is free. Faults are gone.
    package func crash() { state.withLock { $0.crash() } }

    /// Kills the process, not the machine: files keep what was written, handles and locks go.
    package func kill() { state.withLock { $0.kill() } }

    /// Inverts a bit of a file on the medium and in the cache: decay, not a crash.
    package func flipBit(_ path: String, offset: Int, bit: Int) {
        state.withLock { state in
            guard let node = state.names[path], offset < node.cache.count else { return }
            node.cache[offset] ^= 1 << UInt8(bit & 7)
            if offset < node.medium.count { node.medium[offset] ^= 1 << UInt8(bit & 7) }
        }
    }

    /// A file as the process sees it.
    package func contents(of path: String) -> [UInt8]? {
        state.withLock { $0.names[path]?.cache }
    }

    /// Puts a file in place, durable; one that is there already, also for those who have it open.
    package func place(_ path: String, _ bytes: [UInt8]) {
        state.withLock { state in
            let node = state.names[path] ?? SimulatedNode()
            node.dirty = []
            node.cache = bytes
            node.medium = bytes
            state.names[path] = node
            state.durableNames[path] = node
        }
    }

    // MARK: - Disk

    package func createDirectory(_ path: String) throws(DiskError) {}

    package func list(_ directory: String) throws(DiskError) -> [DiskEntry] {
        try state.withLock { state throws(DiskError) in
            try state.begin(.list, directory)
            let prefix = directory + "/"
            return state.names.compactMap { path, node in
                guard path.hasPrefix(prefix) else { return nil }
                return DiskEntry(
                    name: String(path.dropFirst(prefix.count)),
                    sizeBytes: UInt64(node.cache.count)
                )
            }
        }
    }

    package func open(_ path: String, _ mode: DiskOpenMode) throws(DiskError) -> any DiskFile {
        try state.withLock { state throws(DiskError) -> any DiskFile in
            let node: SimulatedNode
            if mode == .create {
                guard state.names[path] == nil else { throw DiskError(.create, path, code: EEXIST) }
                try state.begin(.create, path)
                node = SimulatedNode()
                state.change(.create(path, node))
            } else {
                try state.begin(.open, path)
                guard let found = state.names[path] else { throw DiskError(.open, path, code: ENOENT) }
                node = found
            }
            return SimulatedFile(disk: self, node: node, path: path, life: state.life)
        }
    }

    package func rename(_ path: String, to newPath: String) throws(DiskError) {
        try state.withLock { state throws(DiskError) in
            guard state.names[path] != nil else { throw DiskError(.rename, path, code: ENOENT) }
            try state.begin(.rename, path)
            state.change(.rename(path, newPath))
        }
    }

    package func remove(_ path: String) throws(DiskError) {
        try state.withLock { state throws(DiskError) in
            guard state.names[path] != nil else { throw DiskError(.remove, path, code: ENOENT) }
            try state.begin(.remove, path)
            state.change(.remove(path))
        }
    }

    package func syncDirectory(_ directory: String) throws(DiskError) {
        try state.withLock { state throws(DiskError) in
            try state.begin(.syncDirectory, directory)
            state.durableNames = state.names
            state.changes = []
        }
    }

    package func lock(_ path: String) throws(DiskError) -> any DiskLock {
        try state.withLock { state throws(DiskError) -> any DiskLock in
            try state.begin(.lock, path)
            guard state.locks[path]?.holder == nil else { throw DiskError(.lock, path, code: EWOULDBLOCK) }
            let lock = SimulatedLock()
            state.locks[path] = WeakLock(holder: lock)
            return lock
        }
    }
}

/// What goes wrong on a ``SimulatedDisk``.
package struct DiskFaults: Sendable {
    /// Room for all files together; a write that does not fit is made in part and fails.
    package var capacityBytes: UInt64 = .max
    package var isReadOnly = false
    /// The next so many syncs fail with `EIO`; `.max` for ever.
    package var failSyncs = 0
    /// The next so many writes fail with `EIO`, in part made; `.max` for ever.
    package var failWrites = 0
    /// The next so many creations fail with `EIO`.
    package var failCreates = 0
    /// The machine stops in the middle of the operation after so many; `nil` for never.
    package var stopAfter: Int?
    /// What an operation takes in simulated time.
    package var writeLatency: Duration = .zero
    package var syncLatency: Duration = .zero
    /// Whether a sector being written when the power goes may be garbage also where it held synced
    /// data; otherwise only what was being written suffers.
    package var losesWholeSectors = false

    package init() {}
}

package struct DiskCounts: Sendable, Equatable {
    package var writes = 0
    package var writtenBytes: UInt64 = 0
    package var syncs = 0
    package var directorySyncs = 0
    package var operations = 0
}
