package import MECModel
import SwiftProtobuf

/// The criteria of MEC 013 6.3, from and to protobuf.
package struct LocationCriteria {
    package let value: LocationSubscription.Criteria

    /// - Throws: ``CallRefusal`` where they are of no kind; what the service does not take it says itself.
    package init(_ criteria: Weir_Location_V1_NotificationCriteria) throws {
        switch criteria.kind {
        case .userLocationEvent(let body): value = .userLocationEvent(Self.read(body))
        case .userLocationPeriodic(let body):
            value = .userLocationPeriodic(
                UserLocationPeriodicCriteria(
                    address: body.address,
                    periodicEventInfo: .init(
                        reportingAmount: body.reportingAmount,
                        reportingInterval: body.reportingInterval
                    )
                )
            )
        case .zoneLocationEvent(let body):
            value = .zoneLocationEvent(
                ZoneLocationEventCriteria(
                    zoneId: body.zoneID,
                    addressList: body.address.isEmpty ? nil : body.address,
                    locationEventCriteria: Self.read(body.locationEvent),
                    reportingCtrl: body.hasReportingCtrl ? Self.read(body.reportingCtrl) : nil
                )
            )
        case .zoneStatus(let body): value = .zoneStatus(Self.read(body))
        case .userArea(let body): value = .userArea(Self.read(body))
        case .userDistance(let body): value = .userDistance(try Self.read(body))
        case nil:
            throw CallRefusal.bad("criteria", "found none of a kind, expected one such as \"zone_status\"")
        }
    }

    // MARK: - Reading

    private static func read(_ body: Weir_Location_V1_UserLocationEventCriteria) -> UserLocationEventCriteria
    {
        UserLocationEventCriteria(
            address: body.address,
            userEventPara: .init(
                accessPointList: body.accessPointID.isEmpty ? nil : body.accessPointID,
                zoneId: body.zoneID.isEmpty ? nil : body.zoneID,
                occurrenceInfo: body.oneTime ? .oneTime : .multipleTime,
                reportingLocationReq: body.reportingLocation
            ),
            locationEventCriteria: read(body.locationEvent)
        )
    }

    private static func read(_ body: Weir_Location_V1_ZoneStatusCriteria) -> ZoneStatusCriteria {
        var criteria = ZoneStatusCriteria(zoneId: body.zoneID)
        if body.hasUpperNumberOfUsersZoneThreshold {
            criteria.upperNumberOfUsersZoneThreshold = Int(body.upperNumberOfUsersZoneThreshold)
        }
        if body.hasLowerNumberOfUsersZoneThreshold {
            criteria.lowerNumberOfUsersZoneThreshold = Int(body.lowerNumberOfUsersZoneThreshold)
        }
        if body.hasUpperNumberOfUsersApThreshold {
            criteria.upperNumberOfUsersAPThreshold = Int(body.upperNumberOfUsersApThreshold)
        }
        if body.hasLowerNumberOfUsersApThreshold {
            criteria.lowerNumberOfUsersAPThreshold = Int(body.lowerNumberOfUsersApThreshold)
        }
        let states = body.operationStatus.compactMap { status -> OperationStatus? in
            switch status {
            case .serviceable: .serviceable
            case .unserviceable: .unserviceable
            case .unknown: .unknown
            default: nil
            }
        }
        if !states.isEmpty { criteria.operationStatus = states }
        if body.hasReportingCtrl { criteria.reportingCtrl = read(body.reportingCtrl) }
        return criteria
    }

    private static func read(_ body: Weir_Location_V1_UserAreaCriteria) -> UserAreaCriteria {
        let points = body.area.points.map {
            AreaInfo.Point(latitude: $0.latitude, longitude: $0.longitude)
        }
        var criteria = UserAreaCriteria(
            addressList: body.address,
            areaDefine: AreaInfo(
                shape: points.count == 1 ? 1 : 2,
                points: points,
                radius: body.area.hasRadius ? body.area.radius : nil
            ),
            trackingAccuracy: body.trackingAccuracy
        )
        criteria.locationEventCriteria = read(body.locationEvent)
        criteria.reportingLocationReq = body.reportingLocation
        if body.hasReportingCtrl { criteria.reportingCtrl = read(body.reportingCtrl) }
        return criteria
    }

    private static func read(_ body: Weir_Location_V1_UserDistanceCriteria) throws -> UserDistanceCriteria {
        let kind: DistanceCriteria =
            switch body.criteria {
            case .allWithinDistance: .allWithin
            case .anyWithinDistance: .anyWithin
            case .allBeyondDistance: .allBeyond
            case .anyBeyondDistance: .anyBeyond
            default:
                throw CallRefusal.bad(
                    "criteria.user_distance.criteria",
                    "expected one of DistanceCriteria, found \(body.criteria.rawValue)"
                )
            }
        return UserDistanceCriteria(
            monitoredAddress: body.monitoredAddress,
            referenceAddress: body.referenceAddress.isEmpty ? nil : body.referenceAddress,
            distance: body.distance,
            trackingAccuracy: body.trackingAccuracy,
            criteria: kind,
            checkImmediate: body.checkImmediate,
            reportingCtrl: body.hasReportingCtrl ? read(body.reportingCtrl) : nil
        )
    }

    private static func read(_ types: [Weir_Location_V1_LocationEventType]) -> [LocationEventType]? {
        let known = types.compactMap { type -> LocationEventType? in
            switch type {
            case .enteringAreaEvent: .entering
            case .leavingAreaEvent: .leaving
            default: nil
            }
        }
        return known.isEmpty ? nil : known
    }

    private static func read(_ control: Weir_Location_V1_ReportingCtrl) -> ReportingCtrl {
        ReportingCtrl(
            minimumInterval: control.hasMinimumInterval ? control.minimumInterval : nil,
            maximumFrequency: control.hasMaximumFrequency ? control.maximumFrequency : nil,
            maximumCount: control.hasMaximumCount ? control.maximumCount : nil
        )
    }
}
