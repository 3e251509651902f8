/// The topics of the location service.
package enum LocationTopics {
    /// Stands where a zone would, for who is in none.
    package static let noZone = "none"

    package static func root(_ encoding: BodyEncoding) -> String {
        encoding == .json ? "mec/v1/json/location/" : "mec/v1/pb/location/"
    }

    /// `text` as one topic level: what MQTT would take for structure is percent-encoded.
    package static func level(_ text: String) -> String {
        guard text.utf8.contains(where: { "/+#%\0".utf8.contains($0) }) else {
            return text.isEmpty ? "%" : text
        }
        var level = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "/": level += "%2F"
            case "+": level += "%2B"
            case "#": level += "%23"
            case "%": level += "%25"
            case "\0": level += "%00"
            default: level.unicodeScalars.append(scalar)
            }
        }
        return level
    }

    /// `{zone}/{ue}`.
    package static func suffix(zone: String?, user: String) -> String {
        "\(level(zone ?? noZone))/\(user)"
    }

    /// `{zone}/{accessPoint}/{ue}`.
    package static func suffix(zone: String?, accessPoint: String, user: String) -> String {
        "\(level(zone ?? noZone))/\(accessPoint)/\(user)"
    }

    package static func event(_ event: LocationEvent, _ encoding: BodyEncoding, suffix: String) -> String {
        "\(root(encoding))\(event.treeName)/\(suffix)"
    }

    /// Where one subscription's notifications go.
    package static func subscription(_ event: LocationEvent, _ encoding: BodyEncoding, id: String) -> String {
        "\(root(encoding))subscription/\(id)/\(event.treeName)"
    }

    package static func userState(_ encoding: BodyEncoding, user: String) -> String {
        "\(root(encoding))state/user/\(user)"
    }

    package static func zoneState(_ encoding: BodyEncoding, zone: String) -> String {
        "\(root(encoding))state/zone/\(level(zone))"
    }

    package static func accessPointState(_ encoding: BodyEncoding, zone: String, accessPoint: String)
        -> String
    {
        "\(root(encoding))state/access_point/\(level(zone))/\(accessPoint)"
    }

    /// The subscription itself; retained, so that it is there after a restart.
    package static func subscriptionState(id: String) -> String {
        "\(root(.json))state/subscription/\(id)"
    }

    /// Applications ask here for subscriptions.
    package static let subscribe = "mec/v1/json/location/request/subscription/create"
    package static let unsubscribe = "mec/v1/json/location/request/subscription/delete"

    package static let channels: [TopicChannel] =
        LocationEvent.allCases.flatMap(eventChannels) + stateChannels + requestChannels

    private static func eventChannels(_ event: LocationEvent) -> [TopicChannel] {
        let reference = "ETSI GS MEC 013 V3.1.1 clause 6.4"
        var channels = [
            TopicChannel(
                name: event.channelName,
                address: event.plainTopic,
                role: .event,
                encoding: .json,
                message: event.notificationType,
                summary: event.summary + ".",
                reference: reference
            )
        ]
        for encoding in BodyEncoding.allCases {
            let message =
                encoding == .json ? event.notificationType : "weir.location.v1.\(event.notificationType)"
            if let levels = event.suffixLevels {
                channels.append(
                    TopicChannel(
                        name: event.channelName + encoding.channelSuffix,
                        address: LocationTopics.event(event, encoding, suffix: levels),
                        role: .event,
                        encoding: encoding,
                        message: message,
                        summary: event.summary + ", by \(event.levelNames).",
                        reference: reference
                    )
                )
            }
            channels.append(
                TopicChannel(
                    name: event.channelName + "Subscription" + encoding.channelSuffix,
                    address: subscription(event, encoding, id: "{subscription}"),
                    role: .event,
                    encoding: encoding,
                    message: message,
                    summary: event.summary + ", as one subscription asked for it.",
                    reference: reference
                )
            )
        }
        return channels
    }

    private static let stateChannels =
        BodyEncoding.allCases.flatMap { encoding in
            [
                TopicChannel(
                    name: "locationUserState" + encoding.channelSuffix,
                    address: userState(encoding, user: "{ue}"),
                    role: .state,
                    encoding: encoding,
                    message: encoding == .json ? "UserInfo" : "weir.location.v1.UserInfo",
                    summary: "Where a user is now; cleared while it is at no access point.",
                    reference: "ETSI GS MEC 013 V3.1.1 clause 6.2"
                ),
                TopicChannel(
                    name: "locationZoneState" + encoding.channelSuffix,
                    address: root(encoding) + "state/zone/{zone}",
                    role: .state,
                    encoding: encoding,
                    message: encoding == .json ? "ZoneInfo" : "weir.location.v1.ZoneInfo",
                    summary: "A zone, its access points and users now; cleared when it is removed.",
                    reference: "ETSI GS MEC 013 V3.1.1 clause 6.2"
                ),
                TopicChannel(
                    name: "locationAccessPointState" + encoding.channelSuffix,
                    address: root(encoding) + "state/access_point/{zone}/{accessPoint}",
                    role: .state,
                    encoding: encoding,
                    message: encoding == .json ? "AccessPointInfo" : "weir.location.v1.AccessPointInfo",
                    summary: "An access point and its users now; cleared when it is removed.",
                    reference: "ETSI GS MEC 013 V3.1.1 clause 6.2"
                ),
            ]
        } + [
            TopicChannel(
                name: "locationSubscriptionState",
                address: subscriptionState(id: "{subscription}"),
                role: .state,
                encoding: .json,
                message: "LocationSubscription",
                summary: "A subscription in force; cleared when it ends.",
                reference: "ETSI GS MEC 013 V3.1.1 clause 6.3"
            )
        ]

    private static let requestChannels = [
        TopicChannel(
            name: "locationSubscribe",
            address: subscribe,
            role: .request,
            encoding: .json,
            message: "LocationSubscription",
            summary: "Asks for a subscription; the answer has its identifier in _links.self.",
            reference: "ETSI GS MEC 013 V3.1.1 clause 6.3"
        ),
        TopicChannel(
            name: "locationUnsubscribe",
            address: unsubscribe,
            role: .request,
            encoding: .json,
            message: "ResourceReference",
            summary: "Ends a subscription.",
            reference: "ETSI GS MEC 013 V3.1.1 clause 7"
        ),
    ]
}

extension LocationEvent {
    /// The topic in the style of MEC 012 Annex A.
    package var plainTopic: String {
        switch self {
        case .userLocationEvent: "/location/user/location_event"
        case .userLocationPeriodic: "/location/user/location_periodic"
        case .zoneLocationEvent: "/location/zone/location_event"
        case .zoneStatus: "/location/zone/status"
        case .userArea: "/location/user/area"
        case .userDistance: "/location/user/distance"
        }
    }

    package var treeName: String {
        switch self {
        case .userLocationEvent: "user_location_event"
        case .userLocationPeriodic: "user_location_periodic"
        case .zoneLocationEvent: "zone_location_event"
        case .zoneStatus: "zone_status"
        case .userArea: "user_area"
        case .userDistance: "user_distance"
        }
    }

    /// The last levels of what the service tells everybody; `nil` where only subscriptions are told.
    fileprivate var suffixLevels: String? {
        switch self {
        case .userLocationEvent: "{zone}/{accessPoint}/{ue}"
        case .userLocationPeriodic, .zoneLocationEvent: "{zone}/{ue}"
        case .zoneStatus: "{zone}"
        case .userArea, .userDistance: nil
        }
    }

    fileprivate var levelNames: String {
        switch self {
        case .userLocationEvent: "zone, access point and terminal"
        case .zoneStatus: "zone"
        default: "zone and terminal"
        }
    }

    fileprivate var channelName: String {
        switch self {
        case .userLocationEvent: "userLocationEvent"
        case .userLocationPeriodic: "userLocationPeriodic"
        case .zoneLocationEvent: "zoneLocationEvent"
        case .zoneStatus: "zoneStatus"
        case .userArea: "userArea"
        case .userDistance: "userDistance"
        }
    }

    fileprivate var summary: String {
        switch self {
        case .userLocationEvent: "A user enters or leaves an access point"
        case .userLocationPeriodic: "Where a user is"
        case .zoneLocationEvent: "A user enters or leaves a zone"
        case .zoneStatus: "The state of a zone or of an access point in it changed"
        case .userArea: "A user enters or leaves a circle or polygon"
        case .userDistance: "Users are within or beyond a distance of each other"
        }
    }
}
