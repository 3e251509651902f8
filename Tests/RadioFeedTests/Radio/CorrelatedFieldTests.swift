import Foundation
import RadioFeed
import Testing

@Suite struct CorrelatedFieldTests {
    /// Places in a square of 2 km, without order.
    private func places(_ count: Int, seed: UInt64) -> [(x: Float, y: Float)] {
        var random = SeededRandom(seed: seed)
        return (0..<count).map { _ in
            (Float(random.uniform(in: -1000...1000)), Float(random.uniform(in: -1000...1000)))
        }
    }

    private func view(_ site: UInt64, distance: Float) -> CorrelatedField.View {
        var random = SeededRandom(seed: 11, site)
        return CorrelatedField.View(correlationDistance: distance, random: &random)
    }

    @Test func `over the city the field is normal with deviation 1`() {
        let field = CorrelatedField.shared
        let view = view(1, distance: 13)
        let values = places(50_000, seed: 2).map { Double(field.value(view, x: $0.x, y: $0.y)) }
        let (mean, deviation) = Statistics.meanAndDeviation(values)
        #expect(abs(mean) < 0.05)
        #expect(abs(deviation - 1) < 0.03)
        // 68.3 % within one deviation, 95.4 % within two.
        let within1 = Double(values.count { abs($0) < 1 }) / Double(values.count)
        let within2 = Double(values.count { abs($0) < 2 }) / Double(values.count)
        #expect(abs(within1 - 0.683) < 0.02)
        #expect(abs(within2 - 0.954) < 0.01)
    }

    @Test(arguments: [Float(10), 13, 37, 50])
    func `two places a distance apart correlate by exp(-d over dcor), whatever the direction`(distance: Float)
    {
        // TR 38.901 7.4.4 with the distances of Table 7.5-6.
        let field = CorrelatedField.shared
        for share: Float in [0.1, 0.25, 0.5, 1, 2, 3] {
            for direction: Float in [0, 30, 45, 90, 135] {
                var sum = 0.0
                // One tile seen from a few sites, as the sites of a city would.
                for site in 0..<8 as Range<UInt64> {
                    let view = view(site, distance: distance)
                    let step = distance * share
                    let (dx, dy) = (step * cos(direction * .pi / 180), step * sin(direction * .pi / 180))
                    let points = places(4_000, seed: 3 + site)
                    let here = points.map { Double(field.value(view, x: $0.x, y: $0.y)) }
                    let there = points.map { Double(field.value(view, x: $0.x + dx, y: $0.y + dy)) }
                    sum += Statistics.correlation(here, there)
                }
                let expected = exp(-Double(share))
                #expect(abs(sum / 8 - expected) < 0.06, "\(share) dcor towards \(direction)")
            }
        }
    }

    @Test func `two sites shadow the same street independently`() {
        let field = CorrelatedField.shared
        var worst = 0.0
        for pair in 0..<20 as Range<UInt64> {
            let (a, b) = (view(100 + pair, distance: 13), view(200 + pair, distance: 13))
            let points = places(4_000, seed: 9)
            worst = max(
                worst,
                abs(
                    Statistics.correlation(
                        points.map { Double(field.value(a, x: $0.x, y: $0.y)) },
                        points.map { Double(field.value(b, x: $0.x, y: $0.y)) }
                    )
                )
            )
        }
        #expect(worst < 0.15)
    }

    @Test func `the same place has the same shadow however one came there`() {
        let field = CorrelatedField.shared
        let view = view(5, distance: 37)
        let once = field.value(view, x: 123.4, y: -56.7)
        for point in places(100, seed: 4) { _ = field.value(view, x: point.x, y: point.y) }
        #expect(field.value(view, x: 123.4, y: -56.7) == once)
    }

    @Test func `the table of the normal distribution holds to 2e-3`() {
        for z in stride(from: Float(-5), through: 5, by: 0.01) {
            let truth = 0.5 * erfc(-Double(z) / 2.0.squareRoot())
            #expect(abs(Double(NormalDistribution.shared.share(below: z)) - truth) < 2e-3)
        }
    }
}
