import Access
import Bus
import EventBus
import MQTTWire
import Streams
import Synchronization

/// A subscription that reads a durable stream on from a place in it, and follows it as it grows. The stream is
/// its queue: it needs no memory however far behind it is.
final class StreamSubscription: BusSubscription {
    /// Events looked through in one go, so that a filter that matches little does not hold a thread for long.
    private static let scanLimit = 100_000

    private struct Signal {
        var waiter: CheckedContinuation<Void, Never>?
        var isCancelled = false
        /// A commit came since the reader last caught up.
        var hasNew = true
    }

    private let stream: DurableStream
    private let filters: [TopicFilter]
    private let mayReceive: @Sendable (UnsafeRawBufferPointer) -> Bool
    /// Held while the stream is read, which may take a disk's time.
    private let reader: Mutex<StreamReader>
    /// All that the committing thread touches.
    private let signal = Mutex(Signal())
    private let watch = Mutex<StreamWatch?>(nil)

    init(
        _ reader: sending StreamReader,
        filters: [TopicFilter],
        mayReceive: @escaping @Sendable (UnsafeRawBufferPointer) -> Bool
    ) {
        stream = reader.stream
        self.filters = filters
        self.mayReceive = mayReceive
        self.reader = Mutex(reader)
        watch.withLock { watch in watch = stream.onCommit { [weak self] in self?.wake() } }
    }

    private func wake() {
        let waiter = signal.withLock { signal in
            signal.hasNew = true
            return signal.waiter.take()
        }
        waiter?.resume()
    }

    func next(limit: Int) async -> BusBatch? {
        while true {
            let isCancelled = signal.withLock { signal in
                signal.hasNew = false
                return signal.isCancelled
            }
            if isCancelled { return nil }
            let (batch, hasMore) = reader.withLock { read(max(1, limit), $0) }
            if hasMore { signal.withLock { $0.hasNew = true } }
            if !batch.events.isEmpty || batch.dropped > 0 { return batch }
            await withTaskCancellationHandler {
                await withCheckedContinuation { continuation in
                    let mustWait = signal.withLock { signal -> Bool in
                        guard !signal.hasNew, !signal.isCancelled else { return false }
                        signal.waiter = continuation
                        return true
                    }
                    if !mustWait { continuation.resume() }
                }
            } onCancel: {
                cancel()
            }
        }
    }

    /// - Returns: and whether there may be more at once.
    private func read(_ limit: Int, _ reader: StreamReader) -> (BusBatch, hasMore: Bool) {
        var batch = BusBatch(events: [], dropped: 0)
        for _ in 0..<Self.scanLimit {
            // What the disk refuses to read is asked for again after the next commit.
            guard let entry = try? reader.next() else {
                reader.releaseBuffer()
                return (batch, false)
            }
            if reader.hasGaps {
                batch.dropped += reader.takeGaps().reduce(0) { $0 + max(1, Int(clamping: $1.count)) }
            }
            if filters.contains(where: { $0.matches(entry.topic) }), mayReceive(entry.topic) {
                batch.events.append(BusEvent(entry, in: stream))
                if batch.events.count == limit { break }
            }
        }
        return (batch, true)
    }

    func cancel() {
        let waiter = signal.withLock { signal in
            signal.isCancelled = true
            return signal.waiter.take()
        }
        waiter?.resume()
        watch.withLock { $0 = nil }
    }
}

extension BusEvent {
    /// An event of a stream, copied.
    init(_ entry: StreamEntry, in stream: DurableStream) {
        self.init(
            topic: String(decoding: entry.topic, as: UTF8.self),
            payload: Array(entry.payload),
            qos: entry.qos,
            retain: entry.retain
        )
        cursor = Cursor(stream: stream.number, position: entry.position)
        ingestTime = entry.ingestTime
        source = String(decoding: entry.source, as: UTF8.self)
        take(Array(entry.properties))
    }
}

extension LocalBus {
    /// A subscription that begins in the past.
    func replay(
        _ start: BusSubscribeRequest.Start,
        _ filters: [TopicFilter]
    ) throws(BusError) -> any BusSubscription {
        guard let stream = streams?.stream(covering: filters) else {
            throw .notADurableStream(filter: filters.map(\.text).joined(separator: ", "))
        }
        let reader: StreamReader
        do throws(StreamError) {
            switch start {
            case .latest, .retained: reader = try stream.reader(from: .latest)
            case .earliest: reader = try stream.reader(from: .earliest)
            case .time(let time): reader = try stream.reader(from: .time(time))
            case .after(let cursor):
                guard cursor.stream == stream.number else {
                    throw StreamError.invalid(
                        "the cursor belongs to stream \(cursor.stream), the filters to \(stream.number)"
                    )
                }
                reader = try stream.reader(from: .at(cursor.position))
            }
        } catch {
            if case .invalid(let text) = error { throw .invalidCursor(text) }
            throw .storage(error.description)
        }
        if case .after(let cursor) = start {
            guard cursor.position >= stream.startPosition else {
                throw .cursorTooOld(oldest: Cursor(stream: stream.number, position: stream.startPosition))
            }
            // The event itself was seen.
            if let entry = try? reader.next(), entry.position > cursor.position {
                reader.seek(to: entry.position)
            }
        }
        let identity = identity
        return StreamSubscription(reader, filters: filters) { identity.mayReceive($0) }
    }
}
