import MECModel

/// Room for one report's sums, kept from report to report.
struct ReportScratch: Sendable {
    /// Milliwatts of one resource element, for each candidate.
    var power: [Float]
    /// For each carrier and residue class: every cell at full power, and by its load.
    var full: [SIMD4<Float>]
    var loaded: [SIMD4<Float>]
    /// For each carrier: what a wideband receiver hears in one resource block, milliwatts.
    var wideband: [Float]
    /// Candidates in the order of level.
    var order: [Int32]
    var neighbours: [NeighbourMeasurement] = []

    init(carriers: Int, stride: Int) {
        power = [Float](repeating: 0, count: stride)
        full = [SIMD4<Float>](repeating: .zero, count: carriers)
        loaded = full
        wideband = [Float](repeating: 0, count: carriers)
        order = []
        order.reserveCapacity(stride)
    }
}
