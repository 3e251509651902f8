import MECModel
import RadioFeed
import Testing

@Suite(.enabled(if: Shared.hasTraces, Shared.skipped)) struct AdvantEDGETests {
    struct Case: CustomTestStringConvertible, Sendable {
        let file: String
        let zones: Int
        let eutra: Int
        let nr: Int
        let wifi: Int
        let terminals: Int
        /// Points of access without a radio, and terminals without a place.
        let warnings: Int
        var testDescription: String { file }
    }

    static let cases = [
        Case(
            file: "app-enablement-system-test.yaml",
            zones: 4,
            eutra: 10,
            nr: 20,
            wifi: 11,
            terminals: 12,
            warnings: 0
        ),
        Case(file: "demo3-scenario.yaml", zones: 2, eutra: 3, nr: 0, wifi: 0, terminals: 3, warnings: 0),
        Case(
            file: "loc-serv-system-test.yaml",
            zones: 4,
            eutra: 5,
            nr: 5,
            wifi: 5,
            terminals: 4,
            warnings: 10
        ),
        Case(file: "rnis-system-test.yaml", zones: 4, eutra: 5, nr: 5, wifi: 5, terminals: 2, warnings: 8),
    ]

    private func read(_ file: String) throws -> Scenario {
        let text = try #require(Shared.text("traces/advantedge-scenarios/\(file)"))
        return try ScenarioFile.read(text, file: file)
    }

    @Test(arguments: cases)
    func `a file is read as it is`(_ testCase: Case) throws {
        let scenario = try read(testCase.file)
        #expect(scenario.cells.count { $0.identity.access == .eutra } == testCase.eutra)
        #expect(scenario.cells.count { $0.identity.access == .nr } == testCase.nr)
        #expect(scenario.cells.count { $0.identity.access == .wifi } == testCase.wifi)
        #expect(scenario.terminals.count == testCase.terminals)
        #expect(scenario.zones.count >= testCase.zones)
        #expect(scenario.warnings.count == testCase.warnings)
        for warning in scenario.warnings { #expect(warning.place.hasPrefix(testCase.file + ":")) }
        #expect(
            scenario.cells.allSatisfy {
                $0.zone != nil && ($0.identity.plmn?.description ?? "001001") == "001001"
            }
        )
    }

    @Test func `Monaco has its paths, speeds and ends`() throws {
        let scenario = try read("app-enablement-system-test.yaml")
        let points = scenario.terminals.map(\.path.count).filter { $0 > 1 }.reduce(0, +)
        #expect(points == 1_076)
        let byName = Dictionary(uniqueKeysWithValues: scenario.terminals.map { ($0.name, $0) })
        let car = try #require(byName["10.100.0.1"])
        #expect(car.path.count == 540)
        #expect(car.speed == 20)
        #expect(car.pathEnd == .loop)
        #expect(car.kind == .car)
        #expect(car.addresses == [IPAddress("10.100.0.1")])
        #expect(byName["10.10.0.4"]?.pathEnd == .reverse)
        #expect(byName["10.10.0.4"]?.kind == .pedestrian)
        #expect(byName["10.1.0.2"]?.kind == .camera)
        #expect(byName["10.1.0.2"]?.path.count == 1)
        #expect(scenario.cells.first?.identity.description == "0010011010101")
        #expect(scenario.cells.last?.identity.description == "005c0b0b0b0b")
    }

    @Test func `the power follows from the reach`() throws {
        let scenario = try read("app-enablement-system-test.yaml")
        // -100 dBm at 400 m without line of sight: 13.54 + 39.08 log10(400.7) + 20 log10(1.815) = 120.4 dB,
        // 5 dBi and 1,200 subcarriers: 46.2 dBm. A small cell of 100 m at 3.6 GHz: 35 dBm.
        let macro = try #require(scenario.cells.first { $0.identity.access == .eutra })
        #expect(abs(macro.power - 46.2) < 0.2)
        let small = try #require(scenario.cells.first { $0.identity.access == .nr })
        #expect(abs(small.power - 35.0) < 0.3)
    }

    @Test func `Monaco lives: terminals attach, move and change cells`() throws {
        var run = try Run(read("app-enablement-system-test.yaml"))
        run.go(to: 300)
        #expect(run.handovers.contains { $0.fact.status == .completed })
        let attached = Set(run.lines.filter { $0.contains(" attached ") }.map { $0.split(separator: " ")[2] })
        #expect(attached.count == 12)
    }
}
