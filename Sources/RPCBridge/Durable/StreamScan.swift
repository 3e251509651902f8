import Access
import Journal
import MQTTWire
import Streams

/// Reads what a subscriber may have of a stream into batches. For one user at a time.
final class StreamScan {
    enum Step: Sendable {
        case batch(BatchBuffer)
        case gap(StreamGap)
        case tooLarge
        case searching
        case end
    }

    /// Events looked at in one go, so that a filter which matches little does not hold a thread for long.
    private static let eventsMaximum = 20_000

    let stream: DurableStream
    private let reader: StreamReader
    private let filters: [TopicFilter]
    private let identity: Identity
    private let batch = BatchBuffer()
    /// An event that was read and did not fit, or that follows a gap.
    private let held = BatchBuffer()
    private var heldNext: LogPosition = 0
    private var heldPosition: LogPosition = 0
    private var gaps: [StreamGap] = []
    /// The subscriber wants everything that the stream keeps.
    private let takesAll: Bool
    /// Events before this place are history.
    private let liveFrom: LogPosition
    /// Places of events that are done with already.
    var skipped: Set<LogPosition> = []
    /// Called with place and following place of each event that is handed out.
    var onTaken: ((LogPosition, LogPosition) -> Void)?

    init(
        _ reader: StreamReader,
        filters: [TopicFilter],
        for identity: Identity
    ) {
        stream = reader.stream
        self.reader = reader
        self.filters = filters
        self.identity = identity
        takesAll = Set(filters.map(\.text)).isSuperset(of: reader.stream.configuration.filters)
        liveFrom = reader.stream.endPosition
    }

    /// Everything before it was handed out or is not for this subscriber.
    var position: LogPosition { held.isEmpty ? reader.position : heldPosition }

    func seek(to position: LogPosition) {
        held.clear()
        gaps.removeAll()
        reader.seek(to: position)
    }

    func next(_ room: Room, wallSeconds: Int64) throws -> Step {
        batch.clear()
        if !gaps.isEmpty { return .gap(gaps.removeFirst()) }
        if !held.isEmpty {
            guard held.count <= max(room.bytes, room.single) else { return .tooLarge }
            batch.append(all: held)
            onTaken?(heldPosition, heldNext)
            held.clear()
        }
        for _ in 0..<Self.eventsMaximum {
            if batch.events >= room.events || batch.count >= room.bytes { return .batch(batch) }
            let entry: StreamEntry?
            do {
                entry = try reader.next()
            } catch {
                throw CallRefusal(.unavailable, .storage, error.description, retryAfter: .seconds(5))
            }
            guard let entry else {
                if reader.hasGaps { gaps = reader.takeGaps() }
                if !batch.isEmpty { return .batch(batch) }
                if !gaps.isEmpty { return .gap(gaps.removeFirst()) }
                reader.releaseBuffer()
                return .end
            }
            let isInterrupted = reader.hasGaps
            if isInterrupted { gaps += reader.takeGaps() }
            if isWanted(entry, wallSeconds) {
                let size = batch.append(image(entry, wallSeconds))
                let fits =
                    batch.events == 1 ? size <= max(room.bytes, room.single) : batch.count <= room.bytes
                if isInterrupted || !fits {
                    batch.moveLast(size, to: held)
                    heldPosition = entry.position
                    heldNext = entry.next
                    if !batch.isEmpty { return .batch(batch) }
                    return isInterrupted ? .gap(gaps.removeFirst()) : .tooLarge
                }
                onTaken?(entry.position, entry.next)
            } else if isInterrupted {
                return batch.isEmpty ? .gap(gaps.removeFirst()) : .batch(batch)
            }
        }
        return batch.isEmpty ? .searching : .batch(batch)
    }

    /// One event again, for a redelivery; `nil` where it is gone.
    func reread(_ position: LogPosition, redeliveryCount: UInt32, wallSeconds: Int64) throws -> BatchBuffer? {
        batch.clear()
        reader.seek(to: position)
        guard let entry = try? reader.next(), entry.position == position, isWanted(entry, wallSeconds) else {
            return nil
        }
        var image = image(entry, wallSeconds)
        image.redeliveryCount = redeliveryCount
        image.isHistory = true
        batch.append(image)
        return batch
    }

    private func isWanted(_ entry: borrowing StreamEntry, _ wallSeconds: Int64) -> Bool {
        if entry.expiresAt != 0, entry.expiresAt <= wallSeconds { return false }
        if !skipped.isEmpty, skipped.contains(entry.position) { return false }
        let topic = entry.topic
        guard takesAll || filters.contains(where: { $0.matches(topic) }) else { return false }
        return identity.mayReceive(topic)
    }

    private func image(_ entry: borrowing StreamEntry, _ wallSeconds: Int64) -> EventImage {
        EventImage(
            topic: entry.topic,
            payload: entry.payload,
            properties: entry.properties,
            source: entry.source,
            qos: entry.qos,
            retain: entry.retain,
            expiryLeft: entry.expiresAt == 0 ? 0 : UInt32(clamping: entry.expiresAt - wallSeconds),
            ingestTime: entry.ingestTime,
            stream: stream.number,
            position: entry.position,
            isHistory: entry.position < liveFrom
        )
    }
}

extension StreamGap {
    func message(in stream: DurableStream) -> Weir_Bus_V1_SubscribeResponse.Gap {
        .with {
            $0.from = .of(stream, from)
            $0.to = .of(stream, to)
            $0.count = count
            $0.reason = cause == .damage ? .damaged : .retention
        }
    }
}

extension Weir_Bus_V1_Cursor {
    /// The place before whatever stands at `position` or follows it.
    static func of(_ stream: DurableStream, _ position: LogPosition) -> Self {
        .with {
            $0.stream = stream.number
            $0.position = position
            $0.before = true
        }
    }
}
