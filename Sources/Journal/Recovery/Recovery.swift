/// Finds out where a log stands from the files it left, and repairs its end.
///
/// Everything is looked at before anything is changed, so a wrong key changes nothing.
///
/// The last group is whole in the file, and yet nothing proves that it is on the medium: what was
/// read may come from the page cache alone, left there by a process that was killed before its sync,
/// or after a sync that failed and whose pages the kernel has since called clean. Syncing the file
/// now could succeed without writing them. So that group is taken into memory and written again, to
/// a fresh segment, before it counts as durable. The old copy stays until the new one is.
struct Recovery {
    private typealias Candidate = (base: LogPosition, bytes: UInt64)

    private let disk: any Disk
    private let directory: String
    private let configuration: LogConfiguration
    private let keys: KeyRing
    private let salt: UInt32

    private(set) var recovered = RecoveredLog()
    private(set) var report = RecoveryReport()

    init(disk: any Disk, directory: String, configuration: LogConfiguration, keys: KeyRing, salt: UInt32) {
        self.disk = disk
        self.directory = directory
        self.configuration = configuration
        self.keys = keys
        self.salt = salt
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

        let (checkpoints, badCheckpoints) = try findCheckpoints(entries)

        try cutTail(newest, scan, fileBytes: segments.last?.bytes ?? 0)
        try setAside(unusable.map { (LogFileName.segment($0.base), $0.bytes) } + badCheckpoints)
        try removeLeftovers(entries)
        try finishDrops(scan, &segments)
        fill(segments, scan)
        try takeUnproven(newest, scan)
        recovered.checkpoints = checkpoints
        guard let highest = [highest, checkpoints.kept.last?.position].compactMap({ $0 }).max() else {
            return
        }
        // More than may have been handed out behind what is durable; see ``Log``.
        let isWhole =
            scan?.wasClosed == true && unusable.isEmpty
            && (checkpoints.kept.last?.position ?? 0) <= recovered.end
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

    /// The checkpoints whose header can be read; whether the rest can is seen when one is used.
    private func findCheckpoints(
        _ entries: [DiskEntry]
    ) throws(LogError) -> (CheckpointState, bad: [(name: String, bytes: UInt64)]) {
        var state = CheckpointState()
        var bad: [(name: String, bytes: UInt64)] = []
        for entry in entries.sorted(by: { $0.name < $1.name }) {
            guard let generation = LogFileName.checkpointGeneration(entry.name) else { continue }
            state.nextGeneration = generation + 1
            do throws(LogError) {
                let path = directory + "/" + entry.name
                let file = try SegmentFile.open(disk, path: path, kind: .checkpoint, keys: keys)
                state.kept.append(.init(generation: generation, position: file.header.previousEnd))
            } catch {
                guard error.code == .damaged else { throw error }
                bad.append((entry.name, entry.sizeBytes))
            }
        }
        return (state, bad)
    }

    // MARK: - Changing

    private mutating func cutTail(
        _ newest: SegmentFile?,
        _ scan: TailScan?,
        fileBytes: UInt64
    ) throws(LogError) {
        guard let newest, let scan else { return }
        let whole = newest.offset(of: scan.wholeEnd)
        report.damages = scan.damages.map { hole in
            DamageReport(
                path: newest.path,
                offset: newest.offset(of: hole.from),
                length: hole.to - hole.from,
                position: hole.from,
                reason: "no whole record, though later records prove that it was durable"
            )
        }
        report.tornBytes = fileBytes - min(fileBytes, whole)
        try io { () throws(DiskError) in
            if fileBytes > whole { try newest.file.truncate(to: whole) }
            if configuration.durability == .fsync { try newest.file.sync() }
        }
    }

    /// A file that was being made when the machine stopped is removed; one with data in it whose
    /// header is damaged is kept for a person who wants to look.
    private mutating func setAside(_ unusable: [(name: String, bytes: UInt64)]) throws(LogError) {
        for (name, bytes) in unusable {
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

    /// Unlinks what an earlier process dropped and told of, but did not come to unlink.
    private func finishDrops(_ scan: TailScan?, _ segments: inout [Candidate]) throws(LogError) {
        let gaps = scan?.gaps.filter { $0.cause == .oldestForBytes || $0.cause == .age } ?? []
        while segments.count > 1 {
            let (base, bytes) = segments[0]
            let end = min(base + (bytes - min(bytes, UInt64(SegmentHeader.byteCount))), segments[1].base)
            guard gaps.contains(where: { $0.from < end && end <= $0.to }) else { return }
            try io { () throws(DiskError) in
                try disk.remove(directory + "/" + LogFileName.segment(base))
            }
            segments.removeFirst()
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
                bytes = UInt64(SegmentHeader.byteCount) + (scan.wholeEnd - segment.base)
            }
            recovered.table.append(Segment(base: segment.base, end: end, fileBytes: bytes, file: nil))
        }
        recovered.end = scan?.end ?? 0
        recovered.durable = recovered.end
        recovered.recordCount = scan?.recordCount ?? 0
        report.segments = recovered.table.count
    }

    private mutating func takeUnproven(_ newest: SegmentFile?, _ scan: TailScan?) throws(LogError) {
        guard configuration.durability == .fsync, let newest, let scan, scan.proven < scan.end else { return }
        // Under ``Durability/write`` nothing was ever synced, so all of a segment is unproven.
        guard scan.end - scan.proven <= UInt64(configuration.stagingBytesMax) else { return }
        let isSealed = keys.current != nil
        // Sealed records are longer. Where sealing was switched on or off they cannot be written
        // again at their positions; the sync that cutting the tail did must do.
        guard isSealed == (newest.header.seal != nil) else { return }
        let count = Int(scan.end - scan.proven)
        var buffer = StagingBuffer(capacity: max(configuration.stagingBytesMax / 2, count))
        buffer.reset(base: scan.proven)
        var chunk = RecordChunk(segment: newest, end: scan.end)
        chunk.opensAll = true
        defer { chunk.deallocate() }
        while buffer.end < scan.end {
            let found = try io { () throws(DiskError) in try chunk.record(at: buffer.end) }
            guard case .valid(let header, let payload) = found else {
                buffer.deallocate()
                throw LogError(
                    .damaged,
                    "\"\(newest.path)\" reads differently at every attempt; check the medium"
                )
            }
            let record = buffer.take(header.recordByteCount)
            record.storeBytes(of: 0, toByteOffset: header.recordByteCount - 8, as: UInt64.self)
            header.store(to: record)
            if let source = payload.baseAddress {
                (record + RecordHeader.byteCount).copyMemory(from: source, byteCount: payload.count)
            }
            if !isSealed { header.storeChecksums(to: record, salt: salt) }
        }
        recovered.unproven = buffer
        recovered.durable = scan.proven
        recovered.recordCountBeforeUnproven = scan.recordCount(before: scan.proven)
    }

    private func io<T>(_ body: () throws(DiskError) -> T) throws(LogError) -> T {
        do throws(DiskError) {
            return try body()
        } catch {
            throw LogError(error)
        }
    }
}
