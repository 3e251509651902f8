/// From a signal-to-interference ratio to CQI, MCS and bits.
///
/// Link adaptation is the attenuated Shannon bound of TR 36.942 A.2 (0.6 of the bound down, 0.4 up),
/// cut into the steps that CQI and MCS tables have. One spatial layer: what MIMO adds is not claimed.
package enum ChannelQuality {
    /// Bits per resource element of CQI 1…15, TS 36.213 Table 7.2.3-1 and TS 38.214 Table 5.2.2.1-2.
    package static let cqiEfficiency: [Float] = [
        0.1523, 0.2344, 0.3770, 0.6016, 0.8770, 1.1758, 1.4766, 1.9141, 2.4063, 2.7305, 3.3223, 3.9023,
        4.5234, 5.1152, 5.5547,
    ]

    /// Bits per resource element of MCS 0…28, TS 38.214 Table 5.1.3.1-1 (up to 64QAM).
    ///
    /// The E-UTRA table (TS 36.213 Table 7.1.7.1-1) changes modulation at the same indices and its
    /// transport block sizes come to the same efficiencies within a few percent.
    package static let mcsEfficiency: [Float] = [
        0.2344, 0.3066, 0.3770, 0.4902, 0.6016, 0.7402, 0.8770, 1.0273, 1.1758, 1.3262, 1.3281, 1.4766,
        1.6953, 1.9141, 2.1602, 2.4063, 2.5703, 2.5664, 2.7305, 3.0293, 3.3223, 3.6094, 3.9023, 4.2129,
        4.5234, 4.8164, 5.1152, 5.3320, 5.5547,
    ]

    /// Share of the Shannon bound that is reached, TR 36.942 Table A.2.
    package static let downlinkAttenuation: Float = 0.6
    package static let uplinkAttenuation: Float = 0.4

    /// The highest CQI whose efficiency the channel carries; 0 is out of range.
    @inline(__always)
    package static func cqi(sinr: Float) -> Int {
        index(of: downlinkAttenuation * bound(sinr), in: cqiEfficiency) + 1
    }

    /// The highest MCS that is no bolder than the CQI, `nil` for CQI 0; CQI 1 is sent with MCS 0.
    package static func mcs(cqi: Int) -> Int? {
        guard cqi >= 1, cqi <= cqiEfficiency.count else { return nil }
        return max(0, index(of: cqiEfficiency[cqi - 1], in: mcsEfficiency))
    }

    /// Bits per resource element down at a SINR in decibels, by way of CQI and MCS; 0 when out of range.
    @inline(__always)
    package static func downlinkEfficiency(sinr: Float) -> Float {
        let cqi = cqi(sinr: sinr)
        guard cqi > 0 else { return 0 }
        return cqi == 1 ? cqiEfficiency[0] : mcsEfficiency[mcsOfCQI[cqi]]
    }

    /// Bits per resource element up at a SINR in decibels.
    @inline(__always)
    package static func uplinkEfficiency(sinr: Float) -> Float {
        let carried = uplinkAttenuation * bound(sinr)
        let mcs = index(of: carried, in: mcsEfficiency)
        return mcs < 0 ? 0 : mcsEfficiency[mcs]
    }

    private static let mcsOfCQI: [Int] = (0...15).map { mcs(cqi: $0) ?? 0 }

    /// log2(1 + SINR), the bound in bits per resource element.
    @inline(__always)
    private static func bound(_ sinr: Float) -> Float {
        FastMath.log2(1 + FastMath.ratio(decibels: sinr))
    }

    /// The place of the largest entry that is no larger than `value`; -1 when there is none.
    @inline(__always)
    private static func index(of value: Float, in table: [Float]) -> Int {
        var found = -1
        for (place, entry) in table.enumerated() where entry <= value { found = place }
        return found
    }
}
