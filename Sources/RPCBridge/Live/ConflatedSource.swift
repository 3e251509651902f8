import EventBus
import LocalBus
import NIOCore
import Synchronization

/// The newest event of each topic, no more often than an interval allows.
final class ConflatedFeed: LocalSubscriber {
    private struct Entry {
        var bytes: [UInt8] = []
        /// An event waits.
        var isPending = false
        /// Nanoseconds of the event loop's clock.
        var notBefore: UInt64 = 0
    }

    private struct State {
        var topics: [[UInt8]: Entry] = [:]
        /// Topics with an event that waits, in the order of arrival.
        var order: [[UInt8]] = []
        var replaced: UInt64 = 0
        var lost: UInt64 = 0
        var isAttaching: Bool
        var isTimerSet = false
    }

    private static let topicsMaximum = 100_000
    private let state: Mutex<State>
    private let interval: UInt64
    private let bytesMaximum: Int
    private let signal: Signal
    private let eventLoop: any EventLoop
    private let attachment = Mutex<LocalAttachment?>(nil)

    /// - Parameter interval: between two events of a topic; zero for none.
    init(
        interval: Duration,
        bytesMaximum: Int,
        startsWithRetained: Bool,
        eventLoop: any EventLoop,
        _ signal: Signal
    ) {
        self.interval = UInt64(interval / .nanoseconds(1))
        self.bytesMaximum = bytesMaximum
        self.signal = signal
        self.eventLoop = eventLoop
        state = Mutex(State(isAttaching: startsWithRetained))
    }

    func keep(_ attachment: LocalAttachment) { self.attachment.withLock { $0 = attachment } }
    func close() { attachment.withLock { $0 = nil } }
    func attached() { state.withLock { $0.isAttaching = false } }

    func deliver(_ message: borrowing DeliveredMessage) {
        let topic = Array(message.topic)
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
        let mustWake = state.withLock { state -> Bool in
            image.isHistory = state.isAttaching
            image.retain = image.retain && state.isAttaching
            guard state.topics[topic] != nil || makeRoom(&state) else {
                state.lost += 1
                return false
            }
            var entry = state.topics[topic] ?? Entry()
            entry.bytes = [UInt8](unsafeUninitializedCapacity: image.encodedBound) { memory, count in
                guard let base = memory.baseAddress else { return }
                count = image.encode(at: UnsafeMutableRawPointer(base))
            }
            if entry.isPending { state.replaced += 1 } else { state.order.append(topic) }
            entry.isPending = true
            state.topics[topic] = entry
            return true
        }
        if mustWake { signal.raise() }
    }

    /// A topic without a waiting event whose interval is over needs no memory.
    private func makeRoom(_ state: inout State) -> Bool {
        guard state.topics.count >= Self.topicsMaximum else { return true }
        let now = NIODeadline.now().uptimeNanoseconds
        state.topics = state.topics.filter { $0.value.isPending || $0.value.notBefore > now }
        return state.topics.count < Self.topicsMaximum
    }

    enum Taken {
        case events
        case conflated(UInt64)
        case lost(UInt64)
        case tooLarge
        case nothing
    }

    func take(_ room: Room, into batch: BatchBuffer) -> Taken {
        let (taken, delay) = state.withLock { state -> (Taken, UInt64?) in
            if state.lost > 0 {
                defer { state.lost = 0 }
                return (.lost(state.lost), nil)
            }
            let now = NIODeadline.now().uptimeNanoseconds
            var early: [[UInt8]] = []
            var earliest = UInt64.max
            var used = 0
            var isTooLarge = false
            for (index, topic) in state.order.enumerated() {
                guard var entry = state.topics[topic] else { continue }
                if entry.notBefore > now {
                    early.append(topic)
                    earliest = min(earliest, entry.notBefore)
                    continue
                }
                let size = entry.bytes.count
                let fits =
                    batch.isEmpty ? size <= max(room.bytes, room.single) : batch.count + size <= room.bytes
                guard batch.events < room.events, fits else {
                    isTooLarge = batch.isEmpty
                    early.append(contentsOf: state.order[index...])
                    break
                }
                entry.bytes.withUnsafeBytes { batch.append(encoded: $0) }
                entry.isPending = false
                entry.bytes = []
                entry.notBefore = now + interval
                state.topics[topic] = interval == 0 ? nil : entry
                used += 1
            }
            state.order = early
            if used > 0 { return (.events, nil) }
            if isTooLarge { return (.tooLarge, nil) }
            if state.replaced > 0 {
                defer { state.replaced = 0 }
                return (.conflated(state.replaced), nil)
            }
            guard earliest != .max, !state.isTimerSet else { return (.nothing, nil) }
            state.isTimerSet = true
            return (.nothing, earliest - now)
        }
        if let delay {
            eventLoop.scheduleTask(in: .nanoseconds(Int64(clamping: delay))) {
                self.state.withLock { $0.isTimerSet = false }
                self.signal.raise()
            }
        }
        return taken
    }

    var waiting: UInt64 { state.withLock { UInt64($0.order.count) } }
}

final class ConflatedSource: EventSource {
    private let feed: ConflatedFeed
    private let batch = BatchBuffer()
    private let caller: CallerDirectory.Caller
    private var isCaughtUp = false

    init(_ feed: ConflatedFeed, _ caller: CallerDirectory.Caller) {
        self.feed = feed
        self.caller = caller
    }

    func next(_ room: Room) throws -> SourceStep {
        batch.clear()
        switch feed.take(room, into: batch) {
        case .events: return .batch(BatchImage(memory: .buffer(batch), events: batch.events))
        case .conflated(let count):
            return .gap(
                .with {
                    $0.count = count
                    $0.reason = .conflated
                }
            )
        case .lost(let count):
            return .gap(
                .with {
                    $0.count = count
                    $0.reason = .overflow
                }
            )
        case .tooLarge: return .tooLarge
        case .nothing:
            guard !isCaughtUp else { return .nothing }
            isCaughtUp = true
            return .caughtUp
        }
    }

    var waitingEvents: UInt64 { feed.waiting }
    var isInMemory: Bool { true }
    func stop() { feed.close() }
}
