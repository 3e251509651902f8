/// How a scenario is simulated, apart from its radio network.
package struct SimulationSettings: Sendable, Hashable {
    /// Decides every random draw; the same seed gives the same events. `nil` takes the scenario's, else 1.
    package var seed: UInt64?
    /// Milliseconds between two measurements of a terminal, 20…10,000. TS 36.133 8.1.2.2 lets a terminal
    /// take 200 ms for one.
    package var stepMilliseconds = 200
    /// Milliseconds between two reports of a terminal; rounded up to whole steps, at most 600,000.
    package var reportMilliseconds = 1_000
    /// Reports between two layer 2 measurements of a terminal, 1…3,600.
    package var reportsPerLayer2 = 5
    /// Cells of one carrier that a terminal looks at, the strongest expected where it is, 1…32.
    package var candidatesPerCarrier = 8
    /// Cells of all carriers that a terminal looks at, 1…64.
    package var candidatesMax = 24
    /// Metres that a terminal moves before path loss and shadow are worked out anew, 0…100.
    package var geometryStepMetres: Float = 0.5

    package init() {}

    /// What is out of range, in words; `nil` when all is well.
    package var problem: String? {
        check("stepMilliseconds", stepMilliseconds, 20...10_000)
            ?? check("reportMilliseconds", reportMilliseconds, stepMilliseconds...600_000)
            ?? check("reportsPerLayer2", reportsPerLayer2, 1...3_600)
            ?? check("candidatesPerCarrier", candidatesPerCarrier, 1...32)
            ?? check("candidatesMax", candidatesMax, 1...64)
            ?? (geometryStepMetres >= 0 && geometryStepMetres <= 100
                ? nil : "geometryStepMetres is 0…100, found \(geometryStepMetres)")
    }

    private func check(_ name: String, _ value: Int, _ range: ClosedRange<Int>) -> String? {
        range.contains(value)
            ? nil
            : "\(name) is a whole number from \(range.lowerBound) to \(range.upperBound), found \(value)"
    }
}
