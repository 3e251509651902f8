import Foundation
import MECModel
import RadioFeed
import Testing

@Suite struct ScenarioFileTests {
    static let small = """
        scenario: small
        version: 1
        seed: 7
        plmn: "20801"
        mobility: {a3-offset: 2.5, time-to-trigger: 640, report-cells-max: 3}
        zones: [old-town]
        paths:
          street: [[7.0, 43.7], [7.001, 43.7], [7.001, 43.701]]
        sites:
          - name: roof
            at: [7.0005, 43.7005]
            height: 30
            propagation: uma
            zone: old-town
            cells:
              - {id: "00ABCDE", arfcn: 6300, bandwidth: 10, azimuth: 120, tilt: 4, pci: 77, load: 0.5, terminals-max: 9, radius: 300}
              - {id: "123456789", access: 5g, frequency: 763, bandwidth: 10, pci: 1000}
          - {name: lamp, at: [7.001, 43.7001], cells: [{id: "02-00-5e-00-00-01", access: wifi, power: 17}]}
        terminals:
          - {name: tram, kind: train, count: 2, path: street, end: reverse, halts: [[1, 30]], start: 0.25, address: 10.0.0.254, access: [4g], speed: 9}
          - {name: lamp-sensor, kind: sensor, at: [7.0002, 43.7002], shelter: building, height: 2, services: [telemetry, voice]}

        """

    @Test func `all keys arrive where they belong`() throws {
        let scenario = try ScenarioFile.read(Self.small, file: "small.yaml")
        #expect(scenario.name == "small")
        #expect(scenario.seed == 7)
        #expect(scenario.mobility.a3Offset == 2.5)
        #expect(scenario.mobility.timeToTrigger == 640)
        #expect(scenario.mobility.reportCellsMax == 3)
        #expect(scenario.mobility.hysteresis == MobilitySettings().hysteresis)
        #expect(scenario.zones.map(\.id) == ["old-town"])
        #expect(scenario.sites.map(\.propagation) == [.urbanMacro, .urbanMicro])
        #expect(scenario.sites.map(\.height) == [30, 10])
        let cells = scenario.cells
        #expect(cells.map(\.identity.description) == ["2080100abcde", "20801123456789", "02005e000001"])
        #expect(cells.map(\.name) == ["roof-1", "roof-2", "lamp-1"])
        #expect(cells.map(\.zone) == [0, 0, nil])
        #expect(cells.map(\.carrier.frequencyMHz) == [806, 763, 5530])
        #expect(cells.map(\.arfcn) == [6300, 152_600, nil])
        #expect(cells.map(\.physicalCellId) == [77, 1000, nil])
        #expect(cells.map(\.power) == [46, 49, 17])
        #expect(cells[0].antenna.azimuth == 120)
        #expect(cells[0].antenna.tilt == 4)
        #expect(cells[1].antenna.azimuth == nil)
        #expect(cells[0].backgroundLoad == 0.5)
        #expect(cells[0].terminalsMax == 9)
        #expect(cells[0].radius == 300)
        let terminals = scenario.terminals
        #expect(terminals.map(\.name) == ["tram-1", "tram-2", "lamp-sensor"])
        #expect(terminals.map(\.start) == [0.25, 0.75, 0])
        #expect(terminals[0].addresses == [IPAddress("10.0.0.254")])
        #expect(terminals[1].addresses == [IPAddress("10.0.0.255")])
        #expect(terminals[0].path.count == 3)
        #expect(terminals[0].pathEnd == .reverse)
        #expect(terminals[0].halts == [TravelPath.Halt(point: 1, seconds: 30)])
        #expect(terminals[0].capabilities == [.eutra])
        #expect(terminals[2].capabilities == [.eutra, .nr])
        #expect(terminals[2].shelter == .building)
        #expect(terminals[2].services == [.telemetry, .voice])
    }

    struct Mistake: CustomTestStringConvertible, Sendable {
        let name: String
        /// What to replace in the good file, and by what.
        let find: String
        let replace: String
        let line: Int?
        let says: String
        var testDescription: String { name }
    }

    static let mistakes: [Mistake] = [
        Mistake(
            name: "a key that is not known",
            find: "seed: 7",
            replace: "sead: 7",
            line: 3,
            says: "has no \"sead\""
        ),
        Mistake(
            name: "a key not known in a cell",
            find: "pci: 77",
            replace: "pcy: 77",
            line: 16,
            says: "has no \"pcy\""
        ),
        Mistake(
            name: "a newer version",
            find: "version: 1",
            replace: "version: 2",
            line: 2,
            says: "version 1"
        ),
        Mistake(
            name: "a PLMN with a letter",
            find: "\"20801\"",
            replace: "20x01",
            line: 4,
            says: "five or six digits"
        ),
        Mistake(
            name: "a mobility value out of range",
            find: "a3-offset: 2.5",
            replace: "a3-offset: 99",
            line: 5,
            says: "-15.0 to 15.0"
        ),
        Mistake(
            name: "a zone that is no topic level",
            find: "[old-town]",
            replace: "[old/town]",
            line: 6,
            says: "without / + #"
        ),
        Mistake(
            name: "a zone twice",
            find: "[old-town]",
            replace: "[old-town, old-town]",
            line: 6,
            says: "was there already"
        ),
        Mistake(
            name: "a place off the globe",
            find: "[7.0, 43.7]",
            replace: "[7.0, 143.7]",
            line: 8,
            says: "the latitude is a number from -90"
        ),
        Mistake(
            name: "a place with one number",
            find: "[7.0, 43.7]",
            replace: "[7.0]",
            line: 8,
            says: "[longitude, latitude]"
        ),
        Mistake(
            name: "NaN",
            find: "height: 30",
            replace: "height: .nan",
            line: 12,
            says: "\"height\" is a number"
        ),
        Mistake(
            name: "a deployment that is not known",
            find: "propagation: uma",
            replace: "propagation: rural",
            line: 13,
            says: "one of uma, umi"
        ),
        Mistake(
            name: "a zone that is not listed",
            find: "zone: old-town",
            replace: "zone: new-town",
            line: 14,
            says: "no zone \"new-town\""
        ),
        Mistake(
            name: "an E-UTRA cell of 32 bits",
            find: "\"00ABCDE\"",
            replace: "\"FFFFFFFF\"",
            line: 16,
            says: "7 digits for 4g"
        ),
        Mistake(
            name: "a cell id that is no number",
            find: "\"00ABCDE\"",
            replace: "\"cell one\"",
            line: 16,
            says: "hexadecimal"
        ),
        Mistake(
            name: "a cell id twice",
            find: "\"02-00-5e-00-00-01\", access: wifi, power: 17",
            replace: "\"00abcde\"",
            line: 18,
            says: "already"
        ),
        Mistake(
            name: "an E-UTRA carrier of 7 MHz",
            find: "bandwidth: 10, azimuth",
            replace: "bandwidth: 7, azimuth",
            line: 16,
            says: "no carrier of 7.0 MHz"
        ),
        Mistake(
            name: "a channel number of no band",
            find: "arfcn: 6300",
            replace: "arfcn: 7000",
            line: 16,
            says: "no channel number"
        ),
        Mistake(
            name: "a PCI above 503 for E-UTRA",
            find: "pci: 77",
            replace: "pci: 504",
            line: 16,
            says: "0 to 503"
        ),
        Mistake(
            name: "a path that is not there",
            find: "path: street",
            replace: "path: alley",
            line: 20,
            says: "no path \"alley\""
        ),
        Mistake(
            name: "a path and a place",
            find: "shelter: building",
            replace: "path: street",
            line: 21,
            says: "not both"
        ),
        Mistake(
            name: "a terminal name twice",
            find: "lamp-sensor",
            replace: "tram-2",
            line: 21,
            says: "taken"
        ),
        Mistake(
            name: "a halt beyond the path",
            find: "[[1, 30]]",
            replace: "[[3, 30]]",
            line: 20,
            says: "the point is a number from 0.0 to 2.0"
        ),
        Mistake(
            name: "no address",
            find: "10.0.0.254",
            replace: "10.0.0.256",
            line: 20,
            says: "first IPv4 address"
        ),
        Mistake(
            name: "a service that is not known",
            find: "[telemetry, voice]",
            replace: "[telepathy]",
            line: 21,
            says: "one of web, voice"
        ),
        Mistake(
            name: "no cells",
            find: "cells: [{id: \"02-00-5e-00-00-01\", access: wifi, power: 17}]",
            replace: "cells: []",
            line: 18,
            says: "needs \"cells\""
        ),
        Mistake(name: "broken YAML", find: "sites:", replace: "sites: ]", line: 9, says: "not YAML"),
        Mistake(
            name: "a list where a mapping belongs",
            find: "mobility: {a3-offset: 2.5, time-to-trigger: 640, report-cells-max: 3}",
            replace: "mobility: [1]",
            line: 5,
            says: "as a mapping"
        ),
    ]

    @Test(arguments: mistakes)
    func `a mistake is named with its line`(_ mistake: Mistake) throws {
        let text = Self.small.replacingOccurrences(of: mistake.find, with: mistake.replace)
        #expect(text != Self.small)
        let error = try #require(throws: ScenarioError.self) {
            try ScenarioFile.read(text, file: "small.yaml")
        }
        #expect(error.description.hasPrefix("small.yaml:"))
        #expect(error.description.contains(mistake.says), "\(error)")
        #expect(error.line == mistake.line, "\(error)")
    }

    @Test(arguments: ["", "# nothing", "42", "- a", "scenario: x", "a: &x [*x]"])
    func `what is no scenario is refused`(text: String) {
        #expect(throws: ScenarioError.self) { try ScenarioFile.read(text, file: "x.yaml") }
    }

    @Test func `the limits hold`() {
        var limits = Scenario.Limits()
        limits.terminals = 2
        #expect(throws: ScenarioError.self) { try ScenarioFile.read(Self.small, file: "s", limits: limits) }
        limits = Scenario.Limits()
        limits.cells = 2
        #expect(throws: ScenarioError.self) { try ScenarioFile.read(Self.small, file: "s", limits: limits) }
        limits = Scenario.Limits()
        limits.fileBytes = 100
        #expect(throws: ScenarioError.self) { try ScenarioFile.read(Self.small, file: "s", limits: limits) }
    }

    @Test func `the program carries the file of the examples folder`() throws {
        let url = Shared.root.appendingPathComponent(MonacoScenario.file)
        #expect(try String(contentsOf: url, encoding: .utf8) == MonacoScenario.text)
    }
}
