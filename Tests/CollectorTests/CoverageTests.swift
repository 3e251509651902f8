import Collector
import JournalTesting
import Testing

@Suite struct CoverageTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let name: String
        let inserted: [(UInt64, UInt64)]
        let ranges: [(UInt64, UInt64)]
        let watermark: UInt64
        let missing: UInt64
        var testDescription: String { name }
    }

    static let cases = [
        Case(name: "nothing", inserted: [], ranges: [], watermark: 0, missing: 0),
        Case(name: "in order", inserted: [(0, 5), (5, 9)], ranges: [(0, 9)], watermark: 9, missing: 0),
        Case(name: "out of order", inserted: [(5, 9), (0, 5)], ranges: [(0, 9)], watermark: 9, missing: 0),
        Case(
            name: "a hole",
            inserted: [(0, 5), (7, 9)],
            ranges: [(0, 5), (7, 9)],
            watermark: 5,
            missing: 2
        ),
        Case(name: "no beginning", inserted: [(7, 9)], ranges: [(7, 9)], watermark: 0, missing: 7),
        Case(
            name: "overlaps",
            inserted: [(0, 5), (8, 12), (3, 9)],
            ranges: [(0, 12)],
            watermark: 12,
            missing: 0
        ),
        Case(
            name: "repeats",
            inserted: [(0, 5), (0, 5), (1, 2)],
            ranges: [(0, 5)],
            watermark: 5,
            missing: 0
        ),
        Case(name: "empty ranges", inserted: [(5, 5), (6, 4)], ranges: [], watermark: 0, missing: 0),
    ]

    @Test(arguments: cases) func merges(_ testCase: Case) {
        var coverage = Coverage()
        for (after, last) in testCase.inserted { coverage.insert(.init(after: after, last: last)) }
        #expect(coverage.ranges == testCase.ranges.map { .init(after: $0.0, last: $0.1) })
        #expect(coverage.watermark == testCase.watermark)
        #expect(coverage.missing == testCase.missing)
    }

    @Test(arguments: 1...50) func `a set of numbers says the same`(seed: UInt64) {
        var random = SimulatedRandom(seed: seed)
        var coverage = Coverage()
        var set: Set<UInt64> = []
        for _ in 0..<60 {
            let after = random.next() % 200
            let last = after + random.next() % 12
            let range = Coverage.Range(after: after, last: last)
            #expect(
                coverage.intersects(range)
                    == (after < last && !set.isDisjoint(with: after + 1...max(last, after + 1)))
            )
            coverage.insert(range)
            if after < last { set.formUnion(after + 1...last) }
            for sequence in 0..<220 as Range<UInt64> {
                #expect(coverage.contains(sequence) == set.contains(sequence))
            }
        }
    }
}
