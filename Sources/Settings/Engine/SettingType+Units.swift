extension SettingType where Value == Duration {
    /// A duration in `range`, written with a unit: `250ms`, `5s`, `1.5h`. Zero needs none.
    package static func duration(in range: ClosedRange<Duration>) -> SettingType {
        let low = Units.format(range.lowerBound)
        let high = Units.format(range.upperBound)
        return SettingType(
            name: "duration",
            expectation:
                "a duration from \(low) to \(high) with its unit (us, ms, s, m, h, d), such as 250ms or 5s",
            text: { text in
                guard let value = Units.parseDuration(text), range.contains(value) else { return nil }
                return value
            },
            format: { Units.format($0) }
        )
    }
}

extension SettingType where Value: FixedWidthInteger & Sendable {
    /// A number of bytes in `range`, written with or without a unit: `512`, `64KiB`, `1.5GiB`, `2MB`.
    package static func byteSize(in range: ClosedRange<Value>) -> SettingType {
        let low = Units.formatBytes(range.lowerBound)
        let high = Units.formatBytes(range.upperBound)
        return SettingType(
            name: "byte size",
            expectation: "a byte size from \(low) to \(high), such as 512, 64KiB or 1MiB",
            text: { text in
                guard let bytes = Units.parseBytes(text), let value = Value(exactly: bytes) else {
                    return nil
                }
                return range.contains(value) ? value : nil
            },
            format: { Units.formatBytes($0) }
        )
    }

    /// A number of seconds in `range`, written as a duration: `90s`, `2h`. Parts of a second are refused.
    package static func seconds(in range: ClosedRange<Value>) -> SettingType {
        let low = Units.format(.seconds(range.lowerBound))
        let high = Units.format(.seconds(range.upperBound))
        return SettingType(
            name: "duration",
            expectation: "a duration in whole seconds from \(low) to \(high), such as 30s or 2h",
            text: { text in
                guard let duration = Units.parseDuration(text), duration.components.attoseconds == 0,
                    let value = Value(exactly: duration.components.seconds)
                else { return nil }
                return range.contains(value) ? value : nil
            },
            format: { Units.format(.seconds($0)) }
        )
    }
}

extension SettingType where Value == Double {
    /// So many of something per second in `range`, written `100/s`, `6/m` or as a number per second.
    package static func rate(of what: String, in range: ClosedRange<Double>) -> SettingType {
        let low = trimmed(range.lowerBound)
        let high = trimmed(range.upperBound)
        return SettingType(
            name: "rate",
            expectation: "\(what) per second from \(low)/s to \(high)/s, such as 100/s or 6/m",
            text: { text in
                let parts = text.split(separator: "/", omittingEmptySubsequences: false)
                guard let count = parts.first.flatMap({ Double($0) }), count.isFinite else { return nil }
                let seconds: Double
                switch parts.count == 1 ? "s" : parts.count == 2 ? parts[1] : "" {
                case "s": seconds = 1
                case "m": seconds = 60
                case "h": seconds = 3_600
                default: return nil
                }
                let rate = count / seconds
                return range.contains(rate) ? rate : nil
            },
            format: { "\(trimmed($0))/s" }
        )
    }
}

extension SettingType where Value: FixedWidthInteger & Sendable {
    /// A whole number of something per second in `range`, written `100/s` or `100`.
    package static func perSecond(_ what: String, in range: ClosedRange<Value>) -> SettingType {
        SettingType(
            name: "rate",
            expectation:
                "\(what) per second from \(grouped(range.lowerBound)) to \(grouped(range.upperBound)), such as 100/s",
            text: { text in
                let digits = text.hasSuffix("/s") ? text.dropLast(2) : text[...]
                guard let value = Value(digits.filter { $0 != "_" }), range.contains(value) else {
                    return nil
                }
                return value
            },
            format: { "\($0)/s" }
        )
    }

    /// So many bytes per second in `range`, written `64KiB/s`.
    package static func byteRate(in range: ClosedRange<Value>) -> SettingType {
        let low = Units.formatBytes(range.lowerBound)
        let high = Units.formatBytes(range.upperBound)
        return SettingType(
            name: "byte rate",
            expectation: "a byte rate from \(low)/s to \(high)/s, such as 64KiB/s",
            text: { text in
                let amount = text.hasSuffix("/s") ? text.dropLast(2) : text[...]
                guard let bytes = Units.parseBytes(String(amount)), let value = Value(exactly: bytes)
                else { return nil }
                return range.contains(value) ? value : nil
            },
            format: { Units.formatBytes($0) + "/s" }
        )
    }
}

/// Numbers with units, as text.
package enum Units {
    private static let durations: [(unit: String, nanoseconds: Int64)] = [
        ("d", 86_400_000_000_000), ("h", 3_600_000_000_000), ("m", 60_000_000_000), ("s", 1_000_000_000),
        ("ms", 1_000_000), ("us", 1_000), ("ns", 1),
    ]
    private static let sizes: [(unit: String, bytes: Int64)] = [
        ("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10),
        ("TB", 1_000_000_000_000), ("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1_000), ("B", 1),
    ]

    /// Longest duration that can be written, so that nanoseconds fit 64 bits: 100 years.
    static let durationMaxNanoseconds: Int64 = 100 * 365 * 86_400_000_000_000

    /// `nil` for text that is no duration, a negative one, or one over a hundred years.
    package static func parseDuration(_ text: String) -> Duration? {
        if text == "0" { return .zero }
        let number = text.prefix { $0.isASCII && ($0.isNumber || $0 == "." || $0 == "_") }
        let unit = text.dropFirst(number.count).drop { $0 == " " }
        guard let scale = durations.first(where: { $0.unit == unit })?.nanoseconds else { return nil }
        guard let nanoseconds = scaled(number, by: scale), nanoseconds <= durationMaxNanoseconds else {
            return nil
        }
        return .nanoseconds(nanoseconds)
    }

    /// The shortest text that ``parseDuration(_:)`` reads back as the same duration.
    package static func format(_ duration: Duration) -> String {
        let (seconds, attoseconds) = duration.components
        let nanoseconds = attoseconds / 1_000_000_000
        if seconds == 0, nanoseconds == 0 { return "0s" }
        if nanoseconds == 0 {
            for (unit, scale) in durations.prefix(4) where seconds.isMultiple(of: scale / 1_000_000_000) {
                return "\(seconds / (scale / 1_000_000_000))\(unit)"
            }
        }
        let total = seconds * 1_000_000_000 + nanoseconds
        for (unit, scale) in durations.dropFirst(4) where total.isMultiple(of: scale) {
            return "\(total / scale)\(unit)"
        }
        return "\(total)ns"
    }

    /// `nil` for text that is no size, or one that does not fit 63 bits.
    package static func parseBytes(_ text: String) -> Int64? {
        let number = text.prefix { $0.isASCII && ($0.isNumber || $0 == "." || $0 == "_") }
        let unit = text.dropFirst(number.count).drop { $0 == " " }
        if unit.isEmpty { return number.contains(".") ? nil : scaled(number, by: 1) }
        guard let scale = sizes.first(where: { $0.unit == unit })?.bytes else { return nil }
        return scaled(number, by: scale)
    }

    /// The shortest text that ``parseBytes(_:)`` reads back as the same size.
    package static func formatBytes(_ value: some FixedWidthInteger) -> String {
        guard let bytes = Int64(exactly: value) else { return "\(value)" }
        for (unit, scale) in sizes.prefix(4) where bytes >= scale && bytes.isMultiple(of: scale) {
            return "\(bytes / scale)\(unit)"
        }
        return "\(bytes)B"
    }

    /// A decimal number times `scale`, exactly; `nil` where it is no number, overflows, or leaves a fraction.
    private static func scaled(_ number: Substring, by scale: Int64) -> Int64? {
        let parts = number.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count <= 2, let whole = digits(parts[0]) else { return nil }
        let (product, overflow) = whole.multipliedReportingOverflow(by: scale)
        guard !overflow else { return nil }
        guard parts.count == 2 else { return product }
        guard parts[1].count <= 9, let fraction = digits(parts[1]) else { return nil }
        var divisor: Int64 = 1
        for _ in 0..<parts[1].count { divisor *= 10 }
        let (numerator, tooBig) = fraction.multipliedReportingOverflow(by: scale)
        guard !tooBig, numerator.isMultiple(of: divisor) else { return nil }
        let (sum, over) = product.addingReportingOverflow(numerator / divisor)
        return over ? nil : sum
    }

    private static func digits(_ text: Substring) -> Int64? {
        guard let first = text.first, first != "_", text.last != "_" else { return nil }
        return Int64(text.filter { $0 != "_" })
    }
}
