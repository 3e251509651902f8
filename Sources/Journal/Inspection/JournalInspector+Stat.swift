extension JournalInspector {
    /// What the directory holds, from names and headers alone: as quick for a terabyte as for nothing.
    package func stat() throws(LogError) -> InspectionLine {
        let entries = try entries()
        let segments = segments(entries)
        var keyNames: Set<String> = []
        var oldest: UInt64?
        var newest: UInt64?
        var recordsBeforeFirst: UInt64?
        var recordsBeforeLast: UInt64?
        for listed in [segments.first, segments.last].compactMap({ $0 }) {
            guard let header = try? open(listed.path, .segment).header else { continue }
            oldest = oldest ?? header.createdAt
            newest = header.createdAt
            recordsBeforeFirst = recordsBeforeFirst ?? header.recordsBefore
            recordsBeforeLast = header.recordsBefore
            if let seal = header.seal { keyNames.insert(KeyRing.name(of: seal.keyID)) }
        }
        let checkpoints = entries.filter { LogFileName.checkpointGeneration($0.name) != nil }
        let newestCheckpoint = checkpoints.last.flatMap {
            try? open(directory + "/" + $0.name, .checkpoint).header
        }
        return InspectionLine("stat").with("directory", directory).with("isInUse", isInUse())
            .with("segments", segments.count)
            .with("bytes", segments.reduce(0) { $0 + $1.fileBytes })
            .with("start", segments.first?.base).with("end", segments.last?.end)
            .with("oldestSegmentAt", oldest).with("newestSegmentAt", newest)
            .with("recordsBeforeFirst", recordsBeforeFirst)
            .with("recordsBeforeNewestSegment", recordsBeforeLast)
            .with("checkpoints", checkpoints.count)
            .with("checkpointBytes", checkpoints.reduce(0) { $0 + $1.sizeBytes })
            .with("checkpointPosition", newestCheckpoint?.previousEnd)
            .with("checkpointAt", newestCheckpoint?.createdAt)
            .with("setAside", entries.filter { $0.name.hasSuffix(LogFileName.quarantineSuffix) }.count)
            .with("keys", keyNames.sorted())
    }
}
