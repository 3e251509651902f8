/// Finds out where a log stands from the files it left, and repairs its end.
///
/// Everything is looked at before anything is changed, so a wrong key changes nothing.
struct Recovery {
    private typealias Candidate = (base: LogPosition, bytes: UInt64)

    private let disk: any Disk
    private let directory: String
    private let configuration: LogConfiguration
    private let keys: KeyRing

    private(set) var recovered = RecoveredLog()
    private(set) var report = RecoveryReport()

    init(disk: any Disk, directory: String, configuration: LogConfiguration, keys: KeyRing) {
        self.disk = disk
        self.directory = directory
        self.configuration = configuration
        self.keys = keys
    }

    mutating func run() throws(LogError) {
        let entries = try io { () throws(DiskError) in try disk.list(directory) }
        var segments = entries.compactMap { entry -> Candidate? in
            LogFileName.segmentBase(entry.name).map { ($0, entry.sizeBytes) }
        }
        segments.sort { $0.base < $1.base }
        let highest = segments.last?.base

        let (newest, unusable) = try newestUsable(&segments)
        if let oldest = segments.first, oldest.base != newest?.header.base {
            try checkKey(oldest.base)
        }
        let scan = try newest.map { newest throws(LogError) in
            var scan = TailScan(segment: newest, fileBytes: segments.last?.bytes ?? 0)
            try io { () throws(DiskError) in try scan.run() }
            return scan
        }

        try cutTail(newest, scan, fileBytes: segments.last?.bytes ?? 0)
        try setAside(unusable)
        try removeLeftovers(entries)
        fill(segments, scan)
        guard let highest else { return }
        // More than may have been handed out behind what is durable; see ``Log``.
        let isWhole = scan?.wasClosed == true && unusable.isEmpty
        recovered.nextPosition = isWhole ? recovered.end : max(recovered.end, highest) + Log.restartJump
        report.wasClosed = isWhole
    }

    // MARK: - Looking

    /// Opens the newest segment with a legible header. Those behind it are taken off `segments`.
    private func newestUsable(
        _ segments: inout [Candidate]
    ) throws(LogError) -> (SegmentFile?, unusable: [Candidate]) {
        var unusable: [Candidate] = []
        while let last = segments.last {
            do throws(LogError) {
                let file = try SegmentFile.open(
                    disk,
                    directory: directory,
                    base: last.base,
                    mode: .readWrite,
                    keys: keys
                )
                return (file, unusable)
            } catch {
                guard error.code == .damaged else { throw error }
                unusable.append(segments.removeLast())
            }
        }
        return (nil, unusable)
    }

    /// An operator who drops an old key too early should learn so now, not at the first reader.
    private func checkKey(_ base: LogPosition) throws(LogError) {
        do throws(LogError) {
            _ = try SegmentFile.open(disk, directory: directory, base: base, keys: keys)
        } catch {
            guard error.code == .damaged else { throw error }
        }
    }

    // MARK: - Changing

    private mutating func cutTail(
        _ newest: SegmentFile?,
        _ scan: TailScan?,
        fileBytes: UInt64
    ) throws(LogError) {
        guard let newest, let scan else { return }
        let whole = newest.offset(of: scan.end)
        report.damages = scan.damages.map { hole in
            DamageReport(
                path: newest.path,
                offset: newest.offset(of: hole.from),
                length: hole.to - hole.from,
                position: hole.from,
                reason: "no whole record, though later records prove that it was durable"
            )
        }
        guard fileBytes > whole else { return }
        report.tornBytes = fileBytes - whole
        try io { () throws(DiskError) in
            try newest.file.truncate(to: whole)
            if configuration.durability == .fsync { try newest.file.sync() }
        }
    }

    /// A file that was being made when the machine stopped is removed; one with data in it whose
    /// header is damaged is kept for a person who wants to look.
    private mutating func setAside(_ unusable: [Candidate]) throws(LogError) {
        for (base, bytes) in unusable {
            let name = LogFileName.segment(base)
            let path = directory + "/" + name
            try io { () throws(DiskError) in
                if bytes <= UInt64(SegmentHeader.byteCount) {
                    try disk.remove(path)
                } else {
                    try disk.rename(path, to: path + LogFileName.quarantineSuffix)
                    report.quarantined.append(name + LogFileName.quarantineSuffix)
                }
            }
        }
    }

    private func removeLeftovers(_ entries: [DiskEntry]) throws(LogError) {
        var quarantined = report.quarantined
        for entry in entries {
            if entry.name.hasSuffix(LogFileName.temporarySuffix) {
                try io { () throws(DiskError) in try disk.remove(directory + "/" + entry.name) }
            } else if entry.name.hasSuffix(LogFileName.quarantineSuffix) {
                quarantined.append(entry.name)
            }
        }
        quarantined.sort(by: >)
        for name in quarantined.dropFirst(configuration.quarantineFilesMax) {
            try io { () throws(DiskError) in try disk.remove(directory + "/" + name) }
        }
    }

    private mutating func fill(_ segments: [Candidate], _ scan: TailScan?) {
        for (index, segment) in segments.enumerated() {
            let data = segment.bytes - min(segment.bytes, UInt64(SegmentHeader.byteCount))
            var end = segment.base + data
            var bytes = segment.bytes
            if index + 1 < segments.count {
                // What stands behind the next segment's first position was written again there.
                end = min(end, segments[index + 1].base)
            } else if let scan {
                end = scan.end
                bytes = UInt64(SegmentHeader.byteCount) + (end - segment.base)
            }
            recovered.table.append(Segment(base: segment.base, end: end, fileBytes: bytes, file: nil))
        }
        recovered.end = scan?.end ?? 0
        recovered.recordCount = scan?.recordCount ?? 0
        report.segments = recovered.table.count
    }

    private func io<T>(_ body: () throws(DiskError) -> T) throws(LogError) -> T {
        do throws(DiskError) {
            return try body()
        } catch {
            throw LogError(error)
        }
    }
}
