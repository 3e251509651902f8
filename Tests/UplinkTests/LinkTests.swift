import JournalTesting
import Testing
import Uplink

private let second: UInt64 = 1_000_000_000

@Suite struct LinkMonitorTests {
    /// What happens at a second, and the state that follows.
    enum Step: Sendable {
        case connected, disconnected, asked
        case answered(Double?)
        case nothing
    }

    struct Case: CustomTestStringConvertible, Sendable {
        let name: String
        let steps: [(Double, Step, LinkMonitor.State)]
        var testDescription: String { name }
    }

    static let cases = [
        Case(
            name: "a socket alone is not online",
            steps: [
                (0, .connected, .probing), (5, .nothing, .probing), (19, .nothing, .probing),
                (20, .nothing, .offline),
                (41, .nothing, .offline),
            ]
        ),
        Case(
            name: "answers make it online, when they go on",
            steps: [
                (0, .connected, .probing), (1, .answered(0.05), .probing), (3, .answered(0.05), .probing),
                (4.1, .nothing, .online),
            ]
        ),
        Case(
            name: "late answers make it degraded, and silence offline",
            steps: [
                (0, .connected, .probing), (1, .answered(0.05), .probing), (5, .answered(0.05), .online),
                (6, .asked, .online), (10, .nothing, .online), (11, .nothing, .degraded),
                (25, .nothing, .offline),
            ]
        ),
        Case(
            name: "an idle link that owes nothing stays online",
            steps: [
                (0, .connected, .probing), (1, .answered(0.05), .probing), (5, .answered(0.05), .online),
                (100, .nothing, .online),
            ]
        ),
        Case(
            name: "a short cut is degraded, a long one offline, and it comes back by way of probing",
            steps: [
                (0, .connected, .probing), (1, .answered(0.05), .probing), (5, .answered(0.05), .online),
                (6, .disconnected, .degraded), (8, .connected, .degraded), (8, .answered(0.05), .degraded),
                (12, .answered(0.05), .online), (13, .disconnected, .degraded), (33, .nothing, .offline),
                (40, .connected, .probing), (41, .answered(0.05), .probing), (45, .answered(0.05), .online),
            ]
        ),
        Case(
            name: "long round trips are degraded until they are clearly shorter",
            steps: [
                (0, .connected, .probing), (1, .answered(3), .probing), (4.1, .nothing, .degraded),
                (5, .answered(0.1), .degraded), (9, .answered(0.1), .degraded),
            ]
        ),
    ]

    @Test(arguments: cases) func judges(_ testCase: Case) {
        var link = LinkMonitor(LinkMonitor.Settings(), now: 0)
        for (at, step, expected) in testCase.steps {
            let now = UInt64(at * 1e9)
            switch step {
            case .connected: link.connected(now)
            case .disconnected: link.disconnected(now)
            case .asked: link.asked(now)
            case .answered(let trip): link.answered(now, roundTrip: trip.map { UInt64($0 * 1e9) })
            case .nothing: break
            }
            _ = link.evaluate(now)
            #expect(link.state == expected, "at \(at) s")
        }
    }
}

@Suite struct PacingTests {
    @Test func `a bucket keeps to its rate, whatever the sizes`() {
        var bucket = TokenBucket(rate: 100_000, now: 0)
        var random = SimulatedRandom(seed: 1)
        var (now, sent): (UInt64, Int) = (0, 0)
        while now < 60 * second {
            now = bucket.readyAt(now)
            let size = Int(random.next() % 50_000)
            bucket.take(size, now: now)
            sent += size
        }
        #expect(abs(Double(sent) / 60 - 100_000) < 2_000)
    }

    @Test func `an idle bucket gathers a fifth of a second and no more`() {
        var bucket = TokenBucket(rate: 100_000, now: 0)
        bucket.take(20_000, now: 3_600 * second)
        #expect(bucket.readyAt(3_600 * second) == 3_600 * second)
        bucket.take(1, now: 3_600 * second)
        #expect(bucket.readyAt(3_600 * second) > 3_600 * second)
    }

    @Test func `no cap and a cap of nothing`() {
        var bucket = TokenBucket(rate: nil, now: 0)
        bucket.take(1 << 30, now: 0)
        #expect(bucket.readyAt(1) == 1)
        bucket.setRate(0, now: 1)
        #expect(bucket.readyAt(2) == .max)
        bucket.setRate(nil, now: 3)
        #expect(bucket.readyAt(3) == 3)
    }

    @Test func `backoff doubles, is bounded, and differs`() {
        var random = SimulatedRandom(seed: 3)
        var backoff = Backoff(shortest: .seconds(1), longest: .seconds(60))
        let delays = (0..<12).map { _ in backoff.next(using: &random) }
        for (index, delay) in delays.enumerated() {
            let step = min(60, 1 << UInt64(index)) * second
            #expect(delay >= step / 2 && delay <= step)
        }
        backoff.succeeded()
        #expect(backoff.next(using: &random) <= second)
    }

    @Test func `priority goes first and nobody starves`() {
        var scheduler = LaneScheduler([(9, 0.1), (4, 0.1), (1, 0.2)])
        var bytes = [0, 0, 0]
        for _ in 0..<10_000 {
            guard let lane = scheduler.pick({ _ in true }) else { break }
            bytes[lane] += 1_000
            scheduler.sent(1_000, by: lane) { _ in true }
        }
        let total = Double(bytes.reduce(0, +))
        #expect(abs(Double(bytes[1]) / total - 0.1) < 0.01)
        #expect(abs(Double(bytes[2]) / total - 0.2) < 0.01)
        #expect(Double(bytes[0]) / total > 0.65)
    }

    @Test func `an alarm goes next, however much bulk was sent before`() {
        var scheduler = LaneScheduler([(9, 0.05), (1, 0.05)])
        for _ in 0..<1_000 {
            let lane = scheduler.pick { $0 == 1 }
            #expect(lane == 1)
            scheduler.sent(100_000, by: 1) { $0 == 1 }
        }
        #expect(scheduler.pick { _ in true } == 0)
    }

    @Test func `batches fit the link`() {
        // 125,000 bytes a second, 50 ms round trip.
        var sizer = BatchSizer(largest: 256 << 10, countMaximum: 8)
        var now: UInt64 = 0
        var free: UInt64 = 0
        for _ in 0..<200 {
            let handed = now
            free = max(free, now) + UInt64(Double(sizer.target) / 125_000 * 1e9)
            now = free
            sizer.accepted(size: sizer.target, handedAt: handed, now: now + 50_000_000)
        }
        #expect(sizer.target < 125_000 && sizer.target > 8_000)
        // And they grow on a fast one.
        for _ in 0..<200 {
            now += 1_000_000
            sizer.accepted(size: sizer.target, handedAt: now - 500_000, now: now)
        }
        #expect(sizer.target == 256 << 10 && sizer.count == 8)
    }

    @Test(arguments: [
        (480, 1_200, 600, true), (480, 1_200, 1_200, false), (1_320, 300, 1_400, true),
        (1_320, 300, 100, true), (1_320, 300, 700, false),
    ])
    func `windows of the day go over midnight`(from: Int, to: Int, minute: Int, isInside: Bool) {
        var window = RateWindow()
        (window.from, window.to) = (from, to)
        #expect(window.contains(minute: minute) == isInside)
    }
}
