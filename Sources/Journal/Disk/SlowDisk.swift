import Glibc

/// The machine's file system, each sync of which takes at least so long: a memory card for measurements.
package struct SlowDisk: Disk {
    private let base = POSIXDisk()
    private let syncTime: Duration

    package init(syncTime: Duration) { self.syncTime = syncTime }

    package func createDirectory(_ path: String) throws(DiskError) { try base.createDirectory(path) }
    package func list(_ directory: String) throws(DiskError) -> [DiskEntry] { try base.list(directory) }
    package func rename(_ path: String, to newPath: String) throws(DiskError) {
        try base.rename(path, to: newPath)
    }
    package func remove(_ path: String) throws(DiskError) { try base.remove(path) }
    package func lock(_ path: String) throws(DiskError) -> any DiskLock { try base.lock(path) }

    package func open(_ path: String, _ mode: DiskOpenMode) throws(DiskError) -> any DiskFile {
        SlowFile(base: try base.open(path, mode), syncTime: syncTime)
    }

    package func syncDirectory(_ directory: String) throws(DiskError) {
        let began = ContinuousClock.now
        try base.syncDirectory(directory)
        Self.wait(until: began + syncTime)
    }

    fileprivate static func wait(until end: ContinuousClock.Instant) {
        let left = ContinuousClock.now.duration(to: end)
        guard left > .zero else { return }
        usleep(UInt32(min(1_000_000, left / .microseconds(1))))
    }

    private final class SlowFile: DiskFile {
        private let base: any DiskFile
        private let syncTime: Duration

        init(base: any DiskFile, syncTime: Duration) {
            self.base = base
            self.syncTime = syncTime
        }

        func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(DiskError) -> Int {
            try base.read(into: buffer, at: offset)
        }
        func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(DiskError) {
            try base.write(bytes, at: offset)
        }
        func truncate(to sizeBytes: UInt64) throws(DiskError) { try base.truncate(to: sizeBytes) }
        func size() throws(DiskError) -> UInt64 { try base.size() }
        func punchHole(at offset: UInt64, count: UInt64) throws(DiskError) {
            try base.punchHole(at: offset, count: count)
        }

        func sync() throws(DiskError) {
            let began = ContinuousClock.now
            try base.sync()
            SlowDisk.wait(until: began + syncTime)
        }
    }
}
