import MECModel
import MECTestSupport
import RadioNetwork
import Testing

/// Keeps every notification; wants all of them, or none.
private struct Collector: RniOutlet {
    var notifications: [RniNotification] = []
    var asked = 0
    var wanted: RniAudience = [.annexA, .json, .protobuf]
    var audiences: [RniAudience] = []
    var suffixes: [String] = []

    mutating func audience(for event: RniEvent, suffix: String) -> RniAudience {
        asked += 1
        return wanted
    }

    mutating func emit(_ notification: RniNotification, to audience: RniAudience, suffix: String) {
        notifications.append(notification)
        audiences.append(audience)
        suffixes.append(suffix)
    }
}

struct RadioNetworkStateTests {
    private var site: Site
    private var state = RadioNetworkState()
    private var outlet = Collector()

    init() throws { site = try Site() }

    private mutating func apply() { state.apply(site.take(), to: &outlet) }

    @Test mutating func `a completed handover tells of the cell change and moves the terminal`() throws {
        let ue = site.terminal(1, in: Site.lte0)
        site.batch.append(.established, BearerFact(terminal: ue, cell: Site.lte0, erabId: 5), at: site.time)
        apply()
        outlet.notifications = []
        outlet.suffixes = []
        site.batch.append(
            HandoverFact(terminal: ue, source: Site.lte0, target: Site.lte1, status: .completed),
            at: site.time
        )
        apply()
        guard case .cellChange(let change)? = outlet.notifications.first else {
            Issue.record("no cell change: \(outlet.notifications)")
            return
        }
        #expect(outlet.notifications.count == 1)
        #expect(change.hoStatus == .completed)
        #expect(change.source.numberText == "2343010")
        #expect(change.targets.map(\.numberText) == ["2343011"])
        #expect(change.terminal.associateId == [AssociateId(type: .ueIPv4Address, value: "10.0.0.1")])
        #expect(outlet.suffixes == ["20801/2343011/ue1"])
        let rab = state.rabInfo(appInstanceId: "app", requestId: "1", now: site.time)
        #expect(rab.cellUserInfo.map(\.cell.numberText) == ["2343011"])
    }

    @Test mutating func `a first attach is no cell change`() {
        _ = site.terminal(1, in: Site.lte0)
        apply()
        #expect(outlet.notifications.isEmpty)
    }

    @Test(arguments: HandoverStatus.allCases)
    mutating func `more than one target is told only where 6_4_2 allows it`(_ status: HandoverStatus) {
        let ue = site.terminal(1, in: Site.lte0)
        site.batch.append(
            HandoverFact(terminal: ue, source: Site.lte0, target: Site.lte1, status: status),
            otherTargets: [Site.nr2],
            at: site.time
        )
        apply()
        guard case .cellChange(let change)? = outlet.notifications.first else {
            Issue.record("no cell change")
            return
        }
        let isOpen = [.inPreparation, .rejected, .cancelled].contains(status)
        #expect(change.targets.count == (isOpen ? 2 : 1))
        #expect(change.servingCell.numberText == (status == .completed ? "2343011" : "2343010"))
    }

    @Test mutating func `what the GS cannot say stays off Annex A's topics`() {
        let ue = site.terminal(1, in: Site.nr2)
        site.batch.append(
            HandoverFact(terminal: ue, source: Site.nr2, target: Site.nr3, status: .completed),
            at: site.time
        )
        apply()
        #expect(outlet.audiences == [[.json, .protobuf]])
        #expect(state.counters.incomplete == 1)
    }

    @Test mutating func `Wi-Fi is not part of the radio network`() {
        let ue = site.terminal(1, in: Site.lte0)
        site.batch.append(
            HandoverFact(terminal: ue, source: Site.lte0, target: Site.wifi4, status: .completed),
            at: site.time
        )
        apply()
        #expect(outlet.notifications.isEmpty)
        #expect(state.rabInfo(appInstanceId: "", requestId: "", now: site.time).cellUserInfo.isEmpty)
    }

    @Test mutating func `nothing is built that nobody wants`() {
        outlet.wanted = []
        let ue = site.terminal(1, in: Site.lte0)
        site.batch.append(
            .timingAdvance(TimingAdvanceFact(terminal: ue, cell: Site.lte0, timingAdvance: 9)),
            at: site.time
        )
        apply()
        #expect(outlet.asked == 1)
        #expect(outlet.notifications.isEmpty)
    }

    @Test mutating func `the serving cell's radio decides which report it is`() throws {
        let level = SignalLevel(rsrp: -90, rsrq: -9, sinr: 12, access: .eutra)
        let lte = site.terminal(1, in: Site.lte0)
        let nr = site.terminal(2, in: Site.nr2)
        let others = [
            NeighbourMeasurement(cell: Site.lte1, level: level),
            NeighbourMeasurement(cell: Site.nr3, level: level),
            NeighbourMeasurement(cell: Site.wifi4, level: level),
        ]
        for (terminal, cell) in [(lte, Site.lte0), (nr, Site.nr2)] {
            site.batch.append(
                MeasurementFact(terminal: terminal, servingCell: cell, level: level, trigger: 12),
                neighbours: others,
                at: site.time
            )
        }
        apply()
        guard case .measRepUe(let first) = try #require(outlet.notifications.first),
            case .nrMeasRepUe(let second) = try #require(outlet.notifications.last)
        else {
            Issue.record("wrong kinds: \(outlet.notifications.map(\.event))")
            return
        }
        #expect(first.neighbours.map(\.cell.access) == [.eutra, .nr])
        #expect(first.trigger == 12)
        #expect(second.triggerNr == 12)
        #expect(second.neighbours.count == 2)
    }

    @Test mutating func `a report without rsrp is no MeasRepUe of the GS`() {
        let ue = site.terminal(1, in: Site.lte0)
        site.batch.append(
            MeasurementFact(
                terminal: ue,
                servingCell: Site.lte0,
                level: SignalLevel(rsrp: nil, rsrq: -9, sinr: nil, access: .eutra)
            ),
            neighbours: [],
            at: site.time
        )
        apply()
        #expect(outlet.audiences == [[.json, .protobuf]])
    }

    @Test mutating func `a bearer's life is told and a release knows what it was`() throws {
        let ue = site.terminal(1, in: Site.lte0)
        let rates = BearerRates(erabMbrDl: 4, erabMbrUl: 3, erabGbrDl: 2, erabGbrUl: 1)
        site.batch.append(
            .established,
            BearerFact(terminal: ue, cell: Site.lte0, erabId: 5, qci: 1, qosInformation: rates),
            at: site.time
        )
        site.batch.append(
            .modified,
            BearerFact(terminal: ue, cell: Site.lte0, erabId: 5, qci: 2),
            at: site.time
        )
        apply()
        let bearers = state.rabInfo(appInstanceId: "", requestId: "", now: site.time).cellUserInfo.first?
            .ueInfo.first?.erabInfo
        #expect(bearers == [ErabInfo(erabId: 5, qci: 2, qosInformation: rates)])
        site.batch.append(.released, BearerFact(terminal: ue, cell: Site.lte0, erabId: 5), at: site.time)
        apply()
        #expect(outlet.notifications.map(\.event) == [.rabEst, .rabMod, .rabRel])
        guard case .rabRel(let release)? = outlet.notifications.last else { return }
        #expect(release.qci == 2)
        #expect(state.rabInfo(appInstanceId: "", requestId: "", now: site.time).cellUserInfo.isEmpty)
    }

    @Test mutating func `an S1 bearer without both tunnel ends is told on the second tree only`() throws {
        let ue = site.terminal(1, in: Site.lte0)
        let enb = TunnelEndpoint(address: IPAddress(ipv4: 0x0A00_0001), teid: 7)
        let sgw = TunnelEndpoint(address: IPAddress(ipv4: 0x0A00_0002), teid: 8)
        site.batch.append(
            .established,
            S1BearerFact(terminal: ue, cell: Site.lte0, erabId: 5, enb: enb),
            at: site.time
        )
        site.batch.append(
            .modified,
            S1BearerFact(terminal: ue, cell: Site.lte0, erabId: 5, sgw: sgw),
            at: site.time
        )
        apply()
        #expect(outlet.audiences == [[.json, .protobuf], [.annexA, .json, .protobuf]])
        let info = state.s1BearerInfo(now: site.time)
        #expect(info.s1UeInfo.first?.bearers == [S1BearerInfo.Bearer(erabId: 5, enb: enb, sgw: sgw)])
    }

    @Test mutating func `secondary cells come and go`() {
        let ue = site.terminal(1, in: Site.lte0)
        let change = CarrierAggregationFact(terminal: ue, cell: Site.lte0)
        site.batch.append(change, added: [Site.lte1, Site.nr2], removed: [], at: site.time)
        site.batch.append(change, added: [], removed: [Site.nr2], at: site.time)
        apply()
        #expect(outlet.notifications.map(\.event) == [.caReconf, .caReconf])
        #expect(outlet.audiences.first?.contains(.annexA) == false)
        let states = state.takeChanges(now: site.time).compactMap { change -> UeState? in
            guard case .terminal(let state) = change else { return nil }
            return state
        }
        #expect(states.first?.secondaryCells.map(\.numberText) == ["2343011"])
    }

    @Test mutating func `facts about what was never defined are counted`() {
        site.batch.append(.attached(TerminalIndex(9), Site.lte0), at: site.time)
        site.batch.append(
            .timingAdvance(TimingAdvanceFact(terminal: TerminalIndex(9), cell: Site.lte0, timingAdvance: 1)),
            at: site.time
        )
        let ue = site.terminal(1)
        site.batch.append(.attached(ue, CellIndex(99)), at: site.time)
        apply()
        #expect(state.counters.unknown == 3)
        #expect(outlet.asked == 0)
    }

    @Test mutating func `an index beyond the limit is refused and costs no memory`() {
        var limits = RadioNetworkState.Limits()
        limits.terminals = 10
        state = RadioNetworkState(limits: limits)
        _ = site.terminal(10)
        _ = site.terminal(.max)
        apply()
        #expect(state.counters.refused == 2)
        #expect(state.terminalCount == 0)
    }

    @Test mutating func `a removed cell leaves its terminals without one`() {
        _ = site.terminal(1, in: Site.lte0)
        site.batch.append(.cellRemoved(Site.lte0), at: site.time)
        apply()
        let changes = state.takeChanges(now: site.time)
        #expect(changes.contains(.terminalRemoved(name: "ue1")))
        #expect(changes.contains { if case .cellRemoved = $0 { true } else { false } })
        #expect(state.cellCount == 4)
        #expect(
            state.plmnInfo(appInstanceIds: ["a"], now: site.time).first?.plmn.map(\.description) == [
                "00101", "20801",
            ]
        )
    }

    @Test mutating func `a reused index is another terminal`() {
        _ = site.terminal(1, in: Site.lte0)
        apply()
        _ = state.takeChanges(now: site.time)
        site.batch.append(.terminalRemoved(TerminalIndex(1)), at: site.time)
        site.define(.terminal(TerminalDefinition(terminal: TerminalIndex(1), name: "other")))
        apply()
        #expect(state.takeChanges(now: site.time).contains(.terminalRemoved(name: "ue1")))
        #expect(state.rabInfo(appInstanceId: "", requestId: "", now: site.time).cellUserInfo.isEmpty)
    }

    @Test mutating func `changes come in portions and each once`() {
        for index in 1...10 as ClosedRange<UInt32> { _ = site.terminal(index, in: Site.lte0) }
        apply()
        var total = 0
        while true {
            let portion = state.takeChanges(now: site.time, limit: 4)
            if portion.isEmpty { break }
            #expect(portion.count <= 4)
            total += portion.count
        }
        // Four radio cells and ten terminals; Wi-Fi is not told.
        #expect(total == 14)
    }
}
