import Foundation
import Testing

/// Promises 1, 2 and 4 under crashes at any point. `WEIR_SEED=n` repeats one run, `WEIR_SEEDS=n` runs
/// that many.
@Suite struct CrashSimulationTests {
    @Test func `nothing acknowledged is lost, nothing exactly-once comes twice, order holds`() throws {
        let environment = ProcessInfo.processInfo.environment
        if let text = environment["WEIR_SEED"], let seed = UInt64(text) {
            var simulation = try CrashSimulation(seed: seed)
            try simulation.run()
            #expect(simulation.failures == [], "WEIR_SEED=\(seed)")
            return
        }
        let count = environment["WEIR_SEEDS"].flatMap(UInt64.init) ?? 2_000
        var restarts = 0
        var deliveries = 0
        for seed in 1...max(1, count) {
            var simulation = try CrashSimulation(seed: seed)
            try simulation.run()
            #expect(simulation.failures == [], "WEIR_SEED=\(seed)")
            if !simulation.failures.isEmpty { break }
            restarts += simulation.starts - 1
            deliveries += simulation.deliveries
        }
        // The rare paths did run.
        #expect(restarts > count)
        #expect(deliveries > count * 10)
    }
}
