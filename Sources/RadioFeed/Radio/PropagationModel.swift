/// The outdoor deployments of TR 38.901 that a scenario can name for a site.
package enum PropagationModel: UInt8, Sendable, Hashable, CaseIterable, BitwiseCopyable {
    /// UMa: base station above the roofs, typically 25 m.
    case urbanMacro
    /// UMi street canyon: base station below the roofs, typically 10 m.
    case urbanMicro

    /// Standard deviation of shadow fading in decibels with line of sight, TR 38.901 Table 7.4.1-1.
    package var shadowDeviationLineOfSight: Float { 4 }

    /// The same without line of sight, TR 38.901 Table 7.4.1-1.
    package var shadowDeviationObstructed: Float { self == .urbanMacro ? 6 : 7.82 }

    /// Distance in metres over which shadow fading loses all but 1/e of its correlation, with line of
    /// sight, TR 38.901 Table 7.5-6.
    package var shadowDistanceLineOfSight: Float { self == .urbanMacro ? 37 : 10 }

    /// The same without line of sight, TR 38.901 Table 7.5-6.
    package var shadowDistanceObstructed: Float { self == .urbanMacro ? 50 : 13 }

    /// Correlation distance in metres of the line-of-sight state, TR 38.901 Table 7.6.3.1-2.
    package var lineOfSightDistance: Float { 50 }
}
