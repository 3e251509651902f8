package import MECModel

/// One downlink carrier: where in the spectrum, how wide, and what a resource element gets of it.
package struct Carrier: Sendable, Hashable {
    package let access: RadioAccess
    /// Centre of the downlink in MHz.
    package let frequencyMHz: Float
    package let bandwidthMHz: Float
    /// 15 for E-UTRA; 15, 30, 60 or 120 for NR; 312.5 for Wi-Fi.
    package let subcarrierSpacingKHz: Float
    /// N_RB of the transmission bandwidth; 0 for Wi-Fi.
    package let resourceBlocks: Int
    /// Time division duplex: downlink and uplink share the carrier.
    package let isTDD: Bool

    /// - Returns: `nil` for a bandwidth that the access does not have, or a frequency outside 0.4…100 GHz.
    package init?(access: RadioAccess, frequencyMHz: Float, bandwidthMHz: Float) {
        guard frequencyMHz >= 400, frequencyMHz <= 100_000 else { return nil }
        self.access = access
        self.frequencyMHz = frequencyMHz
        self.bandwidthMHz = bandwidthMHz
        switch access {
        case .eutra:
            guard let blocks = Carrier.blocksEUTRA[bandwidthMHz] else { return nil }
            resourceBlocks = blocks
            subcarrierSpacingKHz = 15
        case .nr:
            guard let (spacing, blocks) = Carrier.numerology(frequencyMHz, bandwidthMHz) else { return nil }
            resourceBlocks = blocks
            subcarrierSpacingKHz = spacing
        case .wifi:
            guard [20, 40, 80, 160].contains(bandwidthMHz) else { return nil }
            resourceBlocks = 0
            subcarrierSpacingKHz = 312.5
        }
        isTDD = access == .wifi || Carrier.isTDD(frequencyMHz)
    }

    /// The usual spacing for a band: 15 kHz below 3 GHz, 30 kHz in the middle, 120 kHz in FR2.
    private static func numerology(_ frequency: Float, _ bandwidth: Float) -> (Float, Int)? {
        if frequency >= 24_250 { return blocksNR120[bandwidth].map { (120, $0) } }
        if frequency < 3_000, let blocks = blocksNR15[bandwidth] { return (15, blocks) }
        return blocksNR30[bandwidth].map { (30, $0) }
    }

    /// Bands 38, 40, 41 and n77 to n79 and everything in FR2, TS 36.101 Table 5.5-1, TS 38.104 Table 5.2-1.
    private static func isTDD(_ frequency: Float) -> Bool {
        (2_300...2_400).contains(frequency) || (2_570...2_620).contains(frequency) || frequency >= 3_300
    }

    /// TS 36.101 Table 5.6-1.
    private static let blocksEUTRA: [Float: Int] = [1.4: 6, 3: 15, 5: 25, 10: 50, 15: 75, 20: 100]
    /// TS 38.101-1 Table 5.3.2-1, 15 kHz.
    private static let blocksNR15: [Float: Int] = [
        5: 25, 10: 52, 15: 79, 20: 106, 25: 133, 30: 160, 40: 216, 50: 270,
    ]
    /// TS 38.101-1 Table 5.3.2-1, 30 kHz.
    private static let blocksNR30: [Float: Int] = [
        5: 11, 10: 24, 15: 38, 20: 51, 25: 65, 30: 78, 40: 106, 50: 133, 60: 162, 70: 189, 80: 217,
        90: 245, 100: 273,
    ]
    /// TS 38.101-2 Table 5.3.2-1, 120 kHz.
    private static let blocksNR120: [Float: Int] = [50: 32, 100: 66, 200: 132, 400: 264]

    /// Subcarriers that the total power is spread over.
    package var subcarriers: Float {
        resourceBlocks > 0 ? Float(12 * resourceBlocks) : bandwidthMHz * 1000 / subcarrierSpacingKHz
    }

    /// Thermal noise in one subcarrier at a terminal: -174 dBm/Hz and a noise figure of 9 dB (TR 36.942
    /// Table 4.8, TR 38.901 Table 7.8-1), 7 dB for Wi-Fi.
    package var noisePerSubcarrier: Float {
        -174 + FastMath.decibels(subcarrierSpacingKHz * 1000) + (access == .wifi ? 7 : 9)
    }

    /// Thermal noise in one resource block at a base station with a noise figure of 5 dB (TR 36.942 Table 4.8).
    package var uplinkNoisePerBlock: Float {
        -174 + FastMath.decibels(12 * subcarrierSpacingKHz * 1000) + 5
    }

    /// Share of the symbols that go down, up.
    ///
    /// A TDD carrier has the pattern DDDSU with ten, two and two symbols in S.
    package var symbolShare: (downlink: Float, uplink: Float) {
        isTDD ? (52.0 / 70.0, 16.0 / 70.0) : (1, 1)
    }

    /// Data-bearing resource elements of one resource block in one second, each way.
    ///
    /// E-UTRA: 132 of 168 down (two symbols of control and two ports of reference signals, TS 36.211
    /// 6.10.1) and 144 of 168 up (two symbols of reference signals, TS 36.211 5.5.2). NR: the
    /// overheads of TS 38.306 4.1.2, 14 % and 8 % in FR1, 18 % and 10 % in FR2.
    package var elementsPerBlockSecond: (downlink: Float, uplink: Float) {
        let all = 12 * 14 * 1000 * subcarrierSpacingKHz / 15
        let share = symbolShare
        switch access {
        case .eutra: return (all * share.downlink * 132 / 168, all * share.uplink * 144 / 168)
        case .nr where frequencyMHz >= 24_250: return (all * share.downlink * 0.82, all * share.uplink * 0.90)
        case .nr: return (all * share.downlink * 0.86, all * share.uplink * 0.92)
        case .wifi: return (0, 0)
        }
    }
}
