import ArgumentParser
import Foundation
import GRPCCore
import RPCBridge
import SwiftProtobuf
import Synchronization

/// `weir rpc`: the bus over gRPC, from the terminal.
struct RPCCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rpc",
        abstract: "Publish and subscribe over gRPC.",
        discussion: """
            EXAMPLES
              weir rpc sub 'plant/#'
              weir rpc sub --from earliest --json 'plant/#'
              weir rpc sub --durable my-app
              weir rpc pub -t plant/7/set -m 22 --qos 1
              weir rpc latest 'state/#'
              weir rpc watch
            """,
        subcommands: [RPCSub.self, RPCPub.self, RPCLatest.self, RPCWatch.self]
    )
}

struct RPCSub: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sub",
        abstract: "Print events as they come, or from the past."
    )

    @Argument(help: "Topic filters.")
    var filters: [String] = []

    @Option(help: "A durable subscription, instead of filters; what is printed is acknowledged.")
    var durable: String?

    @Option(help: "Where to begin: latest, earliest, retained, or seconds ago such as 60.")
    var from = "latest"

    @Option(name: [.customShort("C"), .long], help: "Events after which to end; 0 for never.")
    var count = 0

    @Flag(help: "A line of JSON for each event.")
    var json = false

    @OptionGroup var options: RPCOptions

    func validate() throws {
        guard filters.isEmpty != (durable == nil) else {
            throw ValidationError("expected either filters or --durable")
        }
        _ = try start()
    }

    private func start() throws -> Weir_Bus_V1_Start {
        switch from {
        case "latest": return .with { $0.position = .latest }
        case "earliest": return .with { $0.position = .earliest }
        case "retained": return .with { $0.position = .lastPerTopic }
        default:
            guard let seconds = Double(from), seconds >= 0 else {
                throw ValidationError(
                    "--from: found \"\(from)\", expected latest, earliest, retained or seconds"
                )
            }
            return .with { $0.timeUnixNanos = Int64((Date().timeIntervalSince1970 - seconds) * 1e9) }
        }
    }

    func run() throws {
        let open = try Weir_Bus_V1_SubscribeRequest.Open.with {
            if let durable {
                $0.subscription = durable
            } else {
                $0.filters = filters
                $0.start = try start()
            }
            $0.credit = .with { $0.events = UInt64(self.count == 0 ? 1_000 : self.count) }
        }
        let (json, count, isDurable) = (json, count, durable != nil)
        try options.run { client, metadata in
            let (requests, sender) = AsyncStream.makeStream(of: Weir_Bus_V1_SubscribeRequest.self)
            sender.yield(.with { $0.open = open })
            try await BusClient(client, metadata).stream(
                .subscribe,
                reading: ProtobufDeserializer<Weir_Bus_V1_SubscribeResponse>(),
                send: { (writer: RPCWriter<Weir_Bus_V1_SubscribeRequest>) in
                    for await request in requests { try await writer.write(request) }
                }
            ) { messages in
                var left = count
                for try await message in messages {
                    switch message.response {
                    case .batch(let batch):
                        for event in batch.events { try Self.print(event, json: json) }
                        if isDurable, let last = batch.events.last {
                            sender.yield(.with { $0.ack = .with { $0.upTo = last.cursor } })
                        }
                        if count > 0 {
                            left -= batch.events.count
                            if left <= 0 {
                                sender.finish()
                                return
                            }
                        } else {
                            sender.yield(
                                .with { $0.credit = .with { $0.events = UInt64(batch.events.count) } }
                            )
                        }
                    case .gap(let gap):
                        StandardOutput.complain(
                            "lost: \(gap.count == 0 ? "some" : "\(gap.count)") events (\(gap.reason))"
                        )
                    default: break
                    }
                }
            }
        }
    }

    static func print(_ event: Weir_Bus_V1_Event, json: Bool) throws {
        if json {
            Swift.print(try event.jsonString())
        } else {
            Swift.print("\(event.topic) \(String(decoding: event.payload, as: UTF8.self))")
        }
        fflush(nil)
    }
}

struct RPCPub: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "pub", abstract: "Publish one event.")

    @Option(name: [.customShort("t"), .long], help: "The topic.")
    var topic: String

    @Option(name: [.customShort("m"), .long], help: "The payload; without it, standard input is read.")
    var message: String?

    @Option(name: [.customShort("q"), .long], help: "Quality of service: 0, 1 or 2.")
    var qos = 0

    @Flag(name: [.customShort("r"), .long], help: "Retain it.")
    var retain = false

    @Option(help: "What the payload is, such as application/json.")
    var contentType: String?

    @Option(help: ArgumentHelp("A header; may be given several times.", valueName: "name=value"))
    var header: [String] = []

    @OptionGroup var options: RPCOptions

    func run() throws {
        let payload = message.map { Data($0.utf8) } ?? FileHandle.standardInput.readDataToEndOfFile()
        guard let qos = Weir_Bus_V1_Qos(rawValue: qos), (0...2).contains(self.qos) else {
            throw ValidationError("--qos: found \(self.qos), expected 0, 1 or 2")
        }
        let event = try Weir_Bus_V1_Event.with {
            $0.topic = topic
            $0.payload = payload
            $0.qos = qos
            $0.retain = retain
            $0.contentType = contentType ?? ""
            $0.headers = try header.map { text in
                guard let equals = text.firstIndex(of: "=") else {
                    throw ValidationError("--header: found \"\(text)\", expected NAME=VALUE")
                }
                return .with {
                    $0.name = String(text[..<equals])
                    $0.value = String(text[text.index(after: equals)...])
                }
            }
        }
        try options.run { client, metadata in
            let request = Weir_Bus_V1_PublishRequest.with { $0.events = [event] }
            let response: Weir_Bus_V1_PublishResponse =
                try await BusClient(client, metadata).call(.publish, request)
            if let result = response.results.first, result.hasError {
                throw RPCError(
                    code: RPCError.Code(Status.Code(rawValue: Int(result.error.code)) ?? .unknown)
                        ?? .unknown,
                    message: result.error.message
                )
            }
        }
    }
}

struct RPCLatest: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "latest",
        abstract: "Print the retained events that match."
    )

    @Argument(help: "Topic filters.")
    var filters: [String]

    @Flag(help: "A line of JSON for each event.")
    var json = false

    @OptionGroup var options: RPCOptions

    func run() throws {
        let (filters, json) = (filters, json)
        try options.run { client, metadata in
            let request = Weir_Bus_V1_GetLatestRequest.with {
                $0.filters = filters
                $0.maxEvents = 10_000
            }
            let response: Weir_Bus_V1_GetLatestResponse =
                try await BusClient(client, metadata).call(.getLatest, request)
            for event in response.events.sorted(by: { $0.topic < $1.topic }) {
                try RPCSub.print(event, json: json)
            }
            if response.truncated { StandardOutput.complain("there are more; ask with narrower filters") }
        }
    }
}

struct RPCWatch: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "watch",
        abstract: "Print the state of the bus: streams, lag of durable subscriptions, links."
    )

    @Option(name: [.customShort("n"), .long], help: "Seconds between two reports.")
    var interval: UInt32 = 2

    @Option(name: [.customShort("C"), .long], help: "Reports after which to end; 0 for never.")
    var count = 0

    @OptionGroup var options: RPCOptions

    func run() throws {
        let (interval, count) = (interval, count)
        try options.run { client, metadata in
            try await BusClient(client, metadata).stream(
                .watchHealth,
                reading: ProtobufDeserializer<Weir_Bus_V1_WatchHealthResponse>(),
                send: { (writer: RPCWriter<Weir_Bus_V1_WatchHealthRequest>) in
                    try await writer.write(.with { $0.intervalSeconds = interval })
                }
            ) { messages in
                var left = count
                for try await report in messages {
                    Self.print(report)
                    left -= 1
                    if left == 0 { return }
                }
            }
        }
    }

    private static func print(_ report: Weir_Bus_V1_WatchHealthResponse) {
        let status = "\(report.status)"
        Swift.print("\(status), \(report.liveSubscribers) calls")
        for stream in report.streams {
            Swift.print(
                "  stream \(stream.name): \(stream.bytes) bytes, \(stream.oldest.position)…\(stream.end.position)"
            )
        }
        for lag in report.subscriptions {
            Swift.print(
                "  subscription \(lag.subscription): \(lag.lagBytes) bytes behind, \(lag.unacknowledgedEvents) unacknowledged, \(lag.subscribers) subscribed"
            )
        }
        for link in report.links {
            Swift.print(
                "  link \(link.name): \(link.state), \(link.backlogEvents) events, \(link.backlogBytes) bytes wait"
            )
        }
        fflush(nil)
    }
}
