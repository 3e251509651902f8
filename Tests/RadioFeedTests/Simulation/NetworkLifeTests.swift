import MECModel
import RadioFeed
import Testing

@Suite struct NetworkLifeTests {
    @Test func `who leaves the coverage is detached, and attached again when back`() throws {
        let yaml = """
            scenario: edge
            plmn: "00101"
            sites: [{name: only, at: \(Scenes.at(0, 0)), cells: [{id: "0000101", power: 20}]}]
            terminals:
              - {name: car, kind: car, speed: 30, end: reverse, access: [4g], path: [\(Scenes.at(20, 0)), \(Scenes.at(3000, 0))]}
            """
        var run = try Run(yaml: yaml)
        run.go(to: 199)
        let lines = run.lines.filter { $0.contains(" attached ") || $0.contains(" detached ") }
        #expect(lines.contains { $0.contains("detached car") })
        let last = lines.last
        #expect(last?.contains(" attached car") == true)
        // The bearers end before the terminal is gone, and begin when it is back.
        let all = run.lines
        let gone = try #require(all.firstIndex { $0.contains("detached car") })
        let released = try #require(all.firstIndex { $0.contains("bearer released car 001010000101 5") })
        #expect(released < gone)
        #expect(all[gone...].contains { $0.contains("bearer established car 001010000101 5") })
        // In between it measures and reports nothing.
        let back = try #require(all[gone...].firstIndex { $0.contains(" attached car") })
        #expect(!all[gone..<back].contains { $0.contains(" measurement ") })
        #expect(all[gone..<back].contains { $0.contains(" position ") })
    }

    @Test func `a phone takes Wi-Fi where it is strong and gives its bearers back`() throws {
        let yaml = """
            scenario: cafe
            plmn: "00101"
            sites:
              - {name: macro, at: \(Scenes.at(0, 300)), propagation: uma, cells: [{id: "0000101"}]}
              - {name: cafe, at: \(Scenes.at(200, 0)), height: 4, cells: [{id: "02005e000001", access: wifi}]}
            terminals:
              - {name: phone, kind: pedestrian, speed: 5, end: reverse, access: [4g, wifi], path: [\(Scenes.at(-100, 0)), \(Scenes.at(200, 4))]}
            """
        var run = try Run(yaml: yaml)
        run.go(to: 300)
        let attached = run.lines.filter { $0.contains(" attached phone") }.map { $0.contains("02005e000001") }
        #expect(attached.first == false)
        #expect(attached.contains(true))
        // In turns: each access point is left for the cell, each cell for the access point.
        #expect(zip(attached, attached.dropFirst()).allSatisfy { $0 != $1 })
        var bearers = 0
        var onWifi = false
        for line in run.lines {
            if line.contains("bearer established") { bearers += 1 }
            if line.contains("bearer released") { bearers -= 1 }
            if line.contains(" attached phone") {
                onWifi = line.contains("02005e000001")
                if onWifi { #expect(bearers == 0) }
            }
            if onWifi { #expect(!line.contains(" measurement ")) }
        }
    }

    @Test func `too many cameras on one cell: guarantees are cut, bearers modified, packets discarded`()
        throws
    {
        let yaml = """
            scenario: crowd
            plmn: "00101"
            sites: [{name: pole, at: \(Scenes.at(0, 0)), cells: [{id: "0000101", bandwidth: 5}]}]
            terminals:
              - {name: cam, kind: camera, count: 1, at: \(Scenes.at(40, 0)), access: [4g]}
            """
        func crowd(_ count: Int) throws -> Run {
            var scenario = try ScenarioFile.read(yaml, file: "crowd.yaml")
            let one = scenario.terminals[0]
            scenario.terminals = (0..<count).map { number in
                var camera = one
                camera.name = "cam-\(number)"
                return camera
            }
            var run = try Run(scenario)
            run.go(to: 60)
            return run
        }
        let few = try crowd(1)
        #expect(!few.lines.contains { $0.contains("bearer modified") })
        let many = try crowd(20)
        let modified = many.lines.filter { $0.contains("bearer modified") }
        #expect(modified.contains { $0.hasSuffix(" 2 2000000") })
        #expect(modified.contains { $0.hasSuffix(" 2 1000000") })
        let loads = many.batch.cellLoads
        #expect(loads.contains { $0.totalUplinkPrbUsage == 100 })
        #expect(loads.contains { ($0.packetDiscardRate.uplinkGBR ?? 0) > 0 })
        #expect(few.batch.cellLoads.allSatisfy { ($0.packetDiscardRate.uplinkGBR ?? 0) == 0 })
        // The cell gives what it has: no more than its blocks carry.
        let capacity = 25.0 * 144_000 * 5.5547
        for fact in many.batch.terminalLoads {
            #expect(Double(fact.throughput.uplinkGBR ?? 0) * 1000 <= capacity)
        }
    }

    @Test func `what stands still tells its place once and then every thirty seconds`() throws {
        let yaml = """
            scenario: still
            plmn: "00101"
            sites: [{name: pole, at: \(Scenes.at(0, 0)), cells: [{id: "0000101"}]}]
            terminals: [{name: meter, kind: sensor, at: \(Scenes.at(40, 0)), access: [4g]}]
            """
        var run = try Run(yaml: yaml)
        run.go(to: 100)
        let places = run.lines.filter { $0.contains(" position meter") }
        #expect(places.count == 4)
        #expect(run.lines.filter { $0.contains(" measurement meter") }.count >= 100)
    }

    @Test func `a roof overhead costs level`() throws {
        func level(_ shelter: String) throws -> Double {
            let yaml = """
                scenario: roof
                plmn: "00101"
                mobility: {measurement-deviation: 0}
                sites: [{name: pole, at: \(Scenes.at(0, 0)), cells: [{id: "0000101"}]}]
                terminals: [{name: meter, kind: sensor, at: \(Scenes.at(40, 0)), access: [4g], shelter: \(shelter)}]
                """
            var run = try Run(yaml: yaml)
            run.go(to: 1)
            return try #require(run.measurements.first?.fact.level.rsrp)
        }
        let outdoor = try level("outdoor")
        #expect(try level("building") < outdoor - 3)
        #expect(try level("vehicle") <= outdoor)
    }

    @Test func `the level is power, antenna, path loss and a shadow that is normal over many streets`() throws
    {
        // 300 sensors around a UMa roof at 300 m: where hidden (96 %), RSRP is spread by 6 dB around
        // 46 - 10 log10(1200) + 5 - 115.8 = -95.6 dBm (TR 38.901 Table 7.4.1-1, 1815 MHz), antenna tilt
        // included: 12 (4.5°/65°)² = 0.06 dB.
        var scenario = try ScenarioFile.read(
            """
            scenario: ring
            plmn: "00101"
            mobility: {measurement-deviation: 0}
            sites: [{name: roof, at: \(Scenes.at(0, 0)), propagation: uma, cells: [{id: "0000101"}]}]
            terminals: [{name: s, kind: sensor, at: \(Scenes.at(300, 0)), access: [4g]}]
            """,
            file: "ring.yaml"
        )
        let one = scenario.terminals[0]
        let plane = LocalPlane(origin: scenario.sites[0].position)
        scenario.terminals = (0..<300).map { number in
            var random = SeededRandom(seed: 3, UInt64(number))
            let (x, y) = (random.normal(), random.normal())
            let scale = 300 / (x * x + y * y).squareRoot()
            var sensor = one
            sensor.name = "s-\(number)"
            sensor.path = [plane.place(PlanePoint(x: x * scale, y: y * scale))]
            return sensor
        }
        // Many seeds make many landscapes.
        var levels: [Double] = []
        for seed in 1...20 as ClosedRange<UInt64> {
            var settings = SimulationSettings()
            settings.seed = seed
            var run = try Run(scenario, settings)
            run.go(to: 0.2)
            levels += run.measurements.filter { $0.seconds == 0 }.compactMap(\.fact.level.rsrp)
        }
        let loss = Double(
            PathLoss(frequencyGHz: 1.815).obstructed(
                .urbanMacro,
                PathLoss.Geometry(
                    distance2D: 300,
                    baseHeight: 25,
                    terminalHeight: TerminalHeight(metres: 1.5)
                )
            )
        )
        let expected = 46 - 30.79 + 5 - loss
        // The visible few lie more than 15 dB above; the middle half belongs to the hidden.
        let sorted = levels.sorted()
        let median = sorted[sorted.count / 2]
        #expect(abs(median - expected) < 1.5)
        let hidden = levels.filter { $0 < expected + 14 }
        let (_, deviation) = Statistics.meanAndDeviation(hidden)
        #expect(abs(deviation - 6) < 0.7)
    }

    @Test func `settings and paths out of range are refused with words`() throws {
        let scenario = try ScenarioFile.read(Scenes.twoCells(), file: "t.yaml")
        var settings = SimulationSettings()
        settings.stepMilliseconds = 0
        var error = #expect(throws: SimulationError.self) { try Run(scenario, settings) }
        #expect(error?.description.contains("stepMilliseconds") == true)
        var far = scenario
        far.terminals[0].path = [try #require(GeoPoint(latitude: -43, longitude: 7))]
        error = #expect(throws: SimulationError.self) { try Run(far) }
        #expect(error?.description.contains("500 km") == true)
        var limits = RadioInventory.Limits()
        limits.cells = 1
        error = #expect(throws: SimulationError.self) {
            try ScenarioSimulation(
                scenario,
                start: RadioTime(seconds: 0),
                inventory: RadioInventory(limits: limits)
            )
        }
        #expect(error?.description.contains("limit is 1") == true)
    }

    @Test func `a city of any size can be made, the same each time`() throws {
        let city = SyntheticCity(cells: 100, terminals: 300)
        let (one, two) = (city.scenario(), city.scenario())
        #expect(one.cells.count == 100)
        #expect(one.terminals.count == 300)
        #expect(one.zones.count == 16)
        #expect(one.cells == two.cells)
        #expect(one.terminals.map(\.path) == two.terminals.map(\.path))
        #expect(Set(one.cells.map(\.identity)).count == 100)
        var run = try Run(one)
        run.go(to: 3)
        let served = Set(run.lines.filter { $0.contains(" attached ") }.map { $0.split(separator: " ")[2] })
        #expect(served.count > 290)
    }
}
