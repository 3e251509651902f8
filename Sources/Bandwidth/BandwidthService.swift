package import Bus
import Foundation
package import Logging
package import MECModel
package import MECRuntime
import SwiftProtobuf
package import TrafficControl

/// The bandwidth management and traffic steering service, MEC 015: answers requests on the bus, keeps what it
/// granted, has it enforced and tells what changes.
///
/// ``run()`` does the work and may be called again after it threw: allocations are read anew from what is
/// retained on the bus.
package actor BandwidthService {
    package static let name = "bandwidth"

    /// Has all rates enforced, and no others.
    /// - Returns: `false` when it could not be passed on; it is tried again.
    package typealias Enforce = @Sendable ([EnforcedRate]) -> Bool

    /// Has the kernel keep a plan, and nothing else.
    /// - Returns: `false` when it does not; that is tried again.
    package typealias Shape = @Sendable (ShapingPlan) async -> Bool

    /// Bytes that went through by each allocation, by its identifier, since the kernel knows of it.
    package typealias Volumes = @Sendable () async -> [String: UInt64]

    private let bus: any Bus
    private let now: @Sendable () -> RadioTime
    private let logger: Logger
    private let enforce: Enforce
    private let shape: Shape?
    private let volumes: Volumes?
    /// Bytes by allocation that were told of, and when the next are asked for.
    private var toldVolumes: [String: UInt64] = [:]
    private var nextVolumes = RadioTime(nanoseconds: .min)
    private let settings: BandwidthSettings
    private var stamp: CloudEventStamp
    private var publisher: EventPublisher
    package private(set) var state: BandwidthState
    private var isEnforced = false
    /// When the kernel is asked again; `nil` while it keeps the plan.
    private var nextShaping: RadioTime?
    /// Nanoseconds after which the kernel is asked again.
    private static let shapingRetry: Int64 = 5_000_000_000
    private var created: UInt64 = 0
    private let epoch: String

    /// - Parameters:
    ///   - now: UTC.
    ///   - shape: `nil` where no link names an interface; then `volumes` is too.
    package init(
        bus: any Bus,
        settings: BandwidthSettings = BandwidthSettings(),
        logger: Logger,
        now: @escaping @Sendable () -> RadioTime,
        enforce: @escaping Enforce,
        shape: Shape? = nil,
        volumes: Volumes? = nil
    ) {
        self.bus = bus
        self.settings = settings
        self.now = now
        self.logger = logger
        self.enforce = enforce
        self.shape = shape
        self.volumes = volumes
        state = BandwidthState(settings: settings)
        stamp = CloudEventStamp(source: "/weir/bandwidth", epoch: now())
        publisher = EventPublisher(bus: bus)
        epoch = String(UInt64(bitPattern: now().nanoseconds / 1_000_000), radix: 36)
    }

    /// Works until the task is cancelled or the bus shuts down; the kernel's queues are as before then.
    package func run() async throws {
        try load()
        await shapeTraffic()
        let responder = RequestResponder(
            bus: bus,
            topics: BandwidthTopics.Request.allCases.map(\.topic),
            logger: logger
        ) { [weak self] topic, payload in
            await self?.answer(topic, payload)
                ?? .problem(status: 503, title: "gone", detail: "the service ended")
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                while !Task.isCancelled {
                    try await Task.sleep(for: .milliseconds(250))
                    try await self.tick()
                }
            }
            group.addTask { try await responder.run() }
            // The first that ends or fails ends the other.
            defer { group.cancelAll() }
            do {
                try await group.next()
            } catch BusError.shuttingDown {
                return
            } catch is CancellationError {
                return
            }
        }
        _ = await shape?(ShapingPlan([]))
    }

    private func shapeTraffic() async {
        guard let shape else { return }
        let isKept = await shape(state.shapingPlan)
        nextShaping = isKept ? nil : now().advanced(byNanoseconds: Self.shapingRetry)
    }

    package var published: UInt64 { publisher.published }
    package var dropped: UInt64 { publisher.dropped }

    // MARK: - What outlives the process

    private func load() throws {
        state = BandwidthState(settings: settings)
        let time = now()
        for event in try bus.latest(BandwidthTopics.allocationState(.json, id: "+")) {
            do {
                let info = try JSONDecoder().decode(BwInfo.self, from: Data(event.payload))
                _ = try state.allocate(info, id: id(of: event), at: time)
            } catch {
                // Expired while we were away, or more than the links carry now.
                publisher.append(.cleared(event.topic))
                logger.warning(
                    "a kept bandwidth allocation was dropped",
                    metadata: ["allocation.id": "\(id(of: event))", "reason": "\(error)"]
                )
            }
        }
        for event in try bus.latest(BandwidthTopics.sessionState(.json, id: "+")) {
            do {
                let info = try JSONDecoder().decode(MtsSessionInfo.self, from: Data(event.payload))
                _ = try state.steer(info, id: id(of: event), at: time)
            } catch {
                publisher.append(.cleared(event.topic))
                logger.warning(
                    "a kept traffic steering session was dropped",
                    metadata: ["session.id": "\(id(of: event))", "reason": "\(error)"]
                )
            }
        }
        for info in state.allocations { retainInMemory(info) }
        for info in state.sessions { retainInMemory(info) }
        let capability = state.capability(at: time)
        publisher.append(
            try json(BandwidthTopics.capabilityState(.json), capability, "mts_capability_info", nil, time)
                .inMemory
        )
        publisher.append(
            try protobuf(
                BandwidthTopics.capabilityState(.protobuf),
                Weir_Bandwidth_V1_MtsCapabilityInfo(capability),
                "mts_capability_info",
                nil,
                time
            ).inMemory
        )
        try publisher.flush()
        isEnforced = enforce(state.allocations.enforcedRates)
        logger.info(
            "bandwidth state loaded",
            metadata: [
                "bandwidth.allocations": "\(state.allocations.count)",
                "bandwidth.sessions": "\(state.sessions.count)",
            ]
        )
    }

    private func id(of event: BusEvent) -> String {
        event.topic.split(separator: "/").last.map(String.init) ?? ""
    }

    // MARK: - Requests

    private func answer(_ topic: String, _ payload: [UInt8]) async -> RequestResponder.Reply {
        guard let request = BandwidthTopics.Request.allCases.first(where: { $0.topic == topic }) else {
            return .problem(status: 404, title: "no such request", detail: topic)
        }
        do {
            return .json(try await carryOut(request, Data(payload)))
        } catch let fault as BandwidthFault {
            return .problem(status: fault.status, title: fault.title, detail: fault.detail)
        } catch let error as DecodingError {
            return .problem(status: 400, title: "unreadable body", detail: error.place)
        } catch {
            return .problem(status: 503, title: "not kept", detail: "\(error)")
        }
    }

    private func carryOut(_ request: BandwidthTopics.Request, _ body: Data) async throws -> [UInt8] {
        switch request {
        case .allocationCreate:
            return try encoded(try await allocate(JSONDecoder().decode(BwInfo.self, from: body)))
        case .allocationUpdate:
            return try encoded(try await change(JSONDecoder().decode(BwInfoDeltas.self, from: body)))
        case .allocationDelete:
            try await release(JSONDecoder().decode(ResourceReference.self, from: body).id)
            return Array("{}".utf8)
        case .allocationList:
            return try encoded(allocations(try query(body)))
        case .sessionCreate:
            return try encoded(try await steer(JSONDecoder().decode(MtsSessionInfo.self, from: body)))
        case .sessionUpdate:
            let info = try JSONDecoder().decode(MtsSessionInfo.self, from: body)
            guard let id = info.sessionId else { throw BandwidthFault.invalid("sessionId is required") }
            guard state.session(id) != nil else { throw BandwidthFault.unknown(id) }
            return try encoded(try await steer(info, id: id))
        case .sessionDelete:
            try await unsteer(JSONDecoder().decode(ResourceReference.self, from: body).id)
            return Array("{}".utf8)
        case .sessionList:
            return try encoded(sessions(try query(body)))
        case .capability:
            return try encoded(state.capability(at: now()))
        }
    }

    /// An empty body asks for everything.
    private func query(_ body: Data) throws -> BwQuery {
        body.isEmpty ? BwQuery() : try JSONDecoder().decode(BwQuery.self, from: body)
    }

    package func allocations(_ query: BwQuery) -> [BwInfo] {
        state.allocations.filter {
            query.matches(appInsId: $0.appInsId, appName: $0.appName, id: $0.allocationId)
        }
    }

    package func sessions(_ query: BwQuery) -> [MtsSessionInfo] {
        state.sessions.filter { query.matches(appInsId: $0.appInsId, appName: $0.appName, id: $0.sessionId) }
    }

    /// Begins an allocation and returns once it is enforced and would survive a restart.
    package func allocate(_ info: BwInfo) async throws -> BwInfo {
        created += 1
        let id = "\(epoch)-\(created)"
        var trial = state
        return try await take(try trial.allocate(info, id: id, at: now()), trial)
    }

    package func change(_ deltas: BwInfoDeltas) async throws -> BwInfo {
        var trial = state
        return try await take(try trial.change(deltas, at: now()), trial)
    }

    /// Puts `info` in the place of the allocation `id`.
    package func replace(_ id: String, with info: BwInfo) async throws -> BwInfo {
        guard state.allocation(id) != nil else { throw BandwidthFault.unknown(id) }
        var trial = state
        return try await take(try trial.allocate(info, id: id, at: now()), trial)
    }

    package func release(_ id: String) async throws {
        var trial = state
        _ = try await take([try trial.release(id)], trial)
    }

    package func steer(_ info: MtsSessionInfo, id known: String? = nil) async throws -> MtsSessionInfo {
        created += 1
        var trial = state
        let kept = try trial.steer(info, id: known ?? "\(epoch)-\(created)", at: now())
        let id = kept.sessionId ?? ""
        let before = state.session(id)
        state = trial
        do {
            _ = try await bus.publishDurably([
                try json(BandwidthTopics.sessionState(.json, id: id), kept, "mts_session", id, now())
            ])
        } catch {
            restoreSession(id, as: before)
            throw error
        }
        retainInMemory(kept)
        try publisher.flush()
        return kept
    }

    package func unsteer(_ id: String) async throws {
        let before = try state.unsteer(id)
        do {
            _ = try await bus.publishDurably([.cleared(BandwidthTopics.sessionState(.json, id: id))])
        } catch {
            restoreSession(id, as: before)
            throw error
        }
        publisher.append(.cleared(BandwidthTopics.sessionState(.protobuf, id: id)))
        try publisher.flush()
    }

    /// What could not be kept is taken back, as in ``take(_:_:)``.
    private func restoreSession(_ id: String, as before: MtsSessionInfo?) {
        if let before {
            _ = try? state.steer(before, id: id, at: now())
        } else {
            _ = try? state.unsteer(id)
        }
    }

    /// Puts changes in force, then on disk, then tells everybody.
    ///
    /// The state is taken before anything is waited for, so that requests that come meanwhile count on it. What
    /// cannot be kept is taken back.
    /// - Returns: The last allocation of the changes.
    private func take(_ changes: [BandwidthState.Change], _ new: BandwidthState) async throws -> BwInfo {
        let before = state
        state = new
        isEnforced = enforce(state.allocations.enforcedRates)
        await shapeTraffic()
        do {
            _ = try await bus.publishDurably(try changes.map(kept))
        } catch {
            // Another request may have changed the state since; only this one's part goes back.
            for change in changes { restore(change.info.allocationId ?? "", as: before) }
            isEnforced = enforce(state.allocations.enforcedRates)
            await shapeTraffic()
            throw error
        }
        for change in changes { tell(change) }
        try publisher.flush()
        guard let last = changes.last else { throw BandwidthFault.invalid("nothing changed") }
        return last.info
    }

    private func restore(_ id: String, as before: BandwidthState) {
        if let old = before.allocation(id) {
            _ = try? state.allocate(old, id: id, at: now())
        } else {
            _ = try? state.release(id)
        }
    }

    private func tick() async throws {
        let time = now()
        let changes = state.advance(to: time)
        for change in changes {
            publisher.append(try kept(change))
            tell(change)
        }
        if !changes.isEmpty || !isEnforced { isEnforced = enforce(state.allocations.enforcedRates) }
        await tellVolumes(time)
        if !changes.isEmpty || nextShaping.map({ $0 <= time }) ?? false { await shapeTraffic() }
        try publisher.flush()
    }

    // MARK: - What is published

    /// What the journal is to know of a change.
    private func kept(_ change: BandwidthState.Change) throws -> BusEvent {
        let id = change.info.allocationId ?? ""
        let topic = BandwidthTopics.allocationState(.json, id: id)
        switch change.change {
        case .created, .updated: return try json(topic, change.info, "allocation", id, now())
        case .deleted, .expired, .preempted: return .cleared(topic)
        }
    }

    private func tell(_ change: BandwidthState.Change) {
        let id = change.info.allocationId ?? ""
        let time = now()
        switch change.change {
        case .created, .updated: retainInMemory(change.info)
        case .deleted, .expired, .preempted:
            publisher.append(.cleared(BandwidthTopics.allocationState(.protobuf, id: id)))
        }
        let event = BwAllocationEvent(timeStamp: TimeStamp(time), change: change.change, bwInfo: change.info)
        let properties = stamp.properties(type: "org.weir.bwm.allocation_change", subject: id, time: time)
        let jsonTopic = BandwidthTopics.allocationChange(.json, application: change.info.appInsId, id: id)
        let topics = [BandwidthTopics.allocationChange, jsonTopic].filter(bus.hasInterest)
        if !topics.isEmpty, let body = try? encoded(event) {
            for topic in topics { publisher.append(.json(topic, body, qos: .atLeastOnce, properties)) }
        }
        let protobufTopic = BandwidthTopics.allocationChange(
            .protobuf,
            application: change.info.appInsId,
            id: id
        )
        if bus.hasInterest(in: protobufTopic),
            let body = try? Weir_Bandwidth_V1_BwAllocationEvent(event).serializedBytes() as [UInt8]
        {
            publisher.append(.protobuf(protobufTopic, body, qos: .atLeastOnce, properties))
        }
        tell(BwChgEventNotification(timeStamp: time), of: change.info.appInsId)
    }

    // MARK: - MEC 015 V3.1.1's change event

    private func isChangeWanted(of application: String) -> Bool {
        bus.hasInterest(in: BandwidthTopics.changeEvent)
            || BodyEncoding.allCases.contains { encoding in
                bus.hasInterest(in: BandwidthTopics.changeEvent(encoding, application: application))
            }
    }

    private func tell(_ notification: BwChgEventNotification, of application: String) {
        let properties = stamp.properties(
            type: "org.weir.bwm.bw_chg_event",
            subject: application,
            time: notification.timeStamp
        )
        let plain = BandwidthTopics.changeEvent
        let topics = [plain, BandwidthTopics.changeEvent(.json, application: application)].filter(
            bus.hasInterest
        )
        if !topics.isEmpty {
            var writer = JSONWriter()
            notification.writeJSON(to: &writer, subscription: "mqtt://" + plain)
            for topic in topics {
                publisher.append(.json(topic, writer.bytes, qos: .atLeastOnce, properties))
            }
        }
        let twin = BandwidthTopics.changeEvent(.protobuf, application: application)
        if bus.hasInterest(in: twin),
            let body = try? Weir_Bandwidth_V1_BwChgEventNotification(notification).serializedBytes()
                as [UInt8]
        {
            publisher.append(.protobuf(twin, body, qos: .atLeastOnce, properties))
        }
    }

    /// Tells each application's listeners what went through by its allocations since they were told last.
    package func tellVolumes(_ time: RadioTime) async {
        guard let volumes, time >= nextVolumes else { return }
        nextVolumes = time.advanced(byNanoseconds: settings.volumeInterval.nanoseconds)
        let applications = Set(state.allocations.map(\.appInsId)).filter(isChangeWanted).sorted()
        guard !applications.isEmpty else { return }
        let counted = await volumes()
        for application in applications {
            var moved: [DataVolDispersion] = []
            for info in state.allocations where info.appInsId == application {
                guard let id = info.allocationId, let bytes = counted[id] else { continue }
                // Less than before: the kernel began anew.
                let told = toldVolumes[id].map { $0 > bytes ? 0 : $0 } ?? 0
                toldVolumes[id] = bytes
                guard bytes > told else { continue }
                moved.append(
                    DataVolDispersion(
                        dataVol: bytes - told,
                        appInsId: application,
                        ueIp: info.terminalAddress
                    )
                )
            }
            guard !moved.isEmpty else { continue }
            tell(BwChgEventNotification(timeStamp: time, dataVolDispersion: moved), of: application)
        }
        toldVolumes = toldVolumes.filter { state.allocation($0.key) != nil }
    }

    /// The protobuf twin of a resource, which is made anew from the JSON after a restart.
    private func retainInMemory(_ info: BwInfo) {
        let id = info.allocationId ?? ""
        let topic = BandwidthTopics.allocationState(.protobuf, id: id)
        guard let event = try? protobuf(topic, Weir_Bandwidth_V1_BwInfo(info), "allocation", id, now()) else {
            return
        }
        publisher.append(event.inMemory)
    }

    private func retainInMemory(_ info: MtsSessionInfo) {
        let id = info.sessionId ?? ""
        let topic = BandwidthTopics.sessionState(.protobuf, id: id)
        guard
            let event = try? protobuf(topic, Weir_Bandwidth_V1_MtsSessionInfo(info), "mts_session", id, now())
        else { return }
        publisher.append(event.inMemory)
    }

    private func json(
        _ topic: String,
        _ value: some Encodable,
        _ kind: String,
        _ subject: String?,
        _ time: RadioTime
    ) throws -> BusEvent {
        let properties = stamp.properties(type: "org.weir.bwm.state.\(kind)", subject: subject, time: time)
        return .json(topic, try encoded(value), qos: .atLeastOnce, properties, retain: true)
    }

    private func protobuf(
        _ topic: String,
        _ message: some Message,
        _ kind: String,
        _ subject: String?,
        _ time: RadioTime
    ) throws -> BusEvent {
        let properties = stamp.properties(type: "org.weir.bwm.state.\(kind)", subject: subject, time: time)
        return .protobuf(topic, try message.serializedBytes(), qos: .atLeastOnce, properties, retain: true)
    }

    private func encoded(_ value: some Encodable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return [UInt8](try encoder.encode(value))
    }
}
