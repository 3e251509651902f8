/// What `weir journal check`, `dump`, `stat` and `repair` do, as calls.
///
/// All but ``repair(_:)`` only read, also beside a running broker: its newest group may then look
/// torn. Without the key of a sealed log lengths, types and checksums are seen, payloads are not.
package struct JournalInspector {
    let directory: String
    let disk: any Disk
    let keys: KeyRing

    package init(_ directory: String, on disk: any Disk = POSIXDisk(), keys: KeyRing = .none) {
        self.directory = directory
        self.disk = disk
        self.keys = keys
    }

    /// A segment file and where its records end.
    struct Listed {
        var base: LogPosition
        var path: String
        var fileBytes: UInt64
        /// Behind the last byte that belongs to the log.
        var end: LogPosition
        var isNewest: Bool
    }

    func entries() throws(LogError) -> [DiskEntry] {
        do throws(DiskError) {
            return try disk.list(directory).sorted { $0.name < $1.name }
        } catch {
            throw LogError(error)
        }
    }

    func segments(_ entries: [DiskEntry]) -> [Listed] {
        let found = entries.compactMap { entry in
            LogFileName.segmentBase(entry.name).map { (base: $0, entry: entry) }
        }
        return found.enumerated().map { index, segment in
            let data = segment.entry.sizeBytes - min(segment.entry.sizeBytes, UInt64(SegmentHeader.byteCount))
            let next = index + 1 < found.count ? found[index + 1].base : .max
            return Listed(
                base: segment.base,
                path: directory + "/" + segment.entry.name,
                fileBytes: segment.entry.sizeBytes,
                end: min(segment.base + data, next),
                isNewest: index + 1 == found.count
            )
        }
    }

    /// Opens a file; with its key where that is known, else without.
    func open(
        _ path: String,
        _ kind: SegmentHeader.Kind,
        mode: DiskOpenMode = .read
    ) throws(LogError) -> SegmentFile {
        do throws(LogError) {
            return try SegmentFile.open(disk, path: path, kind: kind, mode: mode, keys: keys)
        } catch {
            guard error.code == .wrongKey else { throw error }
            return try SegmentFile.open(disk, path: path, kind: kind, mode: mode, keys: nil)
        }
    }

    /// The header of a segment file.
    package func header(of path: String) throws(LogError) -> SegmentHeader {
        try open(path, .segment).header
    }

    func isInUse() -> Bool {
        do throws(DiskError) {
            _ = try disk.lock(directory + "/" + LogFileName.lock)
            return false
        } catch {
            return error.isBusy
        }
    }

    func io<T>(_ body: () throws(DiskError) -> T) throws(LogError) -> T {
        do throws(DiskError) {
            return try body()
        } catch {
            throw LogError(error)
        }
    }
}
