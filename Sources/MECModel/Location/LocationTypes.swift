/// LocationEventType, MEC 013 6.5.
package enum LocationEventType: String, Sendable, Hashable, Codable, CaseIterable {
    case entering = "ENTERING_AREA_EVENT"
    case leaving = "LEAVING_AREA_EVENT"
}

/// NotificationResult, MEC 013 6.5.
package enum NotificationResult: String, Sendable, Hashable, Codable {
    case success = "SUCCESS"
    case abnormal = "ABNORMAL"
}

/// OccurrenceInfo, MEC 013 6.5.
package enum OccurrenceInfo: String, Sendable, Hashable, Codable {
    case oneTime = "ONE_TIME_EVENT"
    case multipleTime = "MULTIPLE_TIME_EVENT"
}

/// DistanceCriteria, MEC 013 6.5.
package enum DistanceCriteria: String, Sendable, Hashable, Codable, CaseIterable {
    case allWithin = "AllWithinDistance"
    case anyWithin = "AnyWithinDistance"
    case allBeyond = "AllBeyondDistance"
    case anyBeyond = "AnyBeyondDistance"
}

/// `userNumEvent` of ZoneStatusNotification, MEC 013 6.4.
package enum UserNumEvent: UInt8, Sendable, Hashable, BitwiseCopyable {
    case overZoneUpperThreshold = 1
    case underZoneLowerThreshold = 2
    case overAccessPointUpperThreshold = 3
    case underAccessPointLowerThreshold = 4
}

extension OperationStatus {
    /// As MEC 013 writes it.
    package var text: String {
        switch self {
        case .serviceable: "Serviceable"
        case .unserviceable: "Unserviceable"
        case .unknown: "Unknown"
        }
    }

    package init?(text: String) {
        switch text {
        case "Serviceable": self = .serviceable
        case "Unserviceable": self = .unserviceable
        case "Unknown": self = .unknown
        default: return nil
        }
    }
}

extension OperationStatus: Codable {
    package init(from decoder: any Decoder) throws {
        let text = try decoder.singleValueContainer().decode(String.self)
        guard let status = OperationStatus(text: text) else {
            throw DecodingError.dataCorrupted(
                .init(
                    codingPath: decoder.codingPath,
                    debugDescription: "expected Serviceable, Unserviceable or Unknown, found \(text)"
                )
            )
        }
        self = status
    }

    package func encode(to encoder: any Encoder) throws {
        var value = encoder.singleValueContainer()
        try value.encode(text)
    }
}

extension RadioAccess {
    /// ConnectionType, MEC 013 6.5.
    package var connectionType: String {
        switch self {
        case .eutra: "LTE"
        case .nr: "5G NR"
        case .wifi: "Wifi"
        }
    }
}

/// Where something is and how sure that is: LocationInfo, MEC 013 6.5.
package struct LocationInfo: Hashable, Sendable, BitwiseCopyable {
    package var point: GeoPoint
    /// Radius of uncertainty in metres.
    package var accuracy: Float?
    /// Metres per second over ground.
    package var speed: Float?
    /// Degrees from north, clockwise.
    package var bearing: Float?
    /// When it was measured.
    package var timestamp: RadioTime

    package init(
        point: GeoPoint,
        accuracy: Float? = nil,
        speed: Float? = nil,
        bearing: Float? = nil,
        timestamp: RadioTime
    ) {
        self.point = point
        self.accuracy = accuracy
        self.speed = speed
        self.bearing = bearing
        self.timestamp = timestamp
    }

    package init(_ fact: PositionFact, at time: RadioTime) {
        self.init(
            point: fact.point,
            accuracy: fact.accuracy,
            speed: fact.speed,
            bearing: fact.heading,
            timestamp: time
        )
    }
}

/// A user of the site, MEC 013 6.2.
package struct UserInfo: Hashable, Sendable {
    /// Its name on the site; one topic level.
    package var name: String
    /// `acr:` and its address.
    package var address: String
    package var terminal: NotifiedTerminal
    package var accessPointId: String?
    package var zoneId: String?
    package var timestamp: RadioTime
    package var locationInfo: LocationInfo?

    package init(
        name: String,
        address: String,
        terminal: NotifiedTerminal,
        accessPointId: String?,
        zoneId: String?,
        timestamp: RadioTime,
        locationInfo: LocationInfo?
    ) {
        self.name = name
        self.address = address
        self.terminal = terminal
        self.accessPointId = accessPointId
        self.zoneId = zoneId
        self.timestamp = timestamp
        self.locationInfo = locationInfo
    }
}

/// ZoneInfo, MEC 013 6.2.
package struct ZoneInfo: Hashable, Sendable {
    package var zoneId: String
    package var numberOfAccessPoints: Int
    package var numberOfUnserviceableAccessPoints: Int
    package var numberOfUsers: Int

    package init(
        zoneId: String,
        numberOfAccessPoints: Int,
        numberOfUnserviceableAccessPoints: Int,
        numberOfUsers: Int
    ) {
        self.zoneId = zoneId
        self.numberOfAccessPoints = numberOfAccessPoints
        self.numberOfUnserviceableAccessPoints = numberOfUnserviceableAccessPoints
        self.numberOfUsers = numberOfUsers
    }
}

/// AccessPointInfo, MEC 013 6.2.
package struct AccessPointInfo: Hashable, Sendable {
    package var accessPointId: String
    package var zoneId: String
    package var access: RadioAccess
    package var operationStatus: OperationStatus
    package var numberOfUsers: Int
    package var position: GeoPoint?

    package init(
        accessPointId: String,
        zoneId: String,
        access: RadioAccess,
        operationStatus: OperationStatus,
        numberOfUsers: Int,
        position: GeoPoint?
    ) {
        self.accessPointId = accessPointId
        self.zoneId = zoneId
        self.access = access
        self.operationStatus = operationStatus
        self.numberOfUsers = numberOfUsers
        self.position = position
    }
}
