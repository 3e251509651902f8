import Foundation
import Testing

/// `WEIR_SEED=n` runs one seed, `WEIR_SEEDS=n` so many; `WEIR_TRACE=1` prints every step.
@Suite struct LogSimulationTests {
    @Test func `nothing acknowledged is lost and nothing is invented, whatever the disk does`() throws {
        let environment = ProcessInfo.processInfo.environment
        var seeds: ClosedRange<UInt64> = 1...Self.defaultSeeds
        if let count = environment["WEIR_SEEDS"].flatMap(UInt64.init), count > 0 { seeds = 1...count }
        if let seed = environment["WEIR_SEED"].flatMap(UInt64.init) { seeds = seed...seed }
        var coverage = LogSimulation.Coverage()
        for seed in seeds {
            do {
                var simulation = try LogSimulation(seed: seed)
                simulation.isTraced = environment["WEIR_TRACE"] != nil
                try simulation.run(steps: 100)
                coverage += simulation.coverage
            } catch {
                Issue.record("seed \(seed): \(error); repeat with WEIR_SEED=\(seed)")
                return
            }
        }
        guard seeds.count >= 1000 else { return }
        // Each of the rare paths ran.
        #expect(coverage.tornTails > 0)
        #expect(coverage.failedSyncs > 0)
        #expect(coverage.stalls > 0)
        #expect(coverage.recoveredFromFailure > 0)
        #expect(coverage.crashesInRecovery > 0)
        #expect(coverage.unackedSurvivors > 0)
        #expect(coverage.unackedLost > 0)
        print(seeds.count, "seeds:", coverage)
    }

    #if DEBUG
        private static let defaultSeeds: UInt64 = 40
    #else
        private static let defaultSeeds: UInt64 = 2000
    #endif
}
