package import Bus
package import MECModel

/// Writes CloudEvents 1.0 attributes as MQTT 5 user properties: the binary mode of CloudEvents' MQTT
/// binding, 3.1. `datacontenttype` is the MQTT content type.
///
/// One value serves one service; it counts the events so that `source` and `id` together are unique,
/// across restarts too.
package struct CloudEventStamp: Sendable {
    private let source: String
    private let epoch: String
    private var count: UInt64 = 0
    private var lastSecond: Int64 = .min
    private var lastSecondText = ""

    /// - Parameters:
    ///   - source: A URI reference: `/weir/rnis`.
    ///   - epoch: Tells this run from others; the start time, for example.
    package init(source: String, epoch: RadioTime) {
        self.source = source
        self.epoch = String(UInt64(bitPattern: epoch.nanoseconds / 1_000), radix: 36)
    }

    /// - Parameters:
    ///   - type: Of the event: `org.weir.rni.cell_change`.
    ///   - subject: What it is about, the terminal for example.
    package mutating func properties(type: String, subject: String?, time: RadioTime) -> [UserProperty] {
        count &+= 1
        var properties: [UserProperty] = []
        properties.reserveCapacity(6)
        properties.append(UserProperty("specversion", "1.0"))
        properties.append(UserProperty("type", type))
        properties.append(UserProperty("source", source))
        properties.append(UserProperty("id", "\(epoch)-\(count)"))
        properties.append(UserProperty("time", timestamp(time)))
        if let subject { properties.append(UserProperty("subject", subject)) }
        return properties
    }

    /// RFC 3339 in UTC with milliseconds. The second's text is kept: ten thousand events share it.
    private mutating func timestamp(_ time: RadioTime) -> String {
        let nanoseconds = max(0, time.nanoseconds)
        let second = nanoseconds / 1_000_000_000
        if second != lastSecond {
            lastSecond = second
            lastSecondText = RFC3339.secondText(second)
        }
        let milliseconds = nanoseconds % 1_000_000_000 / 1_000_000
        let digits = milliseconds < 10 ? "00" : milliseconds < 100 ? "0" : ""
        return "\(lastSecondText).\(digits)\(milliseconds)Z"
    }
}

/// Dates without Foundation's formatters.
package enum RFC3339 {
    /// `2026-11-21T09:45:50`, without fraction and zone.
    package static func secondText(_ secondsSince1970: Int64) -> String {
        var days = secondsSince1970 / 86_400
        var rest = secondsSince1970 % 86_400
        if rest < 0 {
            rest += 86_400
            days -= 1
        }
        let (year, month, day) = civil(fromDays: days)
        return "\(padded(year, 4))-\(padded(month, 2))-\(padded(day, 2))T"
            + "\(padded(rest / 3600, 2)):\(padded(rest / 60 % 60, 2)):\(padded(rest % 60, 2))"
    }

    /// The Gregorian date of a day number, 0 being 1970-01-01. Years begin in March here, so that the
    /// leap day is the last.
    private static func civil(fromDays days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
    }

    private static func padded(_ value: Int64, _ width: Int) -> String {
        let text = String(value)
        return String(repeating: "0", count: max(0, width - text.utf8.count)) + text
    }
}
