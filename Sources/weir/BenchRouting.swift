import ArgumentParser
import LoadGenerator

/// `weir bench fan-in`
struct BenchFanIn: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fan-in",
        abstract: "Many publishers, one subscriber to all of them."
    )

    @Option(help: "Publishers.")
    var publishers = 50

    @OptionGroup var flow: BenchFlowOptions
    @OptionGroup var options: BenchOptions

    func run() throws {
        try BenchRouting.run(RoutingScenario(shape: .fanIn(publishers: publishers)), flow, options)
    }
}

/// `weir bench fan-out`
struct BenchFanOut: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fan-out",
        abstract: "One publisher, many subscribers to its topic."
    )

    @Option(help: "Subscribers.")
    var subscribers = 100

    @OptionGroup var flow: BenchFlowOptions
    @OptionGroup var options: BenchOptions

    func run() throws {
        try BenchRouting.run(RoutingScenario(shape: .fanOut(subscribers: subscribers)), flow, options)
    }
}

/// `weir bench pairs`
struct BenchPairs: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pairs",
        abstract: "Publishers with one subscriber each."
    )

    @Option(help: "Pairs.")
    var pairs = 100

    @OptionGroup var threads: BenchThreadOptions
    @OptionGroup var flow: BenchFlowOptions
    @OptionGroup var options: BenchOptions

    func run() throws {
        try BenchRouting.run(RoutingScenario(shape: .pairs(pairs)), flow, options, threads: threads.threads)
    }
}

/// `weir bench paced`
struct BenchPaced: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "paced",
        abstract: "Pairs at a fixed rate: latency, and the cost of single messages.",
        discussion:
            "The messages are evenly spaced over the second, and sent whether or not earlier ones arrived."
    )

    @Option(help: "Pairs.")
    var pairs = 20

    @Option(help: "Messages per second over all pairs.")
    var rate = 2000.0

    @OptionGroup var threads: BenchThreadOptions
    @OptionGroup var flow: BenchFlowOptions
    @OptionGroup var options: BenchOptions

    func run() throws {
        let scenario = RoutingScenario(shape: .pairs(pairs), rate: rate)
        try BenchRouting.run(scenario, flow, options, threads: threads.threads)
    }
}

enum BenchRouting {
    static func run(
        _ scenario: RoutingScenario,
        _ flow: BenchFlowOptions,
        _ options: BenchOptions,
        threads: Int = 1
    ) throws {
        var run = try options.runOptions()
        run.threads = threads
        flow.apply(to: &run)
        try options.report([try scenario.run(run)])
    }
}
