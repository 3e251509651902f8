import MECModel

/// The columns of a base station's per-terminal key performance measurements (SCOPE, Colosseum).
enum KPMColumns {
    /// Field to column name.
    static let names: [String: String] = [
        "timestamp": "Timestamp", "downlinkRate": "tx_brate downlink [Mbps]",
        "uplinkRate": "rx_brate uplink [Mbps]", "downlinkPackets": "tx_pkts downlink",
        "uplinkPackets": "rx_pkts uplink", "downlinkErrors": "tx_errors downlink (%)",
        "uplinkErrors": "rx_errors uplink (%)", "downlinkBuffer": "dl_buffer [bytes]",
        "uplinkBuffer": "ul_buffer [bytes]",
    ]

    /// Known and not used: IMSI, since no subscriber identity is ever taken in; CQI, MCS, uplink SINR and
    /// power headroom, for which MEC 012 has no place; PRBs, whose total the file does not give.
    static let known: Set<String> = [
        "num_ues", "IMSI", "RNTI", "slicing_enabled", "slice_id", "slice_prb", "power_multiplier",
        "scheduling_policy", "dl_mcs", "dl_n_samples", "dl_cqi", "ul_mcs", "ul_n_samples", "ul_rssi",
        "ul_sinr", "phr", "sum_requested_prbs", "sum_granted_prbs", "dl_pmi", "dl_ri", "ul_n",
        "ul_turbo_iters",
    ]

    static let required = ["timestamp", "downlinkRate", "uplinkRate"]
}

/// One row: what a terminal moved since the row before.
struct KPMRow: Sendable {
    /// Seconds since 1970 UTC.
    var time: Double
    /// Bits per second.
    var downlink: Double?
    var uplink: Double?
    /// Percent of packets.
    var downlinkErrors: Double?
    var uplinkErrors: Double?
    /// Has data waiting, or moved some: an active UE of TS 36.314 4.1.3.
    var isActiveDown: Bool
    var isActiveUp: Bool
}

struct KPMParser: Sendable {
    let columns: ColumnMap

    func row(_ record: CSVReader.Record, complain: (FeedWarning.Reason, String) -> Void) -> KPMRow? {
        guard let stamp = columns.text("timestamp", record) else {
            complain(.missingField, "the row has no Timestamp; it is skipped")
            return nil
        }
        // Milliseconds from 2000 to 2200.
        guard let milliseconds = FieldNumber.integer(stamp, in: 946_684_800_000...7_258_118_400_000) else {
            complain(
                .malformed,
                "\"\(stamp.prefix(40))\" is no Timestamp (milliseconds since 1970); the row is skipped"
            )
            return nil
        }
        func number(_ field: String, _ range: ClosedRange<Double>) -> Double? {
            guard let text = columns.text(field, record) else { return nil }
            if let value = FieldNumber.number(text, in: range) { return value }
            complain(
                .valueOutOfRange,
                "\(field) is \(range.lowerBound) to \(range.upperBound), found \"\(text.prefix(40))\""
            )
            return nil
        }
        let waitingDown = number("downlinkBuffer", 0...1e12) ?? 0
        let waitingUp = number("uplinkBuffer", 0...1e12) ?? 0
        return KPMRow(
            time: Double(milliseconds) / 1000,
            downlink: number("downlinkRate", 0...100_000).map { $0 * 1e6 },
            uplink: number("uplinkRate", 0...100_000).map { $0 * 1e6 },
            downlinkErrors: number("downlinkErrors", 0...100),
            uplinkErrors: number("uplinkErrors", 0...100),
            isActiveDown: (number("downlinkPackets", 0...1e12) ?? 0) > 0 || waitingDown > 0,
            isActiveUp: (number("uplinkPackets", 0...1e12) ?? 0) > 0 || waitingUp > 0
        )
    }
}
