import Location
import MECModel
import MECTestSupport

/// Facts and subscriptions that make the location service say everything it can say.
enum LocationShow {
    static let subscriptions: [LocationSubscription] = {
        let addresses = ["acr:10.0.0.1"]
        var area = UserAreaCriteria(
            addressList: addresses,
            areaDefine: AreaInfo(shape: 1, points: [.init(latitude: 43.73, longitude: 7.42)], radius: 100),
            trackingAccuracy: 50
        )
        area.reportingLocationReq = true
        area.locationEventCriteria = LocationEventType.allCases
        area.reportingCtrl = ReportingCtrl(minimumInterval: 0, maximumFrequency: 0, maximumCount: 100)
        var polygon = area
        polygon.areaDefine = AreaInfo(
            shape: 2,
            points: [(43.7, 7.4), (43.7, 7.5), (43.8, 7.5)].map { .init(latitude: $0.0, longitude: $0.1) }
        )
        var status = ZoneStatusCriteria(zoneId: "zone1")
        status.upperNumberOfUsersZoneThreshold = 0
        status.lowerNumberOfUsersZoneThreshold = 1
        status.upperNumberOfUsersAPThreshold = 0
        status.lowerNumberOfUsersAPThreshold = 1
        status.operationStatus = [.unserviceable]
        return [
            LocationSubscription(
                .userLocationEvent(
                    UserLocationEventCriteria(
                        address: "acr:10.0.0.1",
                        userEventPara: .init(
                            zoneId: "zone1",
                            occurrenceInfo: .multipleTime,
                            reportingLocationReq: true
                        ),
                        locationEventCriteria: [.entering, .leaving]
                    )
                ),
                clientCorrelator: "c"
            ),
            LocationSubscription(
                .userLocationPeriodic(
                    UserLocationPeriodicCriteria(
                        address: "acr:10.0.0.1",
                        periodicEventInfo: .init(reportingAmount: 2, reportingInterval: 1)
                    )
                )
            ),
            LocationSubscription(
                .zoneLocationEvent(ZoneLocationEventCriteria(zoneId: "zone1", addressList: addresses))
            ),
            LocationSubscription(.zoneStatus(status)),
            LocationSubscription(.userArea(area)),
            LocationSubscription(.userArea(polygon)),
            LocationSubscription(
                .userDistance(
                    UserDistanceCriteria(
                        monitoredAddress: addresses,
                        referenceAddress: ["acr:10.0.0.2"],
                        distance: 100,
                        criteria: .anyWithin,
                        checkImmediate: true
                    )
                )
            ),
        ]
    }()

    static func run(_ state: inout LocationState, to outlet: inout LocationBusOutlet) throws {
        var site = try Site()
        let now = site.time
        let one = site.terminal(1)
        let two = site.terminal(2, in: Site.wifi4)
        state.apply(site.take(), now: now, to: &outlet)
        for (index, subscription) in subscriptions.enumerated() {
            try state.subscribe(subscription, id: "s\(index)", now: now, to: &outlet)
        }
        guard let point = GeoPoint(latitude: 43.73, longitude: 7.42) else { return }
        site.batch.append(.attached(one, Site.lte0), at: site.time)
        for ue in [one, two] {
            let fact = PositionFact(terminal: ue, point: point, accuracy: 4.2, speed: 13.9, heading: 270)
            site.batch.append(.position(fact), at: site.time)
        }
        site.batch.append(.cellStatus(Site.lte1, .unserviceable), at: site.time)
        state.apply(site.take(), now: now, to: &outlet)
        for second in 1...3 { state.advance(to: now.advanced(bySeconds: Double(second)), to: &outlet) }
        site.batch.append(.detached(one), at: site.time)
        site.batch.append(.attached(one, Site.nr2), at: site.time)
        state.apply(site.take(), now: now.advanced(bySeconds: 4), to: &outlet)
    }
}
