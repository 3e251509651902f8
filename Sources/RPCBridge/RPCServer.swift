package import Access
package import Bus
import EventBus
import Foundation
import GRPCCore
import GRPCNIOTransportHTTP2Posix
package import LocalBus
package import Logging
import NIOCore
import NIOPosix
package import Streams
import Synchronization

typealias RPCTransport = HTTP2ServerTransport.Posix

/// The bus over gRPC: a listener and its services.
package final class RPCServer: Sendable {
    /// Makes the bus as one client sees it.
    package typealias MakeBus = @Sendable (Identity) throws(BusError) -> LocalBus

    /// Where it listens: host and port as the kernel gave them.
    package let address: String
    private let server: GRPCServer<RPCTransport>
    private let serving: Task<Void, any Error>
    private let calls: CallTable
    private let callers: CallerDirectory
    private let eventLoops: MultiThreadedEventLoopGroup
    private let logger: Logger
    private let producers: ProducerFile
    private let certificates: CertificateHolder?
    private let saving: RepeatedTask

    private init(
        address: String,
        server: GRPCServer<RPCTransport>,
        serving: Task<Void, any Error>,
        calls: CallTable,
        callers: CallerDirectory,
        eventLoops: MultiThreadedEventLoopGroup,
        logger: Logger,
        producers: ProducerFile,
        certificates: CertificateHolder?
    ) {
        self.address = address
        self.server = server
        self.serving = serving
        self.calls = calls
        self.callers = callers
        self.eventLoops = eventLoops
        self.logger = logger
        self.producers = producers
        self.certificates = certificates
        let queue = DispatchQueue(label: "weir.rpc.producers")
        saving = eventLoops.next().scheduleRepeatedTask(initialDelay: .seconds(5), delay: .seconds(5)) { _ in
            queue.async { producers.save() }
        }
    }

    /// Binds the listener and serves.
    ///
    /// - Parameters:
    ///   - services: the MEC services to serve beside the bus.
    ///   - directory: where durable subscriptions are kept; made if it is not there.
    ///   - health: asked now and then; must return at once.
    /// - Throws: what is wrong with certificates, the directory or the address.
    package static func start(
        _ settings: RPCSettings,
        access: AccessControl,
        streams: StreamCatalogue,
        services: MECCalls,
        directory: String,
        logger: Logger,
        health: @escaping @Sendable () -> RPCHealth,
        bus: @escaping MakeBus
    ) async throws -> RPCServer {
        let eventLoops = MultiThreadedEventLoopGroup(numberOfThreads: settings.threads)
        do {
            return try await start(
                settings,
                access: access,
                streams: streams,
                services: services,
                directory: directory,
                logger: logger,
                health: health,
                bus: bus,
                on: eventLoops
            )
        } catch {
            try? await eventLoops.shutdownGracefully()
            throw error
        }
    }

    private static func start(
        _ settings: RPCSettings,
        access: AccessControl,
        streams: StreamCatalogue,
        services: MECCalls,
        directory: String,
        logger: Logger,
        health: @escaping @Sendable () -> RPCHealth,
        bus: @escaping MakeBus,
        on eventLoops: MultiThreadedEventLoopGroup
    ) async throws -> RPCServer {
        let calls = CallTable(limit: settings.maximumCalls)
        let callers = CallerDirectory(access: access, listener: settings.name, makeBus: bus)
        let own = Mutex<LocalBus?>(nil)
        let registry = try SubscriptionRegistry(
            directory: directory,
            streams: streams,
            settings: settings,
            eventLoop: eventLoops.next(),
            logger: logger
        ) { () throws(BusError) in
            // Whether the owner may publish there was asked when the subscription was made.
            if let known = own.withLock({ $0 }) { return known }
            let made = try bus(.unrestricted(clientID: "$rpc"))
            own.withLock { $0 = made }
            return made
        }
        let producers = ProducerTable()
        let producerFile = try ProducerFile(
            directory: directory,
            table: producers,
            streams: streams,
            logger: logger
        )
        let service = BusService(
            settings: settings,
            callers: callers,
            feeds: LiveFeeds(bytesMaximum: settings.maximumWaitingBytes, eventLoops: eventLoops),
            registry: registry,
            producers: producers,
            streams: streams,
            calls: calls,
            eventLoops: eventLoops,
            health: health
        )
        var router = RPCRouter<RPCTransport>()
        service.register(with: &router)
        let names =
            ["grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection", "weir.bus.v1.EventBus"]
            + services.register(with: &router, service)
        HealthService(services: Set(names), calls: calls, eventLoops: eventLoops, health: health)
            .register(with: &router)
        ReflectionService(services: names).register(with: &router)
        let certificates = try settings.tls.certificateFile.map { _ in try CertificateHolder(settings.tls) }
        let transport = RPCTransport(
            address: try await Self.address(settings, eventLoops),
            transportSecurity: try Self.security(settings, certificates),
            config: Self.configuration(settings),
            eventLoopGroup: eventLoops
        )
        let server = GRPCServer(transport: transport, router: router)
        let serving = Task { try await server.serve() }
        do {
            let address = try await Self.bound(transport, serving)
            return RPCServer(
                address: address,
                server: server,
                serving: serving,
                calls: calls,
                callers: callers,
                eventLoops: eventLoops,
                logger: logger,
                producers: producerFile,
                certificates: certificates
            )
        } catch {
            serving.cancel()
            throw StartError(settings, error)
        }
    }

    private static func bound(
        _ transport: RPCTransport,
        _ serving: Task<Void, any Error>
    ) async throws -> String {
        do {
            let address = try await transport.listeningAddress
            if let v4 = address.ipv4 { return "\(v4.host):\(v4.port)" }
            if let v6 = address.ipv6 { return "[\(v6.host)]:\(v6.port)" }
            return "\(address)"
        } catch {
            // What kept it from listening says more.
            try await serving.value
            throw error
        }
    }

    private static func address(
        _ settings: RPCSettings,
        _ eventLoops: MultiThreadedEventLoopGroup
    ) async throws -> GRPCNIOTransportHTTP2Posix.SocketAddress {
        let resolved: NIOCore.SocketAddress
        do {
            resolved = try .makeAddressResolvingHost(settings.host, port: settings.port)
        } catch {
            throw StartError(settings, error)
        }
        let host = resolved.ipAddress ?? settings.host
        return host.contains(":")
            ? .ipv6(host: host, port: settings.port) : .ipv4(host: host, port: settings.port)
    }

    private static func security(
        _ settings: RPCSettings,
        _ certificates: CertificateHolder?
    ) throws -> RPCTransport.TransportSecurity {
        guard let certificates else { return .plaintext }
        guard let roots = settings.tls.clientCAFile else {
            return try .tls(certificateReloader: certificates)
        }
        guard Foundation.access(roots, R_OK) == 0 else {
            throw StartError(
                "rpc.tls.clientCAFile \"\(roots)\" cannot be read (\(String(cString: strerror(errno)))); check its path and owner"
            )
        }
        return try .mTLS(certificateReloader: certificates) { tls in
            tls.trustRoots = .certificates([.file(path: roots, format: .pem)])
            tls.clientCertificateVerification = .noHostnameVerification
        }
    }

    private static func configuration(_ settings: RPCSettings) -> RPCTransport.Config {
        .defaults { config in
            // The transport cuts off what is larger without a word, so up to twice as much is let through to be refused.
            config.rpc.maxRequestPayloadSize = 2 * settings.maximumMessageSize
            config.http2.maxConcurrentStreams = settings.maximumStreams
            config.http2.targetWindowSize = 1 << 20
            config.connection.maxAge = settings.maximumConnectionAge
            config.connection.maxGraceTime = settings.connectionAgeGrace
            config.connection.maxIdleTime = settings.idleTimeout
            config.connection.keepalive.time = settings.keepaliveTime
            config.connection.keepalive.timeout = settings.keepaliveTimeout
            config.connection.keepalive.clientBehavior.minPingIntervalWithoutCalls =
                settings.minimumPingInterval
            config.connection.keepalive.clientBehavior.allowWithoutCalls = true
            config.channelDebuggingCallbacks.onAcceptTCPConnection = { SilenceLimit.add(to: $0, settings) }
        }
    }

    /// Reads the certificate and its key anew.
    ///
    /// - Returns: What puts them in force, for connections from then on; nothing has changed before.
    /// - Throws: ``StartError`` that names the file.
    package func readingCertificates() throws -> (@Sendable () -> Void)? {
        try certificates?.reading()
    }

    /// Rules and passwords for calls that begin from now on.
    package func replace(access: AccessControl) { callers.replace(access: access) }

    /// Calls that run.
    package var callCount: Int { calls.count }

    /// Tells every call to end and where to resume, and returns when all have, or at the deadline.
    package func drain(within timeout: Duration) async {
        calls.drain()
        server.beginGracefulShutdown()
        let deadline = ContinuousClock.now + timeout
        let serving = serving
        await withTaskGroup(of: Void.self) { group in
            group.addTask { _ = await serving.result }
            group.addTask {
                try? await Task.sleep(until: deadline)
                // Those who did not take their last message in time are cut off.
                serving.cancel()
            }
            await group.next()
            group.cancelAll()
        }
        saving.cancel()
        producers.save()
        // The threads stay: feeds may still be told of events, and the process is about to end.
    }
}

/// The listener did not come up.
package struct StartError: Error, CustomStringConvertible {
    package let description: String

    init(_ text: String) { description = text }

    init(_ settings: RPCSettings, _ error: any Error) {
        if let error = error as? StartError {
            self = error
        } else {
            var text = "\(error)"
            if let cause = (error as? RuntimeError)?.cause { text += " (\(cause))" }
            self.init("rpc.listen \(settings.host):\(settings.port): \(text)")
        }
    }
}
