/// How likely a terminal sees the base station.
package enum LineOfSight {
    /// The probability of line of sight at `distance2D` metres over ground, TR 38.901 Table 7.4.2-1 for
    /// terminals up to 22.5 m and TR 36.777 Table B-1 above.
    @inline(__always)
    package static func probability(
        _ model: PropagationModel,
        distance2D: Float,
        height: TerminalHeight
    ) -> Float {
        if height.isAerial {
            let (d1, p1) = model == .urbanMacro ? height.aerialMacro : height.aerialMicro
            return decay(distance2D, near: d1, scale: p1)
        }
        switch model {
        case .urbanMicro:
            return decay(distance2D, near: 18, scale: 36)
        case .urbanMacro:
            let ground = decay(distance2D, near: 18, scale: 63)
            guard height.elevatedTerm > 0, distance2D > 18 else { return ground }
            let hundred = distance2D / 100
            let lift =
                height.elevatedTerm * 1.25 * hundred * hundred * hundred * FastMath.exp(-distance2D / 150)
            return min(1, ground * (1 + lift))
        }
    }

    /// d1/d + exp(-d/p1) (1 - d1/d), the form that all rows of both tables share.
    @inline(__always)
    private static func decay(_ distance: Float, near: Float, scale: Float) -> Float {
        guard distance > near else { return 1 }
        let ratio = near / distance
        return ratio + FastMath.exp(-distance / scale) * (1 - ratio)
    }
}
