import ArgumentParser
import ClientKit
import FoundationEssentials
import MQTTWire

/// `weir uplink`
struct UplinkCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "uplink",
        abstract: "The way to the cloud of a running site.",
        subcommands: [UplinkStatusCommand.self]
    )
}

/// `weir uplink status`
struct UplinkStatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show the link to the cloud and what waits in its lanes.",
        discussion: """
            Asks the site's own broker, as any MQTT client may that can read mec/v1/json/backhaul/#.

            EXAMPLES
              weir uplink status
              weir uplink status -h edge.example -p 1883 --json
            """,
        helpNames: .long
    )

    @Flag(help: "Print the JSON as the site publishes it.")
    var json = false

    @Option(name: [.customShort("W"), .customLong("timeout")], help: "Wait so many seconds for an answer.")
    var timeout = 5.0

    @OptionGroup(title: "Connection") var options: ClientOptions

    private struct Status: Decodable {
        struct Lane: Decodable {
            var lane: String
            var backlogEvents: UInt64
            var backlogBytes: UInt64
            var backlogSince: Int64?
            var eventsPerSecond: Double
            var drainSeconds: Double?
            var committedEvents: UInt64
            var wireBytes: UInt64
            var bodyBytes: UInt64
            var resentBatches: UInt64
            var deadLetters: UInt64
            var dropped: UInt64
            var thinned: UInt64
            var sinceCommitSeconds: Double?
            var held: Bool?
        }

        var state: String
        var site: String
        var instance: String
        var stateSeconds: Double
        var roundTripSeconds: Double
        var connects: UInt64
        var lastError: String?
        var conflict: String?
        var lanes: [Lane]
    }

    func run() throws {
        try ClientExit.run(options) { () throws(ClientError) in
            let payload = try latest()
            if json {
                try StandardOutput.write(payload + [UInt8(ascii: "\n")])
                return
            }
            guard let status = try? JSONDecoder().decode(Status.self, from: Data(payload)) else {
                throw ClientError(
                    .protocolError,
                    "the site says \"\(String(decoding: payload, as: UTF8.self))\", expected the uplink's state"
                )
            }
            print(Self.text(status))
        }
    }

    /// What the site says next, at most a second old; else what it said last.
    private func latest() throws(ClientError) -> [UInt8] {
        let client = MQTTClient(try options.configuration(try PropertyArguments(words: options.properties)))
        try client.connect()
        var wishes: [Subscription] = []
        for topic in [ServerUplink.figuresTopic, ServerUplink.stateTopic] {
            do throws(WireError) {
                wishes.append(Subscription(try TopicFilter(topic), maximumQoS: .atMostOnce))
            } catch {
                throw ClientError(.usage, error.message)
            }
        }
        try client.subscribe(wishes)
        let deadline = ContinuousClock.now + .milliseconds(Int(timeout * 1_000))
        var retained: [UInt8]?
        while let event = try client.next(until: deadline) {
            guard case .message(let message) = event else { continue }
            if message.topic == ServerUplink.figuresTopic {
                try? client.disconnect()
                return Array(message.payload)
            }
            retained = Array(message.payload)
        }
        guard let retained else {
            throw ClientError(
                .timeout,
                "no uplink was heard of in \(timeout) s; is uplink.url set at this site?"
            )
        }
        return retained
    }

    private static func text(_ status: Status) -> String {
        var out =
            "\(status.site)  instance \(status.instance)  \(status.state) for \(duration(status.stateSeconds))"
        if status.roundTripSeconds > 0 { out += "  round trip \(Int(status.roundTripSeconds * 1_000)) ms" }
        out += "  connects \(status.connects)"
        if let error = status.lastError { out += "\n  last error: \(error)" }
        if let conflict = status.conflict { out += "\n  conflict: \(conflict)" }
        var table = TextTable([
            "lane", "backlog", "bytes", "oldest", "events/s", "drained in", "stored", "last commit", "resent",
            "dropped", "thinned", "refused", "compressed",
        ])
        let now = Date().timeIntervalSince1970
        for lane in status.lanes {
            let age = lane.backlogSince.map { max(0, now - Double($0) / 1_000) }
            table.add([
                lane.lane + (lane.held == true ? " (held)" : ""), "\(lane.backlogEvents)",
                bytes(lane.backlogBytes),
                age.map(duration) ?? "-", "\(Int(lane.eventsPerSecond))",
                lane.drainSeconds.map(duration) ?? "never",
                "\(lane.committedEvents)", lane.sinceCommitSeconds.map { duration($0) + " ago" } ?? "never",
                "\(lane.resentBatches)", "\(lane.dropped)", "\(lane.thinned)", "\(lane.deadLetters)",
                lane.wireBytes == 0
                    ? "-"
                    : "\(lane.bodyBytes * 10 / lane.wireBytes / 10).\(lane.bodyBytes * 10 / lane.wireBytes % 10)x",
            ])
        }
        return out + "\n" + table.text
    }

    private static func duration(_ seconds: Double) -> String {
        if seconds < 10 { return "\((seconds * 10).rounded() / 10) s" }
        if seconds < 120 { return "\(Int(seconds)) s" }
        if seconds < 7_200 { return "\(Int(seconds / 60)) min" }
        return "\(Int(seconds / 3_600)) h"
    }

    private static func bytes(_ count: UInt64) -> String {
        if count < 10 << 10 { return "\(count) B" }
        if count < 10 << 20 { return "\(count >> 10) KiB" }
        return "\(count >> 20) MiB"
    }
}
