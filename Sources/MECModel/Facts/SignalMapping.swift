/// The measurement report mapping tables of TS 36.133 and TS 38.133: decibels in, reported integer out.
///
/// Each table is a lower bound, a step and a last value: anything below the bound is 0, the first
/// step above it is 1, and anything from the top bound on is the last value.
package enum SignalMapping {
    /// RSRP of E-UTRA, TS 36.133 9.1.4: RSRP_00 below -140 dBm, 1 dB steps, RSRP_97 from -44 dBm on.
    package static func rsrpEUTRA(_ dBm: Double) -> UInt8? { map(dBm, from: -140, step: 1, last: 97) }

    /// RSRQ of E-UTRA, TS 36.133 9.1.7: RSRQ_00 below -19.5 dB, 0.5 dB steps, RSRQ_34 from -3 dB on.
    package static func rsrqEUTRA(_ dB: Double) -> UInt8? { map(dB, from: -19.5, step: 0.5, last: 34) }

    /// SS-RSRP, TS 38.133 10.1.6: 0 below -156 dBm, 1 dB steps, 126 from -31 dBm on.
    package static func rsrpNR(_ dBm: Double) -> UInt8? { map(dBm, from: -156, step: 1, last: 126) }

    /// SS-RSRQ, TS 38.133 10.1.11: 0 below -43 dB, 0.5 dB steps, 127 from 20 dB on.
    package static func rsrqNR(_ dB: Double) -> UInt8? { map(dB, from: -43, step: 0.5, last: 127) }

    /// RS-SINR, TS 36.133 9.1.17, and SS-SINR, TS 38.133 10.1.16: 0 below -23 dB, 0.5 dB steps, 127 from 40 dB on.
    package static func sinr(_ dB: Double) -> UInt8? { map(dB, from: -23, step: 0.5, last: 127) }

    private static func map(_ value: Double, from bound: Double, step: Double, last: UInt8) -> UInt8? {
        guard value.isFinite else { return nil }
        if value < bound { return 0 }
        return UInt8(min(Double(last), ((value - bound) / step).rounded(.down) + 1))
    }
}
