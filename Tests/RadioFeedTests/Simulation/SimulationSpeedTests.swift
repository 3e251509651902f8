import Foundation
import MECModel
import RadioFeed
import Testing

/// Not a test of the clock: a measurement to run by hand, `RADIOFEED_SPEED=10000 swift test -c release …`.
@Suite struct SimulationSpeed {
    @Test(.enabled(if: ProcessInfo.processInfo.environment["RADIOFEED_SPEED"] != nil))
    func `microseconds per terminal second`() throws {
        let terminals = Int(ProcessInfo.processInfo.environment["RADIOFEED_SPEED"] ?? "") ?? 10_000
        let inventory = RadioInventory()
        let scenario = SyntheticCity(cells: 1_000, terminals: terminals).scenario()
        let begin = cpuSeconds()
        var simulation = try ScenarioSimulation(
            scenario,
            start: RadioTime(nanoseconds: 0),
            inventory: inventory
        )
        let preparation = cpuSeconds() - begin
        var batch = RadioBatch(source: try inventory.source("speed"))
        simulation.advance(to: RadioTime(seconds: 5), into: &batch)
        let warmUp = cpuSeconds() - begin - preparation
        var events = 0
        let seconds = 20
        let from = cpuSeconds()
        for step in 1...seconds * 5 {
            batch.removeAll()
            simulation.advance(to: RadioTime(seconds: 5 + Double(step) * 0.2), into: &batch)
            events += batch.count
        }
        let micros = (cpuSeconds() - from) * 1e6
        print(
            "prepared in \(preparation) s, first 5 s in \(warmUp) s; "
                + "\(micros / Double(seconds * terminals)) µs per terminal second, "
                + "\(micros / Double(seconds) / 1e4) % of a core, \(events / seconds) events a second"
        )
    }

    /// Processor time of this process: the machine may be busy with others.
    private func cpuSeconds() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}
