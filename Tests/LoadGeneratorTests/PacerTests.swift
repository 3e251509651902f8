import LoadGenerator
import Testing

struct PacerTests {
    @Test func `turns come at the rate and go round`() {
        var pacer = Pacer(rate: 1000, start: 5_000, publishers: 2)
        #expect(pacer.due(at: 4_999) == nil)
        #expect(pacer.due(at: 5_000) == 0)
        #expect(pacer.due(at: 5_000) == nil)
        #expect(pacer.next == 1_005_000)
        #expect(pacer.due(at: 1_005_000) == 1)
        #expect(pacer.due(at: 3_005_000) == 0)
        #expect(pacer.due(at: 3_005_000) == 1, "a late turn is made up for")
        #expect(pacer.due(at: 3_005_000) == nil)
    }
}
