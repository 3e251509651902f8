import Foundation
import MECModel
import RadioFeed
import Testing

@Suite struct MonacoDump {
    @Test(.enabled(if: ProcessInfo.processInfo.environment["MONACO_DUMP"] != nil))
    func dump() throws {
        let inventory = RadioInventory()
        let scenario = try MonacoScenario.scenario()
        var simulation = try ScenarioSimulation(
            scenario, start: RadioTime(nanoseconds: 0), inventory: inventory)
        let text = EventText(inventory: inventory)
        var batch = RadioBatch(source: try inventory.source("scenario monaco"))
        let seconds = Double(ProcessInfo.processInfo.environment["MONACO_DUMP"] ?? "60") ?? 60
        simulation.advance(to: RadioTime(seconds: seconds), into: &batch)
        for line in text.lines(batch) { print("EV", line) }
    }
}
