extension JournalInspector {
    /// Does at once what the next start would, and puts a gap record in the place of every damage,
    /// so that readers pass over it without searching and the log is whole again.
    ///
    /// Nothing is thrown away: the bytes that a gap record replaces, and files of which nothing can
    /// be read, stay beside the log with the suffix `.damaged`. It needs no key.
    ///
    /// - Throws: ``LogError/Code/inUse`` while a broker has the directory.
    @discardableResult
    package func repair(_ line: (InspectionLine) -> Void) throws(LogError) -> InspectionSummary {
        let lock = try Log.lockDirectory(directory, disk)
        defer { withExtendedLifetime(lock) {} }
        let entries = try entries()
        var summary = InspectionSummary()
        for listed in segments(entries) {
            try repair(listed, &summary, line)
        }
        for entry in entries where LogFileName.checkpointGeneration(entry.name) != nil {
            try repairCheckpoint(entry, &summary, line)
        }
        try io { () throws(DiskError) in try disk.syncDirectory(directory) }
        line(summary.line)
        return summary
    }

    private func repair(
        _ listed: Listed,
        _ summary: inout InspectionSummary,
        _ line: (InspectionLine) -> Void
    ) throws(LogError) {
        let file: SegmentFile
        do throws(LogError) {
            file = try open(listed.path, .segment, mode: .readWrite)
        } catch {
            guard error.code == .damaged else { throw error }
            try setAside(listed.path, error.message, &summary, line)
            return
        }
        summary.segments += 1
        var holes: [(from: LogPosition, to: LogPosition)] = []
        if listed.isNewest {
            // Only here a hole may be a torn tail; the same reasoning as at a start tells.
            var scan = TailScan(segment: file, fileBytes: listed.fileBytes)
            try io { () throws(DiskError) in try scan.run() }
            holes = scan.damages.map { ($0.from, $0.to) }
            if scan.wholeEnd < listed.end {
                summary.tornBytes = listed.end - scan.wholeEnd
                try io { () throws(DiskError) in try file.file.truncate(to: file.offset(of: scan.wholeEnd)) }
                line(
                    InspectionLine("cut").with("file", listed.path)
                        .with("offset", file.offset(of: scan.wholeEnd)).with("length", summary.tornBytes)
                )
            }
        } else {
            var walk = SegmentWalk(file, end: listed.end)
            defer { walk.deallocate() }
            while let step = try io({ () throws(DiskError) in try walk.next() }) {
                if case .hole(let from, let to, _) = step { holes.append((from, to)) }
            }
        }
        for hole in holes {
            try fill(file, hole.from, hole.to)
            summary.damages += 1
            summary.damagedBytes += hole.to - hole.from
            line(
                InspectionLine("replaced").with("file", listed.path).with(
                    "offset",
                    file.offset(of: hole.from)
                )
                .with("length", hole.to - hole.from).with("position", hole.from)
            )
        }
        try io { () throws(DiskError) in try file.file.sync() }
    }

    /// Replaces a hole by one record that is just as long.
    ///
    /// It is not sealed even in a sealed file: sealing it would use the nonce of the record that
    /// stood here a second time. It hides nothing, and readers take only gaps and filling unsealed.
    private func fill(_ segment: SegmentFile, _ from: LogPosition, _ to: LogPosition) throws(LogError) {
        let size = Int(to - from)
        let offset = segment.offset(of: from)
        // Shorter than any record: only what is left of a file that was cut short.
        guard size >= RecordHeader.byteCount else { return }
        let bytes = try io { () throws(DiskError) in try segment.file.read(count: size, at: offset) }
        let copy = "\(segment.path).\(offset)\(LogFileName.quarantineSuffix)"
        try io { () throws(DiskError) in
            try? disk.remove(copy)
            let file = try disk.open(copy, .create)
            try file.write(bytes, at: 0)
            try file.sync()
        }
        let payload = size - RecordHeader.byteCount
        let isGap = payload >= GapRecord.byteCount
        let header = RecordHeader(
            position: from,
            length: UInt32(payload),
            type: isGap ? RecordType.gap : RecordType.padding
        )
        let record = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 8)
        defer { record.deallocate() }
        record.initializeMemory(as: UInt8.self, repeating: 0)
        guard let start = record.baseAddress else { return }
        header.store(to: start)
        if isGap {
            GapRecord(from: from, to: to, count: 0, cause: .damage).store(to: start + RecordHeader.byteCount)
        }
        header.storeChecksums(to: start, salt: segment.header.salt)
        try io { () throws(DiskError) in try segment.file.write(UnsafeRawBufferPointer(record), at: offset) }
    }

    private func repairCheckpoint(
        _ entry: DiskEntry,
        _ summary: inout InspectionSummary,
        _ line: (InspectionLine) -> Void
    ) throws(LogError) {
        let path = directory + "/" + entry.name
        do throws(LogError) {
            let file = try open(path, .checkpoint)
            let reader = CheckpointReader(file, fileBytes: entry.sizeBytes)
            if file.header.seal == nil || file.info.sealer != nil {
                while try reader.nextPiece() != nil {}
            }
            summary.checkpoints += 1
        } catch {
            guard error.code == .damaged else { throw error }
            try setAside(path, error.message, &summary, line)
        }
    }

    private func setAside(
        _ path: String,
        _ reason: String,
        _ summary: inout InspectionSummary,
        _ line: (InspectionLine) -> Void
    ) throws(LogError) {
        summary.unusableFiles += 1
        try io { () throws(DiskError) in
            try disk.rename(path, to: path + LogFileName.quarantineSuffix)
        }
        line(InspectionLine("setAside").with("file", path).with("reason", reason))
    }
}
