/// What a check or repair found, in numbers.
package struct InspectionSummary: Sendable, Equatable {
    package var segments = 0
    package var records: UInt64 = 0
    package var bytes: UInt64 = 0
    package var damages = 0
    package var damagedBytes: UInt64 = 0
    /// Behind the last whole record of the newest segment: what the next start cuts.
    package var tornBytes: UInt64 = 0
    package var checkpoints = 0
    package var unusableFiles = 0
    package var isInUse = false

    package init() {}

    /// A torn tail is no damage: nothing of it was acknowledged.
    package var isWhole: Bool { damages == 0 && unusableFiles == 0 }
}

extension JournalInspector {
    /// Reads everything and compares every checksum; sealed records are opened where the key is known.
    ///
    /// - Parameter line: Called for each segment, checkpoint and damage, and last with the summary.
    @discardableResult
    package func check(_ line: (InspectionLine) -> Void) throws(LogError) -> InspectionSummary {
        var summary = InspectionSummary()
        summary.isInUse = isInUse()
        let entries = try entries()
        var previousEnd: LogPosition?
        for listed in segments(entries) {
            try check(listed, &previousEnd, &summary, line)
        }
        for entry in entries {
            let path = directory + "/" + entry.name
            if LogFileName.checkpointGeneration(entry.name) != nil {
                try checkCheckpoint(path, entry, &summary, line)
            } else if entry.name.hasSuffix(LogFileName.quarantineSuffix) {
                line(InspectionLine("setAside").with("file", entry.name).with("bytes", entry.sizeBytes))
            }
        }
        line(summary.line)
        return summary
    }

    private func check(
        _ listed: Listed,
        _ previousEnd: inout LogPosition?,
        _ summary: inout InspectionSummary,
        _ line: (InspectionLine) -> Void
    ) throws(LogError) {
        let file: SegmentFile
        do throws(LogError) {
            file = try open(listed.path, .segment)
        } catch {
            guard error.code == .damaged else { throw error }
            summary.unusableFiles += 1
            line(InspectionLine("unusable").with("file", listed.path).with("reason", error.message))
            return
        }
        if let before = previousEnd, before < file.header.previousEnd {
            summary.damages += 1
            line(
                InspectionLine("missing").with("position", before)
                    .with("length", file.header.previousEnd - before)
                    .with("reason", "the segment before \"\(listed.path)\" ends too early")
            )
        }
        var records: UInt64 = 0
        var holes: [(from: LogPosition, to: LogPosition, reason: String)] = []
        var walk = SegmentWalk(file, end: listed.end)
        defer { walk.deallocate() }
        while let step = try io({ () throws(DiskError) in try walk.next() }) {
            switch step {
            case .record(let header, _): if RecordType.isCounted(header.type) { records += 1 }
            case .hole(let from, let to, let reason): holes.append((from, to, reason))
            }
        }
        var end = listed.end
        if listed.isNewest, let torn = holes.last, torn.to == listed.end {
            holes.removeLast()
            end = torn.from
            summary.tornBytes = torn.to - torn.from
        }
        previousEnd = end
        summary.segments += 1
        summary.records += records
        summary.bytes += listed.fileBytes
        line(
            InspectionLine("segment").with("file", listed.path).with("position", listed.base).with("end", end)
                .with("records", records).with("bytes", listed.fileBytes)
                .with("createdAt", file.header.createdAt)
                .with("key", file.header.seal.map { KeyRing.name(of: $0.keyID) })
                .with("damages", holes.count)
        )
        for hole in holes {
            summary.damages += 1
            summary.damagedBytes += hole.to - hole.from
            line(
                InspectionLine("damage").with("file", listed.path)
                    .with("offset", file.offset(of: hole.from)).with("length", hole.to - hole.from)
                    .with("position", hole.from).with("reason", hole.reason)
            )
        }
    }

    private func checkCheckpoint(
        _ path: String,
        _ entry: DiskEntry,
        _ summary: inout InspectionSummary,
        _ line: (InspectionLine) -> Void
    ) throws(LogError) {
        do throws(LogError) {
            let file = try open(path, .checkpoint)
            let reader = CheckpointReader(file, fileBytes: entry.sizeBytes)
            // Without the key its end cannot be read; the checksums of its pieces can.
            if file.header.seal == nil || file.info.sealer != nil {
                while try reader.nextPiece() != nil {}
            }
            summary.checkpoints += 1
            line(
                InspectionLine("checkpoint").with("file", path).with("generation", reader.generation)
                    .with("position", reader.position).with("createdAt", reader.createdAt)
                    .with("bytes", entry.sizeBytes)
                    .with("key", file.header.seal.map { KeyRing.name(of: $0.keyID) })
            )
        } catch {
            guard error.code == .damaged else { throw error }
            summary.unusableFiles += 1
            line(InspectionLine("unusable").with("file", path).with("reason", error.message))
        }
    }
}

extension InspectionSummary {
    var line: InspectionLine {
        InspectionLine("summary").with("isWhole", isWhole).with("segments", segments)
            .with("records", records).with("bytes", bytes).with("damages", damages)
            .with("damagedBytes", damagedBytes).with("tornBytes", tornBytes)
            .with("checkpoints", checkpoints).with("unusableFiles", unusableFiles).with("isInUse", isInUse)
    }
}
