import ArgumentParser
import ClientKit
import Dispatch
import FoundationEssentials
import Glibc
import LoadGenerator
import MECModel
import MQTTWire
import Synchronization

/// `weir bench mec`
struct BenchMEC: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mec",
        abstract: "What the MEC services of a running server cost, and how fast their events arrive.",
        discussion: """
            Asks for geofences, subscribes as ten applications would, each to something else, and watches the \
            server for a while. The latency is from the time that an event states to its arrival here, so both \
            must be on one machine. The server makes the terminals:

              weir serve --set 'radio.scenarios=[{syntheticCells: 1000, syntheticTerminals: 10000}]' &
              weir bench mec --pid $! --fences 1000
            """
    )

    @Option(name: [.customShort("h"), .long], help: "The server's host.")
    var host = "127.0.0.1"

    @Option(name: [.customShort("p"), .long], help: "The server's port.")
    var port: UInt16 = 1883

    @Option(help: "The server's process on this machine: its CPU time and memory are told.")
    var pid: Int32?

    @Option(help: "Geofences: circles, each of which watches some terminals.")
    var fences = 1_000

    @Option(help: "Addresses that each geofence watches.")
    var watched = 10

    @Option(help: "Subscribers, at most ten.")
    var subscribers = 10

    @Option(help: "Seconds that are measured.")
    var seconds = 20.0

    /// What an application listens to.
    private static let interests: [[String]] = [
        ["/rni/ue/mobility/cell_change"],
        ["mec/v1/pb/rni/cell_change/#"],
        ["/rni/ue/rab/#"],
        ["/rni/ue/ca_reconf"],
        ["/location/user/area"],
        ["mec/v1/json/location/zone_location_event/#"],
        ["mec/v1/pb/location/user_location_event/#"],
        // Everything of one cell.
        ["mec/v1/pb/rni/+/00101/0000101/#"],
        ["mec/v1/json/rni/meas_rep_ue/00101/0000201/#", "mec/v1/json/rni/nr_meas_rep_ue/00101/000000204/#"],
        ["mec/v1/pb/location/zone_status/#", "mec/v1/json/location/state/zone/+"],
    ]

    func validate() throws {
        guard (0...Self.interests.count).contains(subscribers) else {
            throw ValidationError("--subscribers takes 0 to \(Self.interests.count), found \(subscribers)")
        }
    }

    func run() throws {
        let probe = try pid.map { try BrokerProbe(pid: $0) }
        let control = try client("control")
        let begun = ContinuousClock.now
        let identifiers = try makeFences(control)
        if fences > 0 {
            print("\(identifiers.count) geofences asked for in \(Self.text(begun.duration(to: .now)))")
        }
        let tally = Tally()
        let threads = try (0..<subscribers).map { index in
            let listener = Listener(client: try client("listener-\(index)"), tally: tally)
            try listener.subscribe(Self.interests[index])
            let done = DispatchSemaphore(value: 0)
            Thread.detach {
                listener.run()
                done.signal()
            }
            return done
        }
        // What subscribing brought, retained state for one, is not measured.
        usleep(2_000_000)
        tally.begin()
        let before = probe?.threads()
        let start = ContinuousClock.now
        var resident: UInt64 = 0
        while start.duration(to: .now) < .seconds(seconds) {
            usleep(100_000)
            resident = max(resident, probe?.residentBytesRoughly() ?? 0)
        }
        let used = before.flatMap { before in probe?.threads().since(before) }
        let took = start.duration(to: .now)
        tally.end()
        for thread in threads { thread.wait() }
        try removeFences(control, identifiers)
        report(tally, used, resident, took)
    }

    private func client(_ name: String) throws -> MQTTClient {
        let client = MQTTClient(
            ClientConfiguration(
                endpoint: .tcp(host: host, port: port),
                version: .v5,
                clientID: "weir-bench-mec-\(name)-\(getpid())"
            )
        )
        try client.connect()
        return client
    }

    // MARK: - Geofences

    private var answerTopic: String { "weir/bench/mec/\(getpid())" }

    private func makeFences(_ client: MQTTClient) throws -> [String] {
        guard fences > 0 else { return [] }
        try client.subscribe([Subscription(try TopicFilter(answerTopic), maximumQoS: .atLeastOnce)])
        var identifiers: [String] = []
        for number in 0..<fences {
            // Terminal n of a synthetic city has the address 10.64.0.0 + n and moves within some kilometres of its corner.
            let addresses = (0..<watched).map { i -> String in
                let n = UInt32(number * watched + i)
                return IPAddress(ipv4: 0x0A40_0000 &+ n).description
            }
            var criteria = UserAreaCriteria(
                addressList: addresses,
                areaDefine: AreaInfo(
                    shape: 1,
                    points: [
                        .init(
                            latitude: 43.60 + Double(number % 32) * 0.0016,
                            longitude: 7.00 + Double(number / 32 % 32) * 0.0022
                        )
                    ],
                    radius: 400
                )
            )
            criteria.locationEventCriteria = [.entering, .leaving]
            let body = try JSONEncoder().encode(LocationSubscription(.userArea(criteria)))
            let answer = try ask(client, LocationTopics.subscribe, [UInt8](body))
            let begun = try JSONDecoder().decode(LocationSubscription.self, from: Data(answer))
            guard let href = begun.delivery._links?.resource.href, let id = href.split(separator: "/").last
            else {
                throw ValidationError("the answer to a geofence has no _links.self")
            }
            identifiers.append(String(id))
        }
        return identifiers
    }

    private func removeFences(_ client: MQTTClient, _ identifiers: [String]) throws {
        for id in identifiers {
            _ = try ask(
                client,
                LocationTopics.unsubscribe,
                [UInt8](JSONEncoder().encode(ResourceReference(id: id)))
            )
        }
    }

    private func ask(_ client: MQTTClient, _ topic: String, _ body: [UInt8]) throws -> [UInt8] {
        var request = Publish(topic: topic, payload: body, qos: .atLeastOnce)
        request.properties.responseTopic = answerTopic
        try client.publish(request)
        let deadline = ContinuousClock.now + .seconds(20)
        while let event = try client.next(until: deadline) {
            guard case .message(let message) = event else { continue }
            guard message.properties.contentType == "application/json" else {
                throw ValidationError("\(topic): \(String(decoding: message.payload, as: UTF8.self))")
            }
            return message.payload
        }
        throw ValidationError("no answer on \(topic) within 20 s; does the server run the location service?")
    }

    // MARK: - Result

    private func report(_ tally: Tally, _ used: BrokerProbe.Threads?, _ resident: UInt64, _ took: Duration) {
        let seconds = Double(took.components.seconds) + Double(took.components.attoseconds) / 1e18
        let (latency, received, bytes) = tally.result
        print("events received    \(received), \(Int(Double(received) / seconds)) a second, \(bytes) bytes")
        func milliseconds(_ fraction: Double) -> String {
            latency.quantile(fraction).map { "\(Double($0 / 10_000) / 100) ms" } ?? "-"
        }
        print(
            "event to arrival   p50 \(milliseconds(0.5)), p99 \(milliseconds(0.99)), p99.9 \(milliseconds(0.999))"
        )
        guard let used else { return }
        func share(_ nanoseconds: UInt64) -> String {
            "\(Double(Int(Double(nanoseconds) / seconds / 1e5)) / 100) %"
        }
        let busiest = used.nanoseconds.values.sorted(by: >).prefix(4).map(share)
        print(
            "CPU of the server  \(share(used.total)) of a core; its threads \(busiest.joined(separator: ", "))"
        )
        print("resident memory    \(Double(Int(Double(resident) / 104_857.6)) / 10) MiB at most")
    }

    private static func text(_ duration: Duration) -> String {
        "\(duration.components.seconds).\(duration.components.attoseconds / 100_000_000_000_000_000) s"
    }
}

/// What all listeners heard while it counted.
private final class Tally: Sendable {
    private struct State {
        var latency = LatencyHistogram()
        var received: UInt64 = 0
        var bytes: UInt64 = 0
    }

    private let state = Mutex(State())
    private let phase = Atomic<Int>(0)

    func begin() { phase.store(1, ordering: .relaxed) }
    func end() { phase.store(2, ordering: .relaxed) }
    var isOver: Bool { phase.load(ordering: .relaxed) == 2 }

    var result: (LatencyHistogram, UInt64, UInt64) {
        state.withLock { ($0.latency, $0.received, $0.bytes) }
    }

    func record(_ message: Publish, at now: UInt64) {
        guard phase.load(ordering: .relaxed) == 1, !message.retain else { return }
        let stated = message.properties.userProperties.first { $0.name == "time" }
            .flatMap { try? Date.ISO8601FormatStyle(includingFractionalSeconds: true).parse($0.value) }
        // Retained state states when it was written, not when something happened.
        let isState = message.topic.contains("/state/")
        state.withLock { state in
            state.received += 1
            state.bytes += UInt64(message.payload.count)
            guard let stated, !isState else { return }
            let then = UInt64(max(0, stated.timeIntervalSince1970 * 1e9))
            state.latency.record(now > then ? now - then : 0)
        }
    }
}

/// One subscriber on a thread of its own.
private final class Listener: @unchecked Sendable {
    // Sendable: handed to its thread before the thread starts, and touched by nobody else from then on.
    private let client: MQTTClient
    private let tally: Tally

    init(client: MQTTClient, tally: Tally) {
        self.client = client
        self.tally = tally
    }

    func subscribe(_ filters: [String]) throws {
        try client.subscribe(filters.map { Subscription(try TopicFilter($0), maximumQoS: .atMostOnce) })
    }

    func run() {
        while !tally.isOver {
            guard let event = try? client.next(until: .now + .milliseconds(200)) else { continue }
            if case .message(let message) = event {
                var now = timespec()
                clock_gettime(CLOCK_REALTIME, &now)
                tally.record(message, at: UInt64(now.tv_sec) * 1_000_000_000 + UInt64(now.tv_nsec))
            }
        }
        client.close()
    }
}

private enum Thread {
    static func detach(_ body: @escaping @Sendable () -> Void) {
        DispatchQueue(label: "weir.bench.mec").async(execute: body)
    }
}
