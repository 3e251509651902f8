import Reactor
import Testing

@Suite struct TimerTests {
    private static let millisecond: UInt64 = 1_000_000

    @Test func `timers fire in the order of their deadlines, whatever the order of setting`() throws {
        var reactor = try Reactor()
        let start = reactor.now
        let delays: [UInt64] = [7, 3, 5, 1, 9, 2, 70, 65, 8, 64, 4, 6]
        for delay in delays { _ = reactor.setTimer(at: start + delay * Self.millisecond, token: delay) }
        var fired: [UInt64] = []
        let limit = start + 5_000 * Self.millisecond
        while fired.count < delays.count, reactor.now < limit {
            reactor.wait(until: limit)
            while let completion = reactor.next() {
                guard case .timer(let token) = completion else { continue }
                fired.append(token)
                #expect(reactor.now >= start + token * Self.millisecond, "timer \(token) fired too early")
            }
        }
        #expect(fired == delays.sorted())
    }

    @Test func `timers of one deadline fire in the order of setting`() throws {
        var reactor = try Reactor()
        let deadline = reactor.now + 2 * Self.millisecond
        for token in 0..<100 { _ = reactor.setTimer(at: deadline, token: UInt64(token)) }
        var fired: [UInt64] = []
        while fired.count < 100 {
            reactor.wait(until: deadline + 1_000 * Self.millisecond)
            while case .timer(let token)? = reactor.next() { fired.append(token) }
        }
        #expect(fired == (0..<100).map(UInt64.init))
    }

    @Test func `a cancelled timer does not fire and is cancelled once`() throws {
        var reactor = try Reactor()
        let first = reactor.setTimer(at: reactor.now + Self.millisecond, token: 1)
        let second = reactor.setTimer(at: reactor.now + 2 * Self.millisecond, token: 2)
        let cancelled = [reactor.cancelTimer(first), reactor.cancelTimer(first)]
        #expect(cancelled == [true, false])
        reactor.wait()
        var fired: [UInt64] = []
        while fired.isEmpty {
            while case .timer(let token)? = reactor.next() { fired.append(token) }
            if fired.isEmpty { reactor.wait() }
        }
        #expect(fired == [2])
        let afterwards = reactor.cancelTimer(second)
        #expect(!afterwards, "it has fired")
    }

    @Test func `the name of a past timer does not cancel the one in its place`() throws {
        var reactor = try Reactor()
        let old = reactor.setTimer(at: reactor.now + Self.millisecond, token: 1)
        reactor.cancelTimer(old)
        _ = reactor.setTimer(at: reactor.now + Self.millisecond, token: 2)
        let again = reactor.cancelTimer(old)
        #expect(!again)
        reactor.wait()
        guard case .timer(2)? = reactor.next() else {
            Issue.record("the second timer did not fire")
            return
        }
    }

    @Test func `a deadline in the past fires at once`() throws {
        var reactor = try Reactor()
        _ = reactor.setTimer(at: 0, token: 5)
        reactor.wait()
        guard case .timer(5)? = reactor.next() else {
            Issue.record("it did not fire")
            return
        }
    }

    @Test func `a wait ends at its deadline when nothing happens`() throws {
        var reactor = try Reactor()
        let deadline = reactor.now + 3 * Self.millisecond
        reactor.wait(until: deadline)
        expectIdle(&reactor)
        #expect(reactor.now >= deadline)
    }
}
