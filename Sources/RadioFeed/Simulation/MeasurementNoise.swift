/// What is left of fast fading in one layer 1 measurement: normal, drawn from a table by a hash.
///
/// The draw depends on the terminal, the step and the cell, not on the order of asking.
struct MeasurementNoise: Sendable {
    private static let size = 4096
    private let table: [Float]

    init(deviation: Float) {
        var random = SeededRandom(seed: 0x4E_4F_49_53_45)
        table = (0..<Self.size).map { _ in deviation * Float(random.normal()) }
    }

    /// Decibels. `key` is the terminal's hash for this step.
    @inline(__always)
    func value(_ key: UInt64, cell: Int32) -> Float {
        let spread =
            (key ^ UInt64(truncatingIfNeeded: cell) &* 0x9E37_79B9_7F4A_7C15) &* 0xD6E8_FEB8_6659_FD93
        return table[Int(truncatingIfNeeded: spread >> 52)]
    }
}
