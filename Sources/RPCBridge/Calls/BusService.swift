import Access
import Bus
import Foundation
import GRPCCore
import LocalBus
import Logging
import MQTTWire
import NIOCore
import Streams
import Synchronization

/// `weir.bus.v1.EventBus`.
final class BusService: Sendable {
    let settings: RPCSettings
    let callers: CallerDirectory
    let feeds: LiveFeeds
    let registry: SubscriptionRegistry
    let producers: ProducerTable
    let streams: StreamCatalogue
    let catalogue = TopicCatalogue()
    let calls: CallTable
    let eventLoops: any EventLoopGroup
    let health: @Sendable () -> RPCHealth

    init(
        settings: RPCSettings,
        callers: CallerDirectory,
        feeds: LiveFeeds,
        registry: SubscriptionRegistry,
        producers: ProducerTable,
        streams: StreamCatalogue,
        calls: CallTable,
        eventLoops: any EventLoopGroup,
        health: @escaping @Sendable () -> RPCHealth
    ) {
        self.settings = settings
        self.callers = callers
        self.feeds = feeds
        self.registry = registry
        self.producers = producers
        self.streams = streams
        self.calls = calls
        self.eventLoops = eventLoops
        self.health = health
    }

    func register(with router: inout RPCRouter<RPCTransport>) {
        unary(BusMethod.publish.descriptor, &router, publish)
        unary(BusMethod.fetch.descriptor, &router, fetch)
        unary(BusMethod.getLatest.descriptor, &router, getLatest)
        unary(BusMethod.createSubscription.descriptor, &router, createSubscription)
        unary(BusMethod.getSubscription.descriptor, &router, getSubscription)
        unary(BusMethod.listSubscriptions.descriptor, &router, listSubscriptions)
        unary(BusMethod.deleteSubscription.descriptor, &router, deleteSubscription)
        unary(BusMethod.seekSubscription.descriptor, &router, seekSubscription)
        unary(BusMethod.listTopics.descriptor, &router, listTopics)
        unary(BusMethod.getSchema.descriptor, &router, getSchema)
        router.registerHandler(
            forMethod: BusMethod.subscribe.descriptor,
            deserializer: reading(Weir_Bus_V1_SubscribeRequest.self),
            serializer: SubscribeSerializer()
        ) { request, context in try await self.subscribe(request, context) }
        router.registerHandler(
            forMethod: BusMethod.publishStream.descriptor,
            deserializer: reading(Weir_Bus_V1_PublishStreamRequest.self),
            serializer: ProtobufSerializer<Weir_Bus_V1_PublishStreamResponse>()
        ) { request, context in try await self.publishStream(request, context) }
        router.registerHandler(
            forMethod: BusMethod.watchHealth.descriptor,
            deserializer: reading(Weir_Bus_V1_WatchHealthRequest.self),
            serializer: ProtobufSerializer<Weir_Bus_V1_WatchHealthResponse>()
        ) { request, context in try await self.watchHealth(request, context) }
    }

    /// Reads requests within `rpc.maximumMessageSize`.
    private func reading<Request: ProtobufMessage>(_: Request.Type) -> ProtobufDeserializer<Request> {
        ProtobufDeserializer(bytesMaximum: settings.maximumMessageSize)
    }

    /// Registers a call with one request and one answer.
    func unary<Input: Sendable, Output: Sendable>(
        _ method: MethodDescriptor,
        _ router: inout RPCRouter<RPCTransport>,
        _ body: @escaping @Sendable (Input, CallerDirectory.Caller) async throws -> Output
    ) where Input: ProtobufMessage, Output: ProtobufMessage {
        router.registerHandler(
            forMethod: method,
            deserializer: reading(Input.self),
            serializer: ProtobufSerializer<Output>()
        ) { request, context in
            let call = try self.calls.begin { _ in }
            defer { self.calls.finish(call) }
            let caller = try await self.callers.caller(request.metadata, context)
            var iterator = request.messages.makeAsyncIterator()
            guard let input = try await iterator.next() else {
                throw CallRefusal.bad("request", "found none, expected one")
            }
            return StreamingServerResponse(single: ServerResponse(message: try await body(input, caller)))
        }
    }

    // MARK: - Subscribe

    private func subscribe(
        _ request: StreamingServerRequest<Weir_Bus_V1_SubscribeRequest>,
        _ context: ServerContext
    ) async throws -> StreamingServerResponse<SubscribeOutput> {
        let caller = try await callers.caller(request.metadata, context)
        return deliver(request.messages, { $0 }, caller) { open in Delivery(open: open) }
    }

    /// What a Subscribe or Watch call is to send.
    struct Delivery {
        var open: Weir_Bus_V1_SubscribeRequest.Open
        /// What becomes of the events on their way.
        var wrap: (any EventSource) -> any EventSource = { $0 }
        /// Called when events are being gathered, before the client is told so.
        var onOpened: @Sendable () async throws -> Void = {}
        var onEnd: @Sendable () async -> Void = {}
    }

    /// Answers a call that delivers events at the pace of the client's credit.
    ///
    /// - Parameters:
    ///   - asSubscribe: each request as one of Subscribe.
    ///   - plan: called once, with the first request.
    func deliver<Request: Sendable>(
        _ requests: RPCAsyncSequence<Request, any Error>,
        _ asSubscribe: @escaping @Sendable (Request) throws -> Weir_Bus_V1_SubscribeRequest,
        _ caller: CallerDirectory.Caller,
        plan: @escaping @Sendable (Weir_Bus_V1_SubscribeRequest.Open) async throws -> Delivery
    ) -> StreamingServerResponse<SubscribeOutput> {
        StreamingServerResponse { writer in
            let call = SubscribeCall()
            let number = try self.calls.begin(isSubscriber: true) { call.end($0) }
            defer { self.calls.finish(number) }
            return try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { await call.receive(requests, asSubscribe) }
                defer { group.cancelAll() }
                let delivery = try await plan(try await call.opened())
                do {
                    try await self.serve(call, delivery, caller, writer)
                } catch {
                    await delivery.onEnd()
                    throw error
                }
                await delivery.onEnd()
                return [:]
            }
        }
    }

    private func serve(
        _ call: SubscribeCall,
        _ delivery: Delivery,
        _ caller: CallerDirectory.Caller,
        _ writer: RPCWriter<SubscribeOutput>
    ) async throws {
        let open = delivery.open
        let limits = try SubscribeCall.Limits(open)
        guard open.heartbeatIntervalSeconds <= 3_600 else {
            throw CallRefusal.bad("heartbeat_interval_seconds", "expected at most 3,600")
        }
        var opened = Weir_Bus_V1_SubscribeResponse.Opened()
        let source = delivery.wrap(try await source(open, caller, call, &opened))
        defer { source.stop() }
        try await delivery.onOpened()
        opened.batchEvents = UInt32(limits.batchEvents)
        opened.batchBytes = UInt32(limits.batchBytes)
        let answer = opened
        try await writer.write(.message(.with { $0.opened = answer }))
        let eventLoop = eventLoops.next()
        do {
            try await withTaskExecutorPreference(source.isInMemory ? EventLoopExecutor(eventLoop) : nil) {
                try await call.send(
                    from: source,
                    limits,
                    heartbeat: .seconds(
                        open.heartbeatIntervalSeconds == 0 ? 30 : open.heartbeatIntervalSeconds
                    ),
                    on: eventLoop,
                    identityExpiry: caller.identity.expiry,
                    to: writer
                )
            }
        } catch let refusal as CallRefusal where refusal.reason == .shuttingDown {
            throw CallRefusal.shuttingDown(resumeAfter: source.cursor)
        }
    }

    private func source(
        _ open: Weir_Bus_V1_SubscribeRequest.Open,
        _ caller: CallerDirectory.Caller,
        _ call: SubscribeCall,
        _ opened: inout Weir_Bus_V1_SubscribeResponse.Opened
    ) async throws -> any EventSource {
        guard open.subscription.isEmpty else {
            guard open.filters.isEmpty, open.group.isEmpty, !open.hasStart, open.overflow != .conflate,
                open.minimumIntervalMs == 0
            else {
                throw CallRefusal.bad(
                    "open",
                    "with \"subscription\", filters, group, start, conflation and interval are not for this call"
                )
            }
            let subscription = try registry.subscription(open.subscription, for: caller.identity)
            let consumer = try subscription.join(caller.identity, call.signal) { call.end($0) }
            opened.stream = subscription.stream.configuration.name
            opened.resumedAfter = .of(subscription.stream, subscription.position)
            opened.oldest = .of(subscription.stream, subscription.stream.startPosition)
            return DurableSource(subscription, consumer: consumer)
        }
        let filters = try SubscriptionRegistry.filters(open.filters)
        for filter in filters where caller.identity.subscription(filter.text) == .denied {
            throw CallRefusal.filterNotAllowed(filter.text)
        }
        let isLive: Bool
        switch open.start.start {
        case nil, .position(.unspecified), .position(.latest), .position(.lastPerTopic): isLive = true
        default: isLive = false
        }
        let withRetained = open.start.start == .position(.lastPerTopic)
        if open.overflow == .conflate || open.minimumIntervalMs > 0 {
            guard isLive, open.group.isEmpty else {
                throw CallRefusal.bad(
                    "open",
                    "conflation and interval need start LATEST or LAST_PER_TOPIC and no group"
                )
            }
            return try await conflated(filters, open, withRetained: withRetained, caller, call)
        }
        let stream = streams.stream(covering: filters)
        if open.group.isEmpty, !withRetained, open.overflow != .dropOldest || !isLive, let stream,
            stream.configuration.keepsHistory
        {
            let reader = try stream.reader(from: open.start)
            opened.stream = stream.configuration.name
            opened.resumedAfter = .of(stream, reader.position)
            opened.oldest = .of(stream, stream.startPosition)
            return StreamSource(StreamScan(reader, filters: filters, for: caller.identity), call.signal)
        }
        guard isLive, open.overflow != .block else { throw CallRefusal.noStream(open.filters) }
        return try await feeds.source(
            filters,
            group: open.group.isEmpty ? nil : open.group,
            withRetained: withRetained,
            for: caller,
            call.signal
        )
    }

    private func conflated(
        _ filters: [TopicFilter],
        _ open: Weir_Bus_V1_SubscribeRequest.Open,
        withRetained: Bool,
        _ caller: CallerDirectory.Caller,
        _ call: SubscribeCall
    ) async throws -> any EventSource {
        let feed = ConflatedFeed(
            interval: .milliseconds(open.minimumIntervalMs),
            bytesMaximum: settings.maximumWaitingBytes,
            startsWithRetained: withRetained,
            eventLoop: eventLoops.next(),
            call.signal
        )
        do throws(BusError) {
            let wishes = try LiveFeeds.wishes(filters, group: nil, withRetained: withRetained)
            feed.keep(try await caller.bus.attach(feed, to: wishes) { feed.attached() })
        } catch {
            if case .notAuthorized(let filter) = error { throw CallRefusal.filterNotAllowed(filter) }
            throw CallRefusal(error)
        }
        return ConflatedSource(feed, caller)
    }
}
