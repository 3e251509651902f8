import Synchronization

extension Log {
    /// Opens the log in a directory, which is made where there is none, and repairs its end.
    ///
    /// Only the newest segment is read, so opening takes as long for a terabyte as for a gigabyte.
    /// It never asks for a person: a torn tail is cut, damage is reported and passed over by
    /// readers, and files with nothing legible are renamed, not removed. A disk that is full or
    /// read-only is no error either; the log is then ``LogState/stalled(_:)`` until it can write.
    ///
    /// Under ``Durability/memory`` nothing of `disk` and `directory` is used.
    ///
    /// - Parameters:
    ///   - keys: The first seals new files; any of them opens old ones. None leaves new files plain.
    ///   - now: Milliseconds since 1970.
    /// - Throws: ``LogError``: `inUse`, `wrongKey`, `unknownVersion` or `disk`; nothing was changed.
    package static func open(
        _ directory: String,
        on disk: any Disk = POSIXDisk(),
        configuration: LogConfiguration = LogConfiguration(),
        keys: KeyRing = .none,
        observer: LogObserver = LogObserver(),
        now: UInt64
    ) throws(LogError) -> (log: Log, report: RecoveryReport) {
        let configuration = configuration.normalized()
        let isMemory = configuration.durability == .memory
        let disk: any Disk = isMemory ? MemoryDisk() : disk
        do throws(DiskError) {
            try disk.createDirectory(directory)
        } catch {
            throw LogError(error)
        }
        let lock = try lockDirectory(directory, disk)
        let salt = try makeSalt()
        var recovery = Recovery(
            disk: disk,
            directory: directory,
            configuration: configuration,
            keys: keys,
            salt: salt
        )
        try recovery.run()
        let log = Log(
            disk: disk,
            directory: directory,
            configuration: configuration,
            observer: observer,
            keys: isMemory ? .none : keys,
            salt: salt,
            lock: lock,
            recovered: recovery.recovered
        )
        log.begin(now: now)
        return (log, recovery.report)
    }

    static func lockDirectory(_ directory: String, _ disk: any Disk) throws(LogError) -> any DiskLock {
        do throws(DiskError) {
            return try disk.lock(directory + "/" + LogFileName.lock)
        } catch {
            guard error.isBusy else { throw LogError(error) }
            throw LogError(
                .inUse,
                "journal \"\(directory)\" is in use by another process; stop that, or give this one another directory",
                cause: error
            )
        }
    }

    /// Random, and such that a header of zeros is never valid.
    static func makeSalt() throws(LogError) -> UInt32 {
        let zeros = [UInt8](repeating: 0, count: 16)
        while true {
            let salt = try Libcrypto.randomBytes(4).load(UInt32.self, at: 0)
            if salt != 0, zeros[...].crc32c(seed: salt) != 0 { return salt }
        }
    }

    /// Writes again what recovery could not prove durable, and makes the fresh segment that this
    /// opening writes to, before any position is handed out: so that the next opening knows from
    /// the file's name which positions may have been.
    private func begin(now: UInt64) {
        var stateChange: LogState?
        committer.withLock { committer in
            _ = commit(&committer, now: now, stateChange: &stateChange)
            guard state.isOpen else { return }
            do throws(DiskError) {
                try resume(&committer, now: now)
                try removeEmptySegments()
            } catch {
                _ = publish(fail(error, &committer))
            }
        }
    }

    /// Drops what earlier openings left that wrote nothing.
    ///
    /// The name of such a file may be all that says where the segment before it ends, so that one is
    /// cut there first.
    private func removeEmptySegments() throws(DiskError) {
        let segments = shared.withLock { shared in
            (0..<shared.table.count).map { shared.table[$0] }
        }
        var kept: Segment?
        for (index, segment) in segments.enumerated() {
            guard segment.base == segment.end, index + 1 < segments.count else {
                kept = segment
                continue
            }
            if let kept, kept.fileBytes > kept.wholeBytes {
                let file = try disk.open(path(of: kept.base), .readWrite)
                try file.truncate(to: kept.wholeBytes)
                if configuration.durability == .fsync { try file.sync() }
            }
            try disk.remove(path(of: segment.base))
            shared.withLock { $0.table.remove(segment.base) }
        }
        shared.withLock { $0.updateRoom() }
    }

    func path(of base: LogPosition) -> String { directory + "/" + LogFileName.segment(base) }
}
