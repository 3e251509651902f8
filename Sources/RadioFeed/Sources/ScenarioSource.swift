package import MECModel

/// A scenario as a source: simulated time runs at a chosen pace of the clock.
package struct ScenarioSource: RadioSource {
    package let name: String
    package private(set) var simulation: ScenarioSimulation
    private let start: RadioTime
    private let speed: Double
    /// Steps in one call at the most, so that a clock that jumped does not block.
    private let stepsMax: Int
    private var told: Bool = false
    /// Simulated nanoseconds given up because the machine was too slow, or asleep.
    package private(set) var skipped: Int64 = 0

    /// - Parameters:
    ///   - speed: Simulated seconds per second, 0.001…1,000.
    ///   - start: The time of step 0, by the clock.
    ///   - stepsMax: More than so many steps behind, the clock is let go instead of caught up with.
    /// - Throws: As ``ScenarioSimulation/init(_:settings:start:inventory:)``.
    package init(
        _ scenario: Scenario,
        settings: SimulationSettings = SimulationSettings(),
        speed: Double = 1,
        start: RadioTime,
        stepsMax: Int = 50,
        inventory: RadioInventory
    ) throws(SimulationError) {
        guard speed >= 0.001, speed <= 1_000 else { throw .settings("speed is 0.001…1000, found \(speed)") }
        name = "scenario \(scenario.name)"
        self.start = start
        self.speed = speed
        self.stepsMax = max(1, stepsMax)
        simulation = try ScenarioSimulation(scenario, settings: settings, start: start, inventory: inventory)
    }

    package var nextTime: RadioTime? {
        let ahead = simulation.nextTime.nanoseconds(since: start)
        return start.advanced(bySeconds: Double(ahead) / speed / 1e9)
    }

    package mutating func advance(
        to now: RadioTime,
        into batch: inout RadioBatch,
        warnings: inout FeedWarnings
    ) {
        if !told {
            told = true
            for warning in simulation.scenario.warnings { warnings.report(warning, at: now) }
        }
        let due = start.advanced(bySeconds: Double(now.nanoseconds(since: start)) / 1e9 * speed)
        simulation.advance(to: due, stepsMax: stepsMax, into: &batch)
        // Still behind: the clock jumped. Nobody wants an hour of events in one second.
        let behind = due.nanoseconds(since: simulation.nextTime)
        if behind > 0 {
            simulation.postpone(byNanoseconds: behind)
            skipped += behind
        }
    }

    package mutating func retire(at now: RadioTime, into batch: inout RadioBatch) {
        simulation.retire(at: now, into: &batch)
    }
}

extension ScenarioSimulation {
    /// Lets time pass in which nothing happens: the next step is so much later.
    mutating func postpone(byNanoseconds nanoseconds: Int64) {
        start = start.advanced(byNanoseconds: nanoseconds)
    }

    /// Takes terminals, cells and zones away.
    mutating func retire(at time: RadioTime, into batch: inout RadioBatch) {
        for terminal in terms { batch.append(.terminalRemoved(terminal.index), at: time) }
        for cell in map.cells { batch.append(.cellRemoved(cell.index), at: time) }
        for zone in zones { batch.append(.zoneRemoved(zone), at: time) }
    }
}
