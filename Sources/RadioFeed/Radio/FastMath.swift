/// Logarithm, power and arc tangent in a few multiplications each.
///
/// A step over 10,000 terminals takes a million of them, and the C library's are four to ten times
/// slower. The polynomials are least-maximum fits; the errors stated are tested. They use nothing but
/// IEEE 754 additions and multiplications, so they give the same bits on every machine.
package enum FastMath {
    /// log2 of a positive, normal number; absolute error below 5e-7.
    @inline(__always)
    package static func log2(_ x: Float) -> Float {
        let bits = x.bitPattern
        let exponent = Float(Int32(bitPattern: bits >> 23) &- 127)
        let t = Float(bitPattern: (bits & 0x007F_FFFF) | 0x3F80_0000) - 1
        // log2(1 + t) = t + t (t - 1) q(t): exact at both ends, so there is no step between octaves.
        var q: Float = 0.015209043
        q = q * t - 0.06332570
        q = q * t + 0.12970364
        q = q * t - 0.19543633
        q = q * t + 0.27788779
        q = q * t - 0.44266644
        return exponent + t + t * (t - 1) * q
    }

    /// 2 to the power of `x`; relative error below 3e-7 for -125 < x < 127, clamped outside.
    @inline(__always)
    package static func exp2(_ x: Float) -> Float {
        let clamped = max(-125, min(126.99, x))
        let whole = clamped.rounded(.down)
        let t = clamped - whole
        var q: Float = 0.0018793184
        q = q * t + 0.010870314
        q = q * t + 0.06668899
        q = q * t + 0.30684826
        let mantissa = 1 + t + t * (t - 1) * q
        let scale = Float(bitPattern: UInt32(bitPattern: (Int32(whole) &+ 127) &<< 23))
        return mantissa * scale
    }

    /// Decibels of a power ratio, `10 log10 x`, of a positive, normal number.
    @inline(__always)
    package static func decibels(_ x: Float) -> Float { log2(x) * 3.0102999566 }

    /// The power ratio of decibels, `10^(x/10)`.
    @inline(__always)
    package static func ratio(decibels x: Float) -> Float { exp2(x * 0.33219280949) }

    /// log10 of a positive, normal number.
    @inline(__always)
    package static func log10(_ x: Float) -> Float { log2(x) * 0.30102999566 }

    /// The exponential function.
    @inline(__always)
    package static func exp(_ x: Float) -> Float { exp2(x * 1.44269504089) }

    /// The angle of the vector (x, y) in radians, -π…π; absolute error below 4e-6. Zero for (0, 0).
    @inline(__always)
    package static func atan2(_ y: Float, _ x: Float) -> Float {
        let ax = abs(x)
        let ay = abs(y)
        let larger = max(ax, ay)
        guard larger > 0 else { return 0 }
        let r = min(ax, ay) / larger
        let s = r * r
        var p: Float = -0.011718312
        p = p * s + 0.052645345
        p = p * s - 0.11642473
        p = p * s + 0.19353972
        p = p * s - 0.33262273
        p = p * s + 0.99997722
        var angle = p * r
        if ay > ax { angle = .pi / 2 - angle }
        if x < 0 { angle = .pi - angle }
        return y < 0 ? -angle : angle
    }
}
