import HTTPTypes
import Hummingbird
import HummingbirdCore
import HummingbirdTLS
package import Logging
import NIOCore
import NIOPosix
import NIOSSL
import ServiceLifecycle
package import Telemetry

/// The HTTP listener: `/metrics`, `/healthz` and `/readyz`, and whatever ``HTTPService`` it is given.
///
/// It runs on threads of NIO's own, apart from the shards, and asks them through their mailboxes.
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
    ///
    /// - Parameter service: Answers everything else; without it that is 404.
    package static func start(
        _ settings: HTTPSettings,
        metrics: MetricsRegistry,
        health: any HealthSource,
        service: (any HTTPService)? = nil,
        logger: Logger
    ) async throws -> HTTPGateway {
        let tls = try tlsConfiguration(settings)
        let group = MultiThreadedEventLoopGroup(numberOfThreads: settings.threads)
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
        let upgradable = HTTPServerBuilder { responder in
            UpgradeChannel(responder: responder, settings: settings, isSecure: tls != nil, service: service)
        }
        let application = Application(
            responder: GatewayResponder(
                metrics: metrics,
                health: health,
                service: service,
                maximumBodySize: settings.maximumBodySize,
                hasCertificates: tls != nil && settings.clientCertificate != .none
            ),
            server: try tls.map { try .tls(upgradable, tlsConfiguration: $0) } ?? upgradable,
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

    /// RFC 9325: nothing below TLS 1.2.
    private static func tlsConfiguration(_ settings: HTTPSettings) throws -> TLSConfiguration? {
        guard let certificateFile = settings.certificateFile, let keyFile = settings.keyFile else {
            return nil
        }
        do {
            var configuration = TLSConfiguration.makeServerConfiguration(
                certificateChain: try NIOSSLCertificate.fromPEMFile(certificateFile).map { .certificate($0) },
                privateKey: .privateKey(try NIOSSLPrivateKey(file: keyFile, format: .pem))
            )
            configuration.minimumTLSVersion = .tlsv12
            if let file = settings.clientCAFile, settings.clientCertificate != .none {
                // A client's name is not its address: the chain is verified, no host name.
                configuration.certificateVerification =
                    settings.clientCertificate == .required ? .noHostnameVerification : .optionalVerification
                configuration.trustRoots = .certificates(try NIOSSLCertificate.fromPEMFile(file))
                configuration.sendCANameList = true
            }
            return configuration
        } catch {
            throw StartError(
                address: settings.listen,
                reason:
                    "http.certificateFile \"\(certificateFile)\", http.keyFile \"\(keyFile)\" or http.clientCAFile: \(error)"
            )
        }
    }
}

/// Asks whoever knows.
private struct GatewayResponder: HTTPResponder {
    let metrics: MetricsRegistry
    let health: any HealthSource
    let service: (any HTTPService)?
    let maximumBodySize: Int
    /// Whether clients may have shown certificates.
    let hasCertificates: Bool

    func respond(to request: Request, context: GatewayRequestContext) async throws -> Response {
        switch request.uri.path {
        case "/metrics" where request.method == .get:
            return response(.ok, PrometheusText.contentType, PrometheusText.write(await metrics.snapshot()))
        case "/healthz" where request.method == .get:
            return report(await health.health().filter { $0.scope == .liveness })
        case "/readyz" where request.method == .get: return report(await health.health())
        default: break
        }
        guard let service else { return Response(status: .notFound) }
        let answer = await service.respond(to: await ask(request, context))
        return Response(
            status: answer.status,
            headers: answer.headers,
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: answer.body))
        )
    }

    private func ask(_ request: Request, _ context: GatewayRequestContext) async -> ServiceRequest {
        let uri = request.uri
        var ask = ServiceRequest(
            method: request.method,
            path: uri.path,
            query: uri.query ?? "",
            headers: request.headers,
            body: [],
            peerAddress: context.peer?.ipAddress ?? "",
            isLoopback: context.peer?.isLoopback ?? false
        )
        if hasCertificates { ask.clientCertificate = await context.channel.clientCertificate() }
        // A GET has no body, and most requests are GETs.
        if request.method == .get || request.method == .delete { return ask }
        do {
            ask.body = Array(buffer: try await request.body.collect(upTo: maximumBodySize))
        } catch {
            ask.isTooLarge = true
        }
        return ask
    }

    private func report(_ checks: [HealthCheck]) -> Response {
        let report = HealthReport(checks: checks)
        return response(
            report.status == .fail ? .serviceUnavailable : .ok,
            "application/health+json",
            report.json
        )
    }

    private func response(_ status: HTTPResponse.Status, _ type: String, _ body: String) -> Response {
        Response(
            status: status,
            headers: [.contentType: type, .cacheControl: "no-store"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: body))
        )
    }
}

/// Remembers who asks.
private struct GatewayRequestContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    let channel: any Channel
    var peer: SocketAddress? { channel.remoteAddress }

    init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
        channel = source.channel
    }
}

extension Channel {
    /// What the client has shown, as DER; its chain is verified.
    func clientCertificate() async -> [UInt8]? {
        try? await nioSSL_peerCertificate().get()?.toDERBytes()
    }
}

extension SocketAddress {
    var isLoopback: Bool {
        guard let ipAddress else { return false }
        return ipAddress.hasPrefix("127.") || ipAddress == "::1" || ipAddress.hasPrefix("::ffff:127.")
    }
}
