import Access
import Bus
import Foundation
import Journal
import Logging
import MQTTWire
import NIOCore
import Streams
import Synchronization

/// A name with a place in a stream: what was handed out, to whom, and what of it is done.
///
/// The place is a named cursor in the stream: everything before it is acknowledged. Single acknowledgements beyond it
/// are in the ``AcknowledgementLog``; how often an event was delivered is in memory.
final class DurableSubscription: Sendable {
    /// Delivered and not acknowledged; beyond it nothing new is handed out.
    static let outstandingMaximum = 10_000

    private struct Outstanding {
        enum Place: Equatable {
            case with(consumer: Int)
            case waiting(until: UInt64)
            case dying
            case done
        }
        let position: LogPosition
        let next: LogPosition
        var place: Place
        var deliveries: UInt32 = 1
        /// Delivered again after this, nanoseconds of the monotonic clock.
        var deadline: UInt64
        var reason = ""
    }

    private struct State {
        var scan: StreamScan
        var redelivery: StreamScan
        var outstanding: [Outstanding] = []
        var consumers: [Int: Consumer] = [:]
        var nextConsumer = 1
        var isDeleted = false
        var acknowledged: LogPosition
        /// When the next look at deadlines is planned.
        var timerAt: UInt64 = .max
    }

    private struct Consumer {
        let signal: Signal
        let end: @Sendable (CallRefusal) -> Void
    }

    let definition: Weir_Bus_V1_DurableSubscription
    let stream: DurableStream
    let filters: [TopicFilter]
    private let state: Mutex<State>
    private let eventLoop: any EventLoop
    private let acknowledgements: AcknowledgementLog
    private let deadLetter: @Sendable (BusEvent) async -> Bool
    private let watch = Mutex<StreamWatch?>(nil)

    /// - Parameter deadLetter: publishes an event that is given up; true once it is durable.
    init(
        _ definition: Weir_Bus_V1_DurableSubscription,
        _ filters: [TopicFilter],
        in stream: DurableStream,
        at position: LogPosition,
        for identity: Identity,
        eventLoop: any EventLoop,
        acknowledgements: AcknowledgementLog,
        deadLetter: @escaping @Sendable (BusEvent) async -> Bool
    ) throws {
        self.definition = definition
        self.stream = stream
        self.filters = filters
        self.eventLoop = eventLoop
        self.acknowledgements = acknowledgements
        self.deadLetter = deadLetter
        let scan = try Self.scan(stream, filters, at: position, identity)
        let cursorName = Self.cursorName(owner: definition.owner, name: definition.name)
        scan.skipped = acknowledgements.positions(of: cursorName, from: position)
        state = Mutex(
            State(
                scan: scan,
                redelivery: try Self.scan(stream, filters, at: position, identity),
                acknowledged: position
            )
        )
        watch.withLock { watch in watch = stream.onCommit { [weak self] in self?.wakeAll() } }
    }

    private static func scan(
        _ stream: DurableStream,
        _ filters: [TopicFilter],
        at position: LogPosition,
        _ identity: Identity
    ) throws -> StreamScan {
        do throws(StreamError) {
            return StreamScan(try stream.reader(from: .at(position)), filters: filters, for: identity)
        } catch {
            throw CallRefusal(.unavailable, .storage, error.description, retryAfter: .seconds(5))
        }
    }

    static func cursorName(owner: String, name: String) -> String { "rpc/\(owner)/\(name)" }
    private var cursorName: String { Self.cursorName(owner: definition.owner, name: definition.name) }
    private var ackTimeout: UInt64 { UInt64(max(1, definition.ackTimeoutSeconds)) * 1_000_000_000 }
    private static func now() -> UInt64 { NIODeadline.now().uptimeNanoseconds }

    // MARK: - Consumers

    /// Adds a subscriber, under the caller's rules as they are now.
    ///
    /// - Parameter end: called when another takes the subscription over, or when it is deleted.
    func join(
        _ identity: Identity,
        _ signal: Signal,
        end: @escaping @Sendable (CallRefusal) -> Void
    ) throws -> Int {
        let (consumer, displaced) = try state.withLock { state -> (Int, [Consumer]) in
            guard !state.isDeleted else { throw CallRefusal.unknownSubscription(definition.name) }
            var displaced: [Consumer] = []
            if !definition.shared {
                displaced = Array(state.consumers.values)
                state.consumers.removeAll()
                release(&state) { _ in true }
            }
            if state.consumers.isEmpty {
                let (place, skipped) = (state.scan.position, state.scan.skipped)
                state.scan = try Self.scan(stream, filters, at: place, identity)
                state.scan.skipped = skipped
                state.redelivery = try Self.scan(stream, filters, at: place, identity)
            }
            defer { state.nextConsumer += 1 }
            state.consumers[state.nextConsumer] = Consumer(signal: signal, end: end)
            return (state.nextConsumer, displaced)
        }
        for other in displaced {
            other.end(
                CallRefusal(
                    .aborted,
                    .takenOver,
                    "another client took durable subscription \"\(definition.name)\" over"
                )
            )
        }
        return consumer
    }

    /// What the consumer had and did not acknowledge is handed out again.
    func leave(_ consumer: Int) {
        state.withLock { state in
            guard state.consumers.removeValue(forKey: consumer) != nil else { return }
            release(&state) { $0 == consumer }
        }
        wakeAll()
    }

    private func release(_ state: inout State, _ isConcerned: (Int) -> Bool) {
        for index in state.outstanding.indices {
            if case .with(let consumer) = state.outstanding[index].place, isConcerned(consumer) {
                state.outstanding[index].place = .waiting(until: 0)
            }
        }
    }

    private func wakeAll() {
        let signals = state.withLock { $0.consumers.values.map(\.signal) }
        for signal in signals { signal.raise() }
    }

    // MARK: - Handing out

    /// - Parameter consumer: 0 for a Fetch, whose events come back at their deadline only.
    func next(_ consumer: Int, _ room: Room, into batch: BatchBuffer) throws -> StreamScan.Step {
        let now = Self.now()
        let seconds = Int64(Date().timeIntervalSince1970)
        var dead: [(LogPosition, BusEvent)] = []
        let (step, timer) = try state.withLock { state -> (StreamScan.Step, UInt64?) in
            guard !state.isDeleted else { throw CallRefusal.unknownSubscription(definition.name) }
            batch.clear()
            expire(&state, now)
            try redeliver(&state, consumer, room, now, seconds, batch, &dead)
            var step = StreamScan.Step.batch(batch)
            if batch.isEmpty { step = try advance(&state, consumer, room, now, seconds, batch) }
            return (step, timerDelay(&state, now))
        }
        if let timer { plan(timer) }
        for (position, event) in dead { bury(position, event) }
        return step
    }

    /// The exclusive subscriber may take its time; of a shared one others wait for the work.
    private func expire(_ state: inout State, _ now: UInt64) {
        for index in state.outstanding.indices where state.outstanding[index].deadline <= now {
            if case .with = state.outstanding[index].place {
                state.outstanding[index].place = .waiting(until: 0)
                state.outstanding[index].reason = "not acknowledged in time"
            }
        }
    }

    private func redeliver(
        _ state: inout State,
        _ consumer: Int,
        _ room: Room,
        _ now: UInt64,
        _ seconds: Int64,
        _ batch: BatchBuffer,
        _ dead: inout [(LogPosition, BusEvent)]
    ) throws {
        for index in state.outstanding.indices {
            guard case .waiting(let until) = state.outstanding[index].place, until <= now else { continue }
            guard batch.events < room.events else { break }
            let entry = state.outstanding[index]
            guard
                let found = try state.redelivery.reread(
                    entry.position,
                    redeliveryCount: entry.deliveries,
                    wallSeconds: seconds
                )
            else {
                // Expired, or gone by the stream's limits.
                state.outstanding[index].place = .done
                continue
            }
            if definition.maxDeliveries > 0, entry.deliveries >= definition.maxDeliveries {
                state.outstanding[index].place = .dying
                if let event = Self.letter(found, entry.deliveries, entry.reason, definition) {
                    dead.append((entry.position, event))
                } else {
                    state.outstanding[index].place = .done
                }
                continue
            }
            let fits =
                batch.isEmpty
                ? found.count <= max(room.bytes, room.single) : batch.count + found.count <= room.bytes
            guard fits else { break }
            batch.append(all: found)
            state.outstanding[index].place = .with(consumer: consumer)
            state.outstanding[index].deliveries += 1
            state.outstanding[index].deadline = deadline(consumer, now)
        }
        settle(&state)
    }

    private func advance(
        _ state: inout State,
        _ consumer: Int,
        _ room: Room,
        _ now: UInt64,
        _ seconds: Int64,
        _ batch: BatchBuffer
    ) throws -> StreamScan.Step {
        guard state.outstanding.count < Self.outstandingMaximum else { return .end }
        var limited = room
        limited.events = min(room.events, Self.outstandingMaximum - state.outstanding.count)
        let deadline = deadline(consumer, now)
        var taken: [Outstanding] = []
        state.scan.onTaken = { position, next in
            taken.append(
                Outstanding(
                    position: position,
                    next: next,
                    place: .with(consumer: consumer),
                    deadline: deadline
                )
            )
        }
        defer { state.scan.onTaken = nil }
        let step = try state.scan.next(limited, wallSeconds: seconds)
        state.outstanding += taken
        if case .batch(let found) = step {
            // Copied, since another consumer may use the scan before this batch is sent.
            batch.append(all: found)
            return .batch(batch)
        }
        settle(&state)
        return step
    }

    private func deadline(_ consumer: Int, _ now: UInt64) -> UInt64 {
        definition.shared || consumer == 0 ? now + ackTimeout : .max
    }

    // MARK: - Answers

    /// Forgets what is done at the front, and moves the cursor behind it.
    private func settle(_ state: inout State) {
        var done = 0
        while done < state.outstanding.count, state.outstanding[done].place == .done { done += 1 }
        if done > 0 { state.outstanding.removeFirst(done) }
        let place = state.outstanding.first?.position ?? state.scan.position
        // Events that were not for this subscription need no record each; the next acknowledgement takes them along.
        guard place > state.acknowledged, done > 0 || place - state.acknowledged > 1 << 20 else { return }
        do {
            try stream.setCursor(cursorName, to: place)
            state.acknowledged = place
            acknowledgements.passed(cursorName, place)
        } catch {
            // The disk refuses; what is acknowledged now will be delivered again after a restart.
        }
    }

    func acknowledge(_ ack: Weir_Bus_V1_SubscribeRequest.Ack) throws {
        if ack.hasUpTo, definition.shared {
            throw CallRefusal.bad(
                "ack.up_to",
                "subscription \"\(definition.name)\" is shared; acknowledge single events"
            )
        }
        // A place acknowledges what lies before it.
        let upTo = ack.hasUpTo ? try position(ack.upTo) : nil
        let isPlace = ack.upTo.before
        let single = try ack.events.map(position)
        state.withLock { state in
            if let upTo {
                for index in state.outstanding.indices {
                    let position = state.outstanding[index].position
                    guard isPlace ? position < upTo : position <= upTo else { break }
                    state.outstanding[index].place = .done
                }
            }
            for position in single {
                if let index = Self.index(of: position, state) { state.outstanding[index].place = .done }
            }
            settle(&state)
            acknowledgements.append(cursorName, single.filter { Self.index(of: $0, state) != nil })
        }
        // There may be room for more now.
        wakeAll()
    }

    func refuse(_ nack: Weir_Bus_V1_SubscribeRequest.Nack) throws {
        guard nack.delayMs <= 3_600_000 else {
            throw CallRefusal.bad("nack.delay_ms", "expected at most an hour")
        }
        let positions = try nack.events.map(position)
        let due = Self.now() + UInt64(nack.delayMs) * 1_000_000
        state.withLock { state in
            for position in positions {
                guard let index = Self.index(of: position, state), case .with = state.outstanding[index].place
                else { continue }
                state.outstanding[index].place = .waiting(until: due)
                state.outstanding[index].reason = String(nack.reason.prefix(256))
            }
        }
        wakeAll()
    }

    private func position(_ cursor: Weir_Bus_V1_Cursor) throws -> LogPosition {
        guard cursor.stream == stream.number else {
            throw CallRefusal.cursorElsewhere(cursor.stream, expected: stream.number)
        }
        return cursor.position
    }

    private static func index(of position: LogPosition, _ state: State) -> Int? {
        var (low, high) = (0, state.outstanding.count)
        while low < high {
            let middle = (low + high) / 2
            if state.outstanding[middle].position < position { low = middle + 1 } else { high = middle }
        }
        return low < state.outstanding.count && state.outstanding[low].position == position ? low : nil
    }

    // MARK: - Time

    /// When to look again at events that wait, or are with a consumer for too long.
    private func timerDelay(_ state: inout State, _ now: UInt64) -> UInt64? {
        var earliest = UInt64.max
        for entry in state.outstanding {
            switch entry.place {
            case .with: earliest = min(earliest, entry.deadline)
            case .waiting(let until): earliest = min(earliest, max(until, now + 1_000_000))
            case .dying, .done: break
            }
        }
        guard earliest < state.timerAt || state.timerAt <= now, earliest != .max else { return nil }
        state.timerAt = earliest
        return earliest > now ? earliest - now : 0
    }

    private func plan(_ delay: UInt64) {
        eventLoop.scheduleTask(in: .nanoseconds(Int64(clamping: delay))) { [weak self] in
            guard let self else { return }
            state.withLock { $0.timerAt = .max }
            wakeAll()
        }
    }

    // MARK: - Dead letters

    private static func letter(
        _ found: BatchBuffer,
        _ deliveries: UInt32,
        _ reason: String,
        _ definition: Weir_Bus_V1_DurableSubscription
    ) -> BusEvent? {
        guard !definition.deadLetterTopic.isEmpty,
            let batch = try? Weir_Bus_V1_EventBatch(serializedBytes: Array(found.bytes)),
            let event = batch.events.first
        else { return nil }
        var letter = BusEvent(event)
        letter.topic = definition.deadLetterTopic
        letter.retain = false
        letter.qos = max(letter.qos, .atLeastOnce)
        letter.userProperties += [
            UserProperty("weir-dead-letter-topic", event.topic),
            UserProperty("weir-dead-letter-subscription", definition.name),
            UserProperty("weir-dead-letter-deliveries", "\(deliveries)"),
            UserProperty("weir-dead-letter-reason", reason),
        ]
        return letter
    }

    /// Done once the letter is durable; where the bus refuses it, the event waits a while longer.
    private func bury(_ position: LogPosition, _ event: BusEvent) {
        Task {
            let isDone = await deadLetter(event)
            state.withLock { state in
                guard let index = Self.index(of: position, state) else { return }
                state.outstanding[index].place =
                    isDone ? .done : .waiting(until: Self.now() + 1_000_000_000)
                settle(&state)
                if isDone, Self.index(of: position, state) != nil {
                    acknowledgements.append(cursorName, [position])
                }
            }
            wakeAll()
        }
    }

    // MARK: - As a whole

    func seek(to position: LogPosition) throws {
        try state.withLock { state in
            do {
                try stream.setCursor(cursorName, to: position)
            } catch {
                throw CallRefusal(.unavailable, .storage, "stream: \(error)", retryAfter: .seconds(5))
            }
            state.acknowledged = position
            state.outstanding.removeAll()
            state.scan.skipped = []
            state.scan.seek(to: position)
            acknowledgements.forget(cursorName)
        }
        wakeAll()
    }

    /// Ends all calls; the cursor is left to the registry.
    func delete() {
        let consumers = state.withLock { state in
            state.isDeleted = true
            defer { state.consumers.removeAll() }
            return Array(state.consumers.values)
        }
        watch.withLock { $0 = nil }
        for consumer in consumers { consumer.end(.unknownSubscription(definition.name)) }
    }

    var report: Weir_Bus_V1_DurableSubscription {
        state.withLock { state in
            var report = definition
            report.stream = stream.configuration.name
            report.acknowledged = .of(stream, state.acknowledged)
            let end = stream.durablePosition
            let place = state.outstanding.first?.position ?? state.scan.position
            report.lagBytes = end > place ? end - place : 0
            report.unacknowledgedEvents = UInt32(clamping: state.outstanding.count { $0.place != .done })
            report.subscribers = UInt32(clamping: state.consumers.count)
            return report
        }
    }

    var position: LogPosition { state.withLock { $0.scan.position } }
    var lagBytes: UInt64 {
        let (end, place) = (stream.durablePosition, position)
        return end > place ? end - place : 0
    }
}

/// A durable subscription as one Subscribe call sees it.
final class DurableSource: EventSource {
    private let subscription: DurableSubscription
    private let consumer: Int
    private let batch = BatchBuffer()
    private var isCaughtUp = false

    init(_ subscription: DurableSubscription, consumer: Int) {
        self.subscription = subscription
        self.consumer = consumer
    }

    func next(_ room: Room) throws -> SourceStep {
        switch try subscription.next(consumer, room, into: batch) {
        case .batch: return .batch(BatchImage(memory: .buffer(batch), events: batch.events))
        case .gap(let gap): return .gap(gap.message(in: subscription.stream))
        case .tooLarge: return .tooLarge
        case .searching: return .searching
        case .end:
            guard !isCaughtUp else { return .nothing }
            isCaughtUp = true
            return .caughtUp
        }
    }

    func acknowledge(_ ack: Weir_Bus_V1_SubscribeRequest.Ack) throws { try subscription.acknowledge(ack) }
    func refuse(_ nack: Weir_Bus_V1_SubscribeRequest.Nack) throws { try subscription.refuse(nack) }
    var cursor: Weir_Bus_V1_Cursor? { .of(subscription.stream, subscription.position) }
    var lagBytes: UInt64 { subscription.lagBytes }
    func stop() { subscription.leave(consumer) }
}
