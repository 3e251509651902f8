package import Streams

/// A lane whose log is a durable stream.
///
/// Two cursors of the stream tell where the lane stands: until something is stored, ``freshCursor`` stands where
/// the lane began; from then on ``storedCursor`` stands *at* the last event that is stored, which is so kept and
/// tells its sequence after a restart.
package final class StreamLane: LaneSource {
    private static let freshCursor = "uplink.fresh"
    private static let storedCursor = "uplink.stored"

    package let epoch: UInt64
    package private(set) var committed: UInt64
    package private(set) var mark: UInt64
    private let stream: DurableStream
    private let reader: StreamReader
    private let thinner: Thinner
    private var isFresh: Bool
    /// Sequence and position of the last event read.
    private var lastSequence: UInt64
    private var lastPosition: UInt64
    /// An event that is stored, sits at the front of the log and is not read again.
    private var skipThrough: UInt64
    private var committedMark: UInt64
    private var watch: StreamWatch?
    private var committedSequence: UInt64 = 0
    private var oldest: (mark: UInt64, time: Int64) = (0, 0)

    /// - Throws: ``SiteFileError``, ``StreamError``, or an append refused by a disk that is full.
    package init(
        _ stream: DurableStream,
        _ settings: LaneSettings,
        site: SiteFile,
        using random: inout some RandomNumberGenerator
    ) async throws {
        self.stream = stream
        thinner = Thinner(settings.thinning)
        let stored = stream.cursor(Self.storedCursor)
        let fresh = stream.cursor(Self.freshCursor)
        let known = site.epoch(of: settings.name)
        if let known, stored != nil || fresh != nil {
            epoch = known
        } else {
            // No cursor: the log is new, or it was lost. Its sequences begin anew, and so must the epoch.
            epoch = UInt64.random(in: 1...UInt64.max, using: &random)
            try site.setEpoch(epoch, of: settings.name)
        }
        if stored == nil, fresh == nil {
            try stream.setCursor(Self.freshCursor, to: stream.startPosition)
            // Sent under this epoch before the cursor is kept, events would be sent again under another.
            await stream.flush()
        }
        isFresh = stored == nil
        let start = stored ?? fresh ?? stream.startPosition
        reader = try stream.reader(from: .at(start))
        (committed, lastSequence, lastPosition) = (0, 0, start)
        let first = try reader.next()
        if let first, stored != nil, first.position == start {
            committed = first.sequence
            lastSequence = first.sequence
        } else if let first {
            // What lay at the cursor was dropped by a limit, or the epoch is newer than the log.
            if stored != nil || (known == nil && first.sequence > 1) {
                committed = first.sequence - 1
                lastSequence = committed
            }
            reader.seek(to: first.position)
        }
        skipThrough = committed
        mark = start
        committedMark = start
    }

    package func fill(_ builder: BatchBuilder, size: Int, now: Int64) throws -> Bool {
        while builder.size < size {
            guard let entry = try reader.next() else {
                let before = builder.last
                thinner.tick(now: now, into: builder)
                if builder.last != before { mark = lastPosition }
                return false
            }
            if entry.sequence <= skipThrough {
                lastPosition = entry.position
                mark = entry.position
                continue
            }
            // While a window is open the thinner accounts for everything up to its end.
            if entry.sequence > lastSequence + 1, thinner.isSettled {
                builder.skip(dropped: entry.sequence - lastSequence - 1)
            }
            thinner.take(
                LaneEvent(
                    sequence: entry.sequence,
                    time: entry.ingestTime,
                    qos: entry.qos.rawValue,
                    retain: entry.retain,
                    expiresAt: entry.expiresAt,
                    source: entry.source,
                    topic: entry.topic,
                    properties: entry.properties,
                    payload: entry.payload
                ),
                into: builder
            )
            if builder.last == entry.sequence {
                mark = entry.position
            } else if builder.last == lastSequence {
                mark = lastPosition
            }
            lastSequence = entry.sequence
            lastPosition = entry.position
        }
        return true
    }

    package func skip(through sequence: UInt64) {
        skipThrough = max(skipThrough, sequence)
        lastSequence = skipThrough
        // What was gathered behind `sequence` is thrown away with the rest, and read again.
        reader.seek(to: committedMark)
        thinner.restart()
    }

    package func commit(_ mark: UInt64) throws {
        try stream.setCursor(Self.storedCursor, to: mark)
        committedMark = mark
        guard isFresh else { return }
        isFresh = false
        try stream.removeCursor(Self.freshCursor)
    }

    package var backlog: LaneBacklog {
        var backlog = LaneBacklog()
        let durable = stream.durablePosition
        guard durable > committedMark else { return backlog }
        if oldest.mark != committedMark || oldest.time == 0 { oldest = (committedMark, timeOfOldest()) }
        guard oldest.time > 0 else { return backlog }
        let newest = stream.newestSequence
        backlog.events = newest > committedSequence ? newest - committedSequence : 0
        backlog.bytes = durable - committedMark
        backlog.since = oldest.time
        return backlog
    }
    /// Reads what the cursor stands at, and the event behind it: at most once for each commit that is looked at.
    private func timeOfOldest() -> Int64 {
        guard let peek = try? stream.reader(from: .at(committedMark), chunkBytes: 4096) else { return 0 }
        guard let first = try? peek.next() else { return 0 }
        guard !isFresh, first.position == committedMark else {
            committedSequence = first.sequence - 1
            return first.ingestTime
        }
        committedSequence = first.sequence
        return (try? peek.next())?.ingestTime ?? 0
    }

    package func onData(_ wake: @escaping @Sendable () -> Void) { watch = stream.onCommit(wake) }
}
