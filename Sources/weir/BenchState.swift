import ArgumentParser
import LoadGenerator

/// `weir bench subscriptions`
struct BenchSubscriptions: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "subscriptions",
        abstract: "A large table of subscriptions, of which each message matches a few.",
        discussion: """
            EXAMPLES
              weir bench subscriptions --filters 1000000 --matches 1 --no-wildcards
            """
    )

    @Option(help: "Filters over all subscribers, at most 1,000 on each connection.")
    var filters = 100_000

    @Option(help: "Subscribers that each message goes to.")
    var matches = 5

    @Option(help: "Connections that hold the filters, at least.")
    var subscribers = 100

    @Flag(inversion: .prefixedNo, help: "Half of the filters have wildcards.")
    var wildcards = true

    @OptionGroup var flow: BenchFlowOptions
    @OptionGroup var options: BenchOptions

    func run() throws {
        var run = try options.runOptions()
        flow.apply(to: &run)
        let scenario = SubscriptionsScenario(
            filters: filters,
            matches: matches,
            usesWildcards: wildcards,
            subscribersMin: subscribers
        )
        try options.report([try scenario.run(run)])
    }
}

/// `weir bench retained`
struct BenchRetained: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retained",
        abstract: "Many retained messages for a subscriber that is new.",
        discussion: "The retained messages are taken away again at the end."
    )

    @Option(help: "Retained messages.")
    var retained = 20_000

    @Option(help: "New subscribers, one after another.")
    var subscribers = 5

    @Option(name: [.customShort("q"), .long], help: "The QoS of the subscriptions: 0, 1 or 2.")
    var qos: UInt8 = 0

    @OptionGroup var options: BenchOptions

    func run() throws {
        var run = try options.runOptions()
        run.qos = qos
        let scenario = RetainedScenario(retained: retained, subscribers: subscribers)
        try options.report([try scenario.run(run)])
    }
}

/// `weir bench offline`
struct BenchOffline: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "offline",
        abstract: "Messages queued for a persistent session that is away, then fetched by it.",
        discussion: """
            Two lines come of it: queueing, told per acknowledged publish, and fetching, told per delivery. \
            mosquitto keeps 1,000 messages per session unless max_queued_messages says otherwise.

            EXAMPLES
              weir bench offline --publishers 100 --messages 200000 --window 10000
              weir bench offline --publishers 1 --window 1 --messages 2000
              weir bench offline --publishers 10 --messages 1000000 --window 10000
            """
    )

    @Option(help: "Messages to queue.")
    var messages = 50_000

    @Option(help: "Publishers.")
    var publishers = 1

    @Option(help: "Messages that are published and not yet acknowledged, over all publishers.")
    var window = 1000

    @Option(help: "Stop queueing after so many seconds.")
    var seconds = 60.0

    @Option(name: [.customShort("q"), .long], help: "The QoS of publishes and subscription: 1 or 2.")
    var qos: UInt8 = 1

    @OptionGroup var options: BenchOptions

    func run() throws {
        var run = try options.runOptions()
        run.qos = qos
        run.window = window
        run.seconds = seconds
        let scenario = OfflineScenario(messages: messages, publishers: publishers)
        try options.report(try scenario.run(run))
    }
}

/// `weir bench connects`
struct BenchConnects: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "connects",
        abstract: "Clients that connect and leave again."
    )

    @Option(help: "Connects.")
    var connects = 5000

    @Option(help: "Connects that are under way at once.")
    var concurrency = 50

    @OptionGroup var threads: BenchThreadOptions
    @OptionGroup var options: BenchOptions

    func run() throws {
        var run = try options.runOptions()
        run.threads = threads.threads
        let scenario = ConnectsScenario(connects: connects, concurrency: concurrency)
        try options.report([try scenario.run(run)])
    }
}

/// `weir bench idle`
struct BenchIdle: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "idle",
        abstract: "Connections that do nothing: what does holding one cost?",
        discussion: """
            The memory is counted from the first connection on, so a broker that was just started gives the \
            truest figure: one that had many clients before may hold free memory that it uses again.
            """
    )

    @Option(help: "Connections.")
    var connections = 10_000

    @Option(help: "Connects that are under way at once.")
    var concurrency = 50

    @OptionGroup var options: BenchOptions

    func run() throws {
        let scenario = IdleScenario(connections: connections, concurrency: concurrency)
        try options.report(try scenario.run(try options.runOptions()))
    }
}
