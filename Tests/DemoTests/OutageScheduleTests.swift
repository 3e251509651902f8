import Demo
import Testing

@Suite struct OutageScheduleTests {
    @Test(arguments: [
        (0.0, OutageSchedule.Link.up, 20.0, 0), (19.5, .up, 0.5, 0), (20, .cut, 10, 1), (29, .cut, 1, 1),
        (30, .up, 20, 1), (51, .silent, 9, 2), (60, .up, 20, 2), (85, .cut, 5, 3),
    ])
    func `the link is cut and silent in turns`(
        seconds: Double,
        link: OutageSchedule.Link,
        left: Double,
        outages: Int
    ) {
        let now = OutageSchedule(up: .seconds(20), down: .seconds(10)).at(.seconds(seconds))
        #expect(now.link == link)
        #expect(now.left == .seconds(left))
        #expect(now.outages == outages)
    }

    @Test func `without outages it is always up`() {
        #expect(OutageSchedule(up: .seconds(1), down: .zero).at(.seconds(1_000)).link == .up)
    }
}
