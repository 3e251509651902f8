import Reactor
import Testing

@Suite struct TimerWheelTests {
    private static let tick: UInt64 = 1_000_000

    /// A small generator with a seed, so that a failure can be repeated.
    private struct Generator: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var z = state
            z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
            z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
            return z ^ z >> 31
        }
    }

    @Test(arguments: [1, 2, 3, 4, 5, 6, 7, 8] as [UInt64])
    func `against a sorted list: nothing early, late, twice or lost`(seed: UInt64) {
        var random = Generator(state: seed)
        var now = UInt64.random(in: 0..<1 << 40, using: &random) * Self.tick
        var wheel = TimerWheel(now: now)
        var expected: [UInt64: (deadline: UInt64, name: TimerID)] = [:]
        var token: UInt64 = 0
        for _ in 0..<2_000 {
            for _ in 0..<Int.random(in: 0..<4, using: &random) {
                // Every order of magnitude, from "past" to a year.
                let span = UInt64(1) << UInt64.random(in: 0..<35, using: &random)
                let deadline = now + UInt64.random(in: 0...span, using: &random) * Self.tick / 2
                expected[token] = (deadline, wheel.set(at: deadline, token: token))
                token += 1
            }
            if Bool.random(using: &random), let victim = expected.keys.min(), let entry = expected[victim] {
                let cancelled = [wheel.cancel(entry.name), wheel.cancel(entry.name)]
                #expect(cancelled == [true, false])
                expected[victim] = nil
            }
            let step = UInt64(1) << UInt64.random(in: 0..<34, using: &random)
            now += UInt64.random(in: 0...step, using: &random) * Self.tick / 3
            wheel.advance(to: now)
            var last: UInt64 = 0
            while let due = wheel.popDue() {
                guard let entry = expected.removeValue(forKey: due) else {
                    Issue.record("seed \(seed): timer \(due) came twice or was cancelled")
                    continue
                }
                #expect(entry.deadline <= now)
                let tick = (entry.deadline + Self.tick - 1) / Self.tick
                #expect(tick >= last, "seed \(seed)")
                last = max(last, tick)
            }
            for entry in expected.values { #expect(entry.deadline + Self.tick > now, "seed \(seed): late") }
            #expect(wheel.count == expected.count)
            if let next = wheel.nextDeadline, let first = expected.values.map(\.deadline).min() {
                #expect(next <= first + Self.tick, "seed \(seed): the next deadline is after the first timer")
            }
        }
    }

    @Test func `a deadline beyond the horizon comes early rather than never`() {
        var wheel = TimerWheel(now: 0)
        _ = wheel.set(at: .max, token: 1)
        wheel.advance(to: (1 << 36) * Self.tick)
        // Placed again on the way; still there, and nothing loops.
        #expect(wheel.count <= 1)
        wheel.advance(to: (1 << 43) * Self.tick)
        #expect(wheel.count <= 1)
    }
}
