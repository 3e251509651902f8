import MECModel
import RadioFeed
import Testing

@Suite struct FeedWarningsTests {
    private func warn(_ warnings: inout FeedWarnings, _ reason: FeedWarning.Reason, at seconds: Double) {
        warnings.report(FeedWarning(reason, at: "x:1", "message"), at: RadioTime(seconds: seconds))
    }

    @Test func `a burst passes, the rest is counted, and the next one says how many`() {
        var warnings = FeedWarnings()
        for _ in 0..<100 { warn(&warnings, .malformed, at: 0) }
        #expect(warnings.take().count == 5)
        #expect(warnings.totals == [.malformed: 100])
        warn(&warnings, .malformed, at: 10)
        #expect(warnings.take().isEmpty)
        warn(&warnings, .malformed, at: 31)
        let late = warnings.take()
        #expect(late.count == 1)
        #expect(late.first?.message == "message (and 96 more like it, not logged)")
        #expect(warnings.total == 102)
    }

    @Test func `one reason does not silence another`() {
        var warnings = FeedWarnings()
        for _ in 0..<100 { warn(&warnings, .malformed, at: 0) }
        warn(&warnings, .timeBackwards, at: 0)
        #expect(warnings.take().last?.reason == .timeBackwards)
    }

    @Test func `time that goes back lets nothing more through`() {
        var warnings = FeedWarnings()
        for second in 0..<100 { warn(&warnings, .malformed, at: 1000 - Double(second)) }
        #expect(warnings.take().count == 5)
    }
}
