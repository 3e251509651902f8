import Bus
import Foundation
import GRPCCore
import MQTTWire
import NIOCore
import Streams
import SwiftProtobuf

typealias ProtobufMessage = SwiftProtobuf.Message

extension BusService {
    // MARK: - Retained events

    func getLatest(
        _ request: Weir_Bus_V1_GetLatestRequest,
        _ caller: CallerDirectory.Caller
    ) async throws -> Weir_Bus_V1_GetLatestResponse {
        guard request.maxEvents <= 10_000 else {
            throw CallRefusal.bad("max_events", "expected at most 10,000")
        }
        let limit = request.maxEvents == 0 ? 1_000 : Int(request.maxEvents)
        let filters = try SubscriptionRegistry.filters(request.filters)
        for filter in filters where caller.identity.subscription(filter.text) == .denied {
            throw CallRefusal.filterNotAllowed(filter.text)
        }
        let batch = BatchBuffer()
        var seen: Set<[UInt8]> = []
        var isTruncated = false
        for filter in filters {
            caller.bus.readLatest(filter) { message in
                guard batch.events < limit, batch.count < 3 << 20 else {
                    isTruncated = true
                    return
                }
                if filters.count > 1, !seen.insert(Array(message.topic)).inserted { return }
                batch.append(
                    EventImage(
                        topic: message.topic,
                        payload: message.payload,
                        properties: message.properties,
                        moreProperties: message.moreProperties,
                        qos: message.qos,
                        retain: true,
                        expiryLeft: message.expiryLeft,
                        ingestTime: 0,
                        isHistory: true
                    )
                )
            }
        }
        var response = try Weir_Bus_V1_GetLatestResponse(serializedBytes: Array(batch.bytes))
        response.truncated = isTruncated
        return response
    }

    // MARK: - Fetch

    func fetch(
        _ request: Weir_Bus_V1_FetchRequest,
        _ caller: CallerDirectory.Caller
    ) async throws -> Weir_Bus_V1_FetchResponse {
        guard request.maxEvents <= 10_000 else {
            throw CallRefusal.bad("max_events", "expected at most 10,000")
        }
        guard request.maxBytes <= 4 << 20 else {
            throw CallRefusal.bad("max_bytes", "expected at most 4 MiB")
        }
        guard request.waitMs <= 60_000 else { throw CallRefusal.bad("wait_ms", "expected at most 60,000") }
        let bytes = request.maxBytes == 0 ? 1 << 20 : Int(request.maxBytes)
        let room = Room(
            events: request.maxEvents == 0 ? 100 : Int(request.maxEvents),
            bytes: bytes,
            single: 4 << 20
        )
        guard request.subscription.isEmpty else { return try await fetchDurable(request, room, caller) }
        guard !request.hasAck, !request.hasNack else {
            throw CallRefusal.bad("ack", "only a durable subscription is acknowledged")
        }
        let filters = try SubscriptionRegistry.filters(request.filters)
        for filter in filters where caller.identity.subscription(filter.text) == .denied {
            throw CallRefusal.filterNotAllowed(filter.text)
        }
        guard let stream = streams.stream(covering: filters), stream.configuration.keepsHistory else {
            throw CallRefusal.noStream(request.filters)
        }
        let signal = Signal()
        let scan = StreamScan(try stream.reader(from: request.start), filters: filters, for: caller.identity)
        let watch = stream.onCommit { signal.raise() }
        defer { watch.cancel() }
        var response = try await collect(room, waitMilliseconds: request.waitMs, signal, in: stream) {
            try scan.next($0, wallSeconds: Int64(Date().timeIntervalSince1970))
        }
        // Where nothing came, the reader may stand behind much that was not asked for.
        response.cursor = response.events.last?.cursor ?? .of(stream, scan.position)
        return response
    }

    private func fetchDurable(
        _ request: Weir_Bus_V1_FetchRequest,
        _ room: Room,
        _ caller: CallerDirectory.Caller
    ) async throws -> Weir_Bus_V1_FetchResponse {
        guard request.filters.isEmpty, !request.hasStart else {
            throw CallRefusal.bad("subscription", "filters and start are those of the subscription")
        }
        let subscription = try registry.subscription(request.subscription, for: caller.identity)
        if request.hasAck { try subscription.acknowledge(request.ack) }
        if request.hasNack { try subscription.refuse(request.nack) }
        let signal = Signal()
        let watch = subscription.stream.onCommit { signal.raise() }
        defer { watch.cancel() }
        let batch = BatchBuffer()
        var response = try await collect(
            room,
            waitMilliseconds: request.waitMs,
            signal,
            in: subscription.stream
        ) { try subscription.next(0, $0, into: batch) }
        response.cursor = .of(subscription.stream, subscription.position)
        return response
    }

    private func collect(
        _ room: Room,
        waitMilliseconds: UInt32,
        _ signal: Signal,
        in stream: DurableStream,
        _ next: (Room) throws -> StreamScan.Step
    ) async throws -> Weir_Bus_V1_FetchResponse {
        var response = Weir_Bus_V1_FetchResponse()
        let deadline = ContinuousClock.now + .milliseconds(waitMilliseconds)
        let timer = eventLoops.next().scheduleTask(in: .milliseconds(Int64(waitMilliseconds))) {
            signal.raise()
        }
        defer { timer.cancel() }
        while true {
            try Task.checkCancellation()
            switch try next(room) {
            case .batch(let batch):
                response.events = try Weir_Bus_V1_EventBatch(serializedBytes: Array(batch.bytes)).events
                return response
            case .gap(let gap): response.gaps.append(gap.message(in: stream))
            case .tooLarge:
                throw CallRefusal(
                    .resourceExhausted,
                    .overQuota,
                    "the next event is larger than the 4 MiB of a Fetch; use Subscribe"
                )
            case .searching: await Task.yield()
            case .end:
                guard ContinuousClock.now < deadline, !calls.isDraining else {
                    response.caughtUp = true
                    return response
                }
                await signal.wait()
            }
        }
    }

    // MARK: - Durable subscriptions

    func createSubscription(
        _ request: Weir_Bus_V1_CreateSubscriptionRequest,
        _ caller: CallerDirectory.Caller
    ) async throws -> Weir_Bus_V1_CreateSubscriptionResponse {
        let made = try await registry.create(request.subscription, from: request.start, for: caller.identity)
        return .with { $0.subscription = made.report }
    }

    func getSubscription(
        _ request: Weir_Bus_V1_GetSubscriptionRequest,
        _ caller: CallerDirectory.Caller
    ) async throws -> Weir_Bus_V1_GetSubscriptionResponse {
        let found = try registry.subscription(request.name, for: caller.identity)
        return .with { $0.subscription = found.report }
    }

    func listSubscriptions(
        _ request: Weir_Bus_V1_ListSubscriptionsRequest,
        _ caller: CallerDirectory.Caller
    ) async throws -> Weir_Bus_V1_ListSubscriptionsResponse {
        let limit = request.pageSize == 0 ? 100 : Int(min(request.pageSize, 1_000))
        let page = registry.list(for: caller.identity, after: request.pageToken, limit: limit)
        return .with {
            $0.subscriptions = page.list
            $0.nextPageToken = page.next
        }
    }

    func deleteSubscription(
        _ request: Weir_Bus_V1_DeleteSubscriptionRequest,
        _ caller: CallerDirectory.Caller
    ) async throws -> Weir_Bus_V1_DeleteSubscriptionResponse {
        try await registry.delete(request.name, for: caller.identity)
        return Weir_Bus_V1_DeleteSubscriptionResponse()
    }

    func seekSubscription(
        _ request: Weir_Bus_V1_SeekSubscriptionRequest,
        _ caller: CallerDirectory.Caller
    ) async throws -> Weir_Bus_V1_SeekSubscriptionResponse {
        let found = try registry.subscription(request.name, for: caller.identity)
        try found.seek(to: try found.stream.reader(from: request.to).position)
        await found.stream.flush()
        return .with { $0.subscription = found.report }
    }

    // MARK: - The catalogue

    func listTopics(
        _ request: Weir_Bus_V1_ListTopicsRequest,
        _ caller: CallerDirectory.Caller
    ) async throws -> Weir_Bus_V1_ListTopicsResponse {
        .with { $0.topics = catalogue.topics(prefix: request.prefix) }
    }

    func getSchema(
        _ request: Weir_Bus_V1_GetSchemaRequest,
        _ caller: CallerDirectory.Caller
    ) async throws -> Weir_Bus_V1_GetSchemaResponse {
        switch request.of {
        case .topic(let topic):
            guard let message = catalogue.message(of: topic) else {
                throw CallRefusal(
                    .notFound,
                    .unknownTopic,
                    "topic \"\(topic)\" is not in the catalogue; ListTopics names those that are",
                    metadata: ["topic": topic]
                )
            }
            return try schema(message)
        case .message(let message): return try schema(message)
        case nil: throw CallRefusal.bad("of", "expected \"topic\" or \"message\"")
        }
    }

    private func schema(_ message: String) throws -> Weir_Bus_V1_GetSchemaResponse {
        guard let files = Descriptors.shared.files(declaring: message) else {
            throw CallRefusal(
                .notFound,
                .unknownTopic,
                "message type \"\(message)\" has no protobuf schema here",
                metadata: ["message": message]
            )
        }
        return .with {
            $0.message = message
            $0.fileDescriptors = files
        }
    }

    // MARK: - Health

    func watchHealth(
        _ request: StreamingServerRequest<Weir_Bus_V1_WatchHealthRequest>,
        _ context: ServerContext
    ) async throws -> StreamingServerResponse<Weir_Bus_V1_WatchHealthResponse> {
        let caller = try await callers.caller(request.metadata, context)
        var iterator = request.messages.makeAsyncIterator()
        let interval = try await iterator.next()?.intervalSeconds ?? 0
        guard interval <= 3_600 else { throw CallRefusal.bad("interval_seconds", "expected at most 3,600") }
        return StreamingServerResponse { writer in
            let signal = Signal()
            let number = try self.calls.begin { _ in signal.raise() }
            defer { self.calls.finish(number) }
            let pulse = TimeAmount.seconds(Int64(interval == 0 ? 10 : interval))
            let timer = self.eventLoops.next().scheduleRepeatedTask(initialDelay: pulse, delay: pulse) { _ in
                signal.raise()
            }
            defer { timer.cancel() }
            while !Task.isCancelled {
                try await writer.write(self.healthReport(caller))
                if self.calls.isDraining { throw CallRefusal.shuttingDown() }
                await signal.wait()
            }
            return [:]
        }
    }

    private func healthReport(_ caller: CallerDirectory.Caller) -> Weir_Bus_V1_WatchHealthResponse {
        let health = health()
        return .with { report in
            report.status = calls.isDraining ? .draining : health.isStorageWell ? .serving : .storageFailed
            report.streams = streams.streams.map { stream in
                .with {
                    $0.name = stream.configuration.name
                    $0.bytes = UInt64(stream.shape.fileBytes)
                    $0.oldest = .of(stream, stream.startPosition)
                    $0.end = .of(stream, stream.durablePosition)
                }
            }
            report.subscriptions = registry.list(for: caller.identity, after: "", limit: 1_000).list.map {
                subscription in
                .with {
                    $0.subscription = subscription.name
                    $0.lagBytes = subscription.lagBytes
                    $0.unacknowledgedEvents = subscription.unacknowledgedEvents
                    $0.subscribers = subscription.subscribers
                }
            }
            report.links = health.links.map { link in
                .with {
                    $0.name = link.name
                    $0.state = link.state
                    $0.connected = link.isConnected
                    $0.backlogEvents = link.backlogEvents
                    $0.backlogBytes = link.backlogBytes
                }
            }
            report.liveSubscribers = UInt32(clamping: calls.subscriberCount)
        }
    }
}
