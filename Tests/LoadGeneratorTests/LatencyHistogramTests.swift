import LoadGenerator
import Testing

struct LatencyHistogramTests {
    @Test func `without records there is no quantile`() {
        #expect(LatencyHistogram().quantile(0.5) == nil)
    }

    @Test(arguments: [0, 1, 63, 64, 65, 127, 128, 1000, 123_456, 987_654_321, 5_000_000_000] as [UInt64])
    func `a single record is told within two percent`(value: UInt64) throws {
        var histogram = LatencyHistogram()
        histogram.record(value)
        let told = try #require(histogram.quantile(0.5))
        #expect(told == value, "the greatest record bounds its bucket")
        histogram.record(value * 1000 + 1)
        let lower = try #require(histogram.quantile(0.5))
        #expect(lower >= value && Double(lower) <= Double(value) * 1.02 + 1)
    }

    @Test func `quantiles of a thousand values`() throws {
        var histogram = LatencyHistogram()
        for value in 1...1000 { histogram.record(UInt64(value) * 1000) }
        let expected: [(Double, Double)] = [
            (0.5, 500_000), (0.99, 990_000), (0.999, 999_000), (1, 1_000_000),
        ]
        for (fraction, value) in expected {
            let told = try #require(histogram.quantile(fraction))
            #expect(abs(Double(told) - value) <= value * 0.02)
        }
        #expect(histogram.maximum == 1_000_000)
    }

    @Test func `durations beyond the range share the last bucket`() {
        var histogram = LatencyHistogram()
        histogram.record(.max)
        #expect(histogram.quantile(1) != nil)
        #expect(histogram.maximum == .max)
    }

    @Test func `merged histograms count both`() {
        var one = LatencyHistogram()
        one.record(10, times: 3)
        var other = LatencyHistogram()
        other.record(1000)
        one.merge(other)
        #expect(one.count == 4)
        #expect(one.quantile(0.75) == 10)
        #expect(one.maximum == 1000)
    }
}
