import Access
import Bandwidth
import Bus
import EventBus
import Gateway
import LocalBus
import Location
import Logging
import MECModel
import MECServices
import RadioNetwork
import Reactor
import Settings
import Streams
import Telemetry

/// The MEC services as the server runs them: over the first shard's mailbox, on tasks of their own.
final class ServerServices: Sendable {
    private let services: SiteServices
    private let task: Task<Void, Never>

    /// - Throws: What is wrong with a radio source; nothing runs then.
    init(
        _ settings: WeirSettings,
        site: BusSite,
        shards: [ShardHandle],
        streams: StreamCatalogue,
        uplinkRates: UplinkRates,
        logger: Logger
    ) throws {
        let shard = shards[0]
        let services = try SiteServices(
            settings.services,
            radio: settings.radio,
            logger: logger,
            enforce: { rates in
                uplinkRates.set(rates)
                return Self.enforce(rates, on: shards)
            }
        ) { name throws(BusError) in
            try LocalBus(
                site: site,
                identity: .unrestricted(clientID: "weir.\(name)"),
                streams: streams,
                clock: {
                    BusTime(monotonic: MonotonicClock.now(), wall: Int64(clamping: MonotonicClock.wall()))
                },
                post: { body in shard.post(body) }
            )
        }
        self.services = services
        task = Task { await services.run() }
    }

    /// Those that the APIs ask; `nil` where the settings leave one out.
    var radioNetwork: RadioNetworkService? { services.radioNetwork }
    var location: LocationService? { services.location }
    var bandwidth: BandwidthService? { services.bandwidth }

    /// Hands the rates to every shard: a client may be at any of them.
    private static func enforce(_ rates: [EnforcedRate], on shards: [ShardHandle]) -> Bool {
        var limits: [RateSubject: RateLimit] = [:]
        for rate in rates {
            let limit = RateLimit(
                publishBytes: rate.sending.map { max(1, $0 / 8) },
                deliverBytes: rate.receiving.map { max(1, $0 / 8) }
            )
            switch rate.subject {
            case .application(let name):
                limits[.client(name)] = limit
                limits[.user(name)] = limit
            case .address(let address):
                let (high, low) = address.mappedWords
                limits[.address(high, low)] = limit
            }
        }
        let all = limits
        return shards.map { $0.post { shard in shard.limitRates(all) } }.allSatisfy(\.self)
    }

    /// Returns when every service has ended.
    func stop() async {
        task.cancel()
        await task.value
    }
}

extension ServerServices: MetricsSource {
    func collect(into snapshot: inout MetricsSnapshot) async {
        typealias Names = ServiceMetricNames
        let counters = await services.counters
        for service in counters.services {
            snapshot.add(Names.published, service.published, service.name)
            snapshot.add(Names.dropped, service.dropped, service.name)
            snapshot.add(Names.restarts, service.restarts, service.name)
        }
        snapshot.add(Names.skipped, counters.skippedBatches)
        if let shaping = counters.shaping {
            snapshot.add(Names.shapingChanges, shaping.changes)
            snapshot.add(Names.shapingFailures, shaping.failures)
        }
        guard let feed = counters.feed else { return }
        snapshot.add(Names.facts, feed.events)
        snapshot.add(Names.refusals, feed.refusals)
        snapshot.add(Names.messagesDropped, feed.messagesDropped)
        for (reason, count) in feed.warnings { snapshot.add(Names.warnings, count, reason.rawValue) }
    }
}
