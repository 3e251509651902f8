import Access
import ArgumentParser
import EventBus
import Gateway
import HTTPGateway
import Logging
import RPCBridge
import Settings
import Supervision
import Telemetry

/// One running server: put together, kept running, reloaded, and brought to its end.
///
/// Nothing here is on the way of a message; shards run on threads of their own from ``start()`` on.
actor Server {
    let options: SettingsOptions
    let environment: [String: String]
    let sink: LogSink
    let logger: Logger
    let serviceManager: ServiceManager
    let life = ServerLife()
    /// As the server was started: what a restart would change is told against it.
    let startSettings: WeirSettings
    var settings: WeirSettings
    var gateway: Gateway?
    var storage: ServerStorage?
    var services: ServerServices?
    var http: HTTPGateway?
    var rpc: RPCServer?
    var uplink: ServerUplink?
    var rest: ServerREST?
    var reloadCount = 0

    private init(
        options: SettingsOptions,
        environment: [String: String],
        settings: WeirSettings,
        sink: LogSink
    ) {
        self.options = options
        self.environment = environment
        self.sink = sink
        self.logger = sink.logger()
        self.serviceManager = ServiceManager(environment: environment)
        self.startSettings = settings
        self.settings = settings
    }

    /// Runs a server from its settings to its end.
    ///
    /// - Returns: 0 after a drain; ``Failure/configuration`` or ``Failure/unavailable`` when it did not come up.
    static func run(
        _ options: SettingsOptions,
        environment: [String: String],
        portsFile: String?,
        signals: Signals
    ) async -> ExitCode {
        let settings: WeirSettings
        do {
            settings = try options.load(environment: environment).settings
        } catch {
            Failure.tell("\(error)")
            return Failure.configuration
        }
        let sink = LogSink(settings.log)
        defer { sink.flush() }
        let server = Server(options: options, environment: environment, settings: settings, sink: sink)
        do {
            let directory = try DataDirectory(locking: settings.dataDirectory)
            try await server.start(portsFile: portsFile)
            await server.serve(until: signals)
            await server.stop()
            _ = consume directory
            return .success
        } catch let error as StartFailure {
            server.logger.critical("server not started", metadata: ["error.message": "\(error.reason)"])
            await server.abandon()
            return error.code
        } catch {
            server.logger.critical("server not started", metadata: ["error.message": "\(error)"])
            await server.abandon()
            return Failure.unavailable
        }
    }

    /// Why a start failed, and what the operator's shell is told.
    struct StartFailure: Error {
        var reason: any Error
        var code: ExitCode
    }

    // MARK: - Start

    private func start(portsFile: String?) async throws {
        let logger = logger
        logger.notice(
            "server starting",
            metadata: [
                "weir.version": "\(Version.text)", "data.directory": "\(settings.dataDirectory)",
                "settings.file": "\(options.path(in: environment) ?? "none")",
            ]
        )
        let (access, gateway) = try asConfiguration {
            let access = try AccessControl(settings.effectiveAccess)
            for warning in access.warnings {
                logger.warning("access rule doubtful", metadata: ["access.warning": "\(warning)"])
            }
            let gateway = try Gateway(
                settings: settings.gateway,
                listeners: settings.listeners.map(\.gateway),
                access: access,
                log: { event in logger.log(event) },
                loggedLevel: { [sink] in EventBus.LogEvent.Level(sink.level) }
            )
            return (access, gateway)
        }
        self.gateway = gateway
        let site = BusSite(settings: settings.mqtt, access: access, shardCount: gateway.shards.count)
        let (shards, storage) = try ServerStorage.open(
            settings,
            site: site,
            access: access,
            handles: gateway.shards,
            environment: environment,
            logger: logger
        )
        self.storage = storage
        do {
            try gateway.start(shards)
        } catch {
            throw StartFailure(reason: error, code: Failure.unavailable)
        }
        let uplinkRates = UplinkRates()
        let services = try asConfiguration {
            try ServerServices(
                settings,
                site: site,
                shards: gateway.shards,
                streams: storage.streams,
                uplinkRates: uplinkRates,
                logger: logger
            )
        }
        self.services = services
        if settings.uplink.url != nil, !settings.uplink.lanes.isEmpty || !settings.uplink.downlink.isEmpty {
            do {
                uplink = try await ServerUplink(
                    settings,
                    site: site,
                    shard: gateway.shards[0],
                    streams: storage.streams,
                    rates: uplinkRates,
                    logger: logger
                )
            } catch {
                throw StartFailure(reason: error, code: Failure.configuration)
            }
        }
        try await startRPC(gateway, storage, services, site: site, access: access)
        try await startHTTP(gateway, storage, services, site: site, access: access)
        try announce(gateway, portsFile: portsFile)
    }

    private func asConfiguration<Result>(_ body: () throws -> Result) throws -> Result {
        do {
            return try body()
        } catch {
            throw StartFailure(reason: error, code: Failure.configuration)
        }
    }

    private func announce(_ gateway: Gateway, portsFile: String?) throws {
        var ports = PortsFile()
        for listener in gateway.listeners {
            let name = listener.configuration.settings.name
            for url in gateway.urls(of: listener) {
                ports.listeners.append((name, url))
                logger.notice(
                    "listener ready",
                    metadata: ["listener.name": "\(name)", "listener.url": "\(url)"]
                )
            }
        }
        if let http {
            ports.http = http.address.description
            logger.notice("http ready", metadata: ["http.address": "\(http.address)"])
        }
        if let rpc {
            ports.rpc = rpc.address
            logger.notice("rpc ready", metadata: ["rpc.address": "\(rpc.address)"])
        }
        if let portsFile { try ports.write(to: portsFile) }
        life.became(.ready)
        logger.notice("server ready")
        serviceManager.tell(
            .ready,
            .status("serving on \(ports.listeners.map(\.url).joined(separator: ", "))")
        )
    }

    // MARK: - Running

    /// Returns when the server is to end.
    private func serve(until signals: Signals) async {
        let watchdog = watchdogTask()
        defer { watchdog?.cancel() }
        for await signal in signals.stream {
            switch signal {
            case .reload: reload()
            case .terminate: return
            }
        }
    }

    /// Pats the watchdog at half its interval, as long as every shard answers.
    private func watchdogTask() -> Task<Void, Never>? {
        guard let interval = serviceManager.watchdogInterval, let gateway else { return nil }
        let manager = serviceManager
        let logger = logger
        return Task {
            while !Task.isCancelled {
                if await gateway.answers(within: interval / 4) {
                    manager.tell(.watchdog)
                } else {
                    logger.error("shard does not answer, watchdog not told")
                }
                try? await Task.sleep(for: interval / 2)
            }
        }
    }

    // MARK: - End

    private func stop() async {
        life.became(.draining)
        serviceManager.tell(.stopping, .status("draining"))
        logger.notice(
            "server draining",
            metadata: ["drain.timeout": "\(Units.format(settings.drainTimeout))"]
        )
        let timeout = settings.drainTimeout
        // Before the shards: what these clients published is acknowledged by them.
        await rpc?.drain(within: timeout)
        await rest?.stop()
        await services?.stop()
        await uplink?.stop()
        if let gateway {
            await onThread("weir.drain") { gateway.drain(within: timeout) }
        }
        await http?.stop()
        if let storage { await onThread("weir.close") { storage.close() } }
        logger.notice("server stopped")
    }

    /// Undoes as much of a start as was done.
    private func abandon() async {
        await rpc?.drain(within: .zero)
        await rest?.stop()
        await services?.stop()
        await uplink?.stop()
        if let gateway { await onThread("weir.drain") { gateway.drain(within: .zero) } }
        await http?.stop()
        if let storage { await onThread("weir.close") { storage.close() } }
    }
}
