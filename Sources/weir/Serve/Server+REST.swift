import Access
import AppEnablement
import Bus
import EventBus
import Gateway
import Glibc
import HTTPGateway
import LocalBus
import Logging
import MECModel
import RESTGateway
import RPCBridge
import RadioFeed
import Reactor
import Settings
import Supervision
import Synchronization
import Telemetry

/// The ETSI APIs of a running server, and the registry behind them.
final class ServerREST: Sendable {
    let gateway: RESTGateway
    let enablement: AppEnablementService
    let book: SubscriptionBook
    let deliverer: Deliverer
    private let holder: AccessHolder
    private let task: Mutex<Task<Void, Never>?> = Mutex(nil)

    /// - Throws: What was kept and cannot be read, or a signing key that is none.
    init(
        _ settings: WeirSettings,
        services: ServerServices,
        access control: AccessControl,
        logger: Logger,
        bus: (_ name: String) throws(BusError) -> any Bus
    ) throws {
        let current = AccessHolder(control)
        let now: @Sendable () -> RadioTime = SystemTime.now
        enablement = try AppEnablementService(bus: try bus("app"), logger: logger, now: now)
        deliverer = Deliverer(settings.rest.callbacks, logger: logger)
        book = SubscriptionBook(
            bus: try bus("rest"),
            deliverer: deliverer,
            settings: settings.rest,
            logger: logger,
            now: now
        )
        gateway = RESTGateway(
            settings.rest,
            services: (enablement, services.radioNetwork, services.location, services.bandwidth),
            book: book,
            deliverer: deliverer,
            access: { current.value },
            signer: try settings.rest.tokenKeyFile.map { try TokenSigner(keyFile: $0) },
            logger: logger,
            now: now
        )
        holder = current
    }

    /// Takes up what was kept, offers Weir's own services, and works from here on.
    func open(apiRoot: String, own: [ServiceInfo]) async throws {
        try await book.open(apiRoot: apiRoot)
        try await enablement.open(apiRoot: apiRoot, own: own)
        let (gateway, enablement) = (gateway, enablement)
        task.withLock {
            $0 = Task {
                await withTaskGroup(of: Void.self) { group in
                    group.addTask { await gateway.run() }
                    // Whoever asks next is told where the bus refuses.
                    group.addTask { try? await enablement.run() }
                }
            }
        }
    }

    func replace(access: AccessControl) { holder.value = access }

    func stop() async {
        let task = task.withLock { $0.take() }
        task?.cancel()
        await task?.value
        await gateway.stop()
    }
}

/// The rules in force now; a reload puts others in their place.
private final class AccessHolder: Sendable {
    private let current: Mutex<AccessControl>

    init(_ access: AccessControl) { current = Mutex(access) }

    var value: AccessControl {
        get { current.withLock { $0 } }
        set { current.withLock { $0 = newValue } }
    }
}

extension ServerREST: MetricsSource {
    func collect(into snapshot: inout MetricsSnapshot) async {
        typealias Names = RESTMetricNames
        let counters = deliverer.counters
        snapshot.add(Names.delivered, counters.delivered)
        snapshot.add(Names.retries, counters.retries)
        snapshot.add(Names.deadLetters, counters.deadLetters)
        snapshot.add(Names.subscriptions, UInt64(await book.subscriptionCount))
        let state = await enablement.state
        snapshot.add(Names.applications, UInt64(state.applications.count))
        snapshot.add(Names.services, UInt64(state.services.count))
    }
}

extension Server {
    /// Serves health, metrics and the APIs.
    ///
    /// - Throws: ``StartFailure``.
    func startHTTP(
        _ gateway: Gateway,
        _ storage: ServerStorage,
        _ services: ServerServices,
        site: BusSite,
        access: AccessControl
    ) async throws {
        guard settings.http.enabled else { return }
        let shard = gateway.shards[0]
        var sources: [any MetricsSource] = [
            ProcessMetrics(version: Version.text),
            ServerMetrics(life: life, sink: sink),
            GatewayMetrics(gateway: gateway),
            storage,
            services,
        ]
        if let uplink { sources.append(uplink) }
        if settings.services.isEnabled, settings.rest.isEnabled {
            do {
                let rest = try ServerREST(settings, services: services, access: access, logger: logger) {
                    name throws(BusError) in
                    try LocalBus(
                        site: site,
                        identity: .unrestricted(clientID: "weir.\(name)"),
                        streams: storage.streams,
                        clock: {
                            BusTime(
                                monotonic: MonotonicClock.now(),
                                wall: Int64(clamping: MonotonicClock.wall())
                            )
                        },
                        post: { body in shard.post(body) }
                    )
                }
                self.rest = rest
                sources.append(rest)
            } catch {
                throw StartFailure(reason: error, code: Failure.configuration)
            }
        }
        let health = ServerHealth(life: life, gateway: gateway, storage: storage)
        let started = try await HTTPGateway.start(
            settings.http,
            metrics: MetricsRegistry(sources),
            health: health,
            service: rest?.gateway,
            logger: logger
        )
        http = started
        guard let rest else { return }
        let scheme = settings.http.certificateFile == nil ? "http" : "https"
        let host = Self.reachable(started.address.host)
        let apiRoot =
            settings.rest.publicURL ?? "\(scheme)://\(HTTPAddress(host: host, port: started.address.port))"
        do {
            try await rest.open(apiRoot: apiRoot, own: ownServices(gateway, apiRoot: apiRoot))
        } catch {
            throw StartFailure(reason: error, code: Failure.unavailable)
        }
    }

    /// What Weir offers, at the places where it really listens: MEC 011 8.1.2.2.
    private func ownServices(_ gateway: Gateway, apiRoot: String) -> [ServiceInfo] {
        var mqtt: [EndPointInfo.Address] = []
        for listener in gateway.listeners where listener.configuration.settings.webSocket == nil {
            for address in gateway.addresses(of: listener.configuration.settings.name) {
                guard let port = address.port else { continue }
                mqtt.append(EndPointInfo.Address(host: Self.reachable(address.host), port: Int(port)))
            }
        }
        var calls: [EndPointInfo.Address] = []
        if let address = rpc.flatMap({ HTTPAddress(Self.place($0.address)) }) {
            calls.append(EndPointInfo.Address(host: Self.reachable(address.host), port: address.port))
        }
        return OwnServices(
            apiRoot: apiRoot,
            tokenEndpoint: settings.rest.tokenKeyFile == nil ? nil : apiRoot + "/oauth2/token",
            mqtt: mqtt,
            rpc: calls,
            hasRadioNetwork: services?.radioNetwork != nil,
            hasLocation: services?.location != nil,
            hasBandwidth: services?.bandwidth != nil
        ).all
    }

    /// `host:port` of an address that may have a scheme.
    private static func place(_ text: String) -> String {
        guard let scheme = text.firstRange(of: "://") else { return text }
        return String(text[scheme.upperBound...])
    }

    /// A name under which others find a listener that listens everywhere.
    private static func reachable(_ host: String) -> String {
        guard host == "0.0.0.0" || host == "::" else { return host }
        var name = [CChar](repeating: 0, count: 256)
        guard gethostname(&name, name.count - 1) == 0 else { return host }
        return String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
