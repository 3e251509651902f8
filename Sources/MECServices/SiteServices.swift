package import Bandwidth
package import Bus
package import Location
package import Logging
import MECModel
package import MECRuntime
package import RadioFeed
package import RadioNetwork
package import TrafficControl

/// The MEC services of a site and the radio sources that feed them, put together and kept running.
///
/// Sources hand facts to a hub, the hub hands them to the services, and each service publishes on a bus
/// of its own. A service that fails is started anew; the others do not notice.
package final class SiteServices: Sendable {
    /// Figures for metrics.
    package struct Counters: Sendable {
        package struct Service: Sendable {
            package var name: String
            /// Messages handed to the bus, and messages that it had no room for.
            package var published: UInt64
            package var dropped: UInt64
            package var restarts: UInt64
        }

        package var feed: RadioFeed.Counters?
        /// Batches of facts that a service missed because it hung.
        package var skippedBatches: UInt64
        package var services: [Service]
        /// What the kernel was told for bandwidth allocations; `nil` where it is left alone.
        package var shaping: TrafficShaper.Counters?
    }

    private let hub: RadioFactHub
    private let feed: RadioFeed?
    private let feedBus: (any Bus)?
    package let radioNetwork: RadioNetworkService?
    package let location: LocationService?
    package let bandwidth: BandwidthService?
    /// `nil` where the kernel is left alone.
    private let shaper: TrafficShaper?
    private let supervisor: ServiceSupervisor
    private let logger: Logger

    /// Opens the radio sources and prepares the services; nothing moves before ``run()``.
    ///
    /// - Parameters:
    ///   - bus: Makes a bus for the part of that name, such as "rnis".
    ///   - enforce: Has the rates of bandwidth allocations kept.
    ///   - logger: Gets a line for what sources said and was not believed, at a bounded rate.
    /// - Throws: ``RadioFeedError`` that names a source which cannot be opened, or ``BusError``.
    package init(
        _ settings: ServicesSettings,
        radio: RadioFeedSettings,
        logger: Logger,
        enforce: @escaping BandwidthService.Enforce,
        bus: (_ name: String) throws(BusError) -> any Bus
    ) throws {
        let hub = RadioFactHub()
        self.hub = hub
        self.logger = logger
        supervisor = ServiceSupervisor(logger: logger)
        let now: @Sendable () -> RadioTime = SystemTime.now
        if settings.needsRadio {
            feed = try RadioFeed(radio, inventory: RadioInventory(limits: radio.inventory), sink: hub) {
                warning in
                logger.warning(
                    "radio source said what is not believed",
                    metadata: [
                        "radio.place": "\(warning.place)", "radio.reason": "\(warning.reason.rawValue)",
                        "radio.warning": "\(warning.message)",
                    ]
                )
            }
            feedBus = radio.ran == nil ? nil : try bus("radio")
        } else {
            feed = nil
            feedBus = nil
        }
        radioNetwork =
            settings.isEnabled && settings.radioNetwork.isEnabled
            ? RadioNetworkService(
                bus: try bus(RadioNetworkService.name),
                hub: hub,
                configuration: settings.radioNetwork.configuration,
                logger: logger,
                now: now
            ) : nil
        location =
            settings.isEnabled && settings.location.isEnabled
            ? LocationService(
                bus: try bus(LocationService.name),
                hub: hub,
                configuration: settings.location.configuration,
                logger: logger,
                now: now
            ) : nil
        let shapes = settings.bandwidth.isEnabled && settings.bandwidth.settings.shapesTraffic
        let shaper = settings.isEnabled && shapes ? TrafficShaper(logger: logger) : nil
        self.shaper = shaper
        var shape: BandwidthService.Shape?
        var volumes: BandwidthService.Volumes?
        if let shaper {
            shape = { plan in await shaper.apply(plan) }
            volumes = { await shaper.volumes() }
        }
        bandwidth =
            settings.isEnabled && settings.bandwidth.isEnabled
            ? BandwidthService(
                bus: try bus(BandwidthService.name),
                settings: settings.bandwidth.settings,
                logger: logger,
                now: now,
                enforce: enforce,
                shape: shape,
                volumes: volumes
            ) : nil
    }

    /// Works until the task is cancelled.
    package func run() async {
        var parts: [ServiceSupervisor.Service] = []
        if let radioNetwork {
            parts.append(.init(name: RadioNetworkService.name) { try await radioNetwork.run() })
        }
        if let location { parts.append(.init(name: LocationService.name) { try await location.run() }) }
        if let bandwidth { parts.append(.init(name: BandwidthService.name) { try await bandwidth.run() }) }
        if let feed {
            parts.append(.init(name: "radio") { await feed.run() })
            if let feedBus {
                parts.append(.init(name: "radio-input") { try await Self.read(feedBus, into: feed) })
            }
        }
        logger.notice(
            "services started",
            metadata: ["services.names": "\(parts.map(\.name).joined(separator: ", "))"]
        )
        await supervisor.run(parts)
    }

    /// Hands what xApps and phones publish to the feed.
    private static func read(_ bus: any Bus, into feed: RadioFeed) async throws(BusError) {
        let subscription = try await bus.subscribe(BusSubscribeRequest(filters: feed.filters))
        defer { subscription.cancel() }
        while let batch = await subscription.next(limit: 1_000) {
            for event in batch.events {
                feed.submit(topic: event.topic, payload: event.payload, client: event.source)
            }
        }
    }

    package var counters: Counters {
        get async {
            var services: [Counters.Service] = []
            if let radioNetwork {
                services.append(
                    Counters.Service(
                        name: RadioNetworkService.name,
                        published: await radioNetwork.published,
                        dropped: await radioNetwork.dropped,
                        restarts: supervisor.restarts(of: RadioNetworkService.name)
                    )
                )
            }
            if let location {
                services.append(
                    Counters.Service(
                        name: LocationService.name,
                        published: await location.published,
                        dropped: await location.dropped,
                        restarts: supervisor.restarts(of: LocationService.name)
                    )
                )
            }
            if let bandwidth {
                services.append(
                    Counters.Service(
                        name: BandwidthService.name,
                        published: await bandwidth.published,
                        dropped: await bandwidth.dropped,
                        restarts: supervisor.restarts(of: BandwidthService.name)
                    )
                )
            }
            return Counters(
                feed: feed?.counters,
                skippedBatches: hub.skippedBatches,
                services: services,
                shaping: shaper?.counters
            )
        }
    }
}
