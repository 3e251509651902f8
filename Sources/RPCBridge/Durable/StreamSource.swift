import Access
import Foundation
import Journal
import MQTTWire
import Streams

/// A stream from some place on, for one call; nothing is remembered when it ends.
final class StreamSource: EventSource {
    private let scan: StreamScan
    private let watch: StreamWatch
    private var isCaughtUp = false

    init(_ scan: StreamScan, _ signal: Signal) {
        self.scan = scan
        watch = scan.stream.onCommit { signal.raise() }
    }

    func next(_ room: Room) throws -> SourceStep {
        switch try scan.next(room, wallSeconds: Int64(Date().timeIntervalSince1970)) {
        case .batch(let batch): return .batch(BatchImage(memory: .buffer(batch), events: batch.events))
        case .gap(let gap): return .gap(gap.message(in: scan.stream))
        case .tooLarge: return .tooLarge
        case .searching: return .searching
        case .end:
            guard !isCaughtUp else { return .nothing }
            isCaughtUp = true
            return .caughtUp
        }
    }

    var cursor: Weir_Bus_V1_Cursor? { .of(scan.stream, scan.position) }

    var lagBytes: UInt64 {
        let end = scan.stream.durablePosition
        return end > scan.position ? end - scan.position : 0
    }

    func stop() { watch.cancel() }
}

extension DurableStream {
    /// A reader at a place that a client named.
    ///
    /// - Throws: ``CallRefusal``: the cursor is too old, or of another stream.
    func reader(from start: Weir_Bus_V1_Start) throws -> StreamReader {
        do {
            switch start.start {
            case nil, .position(.unspecified), .position(.latest), .position(.UNRECOGNIZED):
                return try reader(from: .latest)
            case .position(.earliest): return try reader(from: .earliest)
            case .position(.lastPerTopic):
                throw CallRefusal.bad("start", "LAST_PER_TOPIC is for live subscriptions only")
            case .timeUnixNanos(let time): return try reader(from: .time(time))
            case .after(let cursor):
                try check(cursor)
                let reader = try reader(from: .at(cursor.position))
                guard !cursor.before else { return reader }
                // The event itself was seen.
                if let entry = try reader.next(), entry.position > cursor.position {
                    reader.seek(to: entry.position)
                }
                return reader
            }
        } catch let error as StreamError {
            throw CallRefusal(.unavailable, .storage, error.description, retryAfter: .seconds(5))
        }
    }

    private func check(_ cursor: Weir_Bus_V1_Cursor) throws {
        guard cursor.stream == number else {
            throw CallRefusal.cursorElsewhere(cursor.stream, expected: number)
        }
        guard cursor.position >= startPosition else {
            throw CallRefusal.cursorTooOld(cursor.position, stream: number, oldest: startPosition)
        }
        guard cursor.position <= endPosition else {
            throw CallRefusal(
                .outOfRange,
                .badRequest,
                "the cursor stands at \(cursor.position), the end of stream \(number) at \(endPosition)",
                field: "cursor.position"
            )
        }
    }
}
