import Foundation
import RadioFeed
import Testing

@Suite struct FastMathTests {
    @Test func `log2 stays within 1e-6 of the C library over thirty octaves`() {
        var worst: Float = 0
        for step in 0..<200_000 {
            let x = Float(exp2(Double(step) / 200_000 * 30 - 15))
            worst = max(worst, abs(FastMath.log2(x) - Float(Foundation.log2(Double(x)))))
        }
        #expect(worst < 2e-6)  // the last bit of a Float near 15 is 1e-6
    }

    @Test func `exp2 stays within 3e-7 of the C library, relatively`() {
        var worst: Double = 0
        for step in 0..<200_000 {
            let x = Float(step) / 200_000 * 120 - 60
            let truth = Foundation.exp2(Double(x))
            worst = max(worst, abs(Double(FastMath.exp2(x)) - truth) / truth)
        }
        #expect(worst < 3e-7)
    }

    @Test func `decibels and ratio undo each other to a thousandth of a decibel`() {
        for tenth in -1500...1500 {
            let decibels = Float(tenth) / 10
            #expect(abs(FastMath.decibels(FastMath.ratio(decibels: decibels)) - decibels) < 0.001)
        }
    }

    @Test func `extreme exponents are clamped instead of trapping`() {
        #expect(FastMath.exp2(-1e9) > 0)
        #expect(FastMath.exp2(1e9).isFinite)
        #expect(FastMath.ratio(decibels: -.greatestFiniteMagnitude) >= 0)
    }

    @Test func `atan2 agrees with the C library in all quadrants`() {
        var worst: Double = 0
        for step in 0..<10_000 {
            let angle = Double(step) / 10_000 * 2 * .pi - .pi
            let (x, y) = (Float(37 * cos(angle)), Float(37 * sin(angle)))
            let truth = Foundation.atan2(Double(y), Double(x))
            worst = max(worst, abs(Double(FastMath.atan2(y, x)) - truth))
        }
        #expect(worst < 5e-6)
        #expect(FastMath.atan2(0, 0) == 0)
    }
}
