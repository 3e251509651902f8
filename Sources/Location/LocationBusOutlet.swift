package import Bus
package import MECModel
package import MECRuntime
import MQTTWire
import SwiftProtobuf

/// Puts notifications on the bus: the topic in the style of Annex A and the second tree, each encoded
/// only if somebody listens.
package struct LocationBusOutlet: LocationOutlet, Sendable {
    private var stamp: CloudEventStamp
    package var publisher: EventPublisher
    private let bus: any Bus
    /// Interest in the plain topics, asked once per batch.
    private var plain: [Bool?]
    private var jsonTopic = ""
    private var protobufTopic = ""
    /// Subscriptions' own URIs, by identifier.
    package var references: [String: String] = [:]
    package private(set) var encodingFailures: UInt64 = 0

    package init(bus: any Bus, epoch: RadioTime) {
        self.bus = bus
        publisher = EventPublisher(bus: bus)
        stamp = CloudEventStamp(source: "/weir/location", epoch: epoch)
        plain = Array(repeating: nil, count: LocationEvent.allCases.count)
    }

    /// Asks the bus anew about the plain topics; once per batch is enough.
    package mutating func beginBatch() {
        for index in plain.indices { plain[index] = nil }
    }

    package mutating func audience(for event: LocationEvent, suffix: String) -> LocationAudience {
        var audience: LocationAudience = []
        if isWanted(event) { audience.insert(.plain) }
        jsonTopic = LocationTopics.event(event, .json, suffix: suffix)
        if bus.hasInterest(in: jsonTopic) { audience.insert(.json) }
        protobufTopic = LocationTopics.event(event, .protobuf, suffix: suffix)
        if bus.hasInterest(in: protobufTopic) { audience.insert(.protobuf) }
        return audience
    }

    private mutating func isWanted(_ event: LocationEvent) -> Bool {
        let index = Int(event.rawValue)
        if let known = plain[index] { return known }
        let wanted = bus.hasInterest(in: event.plainTopic)
        plain[index] = wanted
        return wanted
    }

    package mutating func emit(
        _ notification: LocationNotification,
        to audience: LocationAudience,
        suffix: String
    ) {
        let event = notification.event
        publish(
            notification,
            subscription: "",
            reference: "mqtt://" + event.plainTopic,
            plain: audience.contains(.plain),
            json: audience.contains(.json) ? jsonTopic : nil,
            protobuf: audience.contains(.protobuf) ? protobufTopic : nil
        )
    }

    package mutating func emit(_ notification: LocationNotification, subscription: String) {
        let event = notification.event
        let json = LocationTopics.subscription(event, .json, id: subscription)
        let protobuf = LocationTopics.subscription(event, .protobuf, id: subscription)
        // Areas and distances are told to nobody but subscriptions; their plain topics carry them all.
        let isPlain = (event == .userArea || event == .userDistance) && isWanted(event)
        publish(
            notification,
            subscription: subscription,
            reference: references[subscription] ?? "mqtt://" + event.plainTopic,
            plain: isPlain,
            json: bus.hasInterest(in: json) ? json : nil,
            protobuf: bus.hasInterest(in: protobuf) ? protobuf : nil
        )
    }

    private mutating func publish(
        _ notification: LocationNotification,
        subscription: String,
        reference: String,
        plain: Bool,
        json: String?,
        protobuf: String?
    ) {
        let event = notification.event
        guard plain || json != nil || protobuf != nil else { return }
        let properties = stamp.properties(
            type: event.cloudEventType,
            subject: notification.userName,
            time: notification.timeStamp
        )
        // A position comes again in a moment; the others are told at least once.
        let qos: QoS = event == .userLocationPeriodic ? .atMostOnce : .atLeastOnce
        if plain || json != nil {
            var writer = JSONWriter()
            notification.writeJSON(to: &writer, subscription: reference)
            if plain { publisher.append(.json(event.plainTopic, writer.bytes, qos: qos, properties)) }
            if let json { publisher.append(.json(json, writer.bytes, qos: qos, properties)) }
        }
        if let protobuf {
            guard
                let bytes = try? notification.protobuf(subscription: subscription).serializedBytes()
                    as [UInt8]
            else {
                encodingFailures += 1
                return
            }
            publisher.append(.protobuf(protobuf, bytes, qos: qos, properties))
        }
    }

    // MARK: - State

    /// Writes or clears the retained topics of a change; a subscription's is the service's business.
    package mutating func publish(_ change: LocationChange, now: RadioTime, base: String) {
        switch change {
        case .user(let user):
            var writer = JSONWriter()
            user.writeJSON(to: &writer, base: base)
            retain(
                { LocationTopics.userState($0, user: user.name) },
                writer.bytes,
                Weir_Location_V1_UserInfo(user),
                stamp.properties(type: "org.weir.location.state.user", subject: user.name, time: now)
            )
        case .accessPoint(let accessPoint):
            var writer = JSONWriter()
            accessPoint.writeJSON(to: &writer, base: base)
            let id = accessPoint.accessPointId
            retain(
                { LocationTopics.accessPointState($0, zone: accessPoint.zoneId, accessPoint: id) },
                writer.bytes,
                Weir_Location_V1_AccessPointInfo(accessPoint, at: now),
                stamp.properties(type: "org.weir.location.state.access_point", subject: id, time: now)
            )
        case .zone(let zone):
            var writer = JSONWriter()
            zone.writeJSON(to: &writer, base: base)
            retain(
                { LocationTopics.zoneState($0, zone: zone.zoneId) },
                writer.bytes,
                Weir_Location_V1_ZoneInfo(zone),
                stamp.properties(type: "org.weir.location.state.zone", subject: zone.zoneId, time: now)
            )
        case .userRemoved(let name): clear { LocationTopics.userState($0, user: name) }
        case .accessPointRemoved(let id, let zone):
            clear { LocationTopics.accessPointState($0, zone: zone, accessPoint: id) }
        case .zoneRemoved(let zone): clear { LocationTopics.zoneState($0, zone: zone) }
        case .subscription, .subscriptionEnded: break
        }
    }

    /// Clears retained state that `state` does not know: what a run before left.
    package mutating func clearState(except state: LocationState) throws(BusError) {
        let present = state.stateTopics
        for encoding in BodyEncoding.allCases {
            for event in try bus.latest(LocationTopics.root(encoding) + "state/#")
            where !present.contains(event.topic)
                && !event.topic.hasPrefix(LocationTopics.subscriptionState(id: ""))
            {
                publisher.append(.cleared(event.topic))
            }
        }
    }

    private mutating func clear(_ topic: (BodyEncoding) -> String) {
        for encoding in BodyEncoding.allCases { publisher.append(.cleared(topic(encoding))) }
    }

    private mutating func retain(
        _ topic: (BodyEncoding) -> String,
        _ json: [UInt8],
        _ message: some Message,
        _ properties: [UserProperty]
    ) {
        publisher.append(.json(topic(.json), json, qos: .atLeastOnce, properties, retain: true).inMemory)
        guard let bytes = try? message.serializedBytes() as [UInt8] else {
            encodingFailures += 1
            return
        }
        publisher.append(
            .protobuf(topic(.protobuf), bytes, qos: .atLeastOnce, properties, retain: true).inMemory
        )
    }
}

extension LocationEvent {
    fileprivate var cloudEventType: String {
        switch self {
        case .userLocationEvent: "org.weir.location.user_location_event"
        case .userLocationPeriodic: "org.weir.location.user_location_periodic"
        case .zoneLocationEvent: "org.weir.location.zone_location_event"
        case .zoneStatus: "org.weir.location.zone_status"
        case .userArea: "org.weir.location.user_area"
        case .userDistance: "org.weir.location.user_distance"
        }
    }
}

extension LocationState {
    /// The retained topics that stand for what is here now.
    var stateTopics: Set<String> {
        var topics: Set<String> = []
        for encoding in BodyEncoding.allCases {
            for case let zone? in zones {
                topics.insert(LocationTopics.zoneState(encoding, zone: zone.zoneId))
            }
            for case let accessPoint? in accessPoints {
                let zone = zoneId(accessPoint.definition.zone) ?? LocationTopics.noZone
                topics.insert(
                    LocationTopics.accessPointState(
                        encoding,
                        zone: zone,
                        accessPoint: accessPoint.accessPointId
                    )
                )
            }
            for case let user? in users where user.cell != nil {
                topics.insert(LocationTopics.userState(encoding, user: user.name))
            }
        }
        return topics
    }
}
