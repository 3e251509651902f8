/// A segment file of a log, as the log remembers it. The file itself is opened when it is read.
struct Segment {
    let base: LogPosition
    /// The first position behind what is known durable in it.
    var end: LogPosition
    /// Of the file; counts towards ``Retention/bytesMax``.
    var fileBytes: UInt64
    /// Known once the header has been read.
    var file: SegmentFile?
    var lastUse: UInt64 = 0
}

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

    /// Opens a segment and reads its header.
    static func open(
        _ disk: any Disk,
        directory: String,
        base: LogPosition,
        mode: DiskOpenMode = .read,
        keys: KeyRing
    ) throws(LogError) -> SegmentFile {
        let path = directory + "/" + LogFileName.segment(base)
        do {
            let file = try disk.open(path, mode)
            let header = try readHeader(file, path: path, base: base)
            let sealer = try header.seal.map { seal throws(LogError) in
                try RecordSealer(seal: seal, keys: keys, path: path)
            }
            return SegmentFile(file: file, info: SegmentInfo(path: path, header: header, sealer: sealer))
        } catch let error as LogError {
            throw error
        } catch let error as DiskError {
            throw LogError(error)
        } catch {
            throw LogError(.disk, "\(path): \(error)")
        }
    }

    static func readHeader(_ file: any DiskFile, path: String, base: LogPosition) throws -> SegmentHeader {
        let page = try file.read(count: SegmentHeader.byteCount, at: 0)
        do throws(SegmentHeaderError) {
            let header = try SegmentHeader(page: page)
            guard header.base == base else { throw .damaged }
            return header
        } catch .damaged {
            throw LogError(
                .damaged,
                "segment \"\(path)\": expected a segment header for position \(base), found none"
            )
        } catch .unknownVersion(let version) {
            throw LogError(
                .unknownVersion,
                "segment \"\(path)\": expected format version \(SegmentHeader.version), found \(version);"
                    + " open it with the Weir that wrote it or a later one"
            )
        }
    }

    @inline(__always)
    func offset(of position: LogPosition) -> UInt64 { info.offset(of: position) }
}

/// The segments of a log by position.
struct SegmentTable {
    private(set) var segments: [Segment] = []

    var first: Segment? { segments.first }
    var last: Segment? { segments.last }
    var count: Int { segments.count }
    /// Of all files together.
    private(set) var bytes: UInt64 = 0

    subscript(index: Int) -> Segment { segments[index] }

    /// The last segment whose base is not behind `position`.
    func index(at position: LogPosition) -> Int? {
        var low = 0
        var high = segments.count
        while low < high {
            let middle = (low + high) / 2
            if segments[middle].base <= position { low = middle + 1 } else { high = middle }
        }
        return low == 0 ? nil : low - 1
    }

    mutating func append(_ segment: Segment) {
        bytes += segment.fileBytes
        segments.append(segment)
    }

    mutating func removeFirst(_ count: Int) -> [Segment] {
        let removed = Array(segments.prefix(count))
        segments.removeFirst(count)
        for segment in removed { bytes -= segment.fileBytes }
        return removed
    }

    @discardableResult
    mutating func removeLast() -> Segment? {
        guard let segment = segments.popLast() else { return nil }
        bytes -= segment.fileBytes
        return segment
    }

    mutating func removeAll(where isUnwanted: (Segment) -> Bool) -> [Segment] {
        let removed = segments.filter(isUnwanted)
        segments.removeAll(where: isUnwanted)
        for segment in removed { bytes -= segment.fileBytes }
        return removed
    }

    /// Notes that a segment is being read, and closes the one unused for longest where more than
    /// `limit` are open. The last is the writer's and stays.
    mutating func use(_ index: Int, file: SegmentFile, tick: UInt64, limit: Int) {
        segments[index].lastUse = tick
        guard segments[index].file == nil else { return }
        segments[index].file = file
        var open = 0
        var oldest: Int?
        for other in segments.indices.dropLast() where segments[other].file != nil {
            open += 1
            if other != index, segments[other].lastUse < segments[oldest ?? other].lastUse || oldest == nil {
                oldest = other
            }
        }
        if open > limit, let oldest { segments[oldest].file = nil }
    }
}
