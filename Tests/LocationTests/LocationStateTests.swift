import Location
import MECModel
import MECTestSupport
import Testing

struct LocationStateTests {
    private var world: World

    init() throws { world = try World() }

    @Test mutating func `a handover between zones is told as leaving and entering, in that order`() {
        let ue = world.site.terminal(1, in: Site.nr2)
        world.apply()
        world.outlet = Collector()
        world.move(ue, from: Site.nr2, to: Site.nr3)
        #expect(
            world.outlet.told == [
                "leave acr:10.0.0.1 zone1 00101500000001", "leave acr:10.0.0.1 zone1",
                "enter acr:10.0.0.1 zone2 00101500000002", "enter acr:10.0.0.1 zone2",
            ]
        )
        #expect(
            world.outlet.suffixes == [
                "zone1/00101500000001/ue1", "zone1/ue1", "zone2/00101500000002/ue1", "zone2/ue1",
            ]
        )
    }

    @Test mutating func `a handover within a zone is no zone event`() {
        let ue = world.site.terminal(1, in: Site.lte0)
        world.apply()
        world.outlet = Collector()
        world.move(ue, from: Site.lte0, to: Site.lte1)
        #expect(world.outlet.everybody.map(\.event) == [.userLocationEvent, .userLocationEvent])
    }

    // A mistake that others made: disconnected terminals counted in a zone.
    @Test mutating func `a terminal that detaches or goes away is counted nowhere`() {
        let one = world.site.terminal(1, in: Site.lte0)
        let two = world.site.terminal(2, in: Site.lte0)
        world.apply()
        #expect(world.state.zoneList().first?.numberOfUsers == 2)
        world.site.batch.append(.detached(one), at: world.site.time)
        world.apply()
        #expect(world.state.zoneList().first?.numberOfUsers == 1)
        #expect(world.state.users().map(\.address) == ["acr:10.0.0.2"])
        world.site.batch.append(.terminalRemoved(two), at: world.site.time)
        world.apply()
        #expect(world.state.zoneList().first?.numberOfUsers == 0)
        #expect(world.state.accessPointList(zoneId: "zone1")?.map(\.numberOfUsers) == [0, 0, 0])
        #expect(world.outlet.told.filter { $0.hasPrefix("leave") }.count == 4)
    }

    @Test mutating func `Wi-Fi users are users`() {
        _ = world.site.terminal(1, in: Site.wifi4)
        world.apply()
        let accessPoints = world.state.accessPointList(zoneId: "zone2")
        #expect(accessPoints?.map(\.access) == [.nr, .wifi])
        #expect(accessPoints?.last?.numberOfUsers == 1)
        #expect(accessPoints?.last?.accessPointId == "a01122334455")
    }

    @Test mutating func `queries narrow by zone, access point and address`() {
        for index in 1...4 as ClosedRange<UInt32> {
            _ = world.site.terminal(index, in: index % 2 == 0 ? Site.lte0 : Site.nr3)
        }
        world.apply()
        #expect(world.state.users(zoneIds: ["zone1"]).map(\.name) == ["ue2", "ue4"])
        #expect(world.state.users(accessPointIds: ["00101500000002"]).map(\.name) == ["ue1", "ue3"])
        #expect(world.state.users(addresses: ["acr:10.0.0.3", "acr:10.9.9.9"]).map(\.name) == ["ue3"])
        #expect(world.state.users(zoneIds: ["zone1"], addresses: ["acr:10.0.0.3"]).isEmpty)
        #expect(world.state.accessPointList(zoneId: "zone9") == nil)
        #expect(world.state.zoneList().map(\.numberOfAccessPoints) == [3, 2])
    }

    @Test mutating func `distances are measured between users and to a place`() throws {
        let one = world.site.terminal(1, in: Site.lte0)
        let two = world.site.terminal(2, in: Site.lte0)
        world.place(one, metres: 0, accuracy: 3)
        world.place(two, metres: 1000, accuracy: 4)
        let between = try #require(world.state.distance(from: "acr:10.0.0.1", to: "acr:10.0.0.2"))
        #expect(abs(between.distance - 1000) < 5)
        #expect(between.accuracy == 7)
        let point = try #require(GeoPoint(latitude: 43.74, longitude: 7.42))
        let toPlace = try #require(world.state.distance(from: "acr:10.0.0.1", to: point))
        #expect(abs(toPlace.distance - 1112) < 5)
        #expect(world.state.distance(from: "acr:10.0.0.1", to: "acr:10.0.0.9") == nil)
    }

    @Test mutating func `a position older than the known one is counted and changes nothing`() {
        let ue = world.site.terminal(1, in: Site.lte0)
        world.place(ue, metres: 100)
        world.site.time = world.site.time.advanced(bySeconds: -10)
        world.place(ue, metres: 500)
        #expect(world.state.counters.stale == 1)
        #expect(world.outlet.everybody.filter { $0.event == .userLocationPeriodic }.count == 1)
    }

    @Test mutating func `a cell that changes zone takes its users along`() {
        _ = world.site.terminal(1, in: Site.lte0)
        world.apply()
        world.outlet = Collector()
        let identity = Site.identity(Site.lte0, in: (try? Site())?.batch ?? world.site.batch)
        guard let identity else {
            Issue.record("no cell")
            return
        }
        world.site.define(.cell(CellDefinition(cell: Site.lte0, identity: identity, zone: ZoneIndex(1))))
        world.apply()
        #expect(world.outlet.told.contains("leave acr:10.0.0.1 zone1"))
        #expect(world.outlet.told.contains("enter acr:10.0.0.1 zone2"))
        #expect(world.state.zoneList().map(\.numberOfUsers) == [0, 1])
    }

    @Test mutating func `an access point's state is told once per change`() {
        world.apply()
        for status in [OperationStatus.unserviceable, .unserviceable, .serviceable] {
            world.site.batch.append(.cellStatus(Site.lte0, status), at: world.site.time)
        }
        world.apply()
        #expect(world.outlet.told == ["zone1 208012343010 Unserviceable", "zone1 208012343010 Serviceable"])
    }

    @Test mutating func `a user's moves are told once in the interval, its access point at once`() {
        let ue = world.site.terminal(1, in: Site.lte0)
        world.apply()
        let interval: Int64 = 30_000_000_000
        func users(_ changes: [LocationChange]) -> Int {
            changes.count { if case .user = $0 { true } else { false } }
        }
        #expect(users(world.state.takeChanges(now: world.now, userInterval: interval)) == 1)
        world.now = world.now.advanced(bySeconds: 1)
        world.place(ue, metres: 10)
        #expect(users(world.state.takeChanges(now: world.now, userInterval: interval)) == 0)
        world.now = world.now.advanced(bySeconds: 30)
        #expect(users(world.state.takeChanges(now: world.now, userInterval: interval)) == 1)
        world.now = world.now.advanced(bySeconds: 1)
        world.site.time = world.now
        world.move(ue, from: Site.lte0, to: Site.lte1)
        #expect(users(world.state.takeChanges(now: world.now, userInterval: interval)) == 1)
    }
}
