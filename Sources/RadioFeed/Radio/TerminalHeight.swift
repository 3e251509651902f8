/// An antenna height of terminals with the terms that depend on nothing else, worked out once.
///
/// TR 38.901 covers 1.5 m to 22.5 m; above that, up to 300 m, the aerial vehicle forms of TR 36.777
/// Annex B hold.
package struct TerminalHeight: Sendable, BitwiseCopyable {
    /// Metres above ground.
    package let metres: Float
    /// Above 22.5 m: TR 36.777 applies.
    package let isAerial: Bool

    /// C'(hUT) of TR 38.901 Table 7.4.2-1, UMa.
    let elevatedTerm: Float
    /// d1 and p1 of TR 36.777 Table B-1, in metres; an infinite d1 is "always in line of sight".
    let aerialMacro: (d1: Float, p1: Float)
    let aerialMicro: (d1: Float, p1: Float)
    let log10Metres: Float
    /// Standard deviation of shadow fading in line of sight, TR 36.777 Table B-3.
    let aerialMacroDeviation: Float
    let aerialMicroDeviation: Float

    /// - Parameter metres: Clamped to 1…300.
    package init(metres: Float) {
        let h = max(1, min(300, metres))
        let log = FastMath.log10(h)
        self.metres = h
        isAerial = h > 22.5
        log10Metres = log
        elevatedTerm = h <= 13 ? 0 : FastMath.exp2(1.5 * FastMath.log2((min(h, 23) - 13) / 10))
        aerialMacro =
            h > 100 ? (.infinity, 1) : (max(460 * log - 700, 18), max(4300 * log - 3800, 1))
        aerialMicro = (max(294.05 * log - 432.94, 18), max(233.98 * log - 0.95, 1))
        aerialMacroDeviation = 4.64 * FastMath.exp(-0.0066 * h)
        aerialMicroDeviation = max(5 * FastMath.exp(-0.01 * h), 2)
    }
}
