import MECModel
import RadioFeed
import Testing

@Suite struct CarrierTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let access: RadioAccess
        let frequency: Float
        let bandwidth: Float
        let blocks: Int?
        let spacing: Float
        var testDescription: String { "\(access) \(bandwidth) MHz at \(frequency) MHz" }
    }

    /// TS 36.101 Table 5.6-1, TS 38.101-1 and -2 Table 5.3.2-1.
    static let cases: [Case] = [
        Case(access: .eutra, frequency: 1815, bandwidth: 20, blocks: 100, spacing: 15),
        Case(access: .eutra, frequency: 796, bandwidth: 10, blocks: 50, spacing: 15),
        Case(access: .eutra, frequency: 796, bandwidth: 1.4, blocks: 6, spacing: 15),
        Case(access: .eutra, frequency: 796, bandwidth: 7, blocks: nil, spacing: 0),
        Case(access: .nr, frequency: 763, bandwidth: 10, blocks: 52, spacing: 15),
        Case(access: .nr, frequency: 3600, bandwidth: 100, blocks: 273, spacing: 30),
        Case(access: .nr, frequency: 3600, bandwidth: 40, blocks: 106, spacing: 30),
        Case(access: .nr, frequency: 26500, bandwidth: 400, blocks: 264, spacing: 120),
        Case(access: .nr, frequency: 26500, bandwidth: 20, blocks: nil, spacing: 0),
        Case(access: .wifi, frequency: 5530, bandwidth: 80, blocks: 0, spacing: 312.5),
        Case(access: .wifi, frequency: 5530, bandwidth: 100, blocks: nil, spacing: 0),
        Case(access: .eutra, frequency: 100, bandwidth: 20, blocks: nil, spacing: 0),
    ]

    @Test(arguments: cases)
    func `a carrier has the resource blocks of its table`(_ testCase: Case) {
        let carrier = Carrier(
            access: testCase.access,
            frequencyMHz: testCase.frequency,
            bandwidthMHz: testCase.bandwidth
        )
        #expect(carrier?.resourceBlocks == testCase.blocks)
        if let carrier { #expect(carrier.subcarrierSpacingKHz == testCase.spacing) }
    }

    @Test func `noise in a subcarrier is kTB and the noise figure`() throws {
        // -174 + 10 log10(15,000) + 9 = -123.24 dBm.
        let carrier = try #require(Carrier(access: .eutra, frequencyMHz: 1815, bandwidthMHz: 20))
        #expect(abs(carrier.noisePerSubcarrier + 123.239) < 0.01)
        let nr = try #require(Carrier(access: .nr, frequencyMHz: 3600, bandwidthMHz: 100))
        #expect(abs(nr.noisePerSubcarrier + 120.229) < 0.01)
        // -174 + 10 log10(180,000) + 5 = -116.45 dBm.
        #expect(abs(carrier.uplinkNoisePerBlock + 116.447) < 0.01)
    }

    @Test func `channel numbers give the frequencies of the tables`() {
        // TS 36.101 Table 5.7.3-1 and TS 38.104 Table 5.4.2.1-1.
        #expect(ChannelNumber.frequency(earfcn: 1300) == 1815)
        #expect(ChannelNumber.frequency(earfcn: 6300) == 806)
        #expect(ChannelNumber.frequency(earfcn: 3100) == 2655)
        #expect(ChannelNumber.frequency(earfcn: 7000) == nil)
        #expect(ChannelNumber.frequency(nrArfcn: 640_000) == 3600)
        #expect(ChannelNumber.frequency(nrArfcn: 152_600) == 763)
        #expect(ChannelNumber.frequency(nrArfcn: 3_279_166) == nil)
        #expect(ChannelNumber.nrArfcn(frequencyMHz: 3600) == 640_000)
        #expect(ChannelNumber.earfcn(frequencyMHz: 1815) == 1300)
        #expect(ChannelNumber.earfcn(frequencyMHz: 3600) == nil)
    }
}

@Suite struct AntennaTests {
    @Test(arguments: [
        // TR 38.901 Table 7.3-1: 12 (φ / 65°)², at most 30 dB.
        (0.0, 17.0), (32.5, 14.0), (65.0, 5.0), (-65.0, 5.0), (180.0, -13.0), (425.0, 5.0),
    ])
    func `the horizontal cut falls by 12 (φ over φ3dB) squared`(offset: Float, gain: Float) {
        let antenna = Antenna.sector(azimuth: 120, tilt: 6)
        #expect(abs(antenna.gain(bearing: 120 + offset, depression: 6) - gain) < 0.01)
    }

    @Test(arguments: [(0.0, 17.0 - 4.32), (6.0, 17.0), (11.0, 14.0), (40.0, -3.0)])
    func `the vertical cut falls by 12 (θ over 10°) squared, at most the side lobes`(
        depression: Float,
        gain: Float
    ) {
        let antenna = Antenna.sector(azimuth: 0, tilt: 6)
        #expect(abs(antenna.gain(bearing: 0, depression: depression) - gain) < 0.01)
    }

    @Test func `behind and below is no weaker than front to back`() {
        let antenna = Antenna.sector(azimuth: 0, tilt: 6)
        #expect(antenna.gain(bearing: 180, depression: 80) == -13)
    }

    @Test func `an omnidirectional antenna does not care for the bearing`() {
        let antenna = Antenna.omnidirectional(gain: 5)
        #expect(antenna.gain(bearing: 0, depression: 0) == 5)
        #expect(antenna.gain(bearing: 213, depression: 0) == 5)
    }
}

@Suite struct ChannelQualityTests {
    @Test(arguments: [
        // 0.6 log2(1 + SINR) of TR 36.942 A.2 against the efficiencies of TS 36.213 Table 7.2.3-1.
        (-20.0, 0), (-10.0, 0), (-6.0, 1), (-3.0, 2), (0.0, 3), (5.0, 6), (10.0, 8), (15.0, 10),
        (20.0, 12), (25.0, 13), (30.0, 15), (60.0, 15),
    ])
    func `the CQI is the highest that the channel carries`(sinr: Float, cqi: Int) {
        #expect(ChannelQuality.cqi(sinr: sinr) == cqi)
    }

    @Test func `each MCS is no bolder than its CQI`() {
        // TS 38.214 Table 5.1.3.1-1.
        #expect(ChannelQuality.mcs(cqi: 0) == nil)
        #expect(ChannelQuality.mcs(cqi: 1) == 0)
        #expect(ChannelQuality.mcs(cqi: 7) == 11)
        #expect(ChannelQuality.mcs(cqi: 15) == 28)
        #expect(ChannelQuality.mcs(cqi: 16) == nil)
        for cqi in 2...15 {
            let mcs = ChannelQuality.mcs(cqi: cqi)
            #expect(
                mcs.map { ChannelQuality.mcsEfficiency[$0] <= ChannelQuality.cqiEfficiency[cqi - 1] } == true
            )
        }
    }

    @Test func `efficiency grows with SINR and stays under the bound`() {
        var last: Float = 0
        for tenth in -300...400 {
            let sinr = Float(tenth) / 10
            let efficiency = ChannelQuality.downlinkEfficiency(sinr: sinr)
            #expect(efficiency >= last)
            #expect(efficiency <= max(0.1523, 0.6 * FastMath.log2(1 + FastMath.ratio(decibels: sinr)) + 1e-4))
            last = efficiency
        }
        #expect(last == 5.5547)
    }

    @Test func `the uplink reaches two thirds of the downlink's share of the bound`() {
        #expect(ChannelQuality.uplinkEfficiency(sinr: 10) == 1.3281)  // 0.4 · log2(11) = 1.3838
        #expect(ChannelQuality.uplinkEfficiency(sinr: -10) == 0)
    }
}

@Suite struct TimingAdvanceTests {
    @Test(arguments: [
        // Two-way delay in steps of 16 Ts = 78.07 m, TS 36.213 4.2.3.
        (0.0, 0), (39.0, 0), (40.0, 1), (78.0, 1), (1000.0, 13), (5000.0, 64), (99_000.0, 1268),
        (1_000_000.0, 1282),
    ])
    func `E-UTRA commands count 16 Ts`(distance: Double, command: UInt32) {
        #expect(TimingAdvance.command(distance: distance) == command)
    }

    @Test func `NR commands count half of that at 30 kHz`() {
        #expect(TimingAdvance.command(distance: 1000, subcarrierSpacingKHz: 15) == 13)
        #expect(TimingAdvance.command(distance: 1000, subcarrierSpacingKHz: 30) == 26)
        #expect(TimingAdvance.ticks(command: 26, subcarrierSpacingKHz: 30) == 208)
        #expect(TimingAdvance.ticks(command: 13) == 208)
    }

    @Test func `the report mapping of TS 36_133 10_3_1 changes its step at 4096 Ts`() {
        #expect(TimingAdvance.report(ticks: 0) == 0)
        #expect(TimingAdvance.report(ticks: 3) == 1)
        #expect(TimingAdvance.report(ticks: 4095) == 2047)
        #expect(TimingAdvance.report(ticks: 4096) == 2048)
        #expect(TimingAdvance.report(ticks: 49_231) == 7689)
        #expect(TimingAdvance.report(ticks: 49_232) == 7690)
        #expect(TimingAdvance.report(ticks: 1_000_000) == 7690)
    }
}
