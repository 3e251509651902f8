import Location
import MECModel
import MECTestSupport
import Testing

struct LocationSubscriptionTests {
    private var world: World

    init() throws { world = try World() }

    // MARK: - Areas

    // A mistake that others made: the event reports the centre of the area.
    @Test mutating func `an area event has the user's place, not the centre`() throws {
        let ue = world.site.terminal(1, in: Site.lte0)
        world.place(ue, metres: 500)
        var criteria = World.circle(radius: 100, addresses: ["acr:10.0.0.1"])
        criteria.reportingLocationReq = true
        try world.subscribe(.userArea(criteria))
        world.place(ue, metres: 60)
        guard case .userArea(let body)? = world.outlet.subscribed.first?.notification else {
            Issue.record("nothing was told")
            return
        }
        #expect(body.event == .entering)
        let place = try #require(body.locationInfo)
        #expect(abs(place.point.longitude - (7.42 + 60 / 80_330)) < 1e-9)
    }

    @Test mutating func `entering and leaving are told once each, to those whom they concern`() throws {
        let one = world.site.terminal(1, in: Site.lte0)
        let two = world.site.terminal(2, in: Site.lte0)
        try world.subscribe(.userArea(World.circle(radius: 100, addresses: ["acr:10.0.0.1"])), id: "one")
        try world.subscribe(.userArea(World.circle(radius: 100)), id: "all")
        for metres in [200.0, 50, 20, 200, 300] {
            world.place(one, metres: metres)
            world.place(two, metres: metres)
        }
        #expect(world.outlet.heard("one") == ["enter acr:10.0.0.1", "leave acr:10.0.0.1"])
        #expect(
            world.outlet.heard("all") == [
                "enter acr:10.0.0.1", "enter acr:10.0.0.2", "leave acr:10.0.0.1", "leave acr:10.0.0.2",
            ]
        )
        #expect(
            world.outlet.subscribed.allSatisfy {
                if case .userArea(let b) = $0.notification { b.locationInfo == nil } else { false }
            }
        )
    }

    @Test mutating func `who is inside already does not enter, but leaves`() throws {
        let ue = world.site.terminal(1, in: Site.lte0)
        world.place(ue, metres: 10)
        try world.subscribe(.userArea(World.circle(radius: 100)))
        world.place(ue, metres: 20)
        #expect(world.outlet.heard("s").isEmpty)
        world.place(ue, metres: 200)
        #expect(world.outlet.heard("s") == ["leave acr:10.0.0.1"])
    }

    @Test mutating func `only the events asked for are told`() throws {
        let ue = world.site.terminal(1, in: Site.lte0)
        var criteria = World.circle(radius: 100)
        criteria.locationEventCriteria = [.leaving]
        try world.subscribe(.userArea(criteria))
        for metres in [200.0, 50, 200, 50] { world.place(ue, metres: metres) }
        #expect(world.outlet.heard("s") == ["leave acr:10.0.0.1"])
    }

    @Test mutating func `a position that is less sure than asked for decides nothing`() throws {
        let ue = world.site.terminal(1, in: Site.lte0)
        try world.subscribe(.userArea(World.circle(radius: 100, accuracy: 20)))
        world.place(ue, metres: 50, accuracy: 50)
        #expect(world.outlet.heard("s").isEmpty)
        world.place(ue, metres: 50, accuracy: 10)
        #expect(world.outlet.heard("s") == ["enter acr:10.0.0.1"])
        world.place(ue, metres: 500, accuracy: 50)
        #expect(world.outlet.heard("s").count == 1)
    }

    @Test mutating func `a terminal that goes away leaves its areas`() throws {
        let ue = world.site.terminal(1, in: Site.lte0)
        try world.subscribe(.userArea(World.circle(radius: 100)))
        world.place(ue, metres: 10)
        world.site.batch.append(.terminalRemoved(ue), at: world.site.time)
        world.apply()
        #expect(world.outlet.heard("s") == ["enter acr:10.0.0.1", "leave acr:10.0.0.1"])
    }

    // A mistake that others made: an area subscription's duration never ends.
    @Test mutating func `a subscription ends at its deadline`() throws {
        let ue = world.site.terminal(1, in: Site.lte0)
        try world.subscribe(.userArea(World.circle(radius: 100)), expiry: world.now.advanced(bySeconds: 10))
        world.advance(seconds: 9)
        world.place(ue, metres: 10)
        #expect(world.outlet.heard("s").count == 1)
        world.advance(seconds: 1)
        world.place(ue, metres: 500)
        #expect(world.outlet.heard("s").count == 1)
        #expect(world.state.subscriptionCount == 0)
        #expect(world.state.takeChanges(now: world.now).contains(.subscriptionEnded(id: "s", .expired)))
    }

    @Test mutating func `a deadline that has passed is refused`() throws {
        #expect(throws: SubscriptionFault.self) {
            try world.subscribe(
                .userArea(World.circle(radius: 100)),
                expiry: world.now.advanced(bySeconds: -1)
            )
        }
    }

    // MARK: - Reporting control

    // A mistake that others made: the frequency is ignored.
    @Test mutating func `between two notifications lies the interval, and at the end all is known`() throws {
        let ues = (1...3 as ClosedRange<UInt32>).map { world.site.terminal($0, in: Site.lte0) }
        var criteria = World.circle(radius: 100)
        criteria.reportingCtrl = ReportingCtrl(maximumFrequency: 10)
        try world.subscribe(.userArea(criteria))
        for ue in ues { world.place(ue, metres: 10) }
        #expect(world.outlet.heard("s") == ["enter acr:10.0.0.1"])
        // The second leaves before anybody heard of it: nothing to tell.
        world.place(ues[1], metres: 500)
        world.advance(seconds: 9)
        #expect(world.outlet.heard("s").count == 1)
        world.advance(seconds: 1)
        #expect(world.outlet.heard("s") == ["enter acr:10.0.0.1", "enter acr:10.0.0.3"])
        world.advance(seconds: 60)
        #expect(world.outlet.heard("s").count == 2)
    }

    @Test mutating func `the larger of both intervals counts`() throws {
        let ue = world.site.terminal(1, in: Site.lte0)
        var criteria = World.circle(radius: 100)
        criteria.reportingCtrl = ReportingCtrl(minimumInterval: 20, maximumFrequency: 5)
        try world.subscribe(.userArea(criteria))
        world.place(ue, metres: 10)
        world.place(ue, metres: 500)
        world.advance(seconds: 19)
        #expect(world.outlet.heard("s").count == 1)
        world.advance(seconds: 1)
        #expect(world.outlet.heard("s") == ["enter acr:10.0.0.1", "leave acr:10.0.0.1"])
    }

    @Test mutating func `after the maximum count the subscription is over`() throws {
        let ue = world.site.terminal(1, in: Site.lte0)
        var criteria = World.circle(radius: 100)
        criteria.reportingCtrl = ReportingCtrl(maximumCount: 2)
        try world.subscribe(.userArea(criteria))
        for metres in [10.0, 500, 10, 500] { world.place(ue, metres: metres) }
        #expect(world.outlet.heard("s").count == 2)
        #expect(world.state.takeChanges(now: world.now).contains(.subscriptionEnded(id: "s", .complete)))
    }

    @Test mutating func `a maximum count of zero is none`() throws {
        let ue = world.site.terminal(1, in: Site.lte0)
        var criteria = World.circle(radius: 100)
        criteria.reportingCtrl = ReportingCtrl(maximumCount: 0)
        try world.subscribe(.userArea(criteria))
        for metres in [10.0, 500, 10, 500] { world.place(ue, metres: metres) }
        #expect(world.outlet.heard("s").count == 4)
    }

    // MARK: - Users and zones

    @Test mutating func `a user's access points are watched as one area`() throws {
        let ue = world.site.terminal(1, in: Site.nr3)
        world.apply()
        let para = UserLocationEventCriteria.UserEventPara(
            accessPointList: ["208012343010", "208012343011"],
            reportingLocationReq: true
        )
        try world.subscribe(
            .userLocationEvent(UserLocationEventCriteria(address: "acr:10.0.0.1", userEventPara: para))
        )
        world.place(ue, metres: 5)
        world.move(ue, from: Site.nr3, to: Site.lte0)
        world.move(ue, from: Site.lte0, to: Site.lte1)
        world.move(ue, from: Site.lte1, to: Site.nr2)
        #expect(
            world.outlet.heard("s") == [
                "enter acr:10.0.0.1 zone1 208012343010", "leave acr:10.0.0.1 zone1 208012343011",
            ]
        )
        guard case .userLocationEvent(let body)? = world.outlet.subscribed.first?.notification else { return }
        #expect(body.locationInfo != nil)
    }

    @Test mutating func `a one time event is told once`() throws {
        let ue = world.site.terminal(1, in: Site.nr3)
        world.apply()
        let para = UserLocationEventCriteria.UserEventPara(zoneId: "zone1", occurrenceInfo: .oneTime)
        try world.subscribe(
            .userLocationEvent(UserLocationEventCriteria(address: "acr:10.0.0.1", userEventPara: para))
        )
        for (from, to) in [(Site.nr3, Site.lte0), (Site.lte0, Site.nr3), (Site.nr3, Site.lte0)] {
            world.move(ue, from: from, to: to)
        }
        #expect(world.outlet.heard("s") == ["enter acr:10.0.0.1 zone1 208012343010"])
        #expect(world.state.subscriptionCount == 0)
    }

    @Test mutating func `a zone's subscription hears of its own users only`() throws {
        let one = world.site.terminal(1, in: Site.nr3)
        let two = world.site.terminal(2, in: Site.nr3)
        world.apply()
        try world.subscribe(
            .zoneLocationEvent(ZoneLocationEventCriteria(zoneId: "zone1", addressList: ["acr:10.0.0.2"])),
            id: "two"
        )
        try world.subscribe(
            .zoneLocationEvent(
                ZoneLocationEventCriteria(zoneId: "zone1", locationEventCriteria: [.entering])
            ),
            id: "all"
        )
        for ue in [one, two] { world.move(ue, from: Site.nr3, to: Site.lte0) }
        for ue in [one, two] { world.move(ue, from: Site.lte0, to: Site.nr3) }
        #expect(world.outlet.heard("two") == ["enter acr:10.0.0.2 zone1", "leave acr:10.0.0.2 zone1"])
        #expect(world.outlet.heard("all") == ["enter acr:10.0.0.1 zone1", "enter acr:10.0.0.2 zone1"])
    }

    @Test mutating func `thresholds are told when they are crossed, not while they are exceeded`() throws {
        var criteria = ZoneStatusCriteria(zoneId: "zone1")
        criteria.upperNumberOfUsersZoneThreshold = 1
        criteria.lowerNumberOfUsersAPThreshold = 1
        criteria.operationStatus = [.unserviceable]
        world.apply()
        try world.subscribe(.zoneStatus(criteria))
        for index in 1...3 as ClosedRange<UInt32> { _ = world.site.terminal(index, in: Site.lte0) }
        world.apply()
        #expect(world.outlet.heard("s") == ["zone1 - event 1"])
        for index in 1...3 as ClosedRange<UInt32> {
            world.site.batch.append(.detached(TerminalIndex(index)), at: world.site.time)
        }
        world.site.batch.append(.cellStatus(Site.lte1, .unserviceable), at: world.site.time)
        world.site.batch.append(.cellStatus(Site.lte1, .serviceable), at: world.site.time)
        world.apply()
        #expect(
            world.outlet.heard("s") == [
                "zone1 - event 1", "zone1 208012343010 event 4", "zone1 208012343011 Unserviceable",
            ]
        )
    }

    // MARK: - Periodic

    @Test mutating func `periodic reports come at their interval, and the last says so`() throws {
        let ue = world.site.terminal(1, in: Site.lte0)
        world.apply()
        let info = UserLocationPeriodicCriteria.PeriodicEventInfo(reportingAmount: 3, reportingInterval: 5)
        try world.subscribe(
            .userLocationPeriodic(
                UserLocationPeriodicCriteria(address: "acr:10.0.0.1", periodicEventInfo: info)
            )
        )
        world.advance(seconds: 4)
        #expect(world.outlet.heard("s").isEmpty)
        world.advance(seconds: 1)
        world.place(ue, metres: 3)
        world.advance(seconds: 5)
        world.advance(seconds: 5)
        world.advance(seconds: 50)
        #expect(
            world.outlet.heard("s") == [
                "ABNORMAL acr:10.0.0.1", "SUCCESS acr:10.0.0.1", "SUCCESS acr:10.0.0.1 final",
            ]
        )
        #expect(world.state.subscriptionCount == 0)
    }

    @Test mutating func `reports that were missed are not made up for`() throws {
        let info = UserLocationPeriodicCriteria.PeriodicEventInfo(reportingAmount: 100, reportingInterval: 1)
        try world.subscribe(
            .userLocationPeriodic(
                UserLocationPeriodicCriteria(address: "acr:10.0.0.1", periodicEventInfo: info)
            )
        )
        world.advance(seconds: 60)
        #expect(world.outlet.heard("s").count == 1)
        world.advance(seconds: 1)
        #expect(world.outlet.heard("s").count == 2)
    }
}
