import HTTPTypes
import Hummingbird
import HummingbirdCore
package import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
package import Telemetry

/// The HTTP listener: `/metrics`, `/healthz` and `/readyz`.
///
/// It runs on one thread of NIO's own, apart from the shards, and asks them through their mailboxes.
package actor HTTPGateway {
    /// Why it could not be started.
    package struct StartError: Error, CustomStringConvertible {
        package var address: HTTPAddress
        package var reason: String

        package var description: String {
            """
            http.listen "\(address)" cannot be listened on (\(reason)); \
            choose another address with --set http.listen=HOST:PORT, or switch it off with --set http.enabled=false.
            """
        }
    }

    /// Where it listens; the port is the real one where 0 was asked for.
    package nonisolated let address: HTTPAddress
    private let services: ServiceGroup
    private let group: MultiThreadedEventLoopGroup
    private let running: Task<Void, any Error>

    private init(
        address: HTTPAddress,
        services: ServiceGroup,
        group: MultiThreadedEventLoopGroup,
        running: Task<Void, any Error>
    ) {
        self.address = address
        self.services = services
        self.group = group
        self.running = running
    }

    /// Listens, and returns once connections are taken.
    package static func start(
        _ settings: HTTPSettings,
        metrics: MetricsRegistry,
        health: any HealthSource,
        logger: Logger
    ) async throws -> HTTPGateway {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        // Hummingbird's own lines say nothing that an operator needs below a warning.
        var quiet = logger
        quiet.logLevel = max(logger.logLevel, .warning)

        let (bound, announce) = AsyncStream.makeStream(of: Int.self)
        let configuration = ApplicationConfiguration(
            address: .hostname(settings.listen.host, port: settings.listen.port),
            serverName: "weir",
            availableConnectionsDelegate: MaximumAvailableConnections(
                settings.maximumConnections,
                logger: quiet
            )
        )
        let decoder = HTTP1Channel.Configuration.DecoderConfiguration(
            maxHeaderFieldSize: settings.maximumHeaderSize,
            maxHeaderListSize: settings.maximumHeaderSize,
            maxHeaderFieldCount: 100
        )
        let idle = TimeAmount(settings.idleTimeout)
        let application = Application(
            router: router(metrics, health),
            server: .http1(configuration: .init(idleTimeout: idle, httpDecoderConfiguration: decoder)),
            configuration: configuration,
            onServerRunning: { channel in
                announce.yield(channel.localAddress?.port ?? settings.listen.port)
                announce.finish()
            },
            eventLoopGroupProvider: .shared(group),
            logger: quiet
        )
        var lifecycle = ServiceGroupConfiguration(services: [application], logger: quiet)
        lifecycle.maximumGracefulShutdownDuration = .seconds(2)
        let services = ServiceGroup(configuration: lifecycle)
        let running = Task {
            defer { announce.finish() }
            try await services.run()
        }
        for await port in bound {
            let address = HTTPAddress(host: settings.listen.host, port: port)
            return HTTPGateway(address: address, services: services, group: group, running: running)
        }
        // The stream ended without a port: the task has failed and tells why.
        let reason: String
        do {
            try await running.value
            reason = "it ended at once"
        } catch {
            reason = (error as? IOError).map { String(describing: $0) } ?? String(describing: error)
        }
        try? await group.shutdownGracefully()
        throw StartError(address: settings.listen, reason: reason)
    }

    /// Takes no further connections, lets requests under way finish for two seconds, then closes them.
    package func stop() async {
        await services.triggerGracefulShutdown()
        _ = await running.result
        try? await group.shutdownGracefully()
    }

    private static func router(_ metrics: MetricsRegistry, _ health: any HealthSource) -> Router<
        BasicRequestContext
    > {
        let router = Router()
        router.get("metrics") { _, _ in
            response(.ok, PrometheusText.contentType, PrometheusText.write(await metrics.snapshot()))
        }
        router.get("healthz") { _, _ in
            report(await health.health().filter { $0.scope == .liveness })
        }
        router.get("readyz") { _, _ in
            report(await health.health())
        }
        return router
    }

    private static func report(_ checks: [HealthCheck]) -> Response {
        let report = HealthReport(checks: checks)
        return response(
            report.status == .fail ? .serviceUnavailable : .ok,
            "application/health+json",
            report.json
        )
    }

    private static func response(_ status: HTTPResponse.Status, _ type: String, _ body: String) -> Response {
        Response(
            status: status,
            headers: [.contentType: type, .cacheControl: "no-store"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: body))
        )
    }
}
