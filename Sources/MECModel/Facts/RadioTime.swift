/// Nanoseconds since 1970-01-01 00:00:00 UTC.
package struct RadioTime: Hashable, Sendable, BitwiseCopyable, Comparable {
    package var nanoseconds: Int64

    package init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    /// - Parameter seconds: Since 1970 UTC; clamped to what 64 bits of nanoseconds hold (years 1677 to 2262).
    package init(seconds: Double) {
        let scaled = seconds * 1e9
        if scaled.isNaN {
            nanoseconds = 0
        } else {
            nanoseconds = Int64(exactly: scaled.rounded()) ?? (scaled < 0 ? .min : .max)
        }
    }

    package static func < (a: Self, b: Self) -> Bool { a.nanoseconds < b.nanoseconds }

    /// Saturates instead of trapping.
    package func advanced(byNanoseconds delta: Int64) -> RadioTime {
        let (sum, overflow) = nanoseconds.addingReportingOverflow(delta)
        return RadioTime(nanoseconds: overflow ? (delta < 0 ? .min : .max) : sum)
    }

    /// Saturates instead of trapping.
    package func advanced(bySeconds seconds: Double) -> RadioTime {
        advanced(byNanoseconds: RadioTime(seconds: seconds).nanoseconds)
    }

    /// Nanoseconds from `earlier` to here; negative when `earlier` is later. Saturates.
    package func nanoseconds(since earlier: RadioTime) -> Int64 {
        let (difference, overflow) = nanoseconds.subtractingReportingOverflow(earlier.nanoseconds)
        return overflow ? (nanoseconds < 0 ? .min : .max) : difference
    }
}
