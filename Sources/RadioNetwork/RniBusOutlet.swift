package import Bus
package import MECModel
package import MECRuntime
import MQTTWire
import SwiftProtobuf

/// Puts notifications on the bus: Annex A's topic and the second tree, each encoded only if somebody
/// listens, the JSON once for both.
package struct RniBusOutlet: RniOutlet, Sendable {
    private var stamp: CloudEventStamp
    package var publisher: EventPublisher
    private let bus: any Bus
    /// Interest in Annex A's topics, asked once per batch.
    private var annexA: [Bool?]
    private var jsonTopic = ""
    private var protobufTopic = ""
    /// Notifications that could not be encoded; they are not sent.
    package private(set) var encodingFailures: UInt64 = 0

    package init(bus: any Bus, epoch: RadioTime) {
        self.bus = bus
        publisher = EventPublisher(bus: bus)
        stamp = CloudEventStamp(source: "/weir/rnis", epoch: epoch)
        annexA = Array(repeating: nil, count: RniEvent.allCases.count)
    }

    /// Asks the bus anew about Annex A's topics; once per batch is enough.
    package mutating func beginBatch() {
        for index in annexA.indices { annexA[index] = nil }
    }

    package mutating func audience(for event: RniEvent, suffix: String) -> RniAudience {
        var audience: RniAudience = []
        if isWanted(event) { audience.insert(.annexA) }
        guard !suffix.isEmpty else { return audience }
        jsonTopic = RniTopics.event(event, .json, suffix: suffix)
        if bus.hasInterest(in: jsonTopic) { audience.insert(.json) }
        protobufTopic = RniTopics.event(event, .protobuf, suffix: suffix)
        if bus.hasInterest(in: protobufTopic) { audience.insert(.protobuf) }
        return audience
    }

    private mutating func isWanted(_ event: RniEvent) -> Bool {
        let index = Int(event.rawValue)
        if let known = annexA[index] { return known }
        let wanted = bus.hasInterest(in: event.annexATopic)
        annexA[index] = wanted
        return wanted
    }

    package mutating func emit(_ notification: RniNotification, to audience: RniAudience, suffix: String) {
        let event = notification.event
        let properties = stamp.properties(
            type: event.cloudEventType,
            subject: notification.terminal.name,
            time: notification.timeStamp
        )
        let qos = event.qos
        if !audience.isDisjoint(with: [.annexA, .json]) {
            var writer = JSONWriter()
            notification.writeJSON(to: &writer, subscription: event.subscriptionReference)
            if audience.contains(.annexA) {
                publisher.append(.json(event.annexATopic, writer.bytes, qos: qos, properties))
            }
            if audience.contains(.json) {
                publisher.append(.json(jsonTopic, writer.bytes, qos: qos, properties))
            }
        }
        if audience.contains(.protobuf) {
            guard let bytes = try? notification.protobuf.serializedBytes() as [UInt8] else {
                encodingFailures += 1
                return
            }
            publisher.append(.protobuf(protobufTopic, bytes, qos: qos, properties))
        }
    }

    // MARK: - State and snapshots

    /// Writes or clears a retained topic, in both encodings.
    package mutating func publish(_ change: RadioNetworkChange, now: RadioTime) {
        switch change {
        case .cell(let state):
            let identity = state.definition.identity
            let properties = stamp.properties(
                type: "org.weir.rni.state.cell",
                subject: identity.description,
                time: now
            )
            var writer = JSONWriter()
            state.writeJSON(to: &writer)
            retain(
                RniTopics.cellState(.json, cell: identity),
                RniTopics.cellState(.protobuf, cell: identity),
                writer.bytes,
                Weir_Rnis_V1_CellState(state),
                properties
            )
        case .terminal(let state):
            let name = state.terminal.name
            let properties = stamp.properties(type: "org.weir.rni.state.ue", subject: name, time: now)
            var writer = JSONWriter()
            state.writeJSON(to: &writer)
            retain(
                RniTopics.ueState(.json, terminal: name),
                RniTopics.ueState(.protobuf, terminal: name),
                writer.bytes,
                Weir_Rnis_V1_UeState(state),
                properties
            )
        case .cellRemoved(let identity):
            for encoding in BodyEncoding.allCases {
                publisher.append(.cleared(RniTopics.cellState(encoding, cell: identity)))
            }
        case .terminalRemoved(let name):
            for encoding in BodyEncoding.allCases {
                publisher.append(.cleared(RniTopics.ueState(encoding, terminal: name)))
            }
        }
    }

    /// Clears retained state of cells and terminals that `state` does not know: what a run before left.
    package mutating func clearState(except state: RadioNetworkState) throws(BusError) {
        let present = state.stateTopics
        for encoding in BodyEncoding.allCases {
            for event in try bus.latest(RniTopics.root(encoding) + "state/#")
            where !present.contains(event.topic) {
                publisher.append(.cleared(event.topic))
            }
        }
    }

    private mutating func retain(
        _ jsonTopic: String,
        _ protobufTopic: String,
        _ json: [UInt8],
        _ message: some Message,
        _ properties: [UserProperty]
    ) {
        publisher.append(.json(jsonTopic, json, qos: .atLeastOnce, properties, retain: true).inMemory)
        guard let bytes = try? message.serializedBytes() as [UInt8] else {
            encodingFailures += 1
            return
        }
        publisher.append(
            .protobuf(protobufTopic, bytes, qos: .atLeastOnce, properties, retain: true).inMemory
        )
    }

    /// Publishes the answers to the queries of Annex A, each only if somebody listens.
    package mutating func publishSnapshots(of state: RadioNetworkState, appInstanceId: String, now: RadioTime)
    {
        if bus.hasInterest(in: RniTopics.plmnInfo) {
            var writer = JSONWriter()
            writer.beginArray()
            for answer in state.plmnInfo(appInstanceIds: [appInstanceId], now: now) {
                answer.writeJSON(to: &writer)
            }
            writer.endArray()
            snapshot(RniTopics.plmnInfo, writer.bytes, "plmn_info", now)
        }
        if bus.hasInterest(in: RniTopics.rabInfo) {
            let requestId = String(UInt64(bitPattern: now.nanoseconds), radix: 36)
            var answer = state.rabInfo(appInstanceId: appInstanceId, requestId: requestId, now: now)
            for cell in answer.cellUserInfo where cell.cell.access == .eutra {
                answer.cellUserInfo = [cell]
                var writer = JSONWriter()
                answer.writeJSON(to: &writer)
                snapshot(RniTopics.rabInfo, writer.bytes, "rab_info", now)
            }
        }
        if bus.hasInterest(in: RniTopics.s1BearerInfo) {
            let all = state.s1BearerInfo(now: now).s1UeInfo.filter { $0.cell.access == .eutra }
            var start = 0
            while start < all.count {
                let end = all[start...].firstIndex { $0.cell != all[start].cell } ?? all.count
                var writer = JSONWriter()
                S1BearerInfo(timeStamp: now, s1UeInfo: Array(all[start..<end])).writeJSON(to: &writer)
                snapshot(RniTopics.s1BearerInfo, writer.bytes, "s1_bearer_info", now)
                start = end
            }
        }
    }

    private mutating func snapshot(_ topic: String, _ json: [UInt8], _ name: String, _ now: RadioTime) {
        let properties = stamp.properties(type: "org.weir.rni.\(name)", subject: nil, time: now)
        publisher.append(.json(topic, json, qos: .atMostOnce, properties))
    }
}

extension RniEvent {
    fileprivate var cloudEventType: String {
        switch self {
        case .cellChange: "org.weir.rni.cell_change"
        case .rabEst: "org.weir.rni.rab_est"
        case .rabMod: "org.weir.rni.rab_mod"
        case .rabRel: "org.weir.rni.rab_rel"
        case .measRepUe: "org.weir.rni.meas_rep_ue"
        case .nrMeasRepUe: "org.weir.rni.nr_meas_rep_ue"
        case .measTa: "org.weir.rni.timing_advance_ue"
        case .caReconf: "org.weir.rni.ca_reconf"
        case .s1Bearer: "org.weir.rni.s1_bearer"
        }
    }

    /// `_links.subscription` of what the bus carries: the subscription is the topic.
    package var subscriptionReference: String { "mqtt://" + annexATopic }

    /// Measurements come again in a moment; the others are told at least once.
    fileprivate var qos: QoS {
        switch self {
        case .measRepUe, .nrMeasRepUe, .measTa: .atMostOnce
        default: .atLeastOnce
        }
    }
}
