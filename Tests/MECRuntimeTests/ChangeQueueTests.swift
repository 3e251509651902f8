import MECRuntime
import Testing

@Suite struct ChangeQueueTests {
    @Test func `what is appended waits for so many rounds, and comes in order`() {
        var queue = ChangeQueue<Int>()
        queue.append(1)
        #expect(queue.take(hold: 2, limit: .max).isEmpty)
        queue.append(2)
        #expect(queue.take(hold: 2, limit: .max).isEmpty)
        #expect(queue.take(hold: 2, limit: .max) == [1])
        #expect(queue.take(hold: 2, limit: .max) == [2])
        #expect(queue.count == 0)
    }

    @Test func `a limit spreads it, and nothing is lost`() {
        var queue = ChangeQueue<Int>()
        for number in 0..<1_000 { queue.append(number) }
        var taken: [Int] = []
        while queue.count > 0 {
            let some = queue.take(hold: 0, limit: 7)
            #expect(some.count <= 7)
            taken += some
        }
        #expect(taken == Array(0..<1_000))
    }

    @Test(arguments: [
        (Duration.seconds(1), 2_000, Duration.milliseconds(50), 100, 20),
        (.milliseconds(10), 100, .milliseconds(10), 100, 1),
        (.seconds(3_600), 1, .milliseconds(50), 1, 72_000),
    ])
    func `an interval is cut into rounds`(
        _ interval: Duration,
        _ changes: Int,
        _ tick: Duration,
        _ perTick: Int,
        _ hold: Int
    ) {
        let pace = StatePace(interval: interval, changes: changes)
        #expect(pace.tick == tick)
        #expect(pace.changesPerTick == perTick)
        #expect(pace.hold == hold)
    }
}
