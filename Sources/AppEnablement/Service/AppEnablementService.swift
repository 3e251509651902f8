package import Bus
package import Logging
package import MECModel
import MECRuntime
import MQTTWire

/// Application enablement, MEC 011: answers requests, keeps what it was told, publishes what follows.
///
/// Everything that changes is on disk before a request is answered: one retained message per application,
/// service and rule, on topics that clients cannot reach. After a restart the state is built from those.
package actor AppEnablementService {
    package struct Configuration: Sendable, Equatable {
        /// How often time passes for heartbeats and terminations.
        package var interval: Duration = .milliseconds(250)
        package var limits = AppEnablementState.Limits()

        package init() {}
    }

    package static let name = "app-enablement"

    private let bus: any Bus
    private let configuration: Configuration
    private let now: @Sendable () -> RadioTime
    private let logger: Logger
    package private(set) var state: AppEnablementState
    private var publisher: EventPublisher
    private var stamp: CloudEventStamp
    /// Precedes `/mec_service_mgmt` and `/mec_app_support` in URIs: `http://site:8080`.
    private var apiRoot: String
    private var count: UInt64 = 0
    private let epoch: String
    /// Changes are made one after the other, each on disk before the next begins.
    private var isChanging = false
    private var waiters: [CheckedContinuation<Void, Never>] = []

    /// Reads what was kept.
    ///
    /// - Parameter now: UTC.
    /// - Throws: ``BusError`` when the bus does not say what is retained.
    package init(
        bus: any Bus,
        configuration: Configuration = Configuration(),
        apiRoot: String = "",
        logger: Logger,
        now: @escaping @Sendable () -> RadioTime
    ) throws {
        self.bus = bus
        self.configuration = configuration
        self.apiRoot = apiRoot
        self.logger = logger
        self.now = now
        publisher = EventPublisher(bus: bus)
        stamp = CloudEventStamp(source: "/weir/app", epoch: now())
        epoch = String(UInt64(bitPattern: now().nanoseconds / 1_000_000), radix: 36)
        state = try Self.load(bus, configuration.limits, now(), logger)
    }

    /// Publishes what is known, then works until the task is cancelled or the bus shuts down.
    ///
    /// - Throws: ``BusError`` when the bus refuses what the service has to publish.
    package func run() async throws {
        while !Task.isCancelled {
            try await Task.sleep(for: configuration.interval)
            do {
                try await change { state, now throws(RequestFault) in try state.advance(to: now) }
            } catch BusError.shuttingDown {
                return
            }
        }
    }

    /// Says where resources are, publishes everything anew under that name, and offers Weir's own services.
    package func open(apiRoot: String, own: [ServiceInfo]) async throws {
        self.apiRoot = apiRoot
        var changes: [AppEnablementChange] = []
        for (id, application) in state.applications { changes.append(.application(id: id, application)) }
        for service in state.services.values { changes.append(.service(service, keeps: false)) }
        for (application, rules) in state.trafficRules {
            for rule in rules.values { changes.append(.trafficRule(application: application, rule)) }
        }
        for (application, rules) in state.dnsRules {
            for rule in rules.values { changes.append(.dnsRule(application: application, rule)) }
        }
        for change in changes { try tell(change) }
        try publisher.flush()
        try await self.change { state, now throws(RequestFault) in try state.offerOwn(own, now: now) }
    }

    // MARK: - Changes

    /// Makes a change and returns once it would survive a crash.
    ///
    /// - Throws: ``RequestFault`` or ``BusError``, and nothing has changed.
    @discardableResult
    package func change(
        _ body: @Sendable (inout AppEnablementState, RadioTime) throws(RequestFault) -> [AppEnablementChange]
    ) async throws -> [AppEnablementChange] {
        await begin()
        defer { end() }
        var next = state
        let changes = try body(&next, now())
        let records = try changes.compactMap(Self.record)
        if !records.isEmpty { _ = try await bus.publishDurably(records) }
        state = next
        for change in changes { try tell(change) }
        try publisher.flush()
        return changes
    }

    private func begin() async {
        guard isChanging else {
            isChanging = true
            return
        }
        await withCheckedContinuation { waiters.append($0) }
    }

    private func end() {
        guard !waiters.isEmpty else {
            isChanging = false
            return
        }
        waiters.removeFirst().resume()
    }

    /// An identifier that was never given before.
    package func nextIdentifier(_ prefix: String) -> String {
        count += 1
        return "\(prefix)-\(epoch)-\(count)"
    }

    // MARK: - What is kept

    private static func record(_ change: AppEnablementChange) throws -> BusEvent? {
        switch change {
        case .application(let id, let application):
            try kept(AppEnablementTopics.application(id), application)
        case .applicationRemoved(let id): .cleared(AppEnablementTopics.application(id))
        case .service(let service, let keeps):
            keeps ? try kept(AppEnablementTopics.service(service.info.serInstanceId ?? ""), service) : nil
        case .serviceRemoved(let id): .cleared(AppEnablementTopics.service(id))
        case .trafficRule(let application, let rule):
            try kept(AppEnablementTopics.trafficRule(application, rule.trafficRuleId), rule)
        case .trafficRuleRemoved(let application, let id):
            .cleared(AppEnablementTopics.trafficRule(application, id))
        case .dnsRule(let application, let rule):
            try kept(AppEnablementTopics.dnsRule(application, rule.dnsRuleId), rule)
        case .dnsRuleRemoved(let application, let id): .cleared(AppEnablementTopics.dnsRule(application, id))
        case .availability, .termination: nil
        }
    }

    private static func kept(_ topic: String, _ value: some Encodable) throws -> BusEvent {
        .json(topic, try JSONBody.encode(value), qos: .atLeastOnce, [], retain: true)
    }

    private static func load(
        _ bus: any Bus,
        _ limits: AppEnablementState.Limits,
        _ now: RadioTime,
        _ logger: Logger
    ) throws -> AppEnablementState {
        var state = AppEnablementState(limits: limits)
        func each<Value: Decodable>(
            _ kind: String,
            _ type: Value.Type,
            _ body: (Value, _ levels: [Substring]) -> Void
        ) throws {
            for event in try bus.latest("\(AppEnablementTopics.root)\(kind)/#") {
                let levels = event.topic.dropFirst(AppEnablementTopics.root.count).split(separator: "/")
                do {
                    body(try JSONBody.decode(type, event.payload), levels)
                } catch {
                    logger.error(
                        "a kept registration cannot be read and is left out",
                        metadata: ["mqtt.topic": "\(event.topic)", "error.message": "\(error)"]
                    )
                }
            }
        }
        try each("application", AppEnablementState.Application.self) { application, levels in
            state.load(application, id: String(levels[1]))
        }
        try each("service", AppEnablementState.Service.self) { service, _ in state.load(service, now: now) }
        try each("traffic_rule", TrafficRule.self) { rule, levels in state.load(rule, of: String(levels[1])) }
        try each("dns_rule", DnsRule.self) { rule, levels in state.load(rule, of: String(levels[1])) }
        return state
    }

    // MARK: - What is told

    private func tell(_ change: AppEnablementChange) throws {
        let time = now()
        switch change {
        case .application(let id, let application):
            retain(
                AppEnablementTopics.applicationState(id),
                try JSONBody.encode(application),
                "application",
                id,
                time
            )
        case .applicationRemoved(let id): clear(AppEnablementTopics.applicationState(id))
        case .service(let service, _):
            let id = service.info.serInstanceId ?? ""
            let body = try JSONBody.encode(linked(service))
            retain(AppEnablementTopics.serviceState(id), body, "service", id, time)
        case .serviceRemoved(let id): clear(AppEnablementTopics.serviceState(id))
        case .trafficRule(let application, let rule):
            retain(
                AppEnablementTopics.trafficRuleState(application, rule.trafficRuleId),
                try JSONBody.encode(rule),
                "traffic_rule",
                application,
                time
            )
        case .trafficRuleRemoved(let application, let id):
            clear(AppEnablementTopics.trafficRuleState(application, id))
        case .dnsRule(let application, let rule):
            retain(
                AppEnablementTopics.dnsRuleState(application, rule.dnsRuleId),
                try JSONBody.encode(rule),
                "dns_rule",
                application,
                time
            )
        case .dnsRuleRemoved(let application, let id):
            clear(AppEnablementTopics.dnsRuleState(application, id))
        case .availability(let service, let change): tell(service, change, time)
        case .termination(let application, let request): tell(application, request, time)
        }
    }

    private func tell(_ service: AppEnablementState.Service, _ change: ServiceChange, _ time: RadioTime) {
        let id = service.info.serInstanceId ?? ""
        let topic = AppEnablementTopics.availability(id)
        var writer = JSONWriter()
        writer.beginObject()
        writer.member("notificationType", literal: "SerAvailabilityNotification")
        writer.beginArray("serviceReferences")
        writer.beginObject()
        if change != .removed {
            writer.beginObject("link")
            writer.member("href", reference(service))
            writer.endObject()
        }
        writer.member("serName", service.info.serName)
        writer.member("serInstanceId", id)
        writer.member("state", service.info.state.rawValue)
        writer.member("changeType", change.rawValue)
        writer.endObject()
        writer.endArray()
        NotificationLinks.write("mqtt:///" + topic, to: &writer)
        writer.endObject()
        var properties = stamp.properties(
            type: "org.weir.svc.service_availability",
            subject: service.info.serName,
            time: time
        )
        // What a subscription may filter by and the body does not say.
        if let category = service.info.serCategory {
            properties.append(UserProperty(SerAvailabilityCriteria.categoryProperty, category.id))
        }
        publisher.append(.json(topic, writer.bytes, qos: .atLeastOnce, properties))
    }

    private func tell(_ application: String, _ request: AppTerminationRequest, _ time: RadioTime) {
        let topic = AppEnablementTopics.termination(application)
        var writer = JSONWriter()
        writer.beginObject()
        writer.member("notificationType", literal: "AppTerminationNotification")
        writer.member("operationAction", request.operationAction.rawValue)
        writer.member("maxGracefulTimeout", request.maxGracefulTimeout)
        // 7.1.4.2: where to confirm, beside the subscription; which is the last, see NotificationLinks.
        writer.beginObject("_links")
        writer.beginObject("confirmTermination")
        writer.member(
            "href",
            "\(apiRoot)/mec_app_support/v2/applications/\(application)/confirm_termination"
        )
        writer.endObject()
        writer.beginObject("subscription")
        writer.member("href", "mqtt:///" + topic)
        writer.endObject()
        writer.endObject()
        writer.endObject()
        let properties = stamp.properties(
            type: "org.weir.app.app_termination",
            subject: application,
            time: time
        )
        publisher.append(.json(topic, writer.bytes, qos: .atLeastOnce, properties))
    }

    private func retain(
        _ topic: String,
        _ body: [UInt8],
        _ kind: String,
        _ subject: String,
        _ time: RadioTime
    ) {
        let properties = stamp.properties(type: "org.weir.app.state.\(kind)", subject: subject, time: time)
        publisher.append(.json(topic, body, qos: .atLeastOnce, properties, retain: true).inMemory)
    }

    private func clear(_ topic: String) { publisher.append(BusEvent.cleared(topic).inMemory) }

    // MARK: - Resources

    /// A service as the API shows it, with its links.
    package func linked(_ service: AppEnablementState.Service) -> ServiceInfo {
        var info = service.info
        let liveness = info.livenessInterval.map { _ in
            LinkType(href: "\(apiRoot)/mec_service_mgmt/v1/services/\(info.serInstanceId ?? "")/liveness")
        }
        info._links = ServiceInfo.Links(resource: LinkType(href: reference(service)), liveness: liveness)
        return info
    }

    private func reference(_ service: AppEnablementState.Service) -> String {
        let id = service.info.serInstanceId ?? ""
        return "\(apiRoot)/mec_service_mgmt/v1/applications/\(service.appInstanceId)/services/\(id)"
    }

    /// MEC 011 8.2.3.3.1 and 8.2.6.3.1.
    package func services(_ query: ServiceQuery, of application: String? = nil) throws -> [ServiceInfo] {
        if let application, application != AppEnablementState.platform {
            _ = try state.application(application)
        }
        return state.services(query, of: application).compactMap { info in
            info.serInstanceId.flatMap { state.services[$0] }.map(linked)
        }
    }

    package var published: UInt64 { publisher.published }
    package var dropped: UInt64 { publisher.dropped }
}
