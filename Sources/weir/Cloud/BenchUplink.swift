import ArgumentParser
import Collector
import Dispatch
import EventBus
import FoundationEssentials
import Glibc
import Journal
import MQTTWire
import MosquittoSink
import Reactor
import Streams
import Uplink

/// `weir bench uplink`
struct BenchUplink: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "uplink",
        abstract: "From the journal of a lane to committed in a collector's database, by way of a broker.",
        discussion: """
            Fills a lane with telemetry in JSON, then starts an uplink and a collector in this process and measures \
            until the last event is committed. Counts the rows at the end: one too few or too many is exit code 2.

            EXAMPLES
              weir bench uplink --broker mqtt://127.0.0.1:1883
              weir bench uplink --events 20000000 --database postgresql://postgres@127.0.0.1/postgres
            """
    )

    @Option(help: ArgumentHelp("The broker between the two.", valueName: "url"))
    var broker = "mqtt://127.0.0.1:1883"

    @Option(help: "Events.")
    var events: UInt64 = 2_000_000

    @Option(help: "Bytes of each payload.")
    var payload = 200

    @Option(help: "Topics that they come on.")
    var topics = 1_000

    @Option(
        help: ArgumentHelp(
            "sqlite:PATH or postgresql://…; a SQLite file in the work directory if not given.",
            valueName: "url"
        )
    )
    var database: String?

    @Option(
        help: ArgumentHelp("Where lane and database are kept; removed at the end.", valueName: "directory")
    )
    var directory = "/tmp"

    @Option(help: "zstd's level.")
    var compression = 3

    @Option(help: "Seconds without progress after which the run has failed.")
    var stall = 30.0

    func run() throws {
        let work = "\(directory)/weir-bench-uplink-\(getpid())"
        guard mkdir(work, 0o700) == 0 else { throw ValidationError("\"\(work)\" cannot be made") }
        defer { try? FileManager.default.removeItem(atPath: work) }
        let url = database ?? "sqlite:\(work)/collector.db"
        let site = "bench-\(getpid())"

        let streams = try openStreams(work)
        guard let stream = streams.stream(named: "uplink.bench") else { throw ValidationError("no lane") }
        defer { streams.close() }
        let lane = try Self.wait { () async throws -> StreamLane in
            var random = SystemRandomNumberGenerator()
            var settings = LaneSettings()
            settings.name = "bench"
            return try await StreamLane(
                stream,
                settings,
                site: try SiteFile(directory: "\(work)/uplink", using: &random),
                using: &random
            )
        }
        let filled = try Self.measure { try fill(stream) }
        print("journal     \(Self.rate(events, filled))")

        let options = try MosquittoOptions(
            url: broker,
            settings: ConnectionSettings(),
            clientID: "\(site)-collector"
        )
        nonisolated(unsafe) let store = try CollectorDatabases.open(url)
        let collectorSettings = CollectorService.Settings(broker: options)
        let ready = DispatchSemaphore(value: 0)
        var observer = CollectorService.Observer()
        observer.onReady = { ready.signal() }
        observer.onTrouble = { Failure.tell($0) }
        let collector = try CollectorService(collectorSettings, database: store, observer: observer)
        try collector.start()
        defer { collector.stop() }
        guard ready.wait(timeout: .now() + 10) == .success else {
            throw ValidationError("no broker at \(broker)")
        }

        var settings = UplinkSettings()
        settings.url = broker
        settings.site = site
        settings.compressionLevel = compression
        var laneSettings = LaneSettings()
        laneSettings.name = "bench"
        settings.lanes = [laneSettings]
        var random = SystemRandomNumberGenerator()
        let file = try SiteFile(directory: "\(work)/uplink", using: &random)
        nonisolated(unsafe) let sink = try MosquittoSink(settings, instance: file.instance)
        nonisolated(unsafe) let lanes: [any LaneSource] = [lane]
        let driver = try UplinkDriver(
            settings,
            instance: file.instance,
            version: Version.text,
            lanes: lanes,
            sink: sink,
            deadLetters: nil,
            observer: UplinkDriver.Observer()
        )
        let cpu = Self.cpuSeconds()
        let began = MonotonicClock.now()
        try driver.start()
        defer { driver.stop() }
        try awaitAll(collector)
        let seconds = Double(MonotonicClock.now() - began) / 1e9
        let spent = Self.cpuSeconds() - cpu
        let counters = collector.counters
        print("committed   \(Self.rate(events, seconds))")
        print(
            "wire        \(Self.tenths(Double(counters.wireBytes) / Double(events))) bytes/event in \(counters.batches) batches, body \(Self.tenths(Double(counters.bodyBytes) / Double(events)))"
        )
        print(
            "CPU         \(Self.tenths(spent / Double(events) * 1e6)) µs/event, uplink and collector; \(counters.transactions) transactions"
        )
        print("repeats     \(counters.repeatedEvents)")
        print("resident    \(Self.residentMegabytes()) MiB")
        let rows =
            try CollectorDatabases.status(url).first { $0.site.name == site }?.lanes.reduce(0) {
                $0 + $1.events
            } ?? 0
        guard rows == events else {
            print("rows        \(rows), expected \(events)")
            throw ExitCode(2)
        }
    }

    private func openStreams(_ work: String) throws -> StreamCatalogue {
        var stream = StreamConfiguration(name: "uplink.bench", filters: ["bench/#"])
        stream.bytesMaximum = 1 << 40
        stream.whenFull = .refuse
        stream.keepsHistory = false
        return try StreamCatalogue.open(
            [stream],
            directory: "\(work)/streams",
            environment: StreamEnvironment(
                wallMilliseconds: { MonotonicClock.wall() / 1_000_000 },
                committer: { log throws(LogError) in try CommitThread(log) }
            )
        ).catalogue
    }

    private func fill(_ stream: DurableStream) throws {
        let names = (0..<max(1, topics)).map { Array("bench/plant-\($0 % 10)/machine-\($0)/telemetry".utf8) }
        let source = Array("bench-device".utf8)
        var sequence: UInt64 = 0
        while sequence < events {
            sequence += 1
            let payload = json(sequence)
            let topic = names[Int(sequence % UInt64(names.count))]
            let now = Int64(clamping: MonotonicClock.wall())
            while true {
                do {
                    try append(stream, topic, payload, source, now)
                    break
                } catch .overloaded {
                    // The disk is behind: what is staged must go first.
                    stream.requestCommit()
                    usleep(500)
                }
            }
            if sequence % 256 == 0 { stream.requestCommit() }
        }
        try Self.wait { await stream.flush() }
    }

    private func append(
        _ stream: DurableStream,
        _ topic: [UInt8],
        _ payload: [UInt8],
        _ source: [UInt8],
        _ now: Int64
    ) throws(AppendRefusal) {
        var refusal: AppendRefusal?
        topic.withUnsafeBytes { topic in
            payload.withUnsafeBytes { payload in
                source.withUnsafeBytes { source in
                    let message = StoredMessage(
                        parts: PublishParts(topic: topic, payload: payload),
                        qos: .atLeastOnce,
                        retain: false,
                        ingestTime: now
                    )
                    do throws(AppendRefusal) {
                        _ = try stream.append(message, from: source)
                    } catch {
                        refusal = error
                    }
                }
            }
        }
        if let refusal { throw refusal }
    }

    /// Readings that change from event to event, filled up to the wanted size by what does not.
    private func json(_ sequence: UInt64) -> [UInt8] {
        let noise = sequence &* 0x9E37_79B9_7F4A_7C15
        var text =
            "{\"seq\":\(sequence),\"t\":\(1_763_700_000_000 + sequence * 7),\"temperature\":\(20 + Double(noise >> 54) / 100)"
        text +=
            ",\"pressure\":\(1_000 + (noise >> 44) % 50),\"rpm\":\(1_400 + (noise >> 34) % 200),\"state\":\"running\""
        text += ",\"unit\":\"celsius\",\"firmware\":\"4.18.2\",\"note\":\""
        let missing = payload - text.utf8.count - 2
        text += String(repeating: "-", count: max(0, missing)) + "\"}"
        return Array(text.utf8)
    }

    private func awaitAll(_ collector: CollectorService) throws {
        var last: UInt64 = 0
        var movedAt = MonotonicClock.now()
        while true {
            let stored = collector.counters.events
            if stored >= events { return }
            if stored != last { (last, movedAt) = (stored, MonotonicClock.now()) }
            guard Double(MonotonicClock.now() - movedAt) / 1e9 < stall else {
                throw ValidationError(
                    "\(stored) of \(events) events were committed, then nothing for \(stall) s"
                )
            }
            usleep(1_000)
        }
    }

    // MARK: - Figures

    private static func wait<Value>(_ body: @escaping @Sendable () async throws -> sending Value) throws
        -> Value
    {
        let done = DispatchSemaphore(value: 0)
        nonisolated(unsafe) var result: Result<Value, any Error>?
        Task.detached {
            do { result = .success(try await body()) } catch { result = .failure(error) }
            done.signal()
        }
        done.wait()
        guard let result else { preconditionFailure("the task has ended") }
        return try result.get()
    }

    private static func measure(_ body: () throws -> Void) rethrows -> Double {
        let began = MonotonicClock.now()
        try body()
        return Double(MonotonicClock.now() - began) / 1e9
    }

    private static func rate(_ events: UInt64, _ seconds: Double) -> String {
        "\(Int(Double(events) / seconds)) events/s (\(events) in \(tenths(seconds)) s)"
    }

    private static func tenths(_ value: Double) -> Double { (value * 10).rounded() / 10 }

    private static func cpuSeconds() -> Double {
        var usage = rusage()
        getrusage(RUSAGE_SELF.rawValue, &usage)
        return Double(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec)
            + Double(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6
    }

    private static func residentMegabytes() -> Int {
        guard let file = fopen("/proc/self/statm", "re") else { return 0 }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 256)
        guard fgets(&line, Int32(line.count), file) != nil else { return 0 }
        let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let fields = text.split(separator: " ")
        guard fields.count > 1, let resident = Int(fields[1]) else { return 0 }
        return (resident * 4_096) >> 20
    }

}
