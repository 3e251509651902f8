package import Journal

extension DurableStream {
    /// A reader that begins at `start`. Each reader keeps a buffer and an open file, and holds up nobody.
    ///
    /// - Throws: ``StreamError/journal(_:)`` where the place of a time cannot be read.
    package func reader(from start: StreamStart, chunkBytes: Int = 128 << 10) throws(StreamError)
        -> StreamReader
    {
        switch start {
        case .earliest: return StreamReader(self, from: startPosition, chunkBytes)
        case .latest: return StreamReader(self, from: endPosition, chunkBytes)
        case .at(let position): return StreamReader(self, from: position, chunkBytes)
        case .time(let time):
            let reader: StreamReader
            do throws(LogError) {
                let position = try log.position(before: UInt64(max(0, time) / 1_000_000))
                reader = StreamReader(self, from: position, chunkBytes)
            } catch {
                throw .journal("stream \"\(configuration.name)\": \(error.message)")
            }
            while let entry = try reader.next() {
                if entry.ingestTime >= time {
                    reader.seek(to: entry.position)
                    break
                }
            }
            return reader
        }
    }
}

/// Reads a stream on from a position. For one user at a time; never in the way of the writer.
package final class StreamReader {
    package let stream: DurableStream
    private let reader: LogReader
    /// The sequence that the next event has if nothing is lost; 0 where that is not known.
    private var expected: UInt64 = 0
    private var gaps: [StreamGap] = []
    /// Where a gap would begin.
    private var gapStart: LogPosition
    private var cause = GapRecord.Cause.oldestForBytes

    init(_ stream: DurableStream, from position: LogPosition, _ chunkBytes: Int) {
        self.stream = stream
        reader = LogReader(stream.log, from: position, chunkBytes: chunkBytes)
        gapStart = position
    }

    /// Where the next event is looked for: what a cursor keeps.
    package var position: LogPosition { reader.position }

    /// Goes on from another position.
    package func seek(to position: LogPosition) {
        reader.seek(to: position)
        gapStart = position
        expected = 0
    }

    /// Gives the buffer's memory back, when the reader will wait for long. The next read takes it again.
    package func releaseBuffer() { reader.releaseBuffer() }

    /// What was lost before the event returned last, or is lost behind it; oldest first.
    package func takeGaps() -> [StreamGap] {
        guard !gaps.isEmpty else { return [] }
        defer { gaps.removeAll() }
        return gaps
    }

    package var hasGaps: Bool { !gaps.isEmpty }

    /// The next durable event, or `nil` where there is none yet.
    ///
    /// - Throws: ``StreamError/journal(_:)`` where the file system refuses to read.
    package func next() throws(StreamError) -> StreamEntry? {
        do throws(LogError) {
            while let record = try reader.next(upTo: stream.durablePosition) {
                if reader.hasNotices { note(reader.takeNotices(), before: record.position) }
                guard record.type == StreamRecord.Kind.event else {
                    if let gap = record.gap, gap.cause == .newestForBytes {
                        gaps.append(
                            StreamGap(from: gap.from, to: gap.to, count: gap.count, cause: gap.cause)
                        )
                    }
                    continue
                }
                guard let entry = StreamRecord.read(record) else { continue }
                if expected != 0, entry.sequence > expected {
                    gaps.append(
                        StreamGap(
                            from: gapStart,
                            to: entry.position,
                            count: entry.sequence - expected,
                            cause: cause
                        )
                    )
                }
                expected = entry.sequence + 1
                gapStart = entry.next
                return entry
            }
        } catch {
            throw .journal("stream \"\(stream.configuration.name)\": \(error.message)")
        }
        return nil
    }

    /// Notes why events may be missing. How many tells the sequence; where that is not known, a gap of an
    /// unknown number is told.
    private func note(_ notices: [ReadNotice], before position: LogPosition) {
        for notice in notices {
            switch notice {
            case .dropped(let from, let to):
                cause = .oldestForBytes
                if expected == 0 { gaps.append(StreamGap(from: from, to: to, count: 0, cause: cause)) }
            case .damaged(let report):
                cause = .damage
                if expected == 0 {
                    gaps.append(
                        StreamGap(
                            from: report.position,
                            to: report.position + report.length,
                            count: 0,
                            cause: cause
                        )
                    )
                }
            }
        }
    }
}
