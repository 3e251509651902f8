import MECModel
import Testing

/// Borders of the tables in TS 36.133 9.1.4, 9.1.7, 9.1.17 and TS 38.133 10.1.6, 10.1.11, 10.1.16.
struct SignalMappingTests {
    enum Table: Sendable { case rsrpEUTRA, rsrqEUTRA, rsrpNR, rsrqNR, sinr }

    struct Case: CustomTestStringConvertible, Sendable {
        let table: Table
        let level: Double
        let report: UInt8
        var testDescription: String { "\(table) \(level) is \(report)" }
    }

    @Test(arguments: [
        Case(table: .rsrpEUTRA, level: -140.1, report: 0), Case(table: .rsrpEUTRA, level: -140, report: 1),
        Case(table: .rsrpEUTRA, level: -139.1, report: 1), Case(table: .rsrpEUTRA, level: -44.1, report: 96),
        Case(table: .rsrpEUTRA, level: -44, report: 97), Case(table: .rsrpEUTRA, level: 10, report: 97),
        Case(table: .rsrqEUTRA, level: -19.6, report: 0), Case(table: .rsrqEUTRA, level: -19.5, report: 1),
        Case(table: .rsrqEUTRA, level: -3.1, report: 33), Case(table: .rsrqEUTRA, level: -3, report: 34),
        Case(table: .rsrqEUTRA, level: 0, report: 34),
        Case(table: .rsrpNR, level: -156.5, report: 0), Case(table: .rsrpNR, level: -156, report: 1),
        Case(table: .rsrpNR, level: -31.5, report: 125), Case(table: .rsrpNR, level: -31, report: 126),
        Case(table: .rsrpNR, level: 0, report: 126),
        Case(table: .rsrqNR, level: -43.2, report: 0), Case(table: .rsrqNR, level: -43, report: 1),
        Case(table: .rsrqNR, level: 19.9, report: 126), Case(table: .rsrqNR, level: 20, report: 127),
        Case(table: .sinr, level: -23.1, report: 0), Case(table: .sinr, level: -23, report: 1),
        Case(table: .sinr, level: 39.9, report: 126), Case(table: .sinr, level: 40, report: 127),
        Case(table: .sinr, level: 900, report: 127),
    ])
    func `a level falls into its step`(_ testCase: Case) {
        let report =
            switch testCase.table {
            case .rsrpEUTRA: SignalMapping.rsrpEUTRA(testCase.level)
            case .rsrqEUTRA: SignalMapping.rsrqEUTRA(testCase.level)
            case .rsrpNR: SignalMapping.rsrpNR(testCase.level)
            case .rsrqNR: SignalMapping.rsrqNR(testCase.level)
            case .sinr: SignalMapping.sinr(testCase.level)
            }
        #expect(report == testCase.report)
    }

    @Test func `a number that is none maps to nothing`() {
        #expect(SignalMapping.rsrpEUTRA(.nan) == nil)
        #expect(SignalMapping.sinr(.infinity) == nil)
        #expect(SignalLevel(rsrp: .nan, rsrq: nil, sinr: -.infinity, access: .nr).isEmpty)
    }

    @Test func `raw levels bring their reports, reports bring no raw level`() {
        let raw = SignalLevel(rsrp: -95.25, rsrq: -10, sinr: nil, access: .eutra)
        #expect(raw.rsrp == -95.3)
        #expect(raw.rsrpReport == 45)
        #expect(raw.rsrqReport == 20)
        #expect(raw.sinr == nil)
        #expect(raw.sinrReport == nil)
        let reported = SignalLevel(rsrpReport: 45, rsrqReport: 200, sinrReport: nil)
        #expect(reported.rsrpReport == 45)
        #expect(reported.rsrqReport == nil)
        #expect(reported.rsrp == nil)
    }
}
