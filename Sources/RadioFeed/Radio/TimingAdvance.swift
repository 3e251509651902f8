/// Timing advance: how much earlier a terminal sends so that its signal arrives in step.
package enum TimingAdvance {
    /// Ts, 1/30.72 µs, TS 36.211 clause 4, in seconds.
    package static let ts = 1.0 / 30_720_000

    /// The timing advance command of an E-UTRA terminal, TS 36.213 4.2.3: the two-way delay in steps of
    /// 16 Ts (78.1 m), 0…1282.
    package static func command(distance: Double) -> UInt32 {
        command(distance: distance, step: 16, limit: 1282)
    }

    /// The timing advance command of an NR terminal, TS 38.213 4.2: steps of 16 · 64 / 2^µ Tc, which is
    /// 16 / 2^µ Ts, 0…3846.
    package static func command(distance: Double, subcarrierSpacingKHz: Float) -> UInt32 {
        command(distance: distance, step: 16 * 15 / Double(subcarrierSpacingKHz), limit: 3846)
    }

    /// T_ADV in units of Ts (TS 36.214 5.2.4) that a command stands for.
    package static func ticks(command: UInt32, subcarrierSpacingKHz: Float = 15) -> UInt32 {
        UInt32((Double(min(command, 3846)) * 16 * 15 / Double(subcarrierSpacingKHz)).rounded())
    }

    private static func command(distance: Double, step: Double, limit: UInt32) -> UInt32 {
        let delay = 2 * max(0, min(distance, 1_000_000)) / PathLoss.speedOfLight
        return min(limit, UInt32((delay / (step * ts)).rounded()))
    }

    /// TIME_ADVANCE of the report mapping, TS 36.133 10.3.1: steps of 2 Ts up to 4096 Ts, then of 8 Ts,
    /// at most 7690.
    package static func report(ticks: UInt32) -> UInt32 {
        ticks < 4096 ? ticks / 2 : min(7690, 2048 + (ticks - 4096) / 8)
    }
}
