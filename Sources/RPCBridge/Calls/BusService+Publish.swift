import Bus
import GRPCCore
import MQTTWire

extension BusService {
    /// Events that one request may have, and that a stream may have unacknowledged.
    static let publishMaximum = 10_000

    // MARK: - Publish

    func publish(
        _ request: Weir_Bus_V1_PublishRequest,
        _ caller: CallerDirectory.Caller
    ) async throws -> Weir_Bus_V1_PublishResponse {
        guard request.events.count <= Self.publishMaximum else {
            throw CallRefusal.bad("events", "found \(request.events.count), expected at most 10,000")
        }
        guard request.hasProducer else {
            return .with { $0.results = [] }.adding(try await publish(request.events, caller, tag: nil))
        }
        let producer = try Producer(request.producer, caller)
        return try await producers.withProducer(producer.key) {
            let mark = try producers.mark(producer.key, epoch: producer.epoch)
            let known = Int(
                clamping: mark.sequence < producer.first ? 0 : mark.sequence - producer.first + 1
            )
            let duplicates = min(known, request.events.count)
            var response = Weir_Bus_V1_PublishResponse()
            response.results = Array(repeating: .with { $0.duplicate = true }, count: duplicates)
            guard duplicates < request.events.count else { return response }
            let first = producer.first + UInt64(duplicates)
            let results = try await publish(
                Array(request.events[duplicates...]),
                caller,
                tag: producer.tag(from: first)
            )
            remember(producer, first, results)
            return response.adding(results)
        }
    }

    /// Everything up to the first event that may be tried again has been dealt with.
    private func remember(_ producer: Producer, _ first: UInt64, _ results: [Result<Cursor?, BusError>]) {
        let count = results.firstIndex { $0.isTransientFailure } ?? results.count
        guard count > 0 else { return }
        producers.set(
            producer.key,
            ProducerTable.Mark(epoch: producer.epoch, sequence: first + UInt64(count) - 1)
        )
    }

    private func publish(
        _ events: [Weir_Bus_V1_Event],
        _ caller: CallerDirectory.Caller,
        tag: ((Int) -> String)?
    ) async throws -> [Result<Cursor?, BusError>] {
        guard !events.isEmpty else { return [] }
        var own: [BusEvent] = []
        own.reserveCapacity(events.count)
        for (index, event) in events.enumerated() {
            var event = BusEvent(event)
            if let tag { event.userProperties.append(UserProperty(ProducerTable.property, tag(index))) }
            own.append(event)
        }
        do throws(BusError) {
            return try await caller.bus.publishEach(own)
        } catch { throw CallRefusal(error) }
    }

    struct Producer: Sendable {
        let key: ProducerTable.Key
        let epoch: UInt64
        let first: UInt64

        init(_ producer: Weir_Bus_V1_Producer, _ caller: CallerDirectory.Caller) throws {
            guard (1...128).contains(producer.id.utf8.count), !producer.id.contains(" ") else {
                throw CallRefusal.bad("producer.id", "expected 1 to 128 bytes without spaces")
            }
            guard producer.firstSequence >= 1, producer.firstSequence < 1 << 62 else {
                throw CallRefusal.bad("producer.first_sequence", "expected at least 1")
            }
            key = ProducerTable.Key(owner: caller.owner, id: producer.id)
            epoch = producer.epoch
            first = producer.firstSequence
        }

        func tag(from first: UInt64) -> (Int) -> String {
            { "\(key.id) \(epoch) \(first + UInt64($0)) \(key.owner)" }
        }
    }

    // MARK: - PublishStream

    func publishStream(
        _ request: StreamingServerRequest<Weir_Bus_V1_PublishStreamRequest>,
        _ context: ServerContext
    ) async throws -> StreamingServerResponse<Weir_Bus_V1_PublishStreamResponse> {
        let caller = try await callers.caller(request.metadata, context)
        return StreamingServerResponse { writer in
            let signal = EndSignal()
            let number = try self.calls.begin { signal.end($0) }
            defer { self.calls.finish(number) }
            var sequence: UInt64 = 1
            var producer: Producer?
            var isOpen = false
            for try await message in request.messages {
                if let end = signal.reason { throw end }
                switch message.request {
                case .open(let open):
                    guard !isOpen else { throw CallRefusal.bad("open", "sent twice; open another call") }
                    isOpen = true
                    var last: UInt64 = 0
                    if open.hasProducer {
                        let known = try Producer(open.producer, caller)
                        producer = known
                        sequence = known.first
                        last = try await self.producers.withProducer(known.key) {
                            try self.producers.mark(known.key, epoch: known.epoch).sequence
                        }
                    }
                    let lastSequence = last
                    try await writer.write(
                        .with { response in
                            response.opened = .with {
                                $0.lastSequence = lastSequence
                                $0.credit = .with { $0.events = UInt64(Self.publishMaximum) }
                            }
                        }
                    )
                case .batch(let batch):
                    guard isOpen else { throw CallRefusal.bad("request", "the first one must be \"open\"") }
                    try await self.take(batch, from: sequence, producer, caller, writer)
                    sequence += UInt64(batch.events.count)
                case nil: break
                }
            }
            return [:]
        }
    }

    private func take(
        _ batch: Weir_Bus_V1_EventBatch,
        from sequence: UInt64,
        _ producer: Producer?,
        _ caller: CallerDirectory.Caller,
        _ writer: RPCWriter<Weir_Bus_V1_PublishStreamResponse>
    ) async throws {
        guard batch.events.count <= Self.publishMaximum else {
            throw CallRefusal(
                .resourceExhausted,
                .overQuota,
                "a batch of \(batch.events.count) events is beyond the credit of 10,000"
            )
        }
        guard !batch.events.isEmpty else { return }
        let results: [Result<Cursor?, BusError>]
        var skipped = 0
        if let producer {
            (results, skipped) = try await producers.withProducer(producer.key) {
                let mark = try producers.mark(producer.key, epoch: producer.epoch)
                let known = Int(clamping: mark.sequence < sequence ? 0 : mark.sequence - sequence + 1)
                let skipped = min(known, batch.events.count)
                let first = sequence + UInt64(skipped)
                let results = try await publish(
                    Array(batch.events[skipped...]),
                    caller,
                    tag: producer.tag(from: first)
                )
                remember(producer, first, results)
                return (results, skipped)
            }
        } else {
            results = try await publish(batch.events, caller, tag: nil)
        }
        for (index, result) in results.enumerated() {
            guard case .failure(let error) = result else { continue }
            // What may be tried again ends the call, so that the client does so in order.
            if result.isTransientFailure {
                let done = sequence + UInt64(skipped + index) - 1
                try await writer.write(.with { $0.acknowledged = .with { $0.upToSequence = done } })
                throw CallRefusal(error)
            }
            try await writer.write(
                .with { response in
                    response.refused = .with {
                        $0.sequence = sequence + UInt64(skipped + index)
                        $0.error = CallRefusal(error).eventError
                    }
                }
            )
        }
        let last = sequence + UInt64(batch.events.count) - 1
        try await writer.write(.with { $0.acknowledged = .with { $0.upToSequence = last } })
        try await writer.write(.with { $0.credit = .with { $0.events = UInt64(batch.events.count) } })
    }
}

extension Result where Success == Cursor?, Failure == BusError {
    /// A retry may succeed.
    var isTransientFailure: Bool {
        guard case .failure(let error) = self else { return false }
        switch error {
        case .overloaded, .storage, .shuttingDown: return true
        default: return false
        }
    }
}

extension Weir_Bus_V1_PublishResponse {
    func adding(_ results: [Result<Cursor?, BusError>]) -> Self {
        var response = self
        for result in results {
            response.results.append(
                .with {
                    switch result {
                    case .success(let cursor): if let cursor { $0.cursor = Weir_Bus_V1_Cursor(cursor) }
                    case .failure(let error): $0.error = CallRefusal(error).eventError
                    }
                }
            )
        }
        return response
    }
}
