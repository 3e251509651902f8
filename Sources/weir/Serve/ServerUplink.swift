import Access
import Bus
import EventBus
import FoundationEssentials
import Gateway
import Journal
import LocalBus
import Logging
import MosquittoSink
import MQTTWire
import RPCBridge
import Reactor
import Settings
import Streams
import Synchronization
import Telemetry
import Uplink

/// The way to the cloud as the server runs it: lanes over durable streams, a sink, and the link's state on the bus.
final class ServerUplink: Sendable {
    /// Retained: how the link is, when that changes and now and then.
    static let stateTopic = "mec/v1/json/backhaul/state"
    /// The same each second, for whoever looks.
    static let figuresTopic = "mec/v1/json/backhaul/figures"
    /// Caps from the bandwidth service, a metered link, the radio: `{"bytesPerSecond": 65536, "metered": true, "rsrp": -98}`.
    static let limitTopic = "mec/v1/json/backhaul/limit"

    private let driver: UplinkDriver
    private let bus: LocalBus
    /// Follow the limits, and the radio of the backhaul.
    private let followers: [Task<Void, Never>]

    /// - Throws: what is wrong with the settings, the site's file or a lane; nothing runs then.
    init(
        _ settings: WeirSettings,
        site: BusSite,
        shard: ShardHandle,
        streams: StreamCatalogue,
        rates: UplinkRates,
        logger: Logger
    ) async throws {
        var random = SystemRandomNumberGenerator()
        let directory = "\(settings.dataDirectory)/uplink"
        let file = try SiteFile(directory: directory, using: &random)
        var lanes: [any LaneSource] = []
        for lane in settings.uplink.lanes {
            guard let stream = streams.stream(named: lane.streamName) else {
                throw StreamError.unknown(name: lane.streamName)
            }
            lanes.append(try await StreamLane(stream, lane, site: file, using: &random))
        }
        let bus = try LocalBus(
            site: site,
            identity: .unrestricted(clientID: "weir.uplink"),
            streams: streams,
            clock: { BusTime(monotonic: MonotonicClock.now(), wall: Int64(clamping: MonotonicClock.wall())) },
            post: { body in shard.post(body) }
        )
        self.bus = bus
        nonisolated(unsafe) let sources = lanes
        nonisolated(unsafe) let sink = try MosquittoSink(settings.uplink, instance: file.instance)
        nonisolated(unsafe) let letters = try DeadLetters(
            directory: "\(directory)/dead-letters",
            bytesMaximum: settings.uplink.deadLetterBytes
        )
        let driver = try UplinkDriver(
            settings.uplink,
            instance: file.instance,
            version: Version.text,
            lanes: sources,
            sink: sink,
            deadLetters: letters,
            observer: Self.observer(bus, logger)
        )
        self.driver = driver
        rates.attach(driver)
        var followers = [Task { await Self.followLimits(bus, driver, logger) }]
        if let terminal = settings.uplink.backhaulTerminal {
            followers.append(Task { await Self.followRadio(of: terminal, bus, driver, logger) })
        }
        self.followers = followers
        try driver.start()
        logger.notice(
            "uplink started",
            metadata: [
                "uplink.site": "\(settings.uplink.site)", "uplink.instance": "\(file.instance)",
                "uplink.lanes": "\(settings.uplink.lanes.map(\.name).joined(separator: " "))",
            ]
        )
    }

    private static func observer(_ bus: LocalBus, _ logger: Logger) -> UplinkDriver.Observer {
        let told = Mutex<UInt64>(0)
        var observer = UplinkDriver.Observer()
        observer.onStatus = { status, linkChanged in
            if linkChanged {
                logger.notice(
                    "uplink \(status.link.rawValue)",
                    metadata: status.lastError.isEmpty ? [:] : ["error.message": "\(status.lastError)"]
                )
            }
            let now = MonotonicClock.now()
            let isDue = told.withLock { at in
                guard linkChanged || now - at >= 10_000_000_000 else { return false }
                at = now
                return true
            }
            // An inbox that is full takes the next one.
            if isDue { try? bus.publish([Self.event(stateTopic, status, retain: true)]) }
            if bus.hasInterest(in: figuresTopic) {
                try? bus.publish([Self.event(figuresTopic, status, retain: false)])
            }
        }
        observer.onDownlink = { message in
            let event = BusEvent(
                topic: message.topic,
                payload: message.payload,
                qos: QoS(rawValue: message.qos) ?? .atLeastOnce,
                retain: message.retain
            )
            do {
                try bus.publish([event])
            } catch {
                logger.warning(
                    "downlink message lost",
                    metadata: ["mqtt.topic": "\(message.topic)", "error.message": "\(error)"]
                )
            }
        }
        observer.onTrouble = { text in
            logger.warning("uplink trouble", metadata: ["error.message": "\(text)"])
        }
        return observer
    }

    private static func event(_ topic: String, _ status: UplinkStatus, retain: Bool) -> BusEvent {
        BusEvent(
            topic: topic,
            payload: Array(status.json.utf8),
            qos: .atMostOnce,
            retain: retain,
            payloadIsUTF8: true,
            contentType: "application/json"
        )
    }

    /// Takes up what can be changed while it runs: the caps.
    func reload(_ settings: UplinkSettings) { driver.setSettingsRates(settings) }

    func stop() async {
        for follower in followers { follower.cancel() }
        let driver = driver
        await onThread("weir.uplink.stop") { driver.stop() }
        bus.close()
    }
}

extension ServerUplink {
    /// What WatchHealth tells; nothing before the uplink's first look at itself.
    var rpcLinks: [RPCHealth.Link] {
        guard let status = driver.status else { return [] }
        return [
            RPCHealth.Link(
                name: status.site,
                state: status.link.rawValue,
                isConnected: status.link == .online || status.link == .degraded,
                backlogEvents: status.lanes.reduce(0) { $0 + $1.backlog.events },
                backlogBytes: status.lanes.reduce(0) { $0 + $1.backlog.bytes }
            )
        ]
    }
}

extension ServerUplink: MetricsSource {
    func collect(into snapshot: inout MetricsSnapshot) async {
        typealias Names = UplinkMetricNames
        guard let status = driver.status else { return }
        for state in LinkMonitor.State.allCases {
            snapshot.add(Names.state, status.link == state ? 1 : 0, state.rawValue)
        }
        snapshot.add(Names.roundTrip, status.roundTripSeconds)
        snapshot.add(Names.connects, status.connects)
        for lane in status.lanes {
            snapshot.add(Names.backlogEvents, lane.backlog.events, lane.name)
            snapshot.add(Names.backlogBytes, lane.backlog.bytes, lane.name)
            let now = Int64(clamping: MonotonicClock.wall())
            let age = lane.backlog.since > 0 ? Double(max(0, now - lane.backlog.since)) / 1e9 : 0
            snapshot.add(Names.backlogAge, age, lane.name)
            snapshot.add(Names.committed, lane.committedEvents, lane.name)
            snapshot.add(Names.batches, lane.committedBatches, lane.name)
            snapshot.add(Names.wireBytes, lane.wireBytes, lane.name)
            snapshot.add(Names.bodyBytes, lane.bodyBytes, lane.name)
            snapshot.add(Names.resent, lane.resentBatches, lane.name)
            snapshot.add(Names.left, lane.dropped, lane.name, "limit")
            snapshot.add(Names.left, lane.thinned, lane.name, "thinned")
            snapshot.add(Names.left, lane.deadLetters, lane.name, "refused")
            if let seconds = lane.drainSeconds { snapshot.add(Names.drain, seconds, lane.name) }
            if let seconds = lane.sinceCommit { snapshot.add(Names.sinceCommit, seconds, lane.name) }
        }
    }
}

/// Lanes are named in the settings, so their names are a small fixed set.
enum UplinkMetricNames {
    static let state = MetricDefinition(
        "weir_uplink_state",
        .gauge,
        labels: ["state"],
        "1 for the state that the link to the cloud is in."
    )
    static let roundTrip = MetricDefinition(
        "weir_uplink_round_trip_seconds",
        .gauge,
        "From sending a batch to its commit, smoothed."
    )
    static let connects = MetricDefinition(
        "weir_uplink_connects_total",
        .counter,
        "Connections to the cloud broker."
    )
    static let backlogEvents = MetricDefinition(
        "weir_uplink_backlog_events",
        .gauge,
        labels: ["lane"],
        "Events that are not known to be stored in the cloud."
    )
    static let backlogBytes = MetricDefinition(
        "weir_uplink_backlog_bytes",
        .gauge,
        labels: ["lane"],
        "Bytes of log that they take."
    )
    static let backlogAge = MetricDefinition(
        "weir_uplink_backlog_age_seconds",
        .gauge,
        labels: ["lane"],
        "Age of the oldest of them."
    )
    static let committed = MetricDefinition(
        "weir_uplink_events_total",
        .counter,
        labels: ["lane"],
        "Events stored in the cloud."
    )
    static let batches = MetricDefinition(
        "weir_uplink_batches_total",
        .counter,
        labels: ["lane"],
        "Batches stored in the cloud."
    )
    static let wireBytes = MetricDefinition(
        "weir_uplink_wire_bytes_total",
        .counter,
        labels: ["lane"],
        "Bytes of batches sent, repetitions included."
    )
    static let bodyBytes = MetricDefinition(
        "weir_uplink_body_bytes_total",
        .counter,
        labels: ["lane"],
        "Bytes of stored batches before compression."
    )
    static let resent = MetricDefinition(
        "weir_uplink_resent_batches_total",
        .counter,
        labels: ["lane"],
        "Batches sent again."
    )
    static let left = MetricDefinition(
        "weir_uplink_events_left_out_total",
        .counter,
        labels: ["lane", "reason"],
        "Events that did not get to the cloud, by why."
    )
    static let drain = MetricDefinition(
        "weir_uplink_drain_seconds",
        .gauge,
        labels: ["lane"],
        "Time until the backlog is gone at the present rate; absent while it stands still."
    )
    static let sinceCommit = MetricDefinition(
        "weir_uplink_last_commit_seconds",
        .gauge,
        labels: ["lane"],
        "Time since the last commit."
    )
}

extension LaneSettings {
    /// Of the stream that is the lane's log.
    var streamName: String { "uplink.\(name)" }
}

extension UplinkSettings {
    /// The streams that the lanes need; none without a far side.
    var streams: [StreamConfiguration] {
        guard url != nil else { return [] }
        return lanes.map { lane in
            var stream = StreamConfiguration(name: lane.streamName, filters: lane.filters)
            stream.durability = lane.durability
            stream.bytesMaximum = lane.bytesMaximum
            stream.ageMaximum = lane.ageMaximum
            stream.whenFull = lane.whenFull
            stream.keepsHistory = false
            return stream
        }
    }
}
