/// Something that the location service tells, MEC 013 6.4.
package enum LocationNotification: Hashable, Sendable {
    case userLocationEvent(UserLocationEventNotification)
    case userLocationPeriodic(UserLocationPeriodicNotification)
    case zoneLocationEvent(ZoneLocationEventNotification)
    case zoneStatus(ZoneStatusNotification)
    case userArea(UserAreaNotification)
    case userDistance(UserDistanceNotification)
}

/// The six kinds of ``LocationNotification``.
package enum LocationEvent: UInt8, Sendable, Hashable, CaseIterable, BitwiseCopyable {
    case userLocationEvent, userLocationPeriodic, zoneLocationEvent, zoneStatus, userArea, userDistance
}

package struct UserLocationEventNotification: Hashable, Sendable {
    package var timeStamp: RadioTime
    package var name: String
    package var address: String
    package var event: LocationEventType
    package var zoneId: String?
    package var accessPointId: String?
    /// Only where the subscription asks for it.
    package var locationInfo: LocationInfo?

    package init(timeStamp: RadioTime, name: String, address: String, event: LocationEventType) {
        self.timeStamp = timeStamp
        self.name = name
        self.address = address
        self.event = event
    }
}

package struct UserLocationPeriodicNotification: Hashable, Sendable {
    package var timeStamp: RadioTime
    package var name: String
    package var address: String
    package var result: NotificationResult
    package var isFinalNotification = false
    package var zoneId: String?
    package var accessPointId: String?
    package var locationInfo: LocationInfo?

    package init(timeStamp: RadioTime, name: String, address: String, result: NotificationResult) {
        self.timeStamp = timeStamp
        self.name = name
        self.address = address
        self.result = result
    }
}

package struct ZoneLocationEventNotification: Hashable, Sendable {
    package var timeStamp: RadioTime
    package var name: String
    package var address: String
    package var event: LocationEventType
    package var zoneId: String

    package init(
        timeStamp: RadioTime,
        name: String,
        address: String,
        event: LocationEventType,
        zoneId: String
    ) {
        self.timeStamp = timeStamp
        self.name = name
        self.address = address
        self.event = event
        self.zoneId = zoneId
    }
}

package struct ZoneStatusNotification: Hashable, Sendable {
    package var timeStamp: RadioTime
    package var zoneId: String
    package var accessPointId: String?
    package var operationStatus: OperationStatus?
    package var userNumEvent: UserNumEvent?

    package init(timeStamp: RadioTime, zoneId: String) {
        self.timeStamp = timeStamp
        self.zoneId = zoneId
    }
}

package struct UserAreaNotification: Hashable, Sendable {
    package var timeStamp: RadioTime
    package var name: String
    package var address: String
    package var event: LocationEventType
    /// The user's place, never the area's; only where the subscription asks for it.
    package var locationInfo: LocationInfo?

    package init(timeStamp: RadioTime, name: String, address: String, event: LocationEventType) {
        self.timeStamp = timeStamp
        self.name = name
        self.address = address
        self.event = event
    }
}

package struct UserDistanceNotification: Hashable, Sendable {
    package var timeStamp: RadioTime
    package var monitoredUsers: [UserInfo]
    package var distanceEvent: DistanceCriteria

    package init(timeStamp: RadioTime, monitoredUsers: [UserInfo], distanceEvent: DistanceCriteria) {
        self.timeStamp = timeStamp
        self.monitoredUsers = monitoredUsers
        self.distanceEvent = distanceEvent
    }
}

extension LocationNotification {
    package var event: LocationEvent {
        switch self {
        case .userLocationEvent: .userLocationEvent
        case .userLocationPeriodic: .userLocationPeriodic
        case .zoneLocationEvent: .zoneLocationEvent
        case .zoneStatus: .zoneStatus
        case .userArea: .userArea
        case .userDistance: .userDistance
        }
    }

    package var timeStamp: RadioTime {
        switch self {
        case .userLocationEvent(let body): body.timeStamp
        case .userLocationPeriodic(let body): body.timeStamp
        case .zoneLocationEvent(let body): body.timeStamp
        case .zoneStatus(let body): body.timeStamp
        case .userArea(let body): body.timeStamp
        case .userDistance(let body): body.timeStamp
        }
    }

    /// The user it is about, by its name on the site.
    package var userName: String? {
        switch self {
        case .userLocationEvent(let body): body.name
        case .userLocationPeriodic(let body): body.name
        case .zoneLocationEvent(let body): body.name
        case .userArea(let body): body.name
        case .zoneStatus, .userDistance: nil
        }
    }
}
