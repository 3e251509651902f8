import ArgumentParser
import ClientKit
import Foundation
import Glibc
import GRPCCore
import LoadGenerator
import MQTTWire
import RPCBridge
import Synchronization

/// `weir bench rpc`: what an event costs over gRPC.
///
/// Sendable: once parsed, its options are only read.
struct BenchRPC: ParsableCommand, @unchecked Sendable {
    static let configuration = CommandConfiguration(
        commandName: "rpc",
        abstract: "Events over gRPC: a subscriber that is behind, a crowd, or latency from MQTT.",
        discussion: """
            behind: publishes all events, then reads them from the beginning; needs a stream that covers the topic.
            live: subscribers first; publishes as fast as they take it.
            latency: publishes over MQTT at a rate, and takes the time until each event is there.
            """
    )

    enum Shape: String, ExpressibleByArgument, CaseIterable { case behind, live, latency }

    @Argument(help: "behind, live or latency.")
    var shape: Shape

    @Option(help: "Events that are published.")
    var events = 1_000_000

    @Option(help: "Payload bytes, at least 8.")
    var payload = 64

    @Option(help: "Subscribers (live).")
    var subscribers = 1

    @Option(help: "Events in one publication, and in the largest batch.")
    var batch = 250

    @Option(help: "Events per second (latency).")
    var rate = 10_000.0

    @Option(help: "The topic.")
    var topic = "bench/rpc"

    @Option(help: "The MQTT port on the same host (latency).")
    var mqttPort: UInt16 = 1883

    @Option(help: "The server's process: its CPU time is told.")
    var pid: Int32?

    @OptionGroup var options: RPCOptions

    func validate() throws {
        guard payload >= 8 else { throw ValidationError("--payload: expected at least 8") }
        guard (1...10_000).contains(batch) else { throw ValidationError("--batch: expected 1 to 10,000") }
    }

    func run() throws {
        let bench = self
        try options.run { client, metadata in
            switch bench.shape {
            case .behind: try await bench.behind(client, metadata)
            case .live: try await bench.live(client, metadata)
            case .latency: try await bench.latency(client, metadata)
            }
        }
    }

    // MARK: - Shapes

    private func behind(_ client: RPCOptions.Client, _ metadata: Metadata) async throws {
        let from = UInt64(Date().timeIntervalSince1970 * 1e9)
        try await publish(client, metadata)
        let meter = Meter(pid)
        let start = Weir_Bus_V1_Start.with { $0.timeUnixNanos = Int64(from) }
        try await subscribe(client, metadata, start, onOpen: {}) { _, _ in }
        meter.report("events read from the stream", events)
    }

    private func live(_ client: RPCOptions.Client, _ metadata: Metadata) async throws {
        let gate = Gate()
        let (ready, signal) = AsyncStream.makeStream(of: Void.self)
        let count = subscribers
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<count {
                group.addTask {
                    // A connection each, as applications have.
                    try await Self.alone(options) { client in
                        try await subscribe(client, metadata, .with { $0.position = .latest }) {
                            let number = gate.open.add(1, ordering: .relaxed).newValue
                            if number == count { signal.yield() }
                        } onBatch: { _, _ in
                        }
                    }
                }
            }
            group.addTask {
                for await _ in ready { break }
                gate.begun.withLock { $0 = Meter(pid) }
                try await publish(client, metadata)
            }
            try await group.waitForAll()
        }
        gate.begun.withLock { $0 }?.report("deliveries to \(count) subscribers", events * count)
    }

    private func latency(_ client: RPCOptions.Client, _ metadata: Metadata) async throws {
        let gate = Gate()
        let meter = Meter(pid)
        try await subscribe(client, metadata, .with { $0.position = .latest }) {
            let thread = Thread { self.publishOverMQTT() }
            thread.start()
        } onBatch: { bytes, count in
            let now = DispatchTime.now().uptimeNanoseconds
            Self.forEachPayload(bytes) { payload in
                guard payload.count >= 8 else { return }
                let sent = payload.loadUnaligned(as: UInt64.self)
                gate.times.withLock { $0.append(now &- sent) }
            }
        }
        meter.report("events from MQTT to gRPC", events)
        let sorted = gate.times.withLock { $0.sorted() }
        guard !sorted.isEmpty else { return }
        func at(_ share: Double) -> String {
            let value = sorted[min(sorted.count - 1, Int(Double(sorted.count) * share))]
            return String(format: "%.3f ms", Double(value) / 1e6)
        }
        print("latency p50 \(at(0.5)), p99 \(at(0.99)), p99.9 \(at(0.999)), largest \(at(1))")
    }

    private static func alone(
        _ options: RPCOptions,
        _ body: (RPCOptions.Client) async throws -> Void
    ) async throws {
        try await withGRPCClient(transport: try options.transport()) { client in try await body(client) }
    }

    // MARK: - Load

    private func publish(_ client: RPCOptions.Client, _ metadata: Metadata) async throws {
        let bus = BusClient(client, metadata)
        let event = Weir_Bus_V1_Event.with {
            $0.topic = topic
            $0.payload = Data(repeating: 0x77, count: payload)
        }
        let (grants, granted) = AsyncStream.makeStream(of: Int.self)
        let (batch, events) = (batch, events)
        try await bus.stream(
            .publishStream,
            reading: ProtobufDeserializer<Weir_Bus_V1_PublishStreamResponse>(),
            send: { (writer: RPCWriter<Weir_Bus_V1_PublishStreamRequest>) in
                try await writer.write(.with { $0.open = .init() })
                var (sent, credit) = (0, 0)
                var grants = grants.makeAsyncIterator()
                while sent < events {
                    let count = min(batch, events - sent)
                    while credit < count { credit += await grants.next() ?? count }
                    try await writer.write(
                        .with { $0.batch = .with { $0.events = Array(repeating: event, count: count) } }
                    )
                    sent += count
                    credit -= count
                }
            }
        ) { messages in
            for try await message in messages {
                switch message.response {
                case .opened(let opened): granted.yield(Int(opened.credit.events))
                case .credit(let credit): granted.yield(Int(credit.events))
                case .refused(let refused): throw RPCError(code: .aborted, message: refused.error.message)
                default: break
                }
            }
            granted.finish()
        }
    }

    private func publishOverMQTT() {
        let host = options.target.split(separator: ":").first.map(String.init) ?? "127.0.0.1"
        var configuration = ClientConfiguration(
            endpoint: .tcp(host: host, port: mqttPort),
            clientID: "bench-rpc"
        )
        configuration.userName = options.username
        configuration.password = options.password.map { Array($0.utf8) }
        let client = MQTTClient(configuration)
        do {
            _ = try client.connect()
            let began = DispatchTime.now().uptimeNanoseconds
            var bytes = [UInt8](repeating: 0x77, count: payload)
            for number in 0..<events {
                let due = began + UInt64(Double(number) / rate * 1e9)
                let now = DispatchTime.now().uptimeNanoseconds
                if due > now { usleep(UInt32((due - now) / 1_000)) }
                withUnsafeBytes(of: DispatchTime.now().uptimeNanoseconds) {
                    bytes.replaceSubrange(0..<8, with: $0)
                }
                _ = try client.publish(Publish(topic: topic, payload: bytes))
            }
            try client.disconnect()
        } catch {
            StandardOutput.complain("Error: MQTT: \(error)")
            Glibc.exit(1)
        }
    }

    /// Takes `events` events, giving credit as they come.
    private func subscribe(
        _ client: RPCOptions.Client,
        _ metadata: Metadata,
        _ start: Weir_Bus_V1_Start,
        onOpen: @escaping @Sendable () -> Void,
        onBatch: @escaping @Sendable (UnsafeRawBufferPointer, Int) -> Void
    ) async throws {
        let (requests, sender) = AsyncStream.makeStream(of: Weir_Bus_V1_SubscribeRequest.self)
        let window = UInt64(batch) * 40
        sender.yield(
            .with {
                $0.open = .with {
                    $0.filters = [topic]
                    $0.start = start
                    $0.batchEvents = UInt32(batch)
                    $0.credit = .with { $0.events = window }
                }
            }
        )
        let events = events
        try await BusClient(client, metadata).stream(
            .subscribe,
            reading: RawDeserializer(),
            send: { (writer: RPCWriter<Weir_Bus_V1_SubscribeRequest>) in
                for await request in requests { try await writer.write(request) }
            }
        ) { messages in
            var (taken, ungranted) = (0, 0)
            for try await message in messages {
                let count = message.withUnsafeBytes { bytes -> Int in
                    // SubscribeResponse.opened and .batch, by their tags.
                    switch bytes.first {
                    case 1 << 3 | 2:
                        onOpen()
                        return 0
                    case 2 << 3 | 2:
                        let count = Self.countEvents(bytes)
                        onBatch(bytes, count)
                        return count
                    default: return 0
                    }
                }
                taken += count
                ungranted += count
                if taken >= events {
                    sender.finish()
                    return
                }
                if ungranted >= Int(window) / 4 {
                    let grant = UInt64(ungranted)
                    ungranted = 0
                    sender.yield(.with { $0.credit = .with { $0.events = grant } })
                }
            }
        }
    }

    // MARK: - Bytes

    private static func varint(_ bytes: UnsafeRawBufferPointer, _ at: inout Int) -> Int {
        var (value, shift) = (0, 0)
        while at < bytes.count {
            let byte = bytes[at]
            at += 1
            value |= Int(byte & 0x7F) << shift
            if byte < 0x80 { break }
            shift += 7
        }
        return value
    }

    private static func countEvents(_ bytes: UnsafeRawBufferPointer) -> Int {
        var at = 1
        _ = varint(bytes, &at)
        var count = 0
        while at < bytes.count {
            at += 1
            let length = varint(bytes, &at)
            at += length
            count += 1
        }
        return count
    }

    /// Field 5 of each event.
    private static func forEachPayload(
        _ bytes: UnsafeRawBufferPointer,
        _ body: (UnsafeRawBufferPointer) -> Void
    ) {
        var at = 1
        _ = varint(bytes, &at)
        while at < bytes.count {
            at += 1
            let length = varint(bytes, &at)
            let end = min(at + length, bytes.count)
            while at < end {
                let tag = varint(bytes, &at)
                switch tag & 7 {
                case 0: _ = varint(bytes, &at)
                case 1: at += 8
                case 2:
                    let size = varint(bytes, &at)
                    if tag >> 3 == 5, at + size <= end {
                        body(UnsafeRawBufferPointer(rebasing: bytes[at..<at + size]))
                    }
                    at += size
                default: return
                }
            }
            at = end
        }
    }
}

/// Subscribers that are there, and when the load began.
private final class Gate: Sendable {
    let open = Atomic<Int>(0)
    let begun = Mutex<Meter?>(nil)
    let times = Mutex<[UInt64]>([])
}

/// A message as it came, so that the client's decoding is not what is measured.
private struct RawDeserializer: MessageDeserializer {
    func deserialize<Bytes: GRPCContiguousBytes>(_ bytes: Bytes) throws -> [UInt8] {
        bytes.withUnsafeBytes { Array($0) }
    }
}

/// Time, and the CPU time of the server.
private struct Meter: Sendable {
    private let began = ContinuousClock.now
    private let cpuBefore: Double?
    private let pid: Int32?

    init(_ pid: Int32?) {
        self.pid = pid
        cpuBefore = pid.flatMap(Self.cpuSeconds)
    }

    func report(_ what: String, _ count: Int) {
        let seconds = (ContinuousClock.now - began) / .seconds(1)
        var line = String(format: "%d %@ in %.2f s: %.0f/s", count, what, seconds, Double(count) / seconds)
        if let cpuBefore, let pid, let now = Self.cpuSeconds(pid) {
            line += String(
                format: ", %.3f µs of the server's CPU each",
                (now - cpuBefore) * 1e6 / Double(count)
            )
        }
        print(line)
    }

    /// User and system time of a process, proc(5).
    private static func cpuSeconds(_ pid: Int32) -> Double? {
        guard let text = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8),
            let end = text.lastIndex(of: ")")
        else { return nil }
        let fields = text[end...].split(separator: " ")
        guard fields.count > 13, let user = Double(fields[12]), let system = Double(fields[13]) else {
            return nil
        }
        return (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
    }
}
