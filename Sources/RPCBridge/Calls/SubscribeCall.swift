import Foundation
import GRPCCore
import NIOCore
import Synchronization

/// One Subscribe call: what the client allows, and the loop that sends within it.
final class SubscribeCall: Sendable {
    typealias Request = Weir_Bus_V1_SubscribeRequest
    typealias Response = Weir_Bus_V1_SubscribeResponse

    private struct State {
        var open: Request.Open?
        var credit = CreditAccount()
        var isPaused = false
        /// Acknowledgements and refusals not yet taken up.
        var answers: [Request] = []
        /// The client has ended its side.
        var isHalfClosed = false
        var end: CallRefusal?
        var isHeartbeatDue = false
    }

    /// Answers that may wait for the sending side.
    private static let answersMaximum = 10_000

    let signal = Signal()
    private let state = Mutex(State())

    /// Ends the call; the first reason counts.
    func end(_ refusal: CallRefusal) {
        state.withLock { if $0.end == nil { $0.end = refusal } }
        signal.raise()
    }

    // MARK: - What the client sends

    /// - Parameter asSubscribe: each request as one of Subscribe.
    func receive<Message: Sendable>(
        _ requests: RPCAsyncSequence<Message, any Error>,
        _ asSubscribe: (Message) throws -> Request
    ) async {
        do {
            for try await request in requests { try take(asSubscribe(request)) }
            state.withLock { $0.isHalfClosed = true }
        } catch let refusal as CallRefusal {
            end(refusal)
        } catch {
            // The client is gone, or sent what is no message.
            end(CallRefusal(.cancelled, .badRequest, "the request stream ended: \(error)"))
        }
        signal.raise()
    }

    private func take(_ request: Request) throws {
        try state.withLock { state in
            guard state.open != nil else {
                guard case .open(let open)? = request.request else {
                    throw CallRefusal.bad("request", "the first one must be \"open\"")
                }
                state.open = open
                state.credit.add(open.credit)
                return
            }
            switch request.request {
            case .open: throw CallRefusal.bad("open", "sent twice; open another call")
            case .credit(let credit): state.credit.add(credit)
            case .pause: state.isPaused = true
            case .resume: state.isPaused = false
            case .ack, .nack:
                guard state.answers.count < Self.answersMaximum else {
                    throw CallRefusal(.resourceExhausted, .overQuota, "too many answers wait")
                }
                state.answers.append(request)
            case nil: break
            }
        }
        signal.raise()
    }

    // MARK: - What the server sends

    /// Waits for the first request.
    func opened() async throws -> Request.Open {
        while true {
            let (open, end, isHalfClosed) = state.withLock { ($0.open, $0.end, $0.isHalfClosed) }
            if let end { throw end }
            if let open { return open }
            guard !isHalfClosed else { throw CallRefusal.bad("request", "found none, expected \"open\"") }
            try Task.checkCancellation()
            await signal.wait()
        }
    }

    private enum Turn {
        case send(Room)
        case answers([Request])
        case heartbeat(CreditAccount)
        case wait
        case finish
    }

    private func turn(_ limits: Limits) throws -> Turn {
        try state.withLock { state in
            if let end = state.end { throw end }
            if !state.answers.isEmpty {
                defer { state.answers.removeAll(keepingCapacity: true) }
                return .answers(state.answers)
            }
            if state.isHeartbeatDue {
                state.isHeartbeatDue = false
                return .heartbeat(state.credit)
            }
            guard !state.credit.isEmpty else { return state.isHalfClosed ? .finish : .wait }
            guard !state.isPaused else { return .wait }
            return .send(
                Room(
                    events: min(limits.batchEvents, state.credit.eventsLeft),
                    bytes: min(limits.batchBytes, state.credit.bytesLeft),
                    single: state.credit.bytesLeft
                )
            )
        }
    }

    struct Limits {
        var batchEvents: Int
        var batchBytes: Int
        var linger: Duration

        init(_ open: Request.Open) throws {
            guard open.batchEvents <= 10_000 else {
                throw CallRefusal.bad("batch_events", "expected at most 10,000")
            }
            guard open.batchBytes == 0 || (1_024...1 << 20).contains(open.batchBytes) else {
                throw CallRefusal.bad("batch_bytes", "expected 1 KiB to 1 MiB")
            }
            guard open.lingerMs <= 1_000 else { throw CallRefusal.bad("linger_ms", "expected at most 1,000") }
            batchEvents = open.batchEvents == 0 ? 256 : Int(open.batchEvents)
            batchBytes = open.batchBytes == 0 ? 256 << 10 : Int(open.batchBytes)
            linger = .milliseconds(open.lingerMs)
        }
    }

    /// Sends until the client or the server has enough.
    func send(
        from source: any EventSource,
        _ limits: Limits,
        heartbeat: Duration,
        on eventLoop: any EventLoop,
        identityExpiry: Int64?,
        to writer: RPCWriter<SubscribeOutput>
    ) async throws {
        let pulse = TimeAmount.nanoseconds(Int64(heartbeat / .nanoseconds(1)))
        let timer = eventLoop.scheduleRepeatedTask(initialDelay: pulse, delay: pulse) { _ in
            self.state.withLock { $0.isHeartbeatDue = true }
            self.signal.raise()
        }
        defer { timer.cancel() }
        let expiry = identityExpiry.map { planEnd(at: $0, on: eventLoop) }
        defer { expiry?.cancel() }
        var isTooLarge = false
        while true {
            try Task.checkCancellation()
            switch try turn(limits) {
            case .finish: return
            case .wait: await signal.wait()
            case .answers(let answers): try take(answers, source)
            case .heartbeat(let credit):
                try await writer.write(.message(Self.heartbeat(source, credit)))
            case .send(let room):
                switch try source.next(room) {
                case .batch(let batch):
                    isTooLarge = false
                    spend(batch)
                    try await writer.write(.batch(batch))
                    let isShort = batch.events < room.events
                    if isShort, limits.linger > .zero { try await Task.sleep(for: limits.linger) }
                case .gap(let gap): try await writer.write(.message(.with { $0.gap = gap }))
                case .caughtUp:
                    try await writer.write(
                        .message(
                            .with { response in
                                response.caughtUp = .with {
                                    if let cursor = source.cursor { $0.cursor = cursor }
                                }
                            }
                        )
                    )
                case .tooLarge:
                    // The client says with a heartbeat in hand how much it has left; it must grant more.
                    if !isTooLarge {
                        isTooLarge = true
                        state.withLock { $0.isHeartbeatDue = true }
                    } else {
                        if state.withLock({ $0.isHalfClosed }) { return }
                        await signal.wait()
                    }
                case .searching: await Task.yield()
                case .nothing: await signal.wait()
                }
            }
        }
    }

    /// - Parameter expiry: of the caller's token, seconds since 1970 UTC.
    private func planEnd(at expiry: Int64, on eventLoop: any EventLoop) -> Scheduled<Void> {
        let left = max(0, Double(expiry) - Date().timeIntervalSince1970)
        return eventLoop.scheduleTask(in: .milliseconds(Int64(min(left, 1e9) * 1_000))) {
            self.end(
                CallRefusal(
                    .unauthenticated,
                    .unauthenticated,
                    "the token has expired; get a new one and resume"
                )
            )
        }
    }

    private func spend(_ batch: BatchImage) {
        state.withLock { $0.credit.spend(events: batch.events, bytes: batch.bytes.count) }
    }

    private func take(_ answers: [Request], _ source: any EventSource) throws {
        for answer in answers {
            switch answer.request {
            case .ack(let ack): try source.acknowledge(ack)
            case .nack(let nack): try source.refuse(nack)
            default: break
            }
        }
    }

    private static func heartbeat(_ source: any EventSource, _ credit: CreditAccount) -> Response {
        .with { response in
            response.heartbeat = .with {
                if let cursor = source.cursor { $0.cursor = cursor }
                $0.lagBytes = source.lagBytes
                $0.waitingEvents = source.waitingEvents
                $0.credit = credit.message
            }
        }
    }
}

/// What a client allowed and what of it is left.
package struct CreditAccount {
    package init() {}

    private var events: UInt64 = 0
    private var bytes: UInt64 = 0
    private var limitsBytes = false

    package mutating func add(_ credit: Weir_Bus_V1_Credit) {
        events = events.addingReportingOverflow(credit.events).overflow ? .max : events + credit.events
        if credit.bytes > 0 {
            limitsBytes = true
            bytes = bytes.addingReportingOverflow(credit.bytes).overflow ? .max : bytes + credit.bytes
        }
    }

    package mutating func spend(events: Int, bytes: Int) {
        self.events -= min(self.events, UInt64(events))
        if limitsBytes { self.bytes -= min(self.bytes, UInt64(bytes)) }
    }

    package var isEmpty: Bool { events == 0 || limitsBytes && bytes == 0 }
    package var eventsLeft: Int { Int(clamping: events) }
    package var bytesLeft: Int { limitsBytes ? Int(clamping: bytes) : .max }

    package var message: Weir_Bus_V1_Credit {
        .with {
            $0.events = events
            $0.bytes = limitsBytes ? bytes : 0
        }
    }
}
