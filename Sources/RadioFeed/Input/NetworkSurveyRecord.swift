/// A message of the Network Survey app for Android (Network Survey Messaging API 0.8 to 1.9), as far as it
/// is used here: LteRecord, NrRecord, and the place in any other.
///
/// One scan of a phone is one record for each cell in sight, with one `groupNumber`; `servingCell` marks
/// the one that serves. Android often does not know the identity of neighbours; such are left out.
struct NetworkSurveyRecord: Decodable, Sendable {
    struct Payload: Decodable, Sendable {
        var deviceSerialNumber: String?
        /// RFC 3339.
        var deviceTime: String?
        var latitude: Double?
        var longitude: Double?
        var altitude: Double?
        /// Metres.
        var accuracy: Double?
        /// Metres per second.
        var speed: Double?
        var heading: Double?
        var groupNumber: Double?
        var mcc: Double?
        var mnc: Double?
        var servingCell: Bool?
        // LteRecord
        var eci: Double?
        var rsrp: Double?
        var rsrq: Double?
        var snr: Double?
        var ta: Double?
        // NrRecord
        var nci: Double?
        var ssRsrp: Double?
        var ssRsrq: Double?
        var ssSinr: Double?
    }

    var messageType: String?
    var data: Payload

    /// Topics that the app publishes on, alone or behind a prefix that its user chooses.
    static let topics: [String] = [
        "lte_message", "nr_message", "gsm_message", "umts_message", "80211_beacon_message", "gnss_message",
        "device_status_message",
    ]

    /// MCCs whose networks have three digits in their MNC (ITU-T E.212 Annex B): North America and the
    /// Caribbean. A phone gives the MNC as a number, so 12 may be "12" or "012".
    private static let longCodes: Set<Int> = [
        302, 310, 311, 312, 313, 314, 315, 316, 334, 338, 342, 344, 346, 348, 352, 354, 356, 358, 360, 365,
        366, 376, 708, 722, 732, 750,
    ]

    /// The PLMN's digits; `nil` when the phone does not know it or it is none.
    static func plmnDigits(mcc: Double?, mnc: Double?) -> String? {
        guard let mcc = mcc.flatMap({ Int(exactly: $0) }), let mnc = mnc.flatMap({ Int(exactly: $0) }),
            (1...999).contains(mcc), (0...999).contains(mnc)
        else { return nil }
        func padded(_ value: Int, _ digits: Int) -> String {
            let text = String(value)
            return String(repeating: "0", count: max(0, digits - text.utf8.count)) + text
        }
        return padded(mcc, 3) + padded(mnc, mnc > 99 || longCodes.contains(mcc) ? 3 : 2)
    }

    /// Seconds since 1970 UTC of an RFC 3339 date and time.
    static func seconds(_ text: String) -> Double? {
        let bytes = Array(text.utf8)
        guard bytes.count >= 20, bytes.count <= 40, bytes[4] == 0x2D, bytes[7] == 0x2D,
            bytes[10] == 0x54 || bytes[10] == 0x74 || bytes[10] == 0x20, bytes[13] == 0x3A, bytes[16] == 0x3A
        else { return nil }
        let stamp =
            text.prefix(10).replacing("-", with: ".") + "_"
            + text.dropFirst(11).prefix(8).replacing(":", with: ".")
        guard let whole = DriveTestParser.seconds(String(stamp)) else { return nil }
        var rest = text.dropFirst(19)
        var fraction = 0.0
        if rest.first == "." {
            let digits = rest.dropFirst().prefix { $0.isASCII && $0.isNumber }
            guard !digits.isEmpty, let value = Double("0." + digits) else { return nil }
            fraction = value
            rest = rest.dropFirst(digits.count + 1)
        }
        if rest == "Z" || rest == "z" { return whole + fraction }
        guard rest.utf8.count == 6, let sign = rest.first, sign == "+" || sign == "-",
            let hours = Int(rest.dropFirst().prefix(2)), let minutes = Int(rest.suffix(2)),
            (0...23).contains(hours), (0...59).contains(minutes)
        else { return nil }
        let offset = Double(hours * 3_600 + minutes * 60)
        return whole + fraction - (sign == "+" ? offset : -offset)
    }
}
