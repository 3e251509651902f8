/// What is known of a segment file from its header. Immutable, so that readers share it, and without
/// the file itself: a reader that lingers must not keep the space of an unlinked file.
final class SegmentInfo: Sendable {
    let path: String
    let header: SegmentHeader
    let sealer: RecordSealer?

    init(path: String, header: SegmentHeader, sealer: RecordSealer?) {
        self.path = path
        self.header = header
        self.sealer = sealer
    }

    /// Whether a record may stand here: in a sealed file only what a repair put there is not sealed.
    @inline(__always)
    func allows(_ record: RecordHeader) -> Bool {
        record.isSealed || header.seal == nil || record.type == RecordType.gap
            || record.type == RecordType.padding
    }

    /// Where a position stands in the file.
    @inline(__always)
    func offset(of position: LogPosition) -> UInt64 {
        UInt64(SegmentHeader.byteCount) + (position - header.base)
    }
}

/// An open segment file.
final class SegmentFile: Sendable {
    let file: any DiskFile
    let info: SegmentInfo

    var path: String { info.path }
    var header: SegmentHeader { info.header }

    init(file: any DiskFile, info: SegmentInfo) {
        self.file = file
        self.info = info
    }

    /// Opens a segment of a log.
    static func open(
        _ disk: any Disk,
        directory: String,
        base: LogPosition,
        mode: DiskOpenMode = .read,
        keys: KeyRing?
    ) throws(LogError) -> SegmentFile {
        let path = directory + "/" + LogFileName.segment(base)
        let file = try open(disk, path: path, kind: .segment, mode: mode, keys: keys)
        guard file.header.base == base else {
            throw LogError(
                .damaged,
                "\"\(path)\": expected the segment of position \(base), found that of \(file.header.base)"
            )
        }
        return file
    }

    /// Opens a file of the journal and reads its header.
    ///
    /// - Parameter keys: `nil` opens a sealed file too, whose records then stay sealed.
    static func open(
        _ disk: any Disk,
        path: String,
        kind: SegmentHeader.Kind,
        mode: DiskOpenMode = .read,
        keys: KeyRing?
    ) throws(LogError) -> SegmentFile {
        let file: any DiskFile
        let page: [UInt8]
        do throws(DiskError) {
            file = try disk.open(path, mode)
            page = try file.read(count: SegmentHeader.byteCount, at: 0)
        } catch {
            throw LogError(error)
        }
        let header = try header(page, path: path, kind: kind)
        var sealer: RecordSealer?
        if let seal = header.seal, let keys { sealer = try RecordSealer(seal: seal, keys: keys, path: path) }
        return SegmentFile(file: file, info: SegmentInfo(path: path, header: header, sealer: sealer))
    }

    private static func header(
        _ page: [UInt8],
        path: String,
        kind: SegmentHeader.Kind
    ) throws(LogError) -> SegmentHeader {
        do throws(SegmentHeaderError) {
            let header = try SegmentHeader(page: page)
            guard header.kind == kind else { throw .damaged }
            return header
        } catch {
            switch error {
            case .damaged:
                throw LogError(.damaged, "\"\(path)\": expected a header \(kind.rawValue), found none")
            case .unknownVersion(let version):
                throw LogError(
                    .unknownVersion,
                    "\"\(path)\": expected format version \(SegmentHeader.version), found \(version);"
                        + " open it with the Weir that wrote it or a later one"
                )
            }
        }
    }

    @inline(__always)
    func offset(of position: LogPosition) -> UInt64 { info.offset(of: position) }
}
