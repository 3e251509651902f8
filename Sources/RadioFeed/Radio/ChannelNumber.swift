/// Channel numbers to frequencies and back.
package enum ChannelNumber {
    private struct Band: Sendable {
        let low: Float
        let offset: UInt32
        let last: UInt32
    }

    /// Downlink low edge in MHz, N_Offs-DL and last EARFCN, TS 36.101 Table 5.7.3-1: bands 1, 3, 7, 8,
    /// 20, 28, 32, 38 and 40, which is what Europe uses, and 2, 4, 5, 12, 13, 25, 41, 66 and 71.
    private static let bands: [Band] = [
        Band(low: 2110, offset: 0, last: 599),
        Band(low: 1930, offset: 600, last: 1199),
        Band(low: 1805, offset: 1200, last: 1949),
        Band(low: 2110, offset: 1950, last: 2399),
        Band(low: 869, offset: 2400, last: 2649),
        Band(low: 2620, offset: 2750, last: 3449),
        Band(low: 925, offset: 3450, last: 3799),
        Band(low: 729, offset: 5010, last: 5179),
        Band(low: 746, offset: 5180, last: 5279),
        Band(low: 791, offset: 6150, last: 6449),
        Band(low: 1930, offset: 8040, last: 8689),
        Band(low: 758, offset: 9210, last: 9659),
        Band(low: 1452, offset: 9920, last: 10359),
        Band(low: 2570, offset: 37750, last: 38249),
        Band(low: 2300, offset: 38650, last: 39649),
        Band(low: 2496, offset: 39650, last: 41589),
        Band(low: 2110, offset: 66436, last: 67335),
        Band(low: 617, offset: 68586, last: 68935),
    ]

    /// Downlink frequency in MHz of an EARFCN: F_DL_low + 0.1 (N_DL - N_Offs-DL), TS 36.101 5.7.3.
    ///
    /// - Returns: `nil` for a number in none of the bands known here.
    package static func frequency(earfcn: UInt32) -> Float? {
        bands.first { earfcn >= $0.offset && earfcn <= $0.last }
            .map { $0.low + 0.1 * Float(earfcn - $0.offset) }
    }

    /// Frequency in MHz of an NR-ARFCN, TS 38.104 Table 5.4.2.1-1.
    ///
    /// - Returns: `nil` above 3,279,165.
    package static func frequency(nrArfcn: UInt32) -> Float? {
        switch nrArfcn {
        case 0..<600_000: Float(nrArfcn) * 0.005
        case 600_000..<2_016_667: 3_000 + Float(nrArfcn - 600_000) * 0.015
        case 2_016_667...3_279_165: 24_250.08 + Float(nrArfcn - 2_016_667) * 0.06
        default: nil
        }
    }

    /// The NR-ARFCN nearest to a frequency in MHz; `nil` outside 0…100 GHz.
    package static func nrArfcn(frequencyMHz: Float) -> UInt32? {
        switch frequencyMHz {
        case 0..<3_000: UInt32((frequencyMHz / 0.005).rounded())
        case 3_000..<24_250: 600_000 + UInt32(((frequencyMHz - 3_000) / 0.015).rounded())
        case 24_250...100_000:
            2_016_667 + UInt32(((max(frequencyMHz, 24_250.08) - 24_250.08) / 0.06).rounded())
        default: nil
        }
    }

    /// The first EARFCN whose downlink is at a frequency in MHz, to 50 kHz.
    package static func earfcn(frequencyMHz: Float) -> UInt32? {
        for band in bands where frequencyMHz >= band.low {
            let steps = ((frequencyMHz - band.low) * 10).rounded()
            if steps <= Float(band.last - band.offset) { return band.offset + UInt32(steps) }
        }
        return nil
    }
}
