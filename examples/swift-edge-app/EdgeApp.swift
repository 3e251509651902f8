import ArgumentParser
import Foundation
import GRPCCore
import GRPCNIOTransportHTTP2Posix
import RPCBridge

/// Follows cell changes and link quality of all terminals over gRPC, and publishes how the video of each is to be
/// analysed on `app/analytics/{terminal}/plan`, retained.
@main
struct EdgeApp: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "swift-edge-app",
        abstract: "Adapts video analysis to where terminals are and what their links carry."
    )

    @Option(help: ArgumentHelp("Where Weir serves gRPC.", valueName: "host:port"))
    var target = "127.0.0.1:50051"

    @Option(help: "Changes of a plan after which to end; 0 for never.")
    var count = 0

    func run() async throws {
        guard let colon = target.lastIndex(of: ":"), let port = Int(target[target.index(after: colon)...]) else {
            throw ValidationError("--target: found \"\(target)\", expected HOST:PORT")
        }
        let transport = try HTTP2ClientTransport.Posix(
            target: .dns(host: String(target[..<colon]), port: port),
            transportSecurity: .plaintext
        )
        do {
            try await withGRPCClient(transport: transport) { client in
                try await Site(client).follow(until: count)
            }
        } catch let error as RPCError {
            print("\(target): \(error.message) (\(error.code))")
            throw ExitCode.failure
        }
    }
}

/// The calls that the application makes.
struct Site<Transport: ClientTransport>: Sendable {
    private static var name: String { "swift-edge-app" }
    /// Notifications that may be on their way: more never wait in this program.
    private static var credit: UInt64 { 500 }

    private let client: GRPCClient<Transport>

    init(_ client: GRPCClient<Transport>) { self.client = client }

    /// Publishes plans until `count` of them have changed; for ever where it is 0. A server that goes away is waited for.
    func follow(until count: Int) async throws {
        var planner = Planner()
        var changes = 0
        var wait = Duration.milliseconds(200)
        while true {
            do {
                try await createSubscription()
                (planner, changes) = try await watch(planner, changes, until: count)
                if count > 0, changes >= count { return }
            } catch let error as RPCError where error.code == .unavailable {
                print("the server is away (\(error.message)); trying again")
                try await Task.sleep(for: wait)
                wait = min(wait * 2, .seconds(10))
            }
        }
    }

    /// A place in what is kept of the radio network's notifications, under a name of our own: it is there after we were
    /// away, and so is everything that was said meanwhile.
    private func createSubscription() async throws {
        let kinds = ["cell_change", "meas_rep_ue", "nr_meas_rep_ue"]
        let request = Weir_Bus_V1_CreateSubscriptionRequest.with { request in
            request.subscription = .with {
                $0.name = Self.name
                $0.filters = kinds.map { "mec/v1/pb/rni/\($0)/#" }
            }
        }
        do {
            let _: Weir_Bus_V1_CreateSubscriptionResponse =
                try await BusClient(client, [:]).call(.createSubscription, request)
        } catch let error as RPCError where error.code == .alreadyExists {}
    }

    private var opening: Weir_Rnis_V1_WatchNotificationsRequest {
        .with { request in
            request.open = .with {
                $0.criteria = [
                    .with { $0.cellChange.hoStatus = [.inPreparation, .completed, .rejected, .cancelled] },
                    .with { $0.measRepUe = .init() },
                    .with { $0.nrMeasRepUe = .init() },
                ]
                $0.delivery.subscription = Self.name
                $0.delivery.credit.events = Self.credit
            }
        }
    }

    private func watch(
        _ planner: Planner,
        _ changes: Int,
        until count: Int
    ) async throws -> (Planner, Int) {
        typealias Request = Weir_Rnis_V1_WatchNotificationsRequest
        let (requests, sender) = AsyncStream.makeStream(of: Request.self)
        sender.yield(opening)
        return try await client.bidirectionalStreaming(
            request: StreamingClientRequest { writer in
                for await request in requests { try await writer.write(request) }
            },
            descriptor: MethodDescriptor(
                fullyQualifiedService: "weir.rnis.v1.RadioNetwork",
                method: "WatchNotifications"
            ),
            serializer: ProtobufSerializer<Request>(),
            deserializer: ProtobufDeserializer<Weir_Rnis_V1_WatchNotificationsResponse>(),
            options: .defaults
        ) { response in
            var (planner, changes) = (planner, changes)
            defer { sender.finish() }
            for try await message in response.messages {
                guard case .batch(let batch) = message.response, let last = batch.notifications.last else {
                    continue
                }
                let changed = batch.notifications.compactMap { planner.take($0) }
                try await publish(changed)
                // What led to a plan is done with only when that plan is published.
                sender.yield(.with { $0.ack.upTo = last.event.cursor })
                sender.yield(.with { $0.credit.events = UInt64(batch.notifications.count) })
                changes += changed.count
                if count > 0, changes >= count { break }
            }
            return (planner, changes)
        }
    }

    private func publish(_ changed: [(terminal: String, plan: Plan)]) async throws {
        guard !changed.isEmpty else { return }
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        let events = try changed.map { terminal, plan in
            let body = try encoder.encode(plan)
            return Weir_Bus_V1_Event.with {
                $0.topic = "app/analytics/\(terminal)/plan"
                $0.type = "plan"
                $0.source = Self.name
                $0.contentType = "application/json"
                $0.payload = body
                $0.qos = .atLeastOnce
                $0.retain = true
            }
        }
        let response: Weir_Bus_V1_PublishResponse =
            try await BusClient(client, [:]).call(.publish, Weir_Bus_V1_PublishRequest.with { $0.events = events })
        if let error = response.results.first(where: \.hasError)?.error {
            throw RPCError(code: .aborted, message: error.message)
        }
        for (terminal, plan) in changed {
            let next = plan.nextCell.map { ", then \($0)" } ?? ""
            print("\(terminal): at \(plan.cell)\(next), \(plan.width) pixels, \(plan.framesPerSecond)/s")
            // Whoever reads it by a pipe sees it at once too.
            fflush(nil)
        }
    }
}
