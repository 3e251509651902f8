extension ReadWindow {
    /// Passes over what the file system refuses to read, up to the next whole record.
    ///
    /// - Returns: False where it refuses nothing here.
    mutating func skipUnreadable(_ log: Log) -> Bool {
        guard let end = log.segmentEnd(at: position) else { return false }
        let from = position
        var next = end
        var offset: UInt64 = 0
        var path = log.directory
        if let file = try? log.segmentFile(at: from) {
            offset = file.offset(of: from)
            path = file.path
            guard !Self.canRead(file, at: from) else { return false }
            next = Self.firstLegible(file, behind: from, end: end)
        }
        note(
            .damaged(
                DamageReport(
                    path: path,
                    offset: offset,
                    length: next - from,
                    position: from,
                    reason: "the file system refuses to read it"
                )
            )
        )
        seek(to: next)
        return true
    }

    /// Tries page after page, since that is how media go bad.
    private static func firstLegible(
        _ file: SegmentFile,
        behind from: LogPosition,
        end: LogPosition
    ) -> LogPosition {
        let pageBytes: UInt64 = 4096
        var page = file.offset(of: from) / pageBytes
        while true {
            page += 1
            let position = file.header.base + page * pageBytes - UInt64(SegmentHeader.byteCount)
            guard position < end else { return end }
            guard canRead(file, at: position) else { continue }
            do throws(DiskError) {
                return try RecordSearch(segment: file, end: end).next(from: position) ?? end
            } catch {
                continue
            }
        }
    }

    private static func canRead(_ file: SegmentFile, at position: LogPosition) -> Bool {
        (try? file.file.read(count: 8, at: file.offset(of: position))) != nil
    }
}
