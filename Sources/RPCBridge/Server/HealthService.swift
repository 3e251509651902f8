import GRPCCore
import NIOCore

/// `grpc.health.v1.Health`, for probes and load balancers. Nobody is asked for credentials here.
struct HealthService: Sendable {
    private typealias Request = Grpc_Health_V1_HealthCheckRequest
    private typealias Response = Grpc_Health_V1_HealthCheckResponse
    private static let service = "grpc.health.v1.Health"

    let services: Set<String>
    let calls: CallTable
    let eventLoops: any EventLoopGroup
    let health: @Sendable () -> RPCHealth

    func register(with router: inout RPCRouter<RPCTransport>) {
        router.registerHandler(
            forMethod: MethodDescriptor(fullyQualifiedService: Self.service, method: "Check"),
            deserializer: ProtobufDeserializer<Request>(),
            serializer: ProtobufSerializer<Response>()
        ) { request, _ in
            var iterator = request.messages.makeAsyncIterator()
            let service = try await iterator.next()?.service ?? ""
            guard let status = status(service) else {
                throw RPCError(code: .notFound, message: "service \"\(service)\" is not served here")
            }
            return StreamingServerResponse(single: ServerResponse(message: .with { $0.status = status }))
        }
        router.registerHandler(
            forMethod: MethodDescriptor(fullyQualifiedService: Self.service, method: "Watch"),
            deserializer: ProtobufDeserializer<Request>(),
            serializer: ProtobufSerializer<Response>()
        ) { request, _ in
            var iterator = request.messages.makeAsyncIterator()
            let service = try await iterator.next()?.service ?? ""
            return StreamingServerResponse { writer in try await watch(service, writer) }
        }
    }

    private func watch(_ service: String, _ writer: RPCWriter<Response>) async throws -> Metadata {
        let signal = Signal()
        let number = try calls.begin { _ in signal.raise() }
        defer { calls.finish(number) }
        // The state of the disk is looked at once a second; the end of the server is told at once.
        let timer = eventLoops.next().scheduleRepeatedTask(initialDelay: .seconds(1), delay: .seconds(1)) {
            _ in
            signal.raise()
        }
        defer { timer.cancel() }
        var told: Response.ServingStatus?
        while !Task.isCancelled {
            let status = status(service) ?? .serviceUnknown
            if status != told {
                told = status
                try await writer.write(.with { $0.status = status })
            }
            if calls.isDraining { throw CallRefusal.shuttingDown() }
            await signal.wait()
        }
        return [:]
    }

    private func status(_ service: String) -> Response.ServingStatus? {
        guard service.isEmpty || services.contains(service) else { return nil }
        return calls.isDraining || !health().isStorageWell ? .notServing : .serving
    }
}
