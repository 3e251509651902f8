package import SwiftProtobuf

extension LocationNotification {
    /// The event as a message of `weir.location.v1`; `subscription` is the subscription's identifier,
    /// empty for what the service tells everybody.
    package func protobuf(subscription: String) -> any Message {
        switch self {
        case .userLocationEvent(let body):
            var message = Weir_Location_V1_UserLocationEventNotification()
            message.timeStamp = Google_Protobuf_Timestamp(body.timeStamp)
            message.address = body.address
            message.userLocationEvent = Weir_Location_V1_LocationEventType(body.event)
            if let zone = body.zoneId { message.zoneID = zone }
            if let accessPoint = body.accessPointId { message.accessPointID = accessPoint }
            if let location = body.locationInfo {
                message.locationInfo = Weir_Location_V1_LocationInfo(location)
            }
            message.subscription = subscription
            return message
        case .userLocationPeriodic(let body):
            var message = Weir_Location_V1_UserLocationPeriodicNotification()
            message.timeStamp = Google_Protobuf_Timestamp(body.timeStamp)
            message.address = body.address
            message.result = body.result == .success ? .success : .abnormal
            message.isFinalNotification = body.isFinalNotification
            if let zone = body.zoneId { message.zoneID = zone }
            if let accessPoint = body.accessPointId { message.accessPointID = accessPoint }
            if let location = body.locationInfo {
                message.locationInfo = Weir_Location_V1_LocationInfo(location)
            }
            message.subscription = subscription
            return message
        case .zoneLocationEvent(let body):
            var message = Weir_Location_V1_ZoneLocationEventNotification()
            message.timeStamp = Google_Protobuf_Timestamp(body.timeStamp)
            message.address = body.address
            message.userLocationEvent = Weir_Location_V1_LocationEventType(body.event)
            message.zoneID = body.zoneId
            message.subscription = subscription
            return message
        case .zoneStatus(let body):
            var message = Weir_Location_V1_ZoneStatusNotification()
            message.timeStamp = Google_Protobuf_Timestamp(body.timeStamp)
            message.zoneID = body.zoneId
            if let accessPoint = body.accessPointId { message.accessPointID = accessPoint }
            if let status = body.operationStatus {
                message.operationStatus = Weir_Location_V1_OperationStatus(status)
            }
            if let event = body.userNumEvent {
                message.userNumEvent =
                    Weir_Location_V1_UserNumEvent(rawValue: Int(event.rawValue)) ?? .unspecified
            }
            message.subscription = subscription
            return message
        case .userArea(let body):
            var message = Weir_Location_V1_UserAreaNotification()
            message.timeStamp = Google_Protobuf_Timestamp(body.timeStamp)
            message.address = body.address
            message.userLocationEvent = Weir_Location_V1_LocationEventType(body.event)
            if let location = body.locationInfo {
                message.locationInfo = Weir_Location_V1_LocationInfo(location)
            }
            message.subscription = subscription
            return message
        case .userDistance(let body):
            var message = Weir_Location_V1_UserDistanceNotification()
            message.timeStamp = Google_Protobuf_Timestamp(body.timeStamp)
            message.monitoredUsers.user = body.monitoredUsers.map(Weir_Location_V1_UserInfo.init)
            message.distanceEvent =
                switch body.distanceEvent {
                case .allWithin: .allWithinDistance
                case .anyWithin: .anyWithinDistance
                case .allBeyond: .allBeyondDistance
                case .anyBeyond: .anyBeyondDistance
                }
            message.subscription = subscription
            return message
        }
    }
}

extension Weir_Location_V1_LocationEventType {
    init(_ event: LocationEventType) { self = event == .entering ? .enteringAreaEvent : .leavingAreaEvent }
}

extension Weir_Location_V1_OperationStatus {
    init(_ status: OperationStatus) {
        switch status {
        case .serviceable: self = .serviceable
        case .unserviceable: self = .unserviceable
        case .unknown: self = .unknown
        }
    }
}

extension Weir_Location_V1_LocationInfo {
    init(_ location: LocationInfo) {
        self.init()
        latitude = location.point.latitude
        longitude = location.point.longitude
        if let value = location.accuracy { accuracy = value }
        if let value = location.speed { horizontalSpeed = value }
        if let value = location.bearing { bearing = value }
        timestamp = Google_Protobuf_Timestamp(location.timestamp)
    }
}

extension Weir_Location_V1_UserInfo {
    package init(_ user: UserInfo) {
        self.init()
        address = user.address
        terminal = Weir_Mec_V1_Terminal(user.terminal)
        if let value = user.accessPointId { accessPointID = value }
        if let value = user.zoneId { zoneID = value }
        timestamp = Google_Protobuf_Timestamp(user.timestamp)
        if let location = user.locationInfo { locationInfo = Weir_Location_V1_LocationInfo(location) }
    }
}

extension Weir_Location_V1_ZoneInfo {
    package init(_ zone: ZoneInfo) {
        self.init()
        zoneID = zone.zoneId
        numberOfAccessPoints = UInt32(clamping: zone.numberOfAccessPoints)
        numberOfUnserviceableAccessPoints = UInt32(clamping: zone.numberOfUnserviceableAccessPoints)
        numberOfUsers = UInt32(clamping: zone.numberOfUsers)
    }
}

extension Weir_Location_V1_AccessPointInfo {
    package init(_ accessPoint: AccessPointInfo, at time: RadioTime) {
        self.init()
        accessPointID = accessPoint.accessPointId
        zoneID = accessPoint.zoneId
        connectionType =
            switch accessPoint.access {
            case .eutra: .lte
            case .nr: .connectionType5GNr
            case .wifi: .wifi
            }
        operationStatus = Weir_Location_V1_OperationStatus(accessPoint.operationStatus)
        numberOfUsers = UInt32(clamping: accessPoint.numberOfUsers)
        if let point = accessPoint.position {
            locationInfo = Weir_Location_V1_LocationInfo(LocationInfo(point: point, timestamp: time))
        }
    }
}
