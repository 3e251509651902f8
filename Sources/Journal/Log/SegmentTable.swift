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

    /// What the file needs for the records up to `end`.
    var wholeBytes: UInt64 { UInt64(SegmentHeader.byteCount) + (end - base) }
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

    /// Where the records before `base` end; segments without any do not count.
    func end(before base: LogPosition) -> LogPosition? {
        if let last = segments.last(where: { $0.base < base && $0.end > $0.base }) {
            return min(last.end, base)
        }
        return segments.first { $0.base < base }?.file?.header.previousEnd
    }

    /// Makes way for a segment that begins at `base`: what the others have from there on is no
    /// longer part of the log.
    mutating func truncate(at base: LogPosition) {
        while let last = segments.last, last.base >= base {
            segments.removeLast()
            bytes -= last.fileBytes
        }
        guard let last = segments.last, last.end > base else { return }
        segments[segments.count - 1].end = base
    }

    mutating func remove(_ base: LogPosition) {
        guard let index = index(at: base), segments[index].base == base else { return }
        bytes -= segments[index].fileBytes
        segments.remove(at: index)
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
