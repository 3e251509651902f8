package import MECModel
import SwiftProtobuf

extension Weir_Location_V1_Subscription {
    package init(_ id: String, _ subscription: LocationSubscription) {
        self.init()
        self.id = id
        criteria = Weir_Location_V1_NotificationCriteria(subscription.criteria)
        clientCorrelator = subscription.clientCorrelator ?? ""
        if let deadline = subscription.delivery.expiryDeadline {
            expiryDeadline = Google_Protobuf_Timestamp(deadline.time)
        }
    }
}

extension Weir_Location_V1_NotificationCriteria {
    fileprivate init(_ criteria: LocationSubscription.Criteria) {
        self.init()
        switch criteria {
        case .userLocationEvent(let body):
            userLocationEvent = .with {
                $0.address = body.address
                $0.accessPointID = body.userEventPara?.accessPointList ?? []
                $0.zoneID = body.userEventPara?.zoneId ?? ""
                $0.oneTime = body.userEventPara?.occurrenceInfo == .oneTime
                $0.locationEvent = Self.written(body.locationEventCriteria)
                $0.reportingLocation = body.userEventPara?.reportingLocationReq ?? false
            }
        case .userLocationPeriodic(let body):
            userLocationPeriodic = .with {
                $0.address = body.address
                $0.reportingAmount = body.periodicEventInfo.reportingAmount
                $0.reportingInterval = body.periodicEventInfo.reportingInterval
            }
        case .zoneLocationEvent(let body):
            zoneLocationEvent = .with {
                $0.zoneID = body.zoneId
                $0.address = body.addressList ?? []
                $0.locationEvent = Self.written(body.locationEventCriteria)
                if let control = body.reportingCtrl {
                    $0.reportingCtrl = Weir_Location_V1_ReportingCtrl(control)
                }
            }
        case .zoneStatus(let body): zoneStatus = Weir_Location_V1_ZoneStatusCriteria(body)
        case .userArea(let body): userArea = Weir_Location_V1_UserAreaCriteria(body)
        case .userDistance(let body): userDistance = Weir_Location_V1_UserDistanceCriteria(body)
        }
    }

    fileprivate static func written(_ types: [LocationEventType]?) -> [Weir_Location_V1_LocationEventType] {
        (types ?? []).map { $0 == .entering ? .enteringAreaEvent : .leavingAreaEvent }
    }
}

extension Weir_Location_V1_ZoneStatusCriteria {
    fileprivate init(_ body: ZoneStatusCriteria) {
        self.init()
        zoneID = body.zoneId
        if let value = body.upperNumberOfUsersZoneThreshold {
            upperNumberOfUsersZoneThreshold = UInt32(clamping: value)
        }
        if let value = body.lowerNumberOfUsersZoneThreshold {
            lowerNumberOfUsersZoneThreshold = UInt32(clamping: value)
        }
        if let value = body.upperNumberOfUsersAPThreshold {
            upperNumberOfUsersApThreshold = UInt32(clamping: value)
        }
        if let value = body.lowerNumberOfUsersAPThreshold {
            lowerNumberOfUsersApThreshold = UInt32(clamping: value)
        }
        operationStatus = (body.operationStatus ?? []).map { status in
            switch status {
            case .serviceable: .serviceable
            case .unserviceable: .unserviceable
            case .unknown: .unknown
            }
        }
        if let control = body.reportingCtrl { reportingCtrl = Weir_Location_V1_ReportingCtrl(control) }
    }
}

extension Weir_Location_V1_UserAreaCriteria {
    fileprivate init(_ body: UserAreaCriteria) {
        self.init()
        address = body.addressList
        area.points = body.areaDefine.points.map { point in
            .with {
                $0.latitude = point.latitude
                $0.longitude = point.longitude
            }
        }
        if let radius = body.areaDefine.radius { area.radius = radius }
        locationEvent = Weir_Location_V1_NotificationCriteria.written(body.locationEventCriteria)
        reportingLocation = body.reportingLocationReq ?? false
        trackingAccuracy = body.trackingAccuracy
        if let control = body.reportingCtrl { reportingCtrl = Weir_Location_V1_ReportingCtrl(control) }
    }
}

extension Weir_Location_V1_UserDistanceCriteria {
    fileprivate init(_ body: UserDistanceCriteria) {
        self.init()
        monitoredAddress = body.monitoredAddress
        referenceAddress = body.referenceAddress ?? []
        distance = body.distance
        trackingAccuracy = body.trackingAccuracy
        criteria =
            switch body.criteria {
            case .allWithin: .allWithinDistance
            case .anyWithin: .anyWithinDistance
            case .allBeyond: .allBeyondDistance
            case .anyBeyond: .anyBeyondDistance
            }
        checkImmediate = body.checkImmediate
        if let control = body.reportingCtrl { reportingCtrl = Weir_Location_V1_ReportingCtrl(control) }
    }
}

extension Weir_Location_V1_ReportingCtrl {
    fileprivate init(_ control: ReportingCtrl) {
        self.init()
        if let value = control.minimumInterval { minimumInterval = value }
        if let value = control.maximumFrequency { maximumFrequency = value }
        if let value = control.maximumCount { maximumCount = value }
    }
}
