/// What a terminal measured of one cell: raw levels, the integers it would report, or both.
///
/// A source gives what it has. Raw levels are kept in tenths of a decibel; where only raw levels are
/// given, the reported integers follow from the mapping tables (``SignalMapping``), and where only
/// reported integers are given, no raw level is made up.
package struct SignalLevel: Hashable, Sendable, BitwiseCopyable {
    private var rsrpTenths: Int16 = .min
    private var rsrqTenths: Int16 = .min
    private var sinrTenths: Int16 = .min
    private var reports = (UInt8.max, UInt8.max, UInt8.max)

    /// Nothing measured.
    package init() {}

    /// - Parameters:
    ///   - rsrp: dBm, as measured (RSRP of TS 36.214, SS-RSRP of TS 38.215).
    ///   - rsrq: dB.
    ///   - sinr: dB.
    ///   - access: Which mapping table gives the reported integers; Wi-Fi has none.
    package init(rsrp: Double?, rsrq: Double?, sinr: Double?, access: RadioAccess) {
        rsrpTenths = SignalLevel.tenths(rsrp)
        rsrqTenths = SignalLevel.tenths(rsrq)
        sinrTenths = SignalLevel.tenths(sinr)
        switch access {
        case .eutra:
            reports.0 = rsrp.flatMap(SignalMapping.rsrpEUTRA) ?? .max
            reports.1 = rsrq.flatMap(SignalMapping.rsrqEUTRA) ?? .max
            reports.2 = sinr.flatMap(SignalMapping.sinr) ?? .max
        case .nr:
            reports.0 = rsrp.flatMap(SignalMapping.rsrpNR) ?? .max
            reports.1 = rsrq.flatMap(SignalMapping.rsrqNR) ?? .max
            reports.2 = sinr.flatMap(SignalMapping.sinr) ?? .max
        case .wifi:
            break
        }
    }

    /// - Parameters: Integers as a terminal reports them; 0…97 and 0…34 for E-UTRA, 0…127 for NR and
    ///   SINR. Anything above 127 is taken as absent.
    package init(rsrpReport: UInt8?, rsrqReport: UInt8?, sinrReport: UInt8?) {
        reports.0 = SignalLevel.report(rsrpReport)
        reports.1 = SignalLevel.report(rsrqReport)
        reports.2 = SignalLevel.report(sinrReport)
    }

    /// dBm.
    package var rsrp: Double? { SignalLevel.decibels(rsrpTenths) }
    /// dB.
    package var rsrq: Double? { SignalLevel.decibels(rsrqTenths) }
    /// dB.
    package var sinr: Double? { SignalLevel.decibels(sinrTenths) }
    /// TS 36.133 9.1.4 (0…97) or TS 38.133 10.1.6 (0…126).
    package var rsrpReport: UInt8? { reports.0 == .max ? nil : reports.0 }
    /// TS 36.133 9.1.7 (0…34) or TS 38.133 10.1.11 (0…127).
    package var rsrqReport: UInt8? { reports.1 == .max ? nil : reports.1 }
    /// TS 36.133 9.1.17 or TS 38.133 10.1.16 (0…127).
    package var sinrReport: UInt8? { reports.2 == .max ? nil : reports.2 }

    package var isEmpty: Bool {
        rsrpTenths == .min && rsrqTenths == .min && sinrTenths == .min
            && reports.0 == .max && reports.1 == .max && reports.2 == .max
    }

    package static func == (a: Self, b: Self) -> Bool {
        a.rsrpTenths == b.rsrpTenths && a.rsrqTenths == b.rsrqTenths && a.sinrTenths == b.sinrTenths
            && a.reports == b.reports
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(rsrpTenths)
        hasher.combine(rsrqTenths)
        hasher.combine(sinrTenths)
        hasher.combine(reports.0)
        hasher.combine(reports.1)
        hasher.combine(reports.2)
    }

    private static func tenths(_ value: Double?) -> Int16 {
        guard let value, value.isFinite else { return .min }
        return Int16(max(-3000, min(3000, (value * 10).rounded())))
    }

    private static func decibels(_ tenths: Int16) -> Double? { tenths == .min ? nil : Double(tenths) / 10 }

    private static func report(_ value: UInt8?) -> UInt8 {
        guard let value, value <= 127 else { return .max }
        return value
    }
}
