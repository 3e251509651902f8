import MECModel
import RadioFeed
import Testing

/// One run of a scenario with all that happened in it.
struct Run {
    let inventory = RadioInventory()
    private(set) var simulation: ScenarioSimulation
    private(set) var batch: RadioBatch
    let text: EventText

    init(_ scenario: Scenario, _ settings: SimulationSettings = SimulationSettings()) throws {
        simulation = try ScenarioSimulation(
            scenario,
            settings: settings,
            start: RadioTime(seconds: 1_000),
            inventory: inventory
        )
        batch = RadioBatch(source: try inventory.source("scenario \(scenario.name)"))
        text = EventText(inventory: inventory)
    }

    init(yaml: String, _ settings: SimulationSettings = SimulationSettings()) throws {
        try self.init(ScenarioFile.read(yaml, file: "test.yaml"), settings)
    }

    /// Goes on until so many seconds after the start, in slices of `slice` seconds.
    mutating func go(to seconds: Double, slice: Double = .infinity) {
        var at = 0.0
        while at < seconds {
            at = min(seconds, at + slice)
            simulation.advance(to: RadioTime(seconds: 1_000 + at), into: &batch)
        }
    }

    var lines: [String] { text.lines(batch) }

    /// Seconds after the start.
    func seconds(_ event: RadioEvent) -> Double {
        Double(event.time.nanoseconds(since: RadioTime(seconds: 1_000))) / 1e9
    }

    var handovers: [(seconds: Double, fact: HandoverFact)] {
        batch.events.compactMap { event in
            if case .handover(let fact) = event.fact { (seconds(event), fact) } else { nil }
        }
    }

    var measurements: [(seconds: Double, fact: MeasurementFact)] {
        batch.events.compactMap { event in
            if case .measurement(let fact) = event.fact { (seconds(event), fact) } else { nil }
        }
    }

    func neighbours(_ fact: MeasurementFact) -> ArraySlice<NeighbourMeasurement> {
        batch.neighbours[fact.neighbours.range]
    }

    /// The cell of an identity, which must be in the scenario.
    func cell(_ identity: CellIdentity?) throws -> CellIndex {
        try inventory.cell(#require(identity))
    }
}

/// Scenario files of the tests: places in metres around one point are easier to think in.
enum Scenes {
    /// One degree of latitude is 111.1 km here; of longitude 80.4 km.
    static func at(_ east: Double, _ north: Double) -> String {
        let longitude = 7 + east / 80_400
        let latitude = 43.7 + north / 111_120
        return "[\(longitude), \(latitude)]"
    }

    /// Two E-UTRA small cells 400 m apart and a car that goes to and fro between them.
    static func twoCells(mobility: String = "", secondCell: String = "", terminal: String = "") -> String {
        """
        scenario: two-cells
        plmn: "00101"
        seed: 4
        mobility: {measurement-deviation: 0\(mobility)}
        sites:
          - {name: west, at: \(at(0, 0)), cells: [{id: "0000101", pci: 0}]}
          - {name: east, at: \(at(400, 0)), cells: [{id: "0000201", pci: 1\(secondCell)}]}
        terminals:
          - {name: car, kind: car, speed: 10, end: reverse, access: [4g], shelter: outdoor, path: [\(at(-50, 10)), \(at(450, 10))]\(terminal)}
        """
    }
}
