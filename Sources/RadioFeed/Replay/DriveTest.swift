import MECModel

/// One row of a drive test in G-NetTrack's columns, as numbers.
///
/// `-` is no value. What is out of its range is left out and named; the rest of the row stays.
struct DriveTestRow: Sendable {
    enum Mode: Sendable, Equatable {
        case eutra
        case nr
        /// GSM, UMTS, HSPA+ and whatever else: a cell identity of another kind.
        case other
    }

    /// Seconds by the phone's own calendar, without time zone.
    var time: Double
    var point: GeoPoint?
    /// Metres per second.
    var speed: Float?
    var mode: Mode?
    var cell: CellIdentity?
    var rsrp: Double?
    var rsrq: Double?
    var snr: Double?
    /// Bits per second.
    var downlink: UInt64?
    var uplink: UInt64?
    /// State `I`: in RRC idle the phone reselects, nobody hands it over.
    var isIdle: Bool
}

/// The columns of G-NetTrack Pro's text export.
enum DriveTestColumns {
    /// Field to column name.
    static let names: [String: String] = [
        "timestamp": "Timestamp", "longitude": "Longitude", "latitude": "Latitude", "speed": "Speed",
        "networkMode": "NetworkMode", "rsrp": "RSRP", "rsrq": "RSRQ", "snr": "SNR", "cqi": "CQI",
        "rssi": "RSSI", "downlink": "DL_bitrate", "uplink": "UL_bitrate", "state": "State",
        "cellHex": "CELLHEX", "nodeHex": "NODEHEX", "rawCellId": "RAWCELLID", "neighbourRsrp": "NRxRSRP",
        "neighbourRsrq": "NRxRSRQ",
    ]

    /// Columns that are known and not used. The neighbour's level is of no use without its identity,
    /// which these files do not give.
    static let known: Set<String> = [
        "Operatorname", "Operator", "CGI", "CellID", "LAC", "LACHEX", "PINGAVG", "PINGMIN", "PINGMAX",
        "PINGSTDEV", "PINGLOSS", "ServingCell_Lon", "ServingCell_Lat", "ServingCell_Distance", "Cellname",
        "Node", "Altitude", "Height", "Accuracy", "Bearing", "ARFCN", "PSC", "PCI", "NetworkTech", "Level",
        "Qual", "LTERSSI", "TESTDOWNLINK", "TESTUPLINK", "TESTDOWNLINKMAX", "TESTUPLINKMAX", "Location",
    ]

    static let required = ["timestamp", "rawCellId"]
}

/// Reads rows; says what is wrong with them.
struct DriveTestParser: Sendable {
    let columns: ColumnMap
    let plmn: Plmn

    /// - Parameter complain: Called with each thing that is not believed.
    /// - Returns: `nil` for a row without a time.
    func row(
        _ record: CSVReader.Record,
        complain: (FeedWarning.Reason, String) -> Void
    ) -> DriveTestRow? {
        guard let stamp = columns.text("timestamp", record) else {
            complain(.missingField, "the row has no Timestamp; it is skipped")
            return nil
        }
        guard let time = DriveTestParser.seconds(stamp) else {
            complain(
                .malformed,
                "\"\(stamp.prefix(40))\" is no Timestamp (yyyy.MM.dd_HH.mm.ss); the row is skipped"
            )
            return nil
        }
        func number(_ field: String, _ range: ClosedRange<Double>, _ unit: String) -> Double? {
            guard let text = columns.text(field, record) else { return nil }
            if let value = FieldNumber.number(text, in: range) { return value }
            complain(
                .valueOutOfRange,
                "\(field) is \(range.lowerBound) to \(range.upperBound) \(unit), found \"\(text.prefix(40))\""
            )
            return nil
        }
        let mode = columns.text("networkMode", record).map(DriveTestParser.mode)
        return DriveTestRow(
            time: time,
            point: point(record, complain),
            speed: number("speed", 0...1_200, "km/h").map { Float($0 / 3.6) },
            mode: mode,
            cell: cell(record, mode, complain),
            rsrp: number("rsrp", -156 ... -31, "dBm"),
            rsrq: number("rsrq", -43...20, "dB"),
            snr: number("snr", -30...50, "dB"),
            downlink: number("downlink", 0...100_000_000, "kbit/s").map { UInt64($0 * 1000) },
            uplink: number("uplink", 0...100_000_000, "kbit/s").map { UInt64($0 * 1000) },
            isIdle: columns.text("state", record) == "I"
        )
    }

    private func point(_ record: CSVReader.Record, _ complain: (FeedWarning.Reason, String) -> Void)
        -> GeoPoint?
    {
        guard let longitude = columns.text("longitude", record),
            let latitude = columns.text("latitude", record)
        else { return nil }
        if let x = Double(longitude), let y = Double(latitude),
            let point = GeoPoint(latitude: y, longitude: x)
        {
            return point
        }
        complain(
            .positionOffGlobe,
            "longitude \"\(longitude.prefix(40))\", latitude \"\(latitude.prefix(40))\" is no place on the globe"
        )
        return nil
    }

    /// RAWCELLID, or NODEHEX and CELLHEX where it is missing.
    private func cell(
        _ record: CSVReader.Record,
        _ mode: DriveTestRow.Mode?,
        _ complain: (FeedWarning.Reason, String) -> Void
    ) -> CellIdentity? {
        if mode == .other { return nil }
        if let text = columns.text("rawCellId", record) {
            if let number = FieldNumber.integer(text, in: 1...CellIdentity.nrCellIdMax) {
                // 28 bits are an E-UTRA cell, also in mode 5G, where it is the anchor.
                if number <= CellIdentity.cellIdMax { return CellIdentity.ecgi(plmn, cellId: number) }
                if mode == .nr { return CellIdentity.ncgi(plmn, nrCellId: number) }
            }
            // 2^31 - 1 is what Android says when it does not know.
            complain(
                .cellOutOfRange,
                "RAWCELLID is 1 to \(CellIdentity.cellIdMax) (28 bits; 36 bits for 5G), found \"\(text.prefix(40))\""
            )
            return nil
        }
        guard let node = columns.text("nodeHex", record), let cell = columns.text("cellHex", record) else {
            return nil
        }
        guard let high = UInt64(node, radix: 16), let low = UInt64(cell, radix: 16), high <= 0xF_FFFF,
            low <= 0xFF
        else {
            complain(
                .cellOutOfRange,
                "NODEHEX \"\(node.prefix(20))\" and CELLHEX \"\(cell.prefix(20))\" are no 20 and 8 bits"
            )
            return nil
        }
        return CellIdentity.ecgi(plmn, cellId: high << 8 | low)
    }

    static func mode(_ text: String) -> DriveTestRow.Mode {
        switch text.uppercased() {
        case "LTE", "LTE+", "LTE-A", "LTE_CA", "4G": .eutra
        case "5G", "NR", "5G NR", "5G-NSA", "5G_NSA", "5G-SA", "5G_SA", "NR_NSA", "NR_SA": .nr
        default: .other
        }
    }

    /// `yyyy.MM.dd_HH.mm.ss`, with a fraction or without, as seconds of the proleptic Gregorian calendar.
    static func seconds(_ text: String) -> Double? {
        let halves = text.split(separator: "_", omittingEmptySubsequences: false)
        guard halves.count == 2 else { return nil }
        let date = halves[0].split(separator: ".", omittingEmptySubsequences: false)
        let clock = halves[1].split(separator: ".", maxSplits: 2, omittingEmptySubsequences: false)
        guard date.count == 3, clock.count == 3, let year = Int(date[0]), let month = Int(date[1]),
            let day = Int(date[2]), let hour = Int(clock[0]), let minute = Int(clock[1]),
            let second = Double(clock[2])
        else { return nil }
        guard (1970...2200).contains(year), (1...12).contains(month), (1...31).contains(day),
            (0...23).contains(hour), (0...59).contains(minute), second >= 0, second < 61
        else { return nil }
        return Double(days(year, month, day) * 86_400 + hour * 3_600 + minute * 60) + second
    }

    /// Days since 1970-01-01: years begin in March, so that the leap day is the last.
    private static func days(_ year: Int, _ month: Int, _ day: Int) -> Int {
        let y = month <= 2 ? year - 1 : year
        let m = (month + 9) % 12
        return 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 - 719_468
    }
}
