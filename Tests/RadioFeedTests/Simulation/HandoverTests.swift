import MECModel
import RadioFeed
import Testing

@Suite struct HandoverTests {
    /// Reports at every step, so that a test can see what the terminal saw.
    private var everyStep: SimulationSettings {
        var settings = SimulationSettings()
        settings.reportMilliseconds = 200
        return settings
    }

    /// TS 36.331 5.5.4.4 over the reported levels, written a second time and independently: the seconds at
    /// which event A3 must fire.
    private func expectedA3(_ run: Run, offset: Double, hysteresis: Double, timeToTrigger: Double) -> [Double]
    {
        var times: [Double] = []
        var since: Double?
        let busy = run.handovers
        let measurements = run.measurements
        for (seconds, fact) in measurements where fact.trigger == 1 {
            // While a handover runs (prepared at s, done by s + 0.4) no other starts; afterwards the
            // conditions begin anew.
            if let last = busy.last(where: { $0.seconds <= seconds }), last.fact.status != .completed {
                since = nil
                continue
            }
            guard let serving = fact.level.rsrp else { continue }
            let margin = run.neighbours(fact).first?.level.rsrp.map { $0 - serving - offset } ?? -.infinity
            if margin > hysteresis {
                since = since ?? seconds
                if let since, seconds - since >= timeToTrigger - 1e-6 { times.append(seconds) }
            } else if margin < -hysteresis {
                since = nil
            }
        }
        return times
    }

    struct Case: CustomTestStringConvertible, Sendable {
        let name: String
        let mobility: String
        let offset: Double
        let hysteresis: Double
        /// Seconds, in whole steps.
        let timeToTrigger: Double
        var testDescription: String { name }
    }

    static let cases = [
        Case(
            name: "3 dB, at once",
            mobility: ", time-to-trigger: 0",
            offset: 3,
            hysteresis: 1,
            timeToTrigger: 0
        ),
        Case(name: "3 dB, 320 ms", mobility: "", offset: 3, hysteresis: 1, timeToTrigger: 0.4),
        Case(
            name: "6 dB and 2 dB, 1280 ms",
            mobility: ", a3-offset: 6, hysteresis: 2, time-to-trigger: 1280",
            offset: 6,
            hysteresis: 2,
            timeToTrigger: 1.4
        ),
    ]

    @Test(arguments: cases)
    func `A3 fires when a neighbour was better by offset and hysteresis for the time to trigger`(
        _ testCase: Case
    ) throws {
        var run = try Run(yaml: Scenes.twoCells(mobility: testCase.mobility), everyStep)
        run.go(to: 200)
        let prepared = run.handovers.filter { $0.fact.status == .inPreparation }
        let measurements = run.measurements
        #expect(prepared.count >= 4)
        for (seconds, fact) in prepared {
            // The report of event A3 goes with it and says why.
            let report = measurements.first { $0.seconds == seconds && $0.fact.trigger == 12 }
            let measured = try #require(report?.fact)
            #expect(measured.servingCell == fact.source)
            let neighbour = try #require(run.neighbours(measured).first { $0.cell == fact.target })
            let margin = try #require(neighbour.level.rsrp) - #require(measured.level.rsrp) - testCase.offset
            // Still above the leaving condition; levels are reported in tenths.
            #expect(margin > -testCase.hysteresis - 0.1)
        }
        // Not before its time: in the steps that the time to trigger spans, the condition held.
        let steps = Int((testCase.timeToTrigger / 0.2).rounded())
        for (seconds, fact) in prepared {
            let before = measurements.filter {
                $0.fact.trigger == 1 && $0.seconds < seconds - 1e-6
                    && $0.seconds >= seconds - Double(steps) * 0.2 - 1e-6
            }
            #expect(before.count == steps)
            for (_, measured) in before {
                let neighbour = run.neighbours(measured).first { $0.cell == fact.target }
                let margin =
                    try #require(neighbour?.level.rsrp) - #require(measured.level.rsrp) - testCase.offset
                #expect(margin > -testCase.hysteresis - 0.1)
            }
        }
        // And not later: the independent reading of the reports fires at the same steps or, where a level
        // lies within the rounding of a threshold, one step beside.
        let expected = expectedA3(
            run,
            offset: testCase.offset,
            hysteresis: testCase.hysteresis,
            timeToTrigger: testCase.timeToTrigger
        )
        for seconds in expected {
            #expect(prepared.contains { abs($0.seconds - seconds) < 0.21 }, "at \(seconds) s")
        }
    }

    @Test func `a longer time to trigger means fewer handovers`() throws {
        var quick = try Run(yaml: Scenes.twoCells(mobility: ", time-to-trigger: 0, a3-offset: 1"), everyStep)
        var slow = try Run(
            yaml: Scenes.twoCells(mobility: ", time-to-trigger: 2560, a3-offset: 1"),
            everyStep
        )
        quick.go(to: 400)
        slow.go(to: 400)
        let count = { (run: Run) in run.handovers.count { $0.fact.status == .inPreparation } }
        #expect(count(quick) > count(slow))
        #expect(count(slow) > 0)
    }

    @Test func `a handover goes from preparation to execution to completion, each a step later`() throws {
        var run = try Run(yaml: Scenes.twoCells())
        run.go(to: 120)
        let first = try #require(run.handovers.firstIndex { $0.fact.status == .completed })
        let three = run.handovers[(first - 2)...first]
        #expect(three.map(\.fact.status) == [.inPreparation, .inExecution, .completed])
        #expect(Set(three.map(\.fact.source)).count == 1)
        #expect(Set(three.map(\.fact.target)).count == 1)
        let times = three.map(\.seconds)
        #expect(abs(times[1] - times[0] - 0.2) < 1e-6)
        #expect(abs(times[2] - times[1] - 0.2) < 1e-6)
    }

    @Test func `a full cell rejects, and is asked again only after the retry time`() throws {
        var run = try Run(
            yaml: Scenes.twoCells(mobility: ", retry-time: 3000", secondCell: ", terminals-max: 0")
        )
        run.go(to: 200)
        let statuses = Set(run.handovers.map(\.fact.status))
        #expect(statuses.contains(.rejected))
        #expect(!statuses.contains(.inExecution))
        #expect(!statuses.contains(.completed))
        var rejected: Double?
        for (seconds, fact) in run.handovers {
            if fact.status == .rejected { rejected = seconds }
            if fact.status == .inPreparation, let rejected { #expect(seconds - rejected >= 3 - 1e-6) }
        }
    }

    @Test func `a target that is better only for a moment is cancelled`() throws {
        // A preparation of 4 s is long enough for a street corner to change everything.
        let mobility = ", preparation-time: 4000, a3-offset: 0, hysteresis: 0.5, time-to-trigger: 0"
        var run = try Run(yaml: Scenes.twoCells(mobility: mobility), everyStep)
        run.go(to: 400)
        let lines = run.lines
        let measurements = run.measurements
        let cancelled = run.handovers.filter { $0.fact.status == .cancelled }
        var byMargin = 0
        for (seconds, fact) in cancelled {
            // Either the radio link failed meanwhile, and the terminal is elsewhere at once …
            if lines.contains(
                "\(Int64(((seconds + 1_000) * 1e9).rounded())) attached car \(run.text.cell(fact.target))"
            ) {
                continue
            }
            // … or the target is not better any more.
            let report = try #require(measurements.first { abs($0.seconds - seconds) < 1e-6 })
            #expect(report.fact.servingCell == fact.source)
            let target = run.neighbours(report.fact).first { $0.cell == fact.target }
            let margin = try (target?.level.rsrp ?? -200) - #require(report.fact.level.rsrp)
            #expect(margin <= 0.5 + 0.1)
            byMargin += 1
        }
        #expect(byMargin > 0)
    }

    @Test func `E-UTRA hands over to NR by B1 and back by B2`() throws {
        // An NR cell in the middle of an E-UTRA cell, and a walk from far outside through it.
        let yaml = """
            scenario: layers
            plmn: "00101"
            mobility: {measurement-deviation: 0}
            sites:
              - {name: macro, at: \(Scenes.at(0, 0)), propagation: uma, cells: [{id: "0000101", pci: 0}]}
              - {name: small, at: \(Scenes.at(700, 0)), cells: [{id: "000000201", access: 5g, pci: 1, power: 30}]}
            terminals:
              - {name: car, kind: car, speed: 15, end: reverse, access: [4g, 5g], shelter: outdoor, path: [\(Scenes.at(100, 0)), \(Scenes.at(700, 5))]}
            """
        var run = try Run(yaml: yaml)
        run.go(to: 300)
        func access(_ cell: CellIndex) -> RadioAccess? { run.inventory.identity(of: cell)?.access }
        let up = run.handovers.filter {
            $0.fact.status == .completed && access($0.fact.source) == .eutra && access($0.fact.target) == .nr
        }
        let down = run.handovers.filter {
            $0.fact.status == .completed && access($0.fact.source) == .nr && access($0.fact.target) == .eutra
        }
        #expect(!up.isEmpty)
        #expect(!down.isEmpty)
        let measurements = run.measurements
        for (seconds, fact) in run.handovers where fact.status == .inPreparation {
            let report = try #require(measurements.first { $0.seconds == seconds && $0.fact.trigger != 1 })
            let neighbour = try #require(run.neighbours(report.fact).first { $0.cell == fact.target })
            if access(fact.source) == .eutra {
                #expect(report.fact.trigger == 20)  // EVENT_B1-NR
                #expect(try #require(neighbour.level.rsrp) > -105 - 1.1)
            } else {
                #expect(report.fact.trigger == 31)  // EVENT_B2
                #expect(try #require(report.fact.level.rsrp) < -112 + 1.1)
                #expect(try #require(neighbour.level.rsrp) > -112 - 1.1)
                // MEC 012 6.4.11: NR neighbours are left out where E-UTRA ones are given.
                #expect(run.neighbours(report.fact).allSatisfy { access($0.cell) == .eutra })
            }
        }
        // Between the two systems the bearers end here and begin there, TS 23.502 4.11.1.2.
        let line = run.lines
        let upTime = try #require(up.first).seconds
        let nanoseconds = Int64((upTime + 1_000) * 1e9)
        let moment = line.filter { $0.hasPrefix("\(nanoseconds) bearer") }
        #expect(moment.contains { $0.contains("released car 001010000101 5 9") })
        #expect(moment.contains { $0.contains("established car 00101000000201 5 9") })
    }
}
