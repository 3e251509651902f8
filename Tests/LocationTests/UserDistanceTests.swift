import Location
import MECModel
import MECTestSupport
import Testing

struct UserDistanceTests {
    private var world: World

    init() throws { world = try World() }

    private func criteria(
        _ criteria: DistanceCriteria,
        reference: [String]? = nil,
        immediate: Bool = false
    ) -> LocationSubscription.Criteria {
        .userDistance(
            UserDistanceCriteria(
                monitoredAddress: ["acr:10.0.0.1", "acr:10.0.0.2"],
                referenceAddress: reference,
                distance: 100,
                criteria: criteria,
                checkImmediate: immediate
            )
        )
    }

    struct Case: CustomTestStringConvertible, Sendable {
        let criteria: DistanceCriteria
        /// Places of terminals 1 and 2, step by step; the reference, terminal 3, is at 0.
        let steps: [(Double, Double)]
        let events: Int
        var testDescription: String { "\(criteria.rawValue) tells \(events) times on \(steps)" }
    }

    @Test(arguments: [
        Case(criteria: .allWithin, steps: [(500, 500), (50, 500), (50, 50), (60, 60)], events: 1),
        Case(
            criteria: .anyWithin,
            steps: [(500, 500), (50, 500), (50, 50), (500, 500), (500, 50)],
            events: 2
        ),
        Case(
            criteria: .allBeyond,
            steps: [(50, 50), (500, 50), (500, 500), (50, 500), (500, 500)],
            events: 2
        ),
        Case(criteria: .anyBeyond, steps: [(50, 50), (500, 50), (500, 500), (50, 50), (50, 500)], events: 2),
    ])
    mutating func `it is told when it becomes true`(_ testCase: Case) throws {
        let ues = (1...3 as ClosedRange<UInt32>).map { world.site.terminal($0, in: Site.lte0) }
        world.place(ues[2], metres: 0)
        try world.subscribe(criteria(testCase.criteria, reference: ["acr:10.0.0.3"]))
        for (first, second) in testCase.steps {
            world.place(ues[0], metres: first)
            world.place(ues[1], metres: second)
        }
        #expect(world.outlet.heard("s").count == testCase.events)
        #expect(world.outlet.heard("s").allSatisfy { $0.hasPrefix(testCase.criteria.rawValue) })
    }

    @Test mutating func `without a reference the monitored users are measured against each other`() throws {
        let ues = (1...2 as ClosedRange<UInt32>).map { world.site.terminal($0, in: Site.lte0) }
        try world.subscribe(criteria(.anyWithin))
        world.place(ues[0], metres: 1000)
        world.place(ues[1], metres: 1050)
        #expect(world.outlet.heard("s") == ["AnyWithinDistance acr:10.0.0.1 acr:10.0.0.2"])
    }

    @Test(arguments: [true, false])
    mutating func `what holds at the beginning is told only if that is asked for`(_ immediate: Bool) throws {
        let ues = (1...2 as ClosedRange<UInt32>).map { world.site.terminal($0, in: Site.lte0) }
        for ue in ues { world.place(ue, metres: 10) }
        try world.subscribe(criteria(.anyWithin, immediate: immediate))
        #expect(world.outlet.heard("s").count == (immediate ? 1 : 0))
        world.place(ues[0], metres: 20)
        #expect(world.outlet.heard("s").count == (immediate ? 1 : 0))
    }

    @Test mutating func `all means all: an unknown place is not within`() throws {
        let ues = (1...2 as ClosedRange<UInt32>).map { world.site.terminal($0, in: Site.lte0) }
        let reference = world.site.terminal(3, in: Site.lte0)
        world.place(reference, metres: 0)
        try world.subscribe(criteria(.allWithin, reference: ["acr:10.0.0.3"]))
        world.place(ues[0], metres: 10)
        #expect(world.outlet.heard("s").isEmpty)
        world.place(ues[1], metres: 10)
        #expect(world.outlet.heard("s").count == 1)
    }
}
