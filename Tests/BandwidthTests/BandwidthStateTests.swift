import Bandwidth
import MECModel
import Testing

@Suite struct BandwidthStateTests {
    private let time = RadioTime(nanoseconds: 1_700_000_000_000_000_000)

    private func state(_ links: [(UInt32, UInt64, UInt64)]) -> BandwidthState {
        var settings = BandwidthSettings()
        settings.links = links.map { id, down, up in
            var link = BandwidthSettings.Link()
            link.id = id
            link.downlink = down
            link.uplink = up
            return link
        }
        return BandwidthState(settings: settings)
    }

    private func info(_ application: String, _ bits: UInt64, _ direction: BwDirection, priority: Int? = nil)
        -> BwInfo
    {
        var info = BwInfo(appInsId: application, fixedAllocation: bits, allocationDirection: direction)
        info.fixedBWPriority = priority.map(String.init)
        return info
    }

    @Test func `no link carries more than its capacity, in either direction`() throws {
        var state = state([(1, 100, 50)])
        _ = try state.allocate(info("a", 60, .downlink), id: "1", at: time)
        _ = try state.allocate(info("b", 50, .uplink), id: "2", at: time)
        #expect(throws: BandwidthFault.self) {
            try state.allocate(info("c", 41, .downlink), id: "3", at: time)
        }
        #expect(throws: BandwidthFault.self) {
            try state.allocate(info("c", 1, .symmetrical), id: "3", at: time)
        }
        _ = try state.allocate(info("c", 40, .downlink), id: "3", at: time)
        let free = state.free(state.settings.links[0])
        #expect(free == (0, 0))
    }

    @Test func `a second link takes what the first has no room for`() throws {
        var state = state([(1, 100, 100), (2, 100, 100)])
        _ = try state.allocate(info("a", 80, .downlink), id: "1", at: time)
        _ = try state.allocate(info("b", 80, .downlink), id: "2", at: time)
        #expect(state.free(state.settings.links[0]).downlink == 20)
        #expect(state.free(state.settings.links[1]).downlink == 20)
    }

    @Test func `the lowest priority yields first, and of one priority the newest, and no more than needed`()
        throws
    {
        var state = state([(1, 100, 0)])
        _ = try state.allocate(info("old", 30, .downlink, priority: 2), id: "1", at: time)
        _ = try state.allocate(info("new", 30, .downlink, priority: 2), id: "2", at: time)
        _ = try state.allocate(info("strong", 30, .downlink, priority: 4), id: "3", at: time)
        let changes = try state.allocate(info("x", 40, .downlink, priority: 3), id: "4", at: time)
        #expect(changes.map(\.change) == [.preempted, .created])
        #expect(changes.first?.info.appInsId == "new")
        #expect(state.allocations.map(\.appInsId) == ["old", "strong", "x"])
    }

    @Test func `where even all the weaker would not do, nobody yields`() throws {
        var state = state([(1, 100, 0)])
        _ = try state.allocate(info("weak", 30, .downlink, priority: 1), id: "1", at: time)
        _ = try state.allocate(info("strong", 30, .downlink, priority: 6), id: "2", at: time)
        let before = state.allocations
        #expect(throws: BandwidthFault.self) {
            try state.allocate(info("x", 80, .downlink, priority: 5), id: "3", at: time)
        }
        #expect(state.allocations == before)
    }

    @Test func `a change counts what it had as free, and one that does not fit leaves it as it was`() throws {
        var state = state([(1, 100, 0)])
        _ = try state.allocate(info("a", 80, .downlink), id: "1", at: time)
        var deltas = BwInfoDeltas(allocationId: "1")
        deltas.fixedAllocation = "100"
        #expect(try state.change(deltas, at: time).map(\.change) == [.updated])
        deltas.fixedAllocation = "101"
        #expect(throws: BandwidthFault.self) { try state.change(deltas, at: time) }
        #expect(state.allocation("1")?.fixedAllocation == "100")
        deltas.allocationId = "2"
        #expect(throws: BandwidthFault(status: 404, title: "no such resource", detail: "2")) {
            try state.change(deltas, at: time)
        }
    }

    @Test func `an allocation ends at its deadline`() throws {
        var state = state([(1, 100, 0)])
        var brief = info("a", 80, .downlink)
        brief.expiryDeadline = TimeStamp(time.advanced(byNanoseconds: 2_000_000_000))
        _ = try state.allocate(brief, id: "1", at: time)
        #expect(state.advance(to: time.advanced(byNanoseconds: 1_900_000_000)).isEmpty)
        #expect(state.advance(to: time.advanced(byNanoseconds: 2_000_000_000)).map(\.change) == [.expired])
        #expect(state.free(state.settings.links[0]).downlink == 100)
        #expect(throws: BandwidthFault.self) {
            try state.allocate(brief, id: "2", at: time.advanced(byNanoseconds: 3_000_000_000))
        }
    }

    @Test func `the table has an end`() throws {
        var settings = BandwidthSettings()
        settings.maximumResources = 2
        var state = BandwidthState(settings: settings)
        _ = try state.allocate(info("a", 1, .downlink), id: "1", at: time)
        _ = try state.steer(
            MtsSessionInfo(appInsId: "a", mtsMode: .lowCost, trafficDirection: .uplink),
            id: "s",
            at: time
        )
        #expect(throws: BandwidthFault.self) {
            try state.allocate(info("a", 1, .downlink), id: "2", at: time)
        }
        // A change needs no room.
        _ = try state.allocate(info("a", 2, .downlink), id: "1", at: time)
    }

    @Test func `steering reserves what a flow needs, and gives it back`() throws {
        var state = state([(1, 1_000_000, 0)])
        let session = MtsSessionInfo(
            appInsId: "a",
            qosD: MtsQosD(minTpt: 600),
            mtsMode: .highThroughput,
            trafficDirection: .downlink
        )
        #expect(try state.steer(session, id: "s", at: time).accessId == [1])
        #expect(throws: BandwidthFault.self) { try state.steer(session, id: "t", at: time) }
        #expect(throws: BandwidthFault.self) {
            try state.allocate(info("a", 400_001, .downlink), id: "1", at: time)
        }
        // The same session again counts its own part as free.
        _ = try state.steer(session, id: "s", at: time)
        _ = try state.unsteer("s")
        _ = try state.allocate(info("a", 1_000_000, .downlink), id: "1", at: time)
    }

    @Test func `rates of one application add up by direction`() {
        let rates = [info("a", 10, .downlink), info("a", 5, .symmetrical), info("b", 7, .uplink)]
            .enforcedRates
        #expect(
            rates == [
                EnforcedRate(subject: .application("a"), sending: 15, receiving: 5),
                EnforcedRate(subject: .application("b"), sending: nil, receiving: 7),
            ]
        )
    }
}
