/// RFC 3339 times, as CloudEvents has them in "time", and nanoseconds since 1970 UTC.
package enum EventTime {
    /// `nil` where it is not a time that fits; fractions beyond nanoseconds are cut.
    package static func parse(_ text: UnsafeRawBufferPointer) -> Int64? {
        // 2026-11-21T12:00:00Z
        guard text.count >= 20, text.count <= 40 else { return nil }
        func number(_ from: Int, _ count: Int) -> Int? {
            var value = 0
            for index in from..<from + count {
                let digit = Int(text[index]) - 0x30
                guard (0...9).contains(digit) else { return nil }
                value = value * 10 + digit
            }
            return value
        }
        guard let year = number(0, 4), let month = number(5, 2), let day = number(8, 2),
            let hour = number(11, 2), let minute = number(14, 2), let second = number(17, 2),
            text[4] == 0x2D, text[7] == 0x2D, text[10] | 0x20 == 0x74, text[13] == 0x3A, text[16] == 0x3A,
            (1...12).contains(month), day >= 1, day <= days(year, month), hour < 24, minute < 60, second <= 60
        else { return nil }
        var at = 19
        var nanoseconds = 0
        if text[at] == 0x2E {
            at += 1
            var scale = 100_000_000
            let first = at
            while at < text.count, (0x30...0x39).contains(text[at]) {
                nanoseconds += (Int(text[at]) - 0x30) * scale
                scale /= 10
                at += 1
            }
            guard at > first, at < text.count else { return nil }
        }
        var offset = 0
        switch text[at] {
        case 0x5A, 0x7A: guard at + 1 == text.count else { return nil }
        case 0x2B, 0x2D:
            guard at + 6 == text.count, text[at + 3] == 0x3A, let hours = number(at + 1, 2),
                let minutes = number(at + 4, 2), hours < 24, minutes < 60
            else { return nil }
            offset = (hours * 60 + minutes) * (text[at] == 0x2D ? -60 : 60)
        default: return nil
        }
        let seconds = daysSince1970(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second - offset
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, overflows) = product.addingReportingOverflow(nanoseconds)
        return overflow || overflows ? nil : Int64(sum)
    }

    package static func format(_ nanoseconds: Int64) -> String {
        var seconds = nanoseconds / 1_000_000_000
        var rest = nanoseconds % 1_000_000_000
        if rest < 0 {
            rest += 1_000_000_000
            seconds -= 1
        }
        var day = seconds / 86_400
        var second = seconds % 86_400
        if second < 0 {
            second += 86_400
            day -= 1
        }
        let (year, month, date) = civil(Int(day))
        func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
        var text = "\(year)"
        text = String(repeating: "0", count: max(0, 4 - text.count)) + text
        text += "-\(two(month))-\(two(date))T\(two(Int(second) / 3_600)):\(two(Int(second) / 60 % 60))"
        text += ":\(two(Int(second) % 60))"
        if rest != 0 {
            let digits = "\(rest)"
            var fraction = String(repeating: "0", count: 9 - digits.count) + digits
            while fraction.last == "0" { fraction.removeLast() }
            text += ".\(fraction)"
        }
        return text + "Z"
    }

    private static func days(_ year: Int, _ month: Int) -> Int {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// Days between 1970-01-01 and a date of the Gregorian calendar, counted in eras of 400 years that begin in March.
    private static func daysSince1970(_ year: Int, _ month: Int, _ day: Int) -> Int {
        let shifted = month <= 2 ? year - 1 : year
        let era = (shifted >= 0 ? shifted : shifted - 399) / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    private static func civil(_ days: Int) -> (year: Int, month: Int, day: Int) {
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        return (
            yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        )
    }
}
