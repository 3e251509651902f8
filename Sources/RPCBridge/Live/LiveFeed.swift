import EventBus
import LocalBus
import NIOCore
import Synchronization

/// What subscribers with the same filters and rights share: one subscription of the bus, and each event encoded once.
///
/// Events lie in segments; every subscriber has a place of its own in them. One that is too slow for
/// `bytesMaximum` loses the oldest events, and is told. The bus's thread never waits for any of them.
final class LiveFeed: LocalSubscriber {
    private struct State {
        var segments: [LiveSegment] = []
        var bytes = 0
        /// Number of the next event.
        var next: UInt64 = 0
        var places: [Int: UInt64] = [:]
        var nextReader = 0
        var waiting: [Signal] = []
        var isRoundDue = false
        /// Retained messages are being delivered.
        var isAttaching: Bool
        var segmentSize = LiveFeed.segmentSizeMinimum
    }

    private static let segmentSizeMinimum = 8 << 10
    private static let segmentSizeMaximum = 128 << 10
    /// Waking a subscriber and sending it a batch costs some 20 µs; the pause between two rounds is twice what a
    /// round takes, so that it can keep up and batches grow with the crowd.
    private static let pausePerReader = 40
    private static let pauseMinimum = 100
    private static let pauseMaximum = 10_000

    private let state: Mutex<State>
    private let bytesMaximum: Int
    private let eventLoop: any EventLoop
    private let attachment = Mutex<LocalAttachment?>(nil)

    /// - Parameter startsWithRetained: the first events are retained ones, until ``attached()``.
    init(bytesMaximum: Int, startsWithRetained: Bool, eventLoop: any EventLoop) {
        self.bytesMaximum = bytesMaximum
        self.eventLoop = eventLoop
        state = Mutex(State(isAttaching: startsWithRetained))
    }

    func keep(_ attachment: LocalAttachment) {
        self.attachment.withLock { $0 = attachment }
    }

    // MARK: - On the bus's thread

    func attached() {
        state.withLock { $0.isAttaching = false }
    }

    func deliver(_ message: borrowing DeliveredMessage) {
        var image = EventImage(
            topic: message.topic,
            payload: message.payload,
            properties: message.properties,
            moreProperties: message.moreProperties,
            qos: message.qos,
            retain: message.retain,
            expiryLeft: message.expiryLeft,
            ingestTime: message.time.wall
        )
        let pause = state.withLock { state -> Int? in
            image.isHistory = state.isAttaching
            image.retain = image.retain && state.isAttaching
            let segment = room(for: image.encodedBound, &state)
            let size = image.encode(at: segment.base + segment.used)
            segment.used += size
            segment.ends[segment.count] = UInt32(segment.used)
            segment.count += 1
            state.next += 1
            guard !state.waiting.isEmpty, !state.isRoundDue else { return nil }
            state.isRoundDue = true
            return min(max(state.waiting.count * Self.pausePerReader, Self.pauseMinimum), Self.pauseMaximum)
        }
        if let pause { eventLoop.scheduleTask(in: .microseconds(Int64(pause))) { self.wakeAll() } }
    }

    private func room(for size: Int, _ state: inout State) -> LiveSegment {
        if let last = state.segments.last, last.used + size <= last.capacity, last.count < last.eventsMaximum
        {
            return last
        }
        dropRead(&state)
        let segment = LiveSegment(capacity: max(size, state.segmentSize), first: state.next)
        state.segmentSize = min(state.segmentSize * 2, Self.segmentSizeMaximum)
        state.segments.append(segment)
        state.bytes += segment.capacity
        while state.bytes > bytesMaximum, state.segments.count > 1 {
            state.bytes -= state.segments.removeFirst().capacity
        }
        return segment
    }

    /// Lets go of segments that every subscriber has passed.
    private func dropRead(_ state: inout State) {
        let oldest = state.places.values.min() ?? state.next
        while let first = state.segments.first, first.first + UInt64(first.count) <= oldest {
            state.bytes -= first.capacity
            state.segments.removeFirst()
        }
        if state.segments.isEmpty { state.segmentSize = Self.segmentSizeMinimum }
    }

    private func wakeAll() {
        let due = state.withLock { state in
            state.isRoundDue = false
            defer { state.waiting.removeAll(keepingCapacity: true) }
            return state.waiting
        }
        for signal in due { signal.raise() }
    }

    // MARK: - For subscribers

    /// - Parameter fromStart: with the first event that the feed ever had: for a feed of one's own.
    func addReader(fromStart: Bool) -> Int {
        state.withLock { state in
            defer { state.nextReader += 1 }
            state.places[state.nextReader] = fromStart ? 0 : state.next
            return state.nextReader
        }
    }

    /// - Returns: whether others are left.
    func removeReader(_ reader: Int) -> Bool {
        state.withLock { state in
            state.places[reader] = nil
            return !state.places.isEmpty
        }
    }

    /// Ends the subscription of the bus.
    func close() { attachment.withLock { $0 = nil } }

    enum Taken {
        case slice(LiveSlice)
        /// Events that are gone.
        case lost(UInt64)
        /// The next one does not fit.
        case tooLarge
        case nothing
    }

    /// The next events for a reader.
    ///
    /// - Parameters:
    ///   - bytes: where the first event alone is larger, it is taken if it fits `single`.
    ///   - signal: raised when there is more, after ``Taken/nothing``.
    func take(_ reader: Int, events: Int, bytes: Int, single: Int, _ signal: Signal) -> Taken {
        state.withLock { state in
            guard let place = state.places[reader] else { return .nothing }
            guard place < state.next else {
                state.waiting.append(signal)
                return .nothing
            }
            // There is one, since a place behind the newest event was dealt with.
            guard let oldest = state.segments.first else { return .nothing }
            if place < oldest.first {
                state.places[reader] = oldest.first
                return .lost(oldest.first - place)
            }
            let segment = state.segments[segmentIndex(of: place, state)]
            let index = Int(place - segment.first)
            let start = segment.start(of: index)
            var end = min(index + events, segment.count)
            while end > index + 1, Int(segment.ends[end - 1]) - start > bytes { end = (index + end) / 2 }
            let size = Int(segment.ends[end - 1]) - start
            if end == index + 1, size > bytes, size > single { return .tooLarge }
            state.places[reader] = segment.first + UInt64(end)
            return .slice(LiveSlice(segment: segment, range: start..<start + size, events: end - index))
        }
    }

    private func segmentIndex(of number: UInt64, _ state: State) -> Int {
        var (low, high) = (0, state.segments.count - 1)
        while low < high {
            let middle = (low + high + 1) / 2
            if state.segments[middle].first <= number { low = middle } else { high = middle - 1 }
        }
        return low
    }

    /// Events that wait for a reader.
    func waiting(_ reader: Int) -> UInt64 {
        state.withLock { state in state.next - (state.places[reader] ?? state.next) }
    }
}
