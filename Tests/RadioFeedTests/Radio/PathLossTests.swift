import RadioFeed
import Testing

/// Values worked out by hand from the tables named; each to a hundredth of a decibel.
@Suite struct PathLossTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let name: String
        let model: PropagationModel
        let distance: Float
        let baseHeight: Float
        let terminalHeight: Float
        let frequencyGHz: Float
        let lineOfSight: Float
        let obstructed: Float
        var testDescription: String { name }
    }

    static let cases: [Case] = [
        // TR 38.901 Table 7.4.1-1 UMa. At 100 m: d3D = 102.72 m, 28 + 22 · 2.01167 + 6.02060.
        Case(
            name: "UMa 100 m at 2 GHz, before the breakpoint",
            model: .urbanMacro,
            distance: 100,
            baseHeight: 25,
            terminalHeight: 1.5,
            frequencyGHz: 2,
            lineOfSight: 78.277,
            obstructed: 98.177
        ),
        // d'BP = 4 · 24 · 0.5 · 2e9 / c = 320.2 m, so PL2 with - 9 log10(320.2² + 23.5²).
        Case(
            name: "UMa 500 m at 2 GHz, beyond the breakpoint",
            model: .urbanMacro,
            distance: 500,
            baseHeight: 25,
            terminalHeight: 1.5,
            frequencyGHz: 2,
            lineOfSight: 96.879,
            obstructed: 125.055
        ),
        Case(
            name: "UMa 1000 m at 2 GHz",
            model: .urbanMacro,
            distance: 1000,
            baseHeight: 25,
            terminalHeight: 1.5,
            frequencyGHz: 2,
            lineOfSight: 108.906,
            obstructed: 136.805
        ),
        // UMi street canyon; d'BP = 4 · 9 · 0.5 · 3.5e9 / c = 210.1 m.
        Case(
            name: "UMi 50 m at 3.5 GHz",
            model: .urbanMicro,
            distance: 50,
            baseHeight: 10,
            terminalHeight: 1.5,
            frequencyGHz: 3.5,
            lineOfSight: 79.090,
            obstructed: 94.181
        ),
        Case(
            name: "UMi 400 m at 3.5 GHz, beyond the breakpoint",
            model: .urbanMicro,
            distance: 400,
            baseHeight: 10,
            terminalHeight: 1.5,
            frequencyGHz: 3.5,
            lineOfSight: 103.233,
            obstructed: 125.845
        ),
        Case(
            name: "UMi 100 m at 28 GHz",
            model: .urbanMicro,
            distance: 100,
            baseHeight: 10,
            terminalHeight: 1.5,
            frequencyGHz: 28,
            lineOfSight: 103.376,
            obstructed: 123.880
        ),
        // TR 36.777 Table B-2: above 22.5 m the aerial forms hold.
        Case(
            name: "UMa-AV 500 m, 50 m up, 2 GHz",
            model: .urbanMacro,
            distance: 500,
            baseHeight: 25,
            terminalHeight: 50,
            frequencyGHz: 2,
            lineOfSight: 93.410,
            obstructed: 113.035
        ),
        Case(
            name: "UMi-AV 500 m, 50 m up, 2 GHz",
            model: .urbanMicro,
            distance: 500,
            baseHeight: 10,
            terminalHeight: 50,
            frequencyGHz: 2,
            lineOfSight: 94.710,
            obstructed: 120.208
        ),
    ]

    @Test(arguments: cases)
    func `the loss is that of the table`(_ testCase: Case) {
        let geometry = PathLoss.Geometry(
            distance2D: testCase.distance,
            baseHeight: testCase.baseHeight,
            terminalHeight: TerminalHeight(metres: testCase.terminalHeight)
        )
        let loss = PathLoss(frequencyGHz: testCase.frequencyGHz)
        #expect(abs(loss.lineOfSight(testCase.model, geometry) - testCase.lineOfSight) < 0.01)
        #expect(abs(loss.obstructed(testCase.model, geometry) - testCase.obstructed) < 0.01)
    }

    @Test func `the breakpoint lies where NOTE 1 puts it`() {
        let high = PathLoss.Geometry(
            distance2D: 500,
            baseHeight: 25,
            terminalHeight: TerminalHeight(metres: 1.5)
        )
        #expect(abs(PathLoss(frequencyGHz: 2).breakpointDistance(high) - 320.22) < 0.05)
        let low = PathLoss.Geometry(
            distance2D: 50,
            baseHeight: 10,
            terminalHeight: TerminalHeight(metres: 1.5)
        )
        #expect(abs(PathLoss(frequencyGHz: 3.5).breakpointDistance(low) - 210.15) < 0.05)
    }

    @Test func `both sides of the breakpoint meet there`() {
        let loss = PathLoss(frequencyGHz: 2)
        for model in PropagationModel.allCases {
            let height = TerminalHeight(metres: 1.5)
            let near = PathLoss.Geometry(distance2D: 320.1, baseHeight: 25, terminalHeight: height)
            let far = PathLoss.Geometry(distance2D: 320.3, baseHeight: 25, terminalHeight: height)
            #expect(abs(loss.lineOfSight(model, near) - loss.lineOfSight(model, far)) < 0.1)
        }
    }

    @Test func `nearer than 10 m costs what 10 m costs`() {
        let height = TerminalHeight(metres: 1.5)
        let loss = PathLoss(frequencyGHz: 2)
        let here = PathLoss.Geometry(distance2D: 0, baseHeight: 10, terminalHeight: height)
        let there = PathLoss.Geometry(distance2D: 10, baseHeight: 10, terminalHeight: height)
        #expect(loss.lineOfSight(.urbanMicro, here) == loss.lineOfSight(.urbanMicro, there))
    }

    @Test func `a hidden terminal never has less loss than a visible one`() {
        for model in PropagationModel.allCases {
            for frequency: Float in [0.7, 1.8, 3.6, 28] {
                let loss = PathLoss(frequencyGHz: frequency)
                for height: Float in [1, 1.5, 10, 20, 22.5, 40, 120, 300] {
                    for distance in stride(from: Float(0), to: 5000, by: 97) {
                        let geometry = PathLoss.Geometry(
                            distance2D: distance,
                            baseHeight: 25,
                            terminalHeight: TerminalHeight(metres: height)
                        )
                        let clear = loss.lineOfSight(model, geometry)
                        #expect(clear.isFinite)
                        #expect(loss.obstructed(model, geometry) >= clear)
                    }
                }
            }
        }
    }

    @Test func `hE is 1 m below 13 m and drawn above`() {
        // TR 38.901 Table 7.4.1-1 NOTE 1: at 200 m, hUT = 19.5 m, C = 0.65^1.5 · 1.25 · 2³ · e^(-4/3) = 1.3814,
        // so hE = 1 m below 1/(1 + C) = 0.4199, else 12, 15 or 18 m alike.
        #expect(PathLoss.environmentHeight(distance2D: 200, terminalHeight: 12, draw: 0.99) == 1)
        #expect(PathLoss.environmentHeight(distance2D: 10, terminalHeight: 19.5, draw: 0.99) == 1)
        #expect(PathLoss.environmentHeight(distance2D: 200, terminalHeight: 19.5, draw: 0.41) == 1)
        #expect(PathLoss.environmentHeight(distance2D: 200, terminalHeight: 19.5, draw: 0.43) == 12)
        #expect(PathLoss.environmentHeight(distance2D: 200, terminalHeight: 19.5, draw: 0.70) == 15)
        #expect(PathLoss.environmentHeight(distance2D: 200, terminalHeight: 19.5, draw: 0.99) == 18)
    }
}

@Suite struct LineOfSightTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let name: String
        let model: PropagationModel
        let distance: Float
        let height: Float
        let probability: Float
        var testDescription: String { name }
    }

    static let cases: [Case] = [
        // TR 38.901 Table 7.4.2-1: 18/d + e^(-d/36) (1 - 18/d), 63 for UMa.
        Case(name: "UMi within 18 m", model: .urbanMicro, distance: 18, height: 1.5, probability: 1),
        Case(name: "UMi 50 m", model: .urbanMicro, distance: 50, height: 1.5, probability: 0.51959),
        Case(name: "UMi 100 m", model: .urbanMicro, distance: 100, height: 1.5, probability: 0.23098),
        Case(name: "UMi 200 m", model: .urbanMicro, distance: 200, height: 1.5, probability: 0.09352),
        Case(name: "UMa within 18 m", model: .urbanMacro, distance: 5, height: 1.5, probability: 1),
        Case(name: "UMa 50 m", model: .urbanMacro, distance: 50, height: 1.5, probability: 0.64940),
        Case(name: "UMa 100 m", model: .urbanMacro, distance: 100, height: 1.5, probability: 0.34767),
        Case(name: "UMa 500 m", model: .urbanMacro, distance: 500, height: 1.5, probability: 0.03634),
        // C'(20 m) = 0.7^1.5 = 0.58566.
        Case(name: "UMa 100 m, 20 m up", model: .urbanMacro, distance: 100, height: 20, probability: 0.47835),
        // TR 36.777 Table B-1: p1 = 4300 log10(50) - 3800, d1 = 460 log10(50) - 700.
        Case(
            name: "UMa-AV 200 m, 50 m up",
            model: .urbanMacro,
            distance: 200,
            height: 50,
            probability: 0.96715
        ),
        Case(name: "UMa-AV above 100 m", model: .urbanMacro, distance: 4000, height: 150, probability: 1),
        Case(
            name: "UMi-AV 1 km, 300 m up",
            model: .urbanMicro,
            distance: 1000,
            height: 300,
            probability: 0.42059
        ),
    ]

    @Test(arguments: cases)
    func `the probability is that of the table`(_ testCase: Case) {
        let probability = LineOfSight.probability(
            testCase.model,
            distance2D: testCase.distance,
            height: TerminalHeight(metres: testCase.height)
        )
        #expect(abs(probability - testCase.probability) < 2e-4)
    }
}

@Suite struct PenetrationLossTests {
    @Test func `the wall of a low-loss building costs what Table 7.4.3-2 says`() {
        // 3.5 GHz: glass 2.7 dB, concrete 19 dB; 5 - 10 log10(0.3 · 10^-0.27 + 0.7 · 10^-1.9) = 12.70 dB.
        #expect(abs(Shelter.wallLoss(frequencyGHz: 3.5) - 12.6975) < 0.01)
    }

    @Test func `vehicles cost 9 dB in the mean with a deviation of 5 dB`() {
        // TR 38.901 7.4.3.2; cut at 0, which moves the mean of a normal (9, 5) to 9.09 and the deviation to 4.78.
        var random = SeededRandom(seed: 7)
        let losses = (0..<20_000).map { _ in Double(PenetrationLoss(.vehicle, random: &random).fixed) }
        let (mean, deviation) = Statistics.meanAndDeviation(losses)
        #expect(abs(mean - 9.09) < 0.1)
        #expect(abs(deviation - 4.78) < 0.1)
        #expect(losses.allSatisfy { $0 >= 0 })
    }

    @Test func `the open air costs nothing`() {
        var random = SeededRandom(seed: 7)
        let loss = PenetrationLoss(.outdoor, random: &random)
        #expect(loss.fixed == 0)
        #expect(!loss.isBehindWall)
    }
}
