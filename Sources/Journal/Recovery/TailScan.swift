/// Walks the newest segment and decides where the log ends.
///
/// A hole with whole records behind it is one of two things. Either the machine stopped while a
/// group was being written and the medium took its sectors in another order: then nothing from the
/// hole on was acknowledged, and all of it is cut, so that what remains is a prefix of what was
/// appended. Or the medium damaged what it had: then only the hole is lost. ``CommitMark``s tell
/// the two apart.
struct TailScan {
    struct Hole: Equatable {
        var from: LogPosition
        var to: LogPosition
    }

    /// Behind the last record that counts.
    private(set) var end: LogPosition
    /// Behind the last record that is whole. It differs from `end` by the note that the log was
    /// closed: the next segment begins where that note stands, because nothing proves the note
    /// itself durable.
    private(set) var wholeEnd: LogPosition
    private var closedAt: LogPosition = 0
    private(set) var damages: [Hole] = []
    private(set) var recordCount: UInt64
    private(set) var gaps: [GapRecord] = []
    /// Everything before was durable when it was written, as later records prove.
    private(set) var proven: LogPosition
    /// Records counted up to the last few marks.
    private var counts: [(end: LogPosition, count: UInt64)] = []
    /// Whether the last record says that the log was closed.
    private(set) var wasClosed = false

    private let segment: SegmentFile
    private let fileEnd: LogPosition

    init(segment: SegmentFile, fileBytes: UInt64) {
        self.segment = segment
        let data = fileBytes - min(fileBytes, UInt64(SegmentHeader.byteCount))
        fileEnd = segment.header.base + data
        end = segment.header.base
        wholeEnd = end
        recordCount = segment.header.recordsBefore
        proven = segment.header.base
    }

    /// The user's records before a position where a group begins.
    func recordCount(before position: LogPosition) -> UInt64 {
        counts.last { $0.end <= position }?.count ?? segment.header.recordsBefore
    }

    mutating func run() throws(DiskError) {
        // What stood behind the first hole that no mark vouches for is forgotten, so the state
        // from before it is kept beside the running one.
        var holes: [Hole] = []
        var atHole: [TailScan] = []
        var chunk = RecordChunk(segment: segment, end: fileEnd)
        defer { chunk.deallocate() }
        var position = end
        while position < fileEnd {
            switch try chunk.record(at: position) {
            case .valid(let header, let payload):
                if header.type == RecordType.commitMark, let mark = CommitMark(payload: payload) {
                    proven = max(proven, mark.syncedPosition)
                    recordCount = max(recordCount, mark.recordCount)
                } else if header.type == RecordType.gap, let gap = GapRecord(payload: payload) {
                    gaps.append(gap)
                } else if RecordType.isCounted(header.type) {
                    recordCount += 1
                }
                if header.type == RecordType.closed {
                    wasClosed = true
                    closedAt = header.position
                    proven = max(proven, header.position)
                } else if !RecordType.isInternal(header.type) {
                    wasClosed = false
                }
                position += UInt64(header.recordByteCount)
                end = position
                if header.type == RecordType.commitMark {
                    if counts.count == 4 { counts.removeFirst() }
                    counts.append((end, recordCount))
                }
            case .invalid(let header):
                holes.append(Hole(from: position, to: fileEnd))
                atHole.append(self)
                let behind = position + UInt64(header?.recordByteCount ?? RecordHeader.alignment)
                let search = RecordSearch(segment: segment, end: fileEnd)
                guard let next = try search.next(from: behind) else {
                    position = fileEnd
                    continue
                }
                holes[holes.count - 1].to = next
                position = next
            }
        }
        let proven = proven
        if let torn = holes.firstIndex(where: { $0.from >= proven || $0.to == fileEnd }) {
            self = atHole[torn]
            self.proven = min(proven, end)
            damages = Array(holes[..<torn])
        } else {
            damages = holes
        }
        wholeEnd = end
        if wasClosed {
            end = closedAt
            self.proven = closedAt
        }
    }
}
