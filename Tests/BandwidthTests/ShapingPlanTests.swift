import Bandwidth
import MECModel
import Testing
import TrafficControl

@Suite struct ShapingPlanTests {
    private let time = RadioTime(nanoseconds: 1_700_000_000_000_000_000)

    private func state(downlink: String? = "down", uplink: String? = "up") throws -> BandwidthState {
        var settings = BandwidthSettings()
        settings.links[0].downlink = 1_000
        settings.links[0].uplink = 500
        settings.links[0].downlinkInterface = downlink
        settings.links[0].uplinkInterface = uplink
        var application = BandwidthSettings.Application()
        application.appInsId = "video"
        application.addresses = [try #require(IPAddress("192.0.2.7"))]
        settings.applications = [application]
        return BandwidthState(settings: settings)
    }

    private func info(_ application: String, _ bits: UInt64, _ direction: BwDirection) -> BwInfo {
        BwInfo(appInsId: application, fixedAllocation: bits, allocationDirection: direction)
    }

    private func session(_ bits: UInt64, _ direction: BwDirection) -> BwInfo {
        var info = info("any", bits, direction)
        info.requestType = .sessionSpecific
        var filter = BwSessionFilter(sourceIp: "10.0.0.1", dstAddress: "10.0.0.2")
        filter.sourcePort = "5001"
        filter.protocol = "17"
        info.sessionFilter = [filter]
        info.fixedBWPriority = "7"
        return info
    }

    @Test func `each direction goes to its interface, at the link's capacity`() throws {
        var state = try state()
        _ = try state.allocate(session(100, .downlink), id: "d", at: time)
        _ = try state.allocate(session(200, .uplink), id: "u", at: time)
        _ = try state.allocate(session(50, .symmetrical), id: "b", at: time)
        let plans = state.shapingPlan.interfaces
        #expect(plans.map(\.name) == ["down", "up"])
        #expect(plans.map(\.capacity) == [1_000, 500])
        #expect(plans.map { $0.classes.map(\.id) } == [["d", "b"], ["u", "b"]])
        #expect(plans.map { $0.classes.map(\.rate) } == [[100, 50], [200, 50]])
    }

    @Test func `a session is matched both ways, before applications and in the order of priority`() throws {
        var state = try state()
        _ = try state.allocate(session(100, .downlink), id: "d", at: time)
        let shaped = try #require(state.shapingPlan.interfaces.first?.classes.first)
        #expect(shaped.isSpecific && shaped.precedence == 0)
        #expect(shaped.matches.map(\.sourcePort) == [5_001, nil])
        #expect(shaped.matches.map(\.destinationPort) == [nil, 5_001])
        #expect(shaped.matches.map(\.protocolNumber) == [17, 17])
        #expect(shaped.matches.map { $0.source?.description } == ["10.0.0.1", "10.0.0.2"])
    }

    @Test func `an application is matched by its addresses, and left to the bus without`() throws {
        var state = try state()
        _ = try state.allocate(info("video", 100, .downlink), id: "v", at: time)
        _ = try state.allocate(info("unknown", 100, .downlink), id: "x", at: time)
        let classes = try #require(state.shapingPlan.interfaces.first?.classes)
        #expect(classes.map(\.id) == ["v"])
        #expect(classes.first?.matches.count == 2)
        #expect(classes.first?.isSpecific == false)
    }

    @Test func `without an interface nothing is planned`() throws {
        var state = try state(downlink: nil, uplink: nil)
        _ = try state.allocate(session(100, .downlink), id: "d", at: time)
        #expect(state.shapingPlan.interfaces.isEmpty)
        #expect(!state.settings.shapesTraffic)
    }

    @Test(arguments: [
        ("sourcePort", "65536"), ("sourcePort", "http"), ("protocol", "tcp"), ("protocol", "256"),
    ])
    func `a filter that no packet can have is refused`(_ member: String, _ value: String) throws {
        var state = try state()
        var info = session(100, .downlink)
        if member == "protocol" {
            info.sessionFilter?[0].protocol = value
        } else {
            info.sessionFilter?[0].sourcePort = value
        }
        #expect(throws: BandwidthFault.self) { try state.allocate(info, id: "d", at: time) }
    }
}
