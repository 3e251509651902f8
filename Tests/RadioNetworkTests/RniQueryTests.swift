import MECModel
import MECTestSupport
import RadioNetwork
import Testing

struct RniQueryTests {
    private struct Deaf: RniOutlet {
        func audience(for event: RniEvent, suffix: String) -> RniAudience { [] }
        func emit(_ notification: RniNotification, to audience: RniAudience, suffix: String) {}
    }

    private var site: Site
    private var state = RadioNetworkState()

    init() throws {
        site = try Site()
        for index in 1...4 as ClosedRange<UInt32> {
            let cell = index <= 2 ? Site.lte0 : Site.lte1
            let ue = site.terminal(index, in: cell)
            let rates = BearerRates(erabMbrDl: 100, erabMbrUl: 100, erabGbrDl: UInt64(index), erabGbrUl: 1)
            site.batch.append(
                .established,
                BearerFact(terminal: ue, cell: cell, erabId: 5, qci: UInt8(index), qosInformation: rates),
                at: site.time
            )
            site.batch.append(
                .established,
                BearerFact(terminal: ue, cell: cell, erabId: 6, qci: 9),
                at: site.time
            )
            var load = TerminalLoadFact(terminal: ue, cell: cell)
            load.throughput.downlinkNonGBR = index * 1000
            site.batch.append(load, at: site.time)
        }
        var load = CellLoadFact(cell: Site.lte0)
        load.totalDownlinkPrbUsage = 55
        load.activeUes.downlinkNonGBR = 2
        site.batch.append(load, at: site.time)
        site.batch.append(CellLoadFact(cell: Site.lte1), at: site.time)
        var deaf = Deaf()
        state.apply(site.take(), to: &deaf)
    }

    struct Case: CustomTestStringConvertible, Sendable {
        let name: String
        let query: @Sendable (inout RniQuery) -> Void
        let terminals: [String]
        var testDescription: String { name }
    }

    @Test(arguments: [
        Case(name: "no parameter gives everybody", query: { _ in }, terminals: ["ue1", "ue2", "ue3", "ue4"]),
        Case(name: "cell_id", query: { $0.cellIds = [0x234_3011] }, terminals: ["ue3", "ue4"]),
        Case(name: "an unknown cell_id", query: { $0.cellIds = [1] }, terminals: []),
        Case(
            name: "ue_ipv4_address of two",
            query: {
                $0.associateIds = Set(
                    ["10.0.0.1", "10.0.0.4"].map { AssociateId(type: .ueIPv4Address, value: $0) }
                )
            },
            terminals: ["ue1", "ue4"]
        ),
        Case(
            name: "the same text as another kind of identifier",
            query: { $0.associateIds = [AssociateId(type: .natedIPAddress, value: "10.0.0.1")] },
            terminals: []
        ),
        Case(name: "qci", query: { $0.qci = 3 }, terminals: ["ue3"]),
        Case(name: "erab_gbr_dl", query: { $0.erabGbrDl = 4 }, terminals: ["ue4"]),
        Case(name: "a rate that no GBR bearer has", query: { $0.erabMbrDl = 1 }, terminals: []),
        Case(
            name: "parameters are joined by and",
            query: {
                $0.cellIds = [0x234_3010]
                $0.qci = 3
            },
            terminals: []
        ),
    ])
    func `rab_info tells what matches`(_ testCase: Case) {
        var query = RniQuery()
        testCase.query(&query)
        let answer = state.rabInfo(query, appInstanceId: "weir", requestId: "7", now: site.time)
        #expect(answer.cellUserInfo.flatMap(\.ueInfo).map(\.terminal.name) == testCase.terminals)
        #expect(answer.requestId == "7")
    }

    @Test func `a bearer parameter leaves out the terminal's other bearers`() {
        var query = RniQuery()
        query.qci = 9
        let answer = state.rabInfo(query, appInstanceId: "weir", requestId: "7", now: site.time)
        #expect(answer.cellUserInfo.flatMap(\.ueInfo).count == 4)
        #expect(answer.cellUserInfo.flatMap(\.ueInfo).allSatisfy { $0.erabInfo.map(\.erabId) == [6] })
    }

    @Test func `layer2_meas tells cells and terminals with the values asked for`() {
        #expect(state.layer2Meas(now: site.time).cellInfo.count == 2)
        #expect(state.layer2Meas(now: site.time).cellUEInfo.count == 4)
        var query = RniQuery()
        query.measurements = ["dl_total_prb_usage_cell": 55, "dl_nongbr_throughput_ue": 3000]
        let answer = state.layer2Meas(query, now: site.time)
        #expect(answer.cellInfo.map(\.cell.numberText) == ["2343010"])
        #expect(answer.cellUEInfo.map(\.terminal.name) == ["ue3"])
        query.measurements = ["dl_total_prb_usage_cell": 56]
        #expect(state.layer2Meas(query, now: site.time).cellInfo.isEmpty)
    }

    @Test func `plmn_info answers for each application`() {
        let answers = state.plmnInfo(appInstanceIds: ["a", "b"], now: site.time)
        #expect(answers.map(\.appInstanceId) == ["a", "b"])
        #expect(answers.allSatisfy { $0.plmn.map(\.description) == ["00101", "20801"] })
    }
}
