import ArgumentParser
import FoundationEssentials
import LoadGenerator

/// What all of `weir bench`'s scenarios take.
struct BenchOptions: ParsableArguments {
    @Option(name: [.customShort("h"), .long], help: "The broker's host.")
    var host = "127.0.0.1"

    @Option(name: [.customShort("p"), .long], help: "The broker's port.")
    var port: UInt16 = 1883

    @Option(help: "The broker's Unix socket, instead of host and port.")
    var unix: String?

    @Option(help: "The broker's process on this machine: its CPU time and memory are told.")
    var pid: Int32?

    @Option(
        name: [.customShort("V"), .long],
        help: ArgumentHelp("The MQTT version: 31, 311 or 5.", valueName: "version")
    )
    var mqttVersion = BenchVersion.v311

    @Option(
        help: ArgumentHelp(
            "Speak TLS, and trust the certificates in this file (PEM).",
            valueName: "file"
        )
    )
    var tlsCa: String?

    @Option(name: [.customShort("u"), .long], help: "The user name.")
    var username: String?

    @Option(name: [.customShort("P"), .long], help: "The password.")
    var password: String?

    @Option(help: "Payload bytes; the first 24 carry the checks.")
    var payload = 64

    @Option(help: "Seconds without any progress after which what is missing counts as lost.")
    var stall = 10.0

    @Option(
        help: ArgumentHelp("Write the results to a file as JSON; - is standard output.", valueName: "file")
    )
    var json: String?

    @Flag(name: .long, help: "No progress line.")
    var quiet = false

    func runOptions() throws -> RunOptions {
        let address: BrokerTarget.Address =
            if let unix { .unix(path: unix) } else { .tcp(host: host, port: port) }
        var options = RunOptions(
            target: BrokerTarget(
                address: address,
                version: mqttVersion.version,
                username: username,
                password: password,
                pid: pid,
                tlsCAFile: tlsCa
            )
        )
        options.payloadCount = payload
        options.stallSeconds = stall
        options.showsProgress = !quiet && Progress.isTerminal()
        return options
    }

    /// Prints the table, writes the file, and fails when a check failed.
    func report(_ results: [ScenarioResult]) throws {
        if json != "-" { print(ResultTable(results).text, terminator: "") }
        if let json { try ResultFile.write(results, to: json) }
        guard results.allSatisfy(\.isClean) else { throw ExitCode(2) }
    }
}

/// How a version is written on the command line; the same as mosquitto_pub's.
enum BenchVersion: String, ExpressibleByArgument, CaseIterable {
    case v31 = "31"
    case v311 = "311"
    case v5 = "5"

    var version: BrokerTarget.Version {
        switch self {
        case .v31: .v31
        case .v311: .v311
        case .v5: .v5
        }
    }
}

/// What the scenarios take whose load several threads of the generator can make.
struct BenchThreadOptions: ParsableArguments {
    @Option(
        help:
            "Threads of the generator, each with its share of the connections; for a broker of several threads."
    )
    var threads = 1
}

/// What the scenarios with live traffic take besides.
struct BenchFlowOptions: ParsableArguments {
    @Option(name: [.customShort("q"), .long], help: "The QoS of publishes and subscriptions: 0, 1 or 2.")
    var qos: UInt8 = 0

    @Option(help: "Messages that are published and not yet delivered to all, over all publishers.")
    var window = 1000

    @Option(help: "Seconds of publishing that are measured.")
    var seconds = 3.0

    @Option(help: "Publish no more than so many messages.")
    var messages: UInt64?

    @Option(help: "Seconds of publishing before the measured part.")
    var warmUp = 0.5

    func apply(to options: inout RunOptions) {
        options.qos = qos
        options.window = window
        options.seconds = seconds
        options.messages = messages ?? .max
        options.warmUpSeconds = warmUp
    }
}
