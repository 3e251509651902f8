/// Counts of durations in buckets whose width is about 1.6 % of their value.
///
/// Recording is an index and an addition, so that every delivery can be recorded and none need be sampled.
package struct LatencyHistogram: Sendable {
    private static let subBits = 6
    private static let subCount = 1 << subBits
    /// Durations of 2^42 ns (73 minutes) and more share the last bucket.
    private static let octaves = 42 - subBits + 1

    private var counts: [UInt64]
    package private(set) var count: UInt64 = 0
    package private(set) var maximum: UInt64 = 0

    package init() { counts = Array(repeating: 0, count: Self.octaves * Self.subCount) }

    @inline(__always)
    package mutating func record(_ nanoseconds: UInt64, times: UInt64 = 1) {
        counts[Self.bucket(of: nanoseconds)] &+= times
        count &+= times
        if nanoseconds > maximum { maximum = nanoseconds }
    }

    package mutating func reset() {
        for index in counts.indices { counts[index] = 0 }
        count = 0
        maximum = 0
    }

    package mutating func merge(_ other: LatencyHistogram) {
        for index in counts.indices { counts[index] &+= other.counts[index] }
        count &+= other.count
        maximum = max(maximum, other.maximum)
    }

    /// The duration in nanoseconds that `fraction` of the records do not exceed; `nil` without records.
    package func quantile(_ fraction: Double) -> UInt64? {
        guard count > 0 else { return nil }
        let wanted = max(1, UInt64((Double(count) * fraction).rounded(.up)))
        var seen: UInt64 = 0
        for index in counts.indices {
            seen &+= counts[index]
            if seen >= wanted { return min(Self.upperEnd(of: index), maximum) }
        }
        return maximum
    }

    @inline(__always)
    private static func bucket(of value: UInt64) -> Int {
        if value < UInt64(subCount) { return Int(value) }
        let octave = 63 - value.leadingZeroBitCount - subBits + 1
        if octave >= octaves { return octaves * subCount - 1 }
        // The bits below the leading one pick the bucket inside the octave.
        let sub = Int(truncatingIfNeeded: value >> UInt64(octave - 1)) & (subCount - 1)
        return octave * subCount + sub
    }

    private static func upperEnd(of bucket: Int) -> UInt64 {
        let octave = bucket / subCount
        let sub = bucket % subCount
        if octave == 0 { return UInt64(sub) }
        return (UInt64(subCount + sub + 1) << UInt64(octave - 1)) - 1
    }
}
