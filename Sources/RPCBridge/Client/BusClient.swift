package import GRPCCore
package import SwiftProtobuf

/// The methods of `weir.bus.v1.EventBus`.
package enum BusMethod: String, CaseIterable, Sendable {
    case publish = "Publish"
    case publishStream = "PublishStream"
    case subscribe = "Subscribe"
    case fetch = "Fetch"
    case getLatest = "GetLatest"
    case createSubscription = "CreateSubscription"
    case getSubscription = "GetSubscription"
    case listSubscriptions = "ListSubscriptions"
    case deleteSubscription = "DeleteSubscription"
    case seekSubscription = "SeekSubscription"
    case listTopics = "ListTopics"
    case getSchema = "GetSchema"
    case watchHealth = "WatchHealth"

    package static let service = "weir.bus.v1.EventBus"

    package var descriptor: MethodDescriptor {
        MethodDescriptor(fullyQualifiedService: Self.service, method: rawValue)
    }
}

/// Calls of the bus, for tools.
package struct BusClient<Transport: ClientTransport>: Sendable {
    private let client: GRPCClient<Transport>
    private let metadata: Metadata

    package init(_ client: GRPCClient<Transport>, _ metadata: Metadata) {
        self.client = client
        self.metadata = metadata
    }

    /// One request, one answer.
    package func call<Request: SwiftProtobuf.Message, Response: SwiftProtobuf.Message>(
        _ method: BusMethod,
        _ request: Request
    ) async throws -> Response {
        try await client.unary(
            request: ClientRequest(message: request, metadata: metadata),
            descriptor: method.descriptor,
            serializer: ProtobufSerializer<Request>(),
            deserializer: ProtobufDeserializer<Response>(),
            options: .defaults
        ) { try $0.message }
    }

    /// Requests as `send` writes them; `receive` takes the answers until it returns.
    package func stream<Request: SwiftProtobuf.Message, Response: Sendable, Result: Sendable>(
        _ method: BusMethod,
        reading deserializer: some MessageDeserializer<Response>,
        send: @escaping @Sendable (RPCWriter<Request>) async throws -> Void,
        receive: @escaping @Sendable (RPCAsyncSequence<Response, any Error>) async throws -> Result
    ) async throws -> Result {
        try await client.bidirectionalStreaming(
            request: StreamingClientRequest(metadata: metadata, producer: send),
            descriptor: method.descriptor,
            serializer: ProtobufSerializer<Request>(),
            deserializer: deserializer,
            options: .defaults
        ) { response in try await receive(response.messages) }
    }
}
