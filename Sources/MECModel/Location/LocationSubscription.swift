/// A subscription of MEC 013 6.3: what to tell, and how to deliver.
package struct LocationSubscription: Hashable, Sendable {
    package var delivery: SubscriptionDelivery
    package var clientCorrelator: String?
    package var criteria: Criteria

    package enum Criteria: Hashable, Sendable {
        case userLocationEvent(UserLocationEventCriteria)
        case userLocationPeriodic(UserLocationPeriodicCriteria)
        case zoneLocationEvent(ZoneLocationEventCriteria)
        case zoneStatus(ZoneStatusCriteria)
        case userArea(UserAreaCriteria)
        case userDistance(UserDistanceCriteria)
    }

    package init(
        _ criteria: Criteria,
        delivery: SubscriptionDelivery = SubscriptionDelivery(),
        clientCorrelator: String? = nil
    ) {
        self.criteria = criteria
        self.delivery = delivery
        self.clientCorrelator = clientCorrelator
    }

    package var event: LocationEvent {
        switch criteria {
        case .userLocationEvent: .userLocationEvent
        case .userLocationPeriodic: .userLocationPeriodic
        case .zoneLocationEvent: .zoneLocationEvent
        case .zoneStatus: .zoneStatus
        case .userArea: .userArea
        case .userDistance: .userDistance
        }
    }
}

/// ReportingCtrl, MEC 013 6.5.
package struct ReportingCtrl: Hashable, Sendable, Codable {
    /// Seconds between two reports, at least.
    package var minimumInterval: UInt32?
    /// Seconds between two notifications of the subscription, at least; the GS names it so.
    package var maximumFrequency: UInt32?
    /// Notifications in all; 0 or absent is no limit.
    package var maximumCount: UInt32?

    package init(minimumInterval: UInt32? = nil, maximumFrequency: UInt32? = nil, maximumCount: UInt32? = nil)
    {
        self.minimumInterval = minimumInterval
        self.maximumFrequency = maximumFrequency
        self.maximumCount = maximumCount
    }
}

/// One address entering or leaving access points or a zone.
package struct UserLocationEventCriteria: Hashable, Sendable, Codable {
    package struct UserEventPara: Hashable, Sendable, Codable {
        package var accessPointList: [String]?
        package var zoneId: String?
        package var occurrenceInfo: OccurrenceInfo?
        package var reportingLocationReq: Bool?

        package init(
            accessPointList: [String]? = nil,
            zoneId: String? = nil,
            occurrenceInfo: OccurrenceInfo? = nil,
            reportingLocationReq: Bool? = nil
        ) {
            self.accessPointList = accessPointList
            self.zoneId = zoneId
            self.occurrenceInfo = occurrenceInfo
            self.reportingLocationReq = reportingLocationReq
        }
    }

    package var address: String
    package var userEventPara: UserEventPara?
    package var locationEventCriteria: [LocationEventType]?

    package init(
        address: String,
        userEventPara: UserEventPara? = nil,
        locationEventCriteria: [LocationEventType]? = nil
    ) {
        self.address = address
        self.userEventPara = userEventPara
        self.locationEventCriteria = locationEventCriteria
    }
}

/// Where one address is, from time to time.
package struct UserLocationPeriodicCriteria: Hashable, Sendable, Codable {
    package struct PeriodicEventInfo: Hashable, Sendable, Codable {
        /// Number of reports.
        package var reportingAmount: UInt32
        /// Seconds.
        package var reportingInterval: UInt32

        package init(reportingAmount: UInt32, reportingInterval: UInt32) {
            self.reportingAmount = reportingAmount
            self.reportingInterval = reportingInterval
        }
    }

    package var address: String
    package var periodicEventInfo: PeriodicEventInfo

    package init(address: String, periodicEventInfo: PeriodicEventInfo) {
        self.address = address
        self.periodicEventInfo = periodicEventInfo
    }
}

/// Users entering or leaving a zone.
package struct ZoneLocationEventCriteria: Hashable, Sendable, Codable {
    package var zoneId: String
    /// Absent or empty: every user.
    package var addressList: [String]?
    package var locationEventCriteria: [LocationEventType]?
    package var reportingCtrl: ReportingCtrl?

    package init(
        zoneId: String,
        addressList: [String]? = nil,
        locationEventCriteria: [LocationEventType]? = nil,
        reportingCtrl: ReportingCtrl? = nil
    ) {
        self.zoneId = zoneId
        self.addressList = addressList
        self.locationEventCriteria = locationEventCriteria
        self.reportingCtrl = reportingCtrl
    }
}

/// Numbers of users and access points' states in a zone.
package struct ZoneStatusCriteria: Hashable, Sendable, Codable {
    package var zoneId: String
    package var upperNumberOfUsersZoneThreshold: Int?
    package var lowerNumberOfUsersZoneThreshold: Int?
    package var upperNumberOfUsersAPThreshold: Int?
    package var lowerNumberOfUsersAPThreshold: Int?
    package var operationStatus: [OperationStatus]?
    package var reportingCtrl: ReportingCtrl?

    package init(zoneId: String) { self.zoneId = zoneId }
}

/// Users entering or leaving a circle or polygon.
package struct UserAreaCriteria: Hashable, Sendable, Codable {
    package var addressList: [String]
    package var areaDefine: AreaInfo
    package var locationEventCriteria: [LocationEventType]?
    package var reportingLocationReq: Bool?
    /// Metres of acceptable error: a position that is less sure does not count. 0 is any.
    package var trackingAccuracy: Double
    package var reportingCtrl: ReportingCtrl?

    package init(addressList: [String], areaDefine: AreaInfo, trackingAccuracy: Double = 0) {
        self.addressList = addressList
        self.areaDefine = areaDefine
        self.trackingAccuracy = trackingAccuracy
    }
}

/// AreaInfo, MEC 013 6.5.
package struct AreaInfo: Hashable, Sendable, Codable {
    package struct Point: Hashable, Sendable, Codable {
        package var latitude: Double
        package var longitude: Double

        package init(latitude: Double, longitude: Double) {
            self.latitude = latitude
            self.longitude = longitude
        }
    }

    /// 1 circle, 2 polygon.
    package var shape: Int
    package var points: [Point]
    /// Metres, for a circle.
    package var radius: UInt32?

    package init(shape: Int, points: [Point], radius: UInt32? = nil) {
        self.shape = shape
        self.points = points
        self.radius = radius
    }
}

/// Users within or beyond a distance of each other or of reference users.
package struct UserDistanceCriteria: Hashable, Sendable, Codable {
    package var monitoredAddress: [String]
    package var referenceAddress: [String]?
    /// Metres.
    package var distance: Double
    /// Metres of acceptable error: a position that is less sure does not count. 0 is any.
    package var trackingAccuracy: Double
    package var criteria: DistanceCriteria
    package var checkImmediate: Bool
    package var reportingCtrl: ReportingCtrl?

    package init(
        monitoredAddress: [String],
        referenceAddress: [String]? = nil,
        distance: Double,
        trackingAccuracy: Double = 0,
        criteria: DistanceCriteria,
        checkImmediate: Bool = false,
        reportingCtrl: ReportingCtrl? = nil
    ) {
        self.monitoredAddress = monitoredAddress
        self.referenceAddress = referenceAddress
        self.distance = distance
        self.trackingAccuracy = trackingAccuracy
        self.criteria = criteria
        self.checkImmediate = checkImmediate
        self.reportingCtrl = reportingCtrl
    }
}

extension LocationSubscription: Codable {
    private enum CodingKeys: String, CodingKey { case subscriptionType, clientCorrelator }

    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        let type = try values.decode(String.self, forKey: .subscriptionType)
        guard let event = LocationEvent.allCases.first(where: { $0.subscriptionType == type }) else {
            throw DecodingError.dataCorruptedError(
                forKey: .subscriptionType,
                in: values,
                debugDescription: "expected a subscription type of MEC 013 6.3, found \(type)"
            )
        }
        delivery = try SubscriptionDelivery(from: decoder)
        clientCorrelator = try values.decodeIfPresent(String.self, forKey: .clientCorrelator)
        criteria =
            switch event {
            case .userLocationEvent: .userLocationEvent(try UserLocationEventCriteria(from: decoder))
            case .userLocationPeriodic: .userLocationPeriodic(try UserLocationPeriodicCriteria(from: decoder))
            case .zoneLocationEvent: .zoneLocationEvent(try ZoneLocationEventCriteria(from: decoder))
            case .zoneStatus: .zoneStatus(try ZoneStatusCriteria(from: decoder))
            case .userArea: .userArea(try UserAreaCriteria(from: decoder))
            case .userDistance: .userDistance(try UserDistanceCriteria(from: decoder))
            }
    }

    package func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(event.subscriptionType, forKey: .subscriptionType)
        try values.encodeIfPresent(clientCorrelator, forKey: .clientCorrelator)
        try delivery.encode(to: encoder)
        switch criteria {
        case .userLocationEvent(let criteria): try criteria.encode(to: encoder)
        case .userLocationPeriodic(let criteria): try criteria.encode(to: encoder)
        case .zoneLocationEvent(let criteria): try criteria.encode(to: encoder)
        case .zoneStatus(let criteria): try criteria.encode(to: encoder)
        case .userArea(let criteria): try criteria.encode(to: encoder)
        case .userDistance(let criteria): try criteria.encode(to: encoder)
        }
    }
}

extension LocationEvent {
    /// The `subscriptionType` of MEC 013 6.3.
    package var subscriptionType: String { typeName + "Subscription" }
    /// The `notificationType` of MEC 013 6.4.
    package var notificationType: String {
        switch self {
        case .userLocationEvent: "UserLocationEventNotification"
        case .userLocationPeriodic: "UserLocationPeriodicNotification"
        case .zoneLocationEvent: "ZoneLocationEventNotification"
        case .zoneStatus: "ZoneStatusNotification"
        case .userArea: "UserAreaNotification"
        case .userDistance: "UserDistanceNotification"
        }
    }

    private var typeName: String {
        switch self {
        case .userLocationEvent: "UserLocationEvent"
        case .userLocationPeriodic: "UserLocationPeriodic"
        case .zoneLocationEvent: "ZoneLocationEvent"
        case .zoneStatus: "ZoneStatus"
        case .userArea: "UserArea"
        case .userDistance: "UserDistance"
        }
    }
}
