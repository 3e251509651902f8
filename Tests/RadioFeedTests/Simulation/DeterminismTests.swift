import MECModel
import RadioFeed
import Testing

@Suite struct DeterminismTests {
    private func monaco(seed: UInt64?, seconds: Double, slice: Double) throws -> [String] {
        var settings = SimulationSettings()
        settings.seed = seed
        var run = try Run(MonacoScenario.scenario(), settings)
        run.go(to: seconds, slice: slice)
        return run.lines
    }

    @Test func `the same seed gives the same events, byte for byte, however the time is cut`() throws {
        let whole = try monaco(seed: 5, seconds: 40, slice: .infinity)
        #expect(whole.count > 5_000)
        for slice in [0.2, 0.07, 1.0, 13.7] {
            let cut = try monaco(seed: 5, seconds: 40, slice: slice)
            #expect(cut.count == whole.count)
            let first = zip(cut, whole).first { $0 != $1 }
            #expect(first == nil, "cut in \(slice) s")
        }
    }

    @Test func `many terminals take turns, evenly, and the same however the time is cut`() throws {
        func city(slice: Double) throws -> Run {
            var run = try Run(SyntheticCity(cells: 60, terminals: 1_500).scenario())
            run.go(to: 4, slice: slice)
            return run
        }
        let whole = try city(slice: .infinity)
        let cut = try city(slice: 0.013)
        #expect(cut.lines == whole.lines)
        // A second's reports, counted by hundredths of it: 12 parts of a step come to 60 moments.
        var moments: [Int64: Int] = [:]
        for (seconds, _) in whole.measurements where seconds >= 1 && seconds < 2 {
            moments[Int64(seconds * 1_000), default: 0] += 1
        }
        #expect(moments.count == 60)
        #expect(try #require(moments.values.max()) < 3 * moments.values.reduce(0, +) / 60)
    }

    @Test func `another seed gives another city`() throws {
        let one = try monaco(seed: 5, seconds: 10, slice: 1)
        let other = try monaco(seed: 6, seconds: 10, slice: 1)
        #expect(one != other)
    }

    @Test func `the scenario's seed holds where the settings have none`() throws {
        let file = try monaco(seed: nil, seconds: 5, slice: 1)
        let named = try monaco(seed: 1297, seconds: 5, slice: 1)
        #expect(file == named)
    }

    @Test func `one terminal more changes nothing of the others' draws`() throws {
        let one = Scenes.twoCells()
        let two =
            one + "\n  - {name: second, kind: sensor, access: [4g], services: [], at: \(Scenes.at(30, 30))}"
        var first = try Run(yaml: one)
        var second = try Run(yaml: two)
        first.go(to: 60)
        second.go(to: 60)
        func bearers(_ run: Run) -> [String] {
            run.lines.filter { $0.contains(" bearer ") && $0.contains(" car ") }
        }
        #expect(!bearers(first).isEmpty)
        #expect(bearers(first) == bearers(second))
    }

    @Test func `a bounded advance leaves the rest for the next`() throws {
        var whole = try Run(yaml: Scenes.twoCells())
        whole.go(to: 20)
        let inventory = RadioInventory()
        var simulation = try ScenarioSimulation(
            ScenarioFile.read(Scenes.twoCells(), file: "t"),
            start: RadioTime(seconds: 1_000),
            inventory: inventory
        )
        var batch = RadioBatch(source: try inventory.source("s"))
        simulation.advance(to: RadioTime(seconds: 1_020), stepsMax: 3, into: &batch)
        #expect(simulation.step == 3)
        while simulation.nextTime <= RadioTime(seconds: 1_020) {
            simulation.advance(to: RadioTime(seconds: 1_020), stepsMax: 7, into: &batch)
        }
        #expect(EventText(inventory: inventory).lines(batch) == whole.lines)
    }

    @Test func `time that stands still or goes back brings nothing`() throws {
        var run = try Run(yaml: Scenes.twoCells())
        run.go(to: 5)
        let count = run.batch.count
        run.go(to: 4)
        run.go(to: 5)
        #expect(run.batch.count == count)
    }
}
