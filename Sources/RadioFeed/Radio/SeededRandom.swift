#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A small generator of random numbers whose whole future is its seed (SplitMix64).
///
/// Each terminal, site and bearer has a stream of its own, so that adding one of them changes nothing
/// for the others, and the order in which they are asked does not matter.
package struct SeededRandom: Sendable, RandomNumberGenerator {
    private var state: UInt64

    package init(seed: UInt64) {
        state = seed
    }

    /// A stream that shares nothing with those of other `keys` under the same seed.
    package init(seed: UInt64, _ keys: UInt64...) {
        var hash = SeededRandom.mix(seed)
        for key in keys { hash = SeededRandom.mix(hash ^ SeededRandom.mix(key)) }
        state = hash
    }

    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        return SeededRandom.finish(state)
    }

    /// Uniform in 0..<1.
    package mutating func uniform() -> Double {
        Double(next() >> 11) * 0x1p-53
    }

    /// Uniform in `range`.
    package mutating func uniform(in range: ClosedRange<Double>) -> Double {
        range.lowerBound + (range.upperBound - range.lowerBound) * uniform()
    }

    /// Normal with mean 0 and standard deviation 1 (Box and Muller, the cosine branch).
    package mutating func normal() -> Double {
        let radius = (-2 * log(1 - uniform())).squareRoot()
        return radius * cos(2 * Double.pi * uniform())
    }

    /// Exponential with the given mean.
    package mutating func exponential(mean: Double) -> Double {
        -mean * log(1 - uniform())
    }

    /// One step of the generator from `value`: a hash whose every bit depends on every bit.
    package static func mix(_ value: UInt64) -> UInt64 {
        finish(value &+ 0x9E37_79B9_7F4A_7C15)
    }

    @inline(__always)
    private static func finish(_ value: UInt64) -> UInt64 {
        var z = value
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
