import Access
import BusStorage
import Dispatch
import EventBus
import Gateway
import Glibc
import HTTPGateway
import Journal
import Logging
import Reactor
import Settings
import Streams
import Supervision
import Synchronization
import Telemetry

/// The journals of the shards: opened before the first client, watched, and closed after the last.
final class ServerStorage: Sendable {
    private let logs: [Log]
    private let committers: [CommitThread]
    private let settings: StorageSettings
    let streams: StreamCatalogue
    /// Where checkpoints are written, one after the other.
    private let checkpoints: DispatchQueue

    private init(
        logs: [Log],
        committers: [CommitThread],
        settings: StorageSettings,
        streams: StreamCatalogue,
        checkpoints: DispatchQueue
    ) {
        self.logs = logs
        self.committers = committers
        self.settings = settings
        self.streams = streams
        self.checkpoints = checkpoints
    }

    /// Makes the shards and puts back what they kept.
    ///
    /// - Throws: what is wrong with a journal, or that the directory holds more shards than there are now.
    static func open(
        _ settings: WeirSettings,
        site: BusSite,
        access: AccessControl,
        handles: [ShardHandle],
        environment: [String: String],
        logger: Logger
    ) throws -> ([BusShard], ServerStorage) {
        try checkShardCount(settings)
        let keys: KeyRing
        do {
            keys = try KeyRing(settings.storage.sealingKeys, environment: environment)
        } catch {
            throw Server.StartFailure(reason: error, code: Failure.configuration)
        }
        let streams = try openStreams(settings, keys, handles, logger)
        var shards: [BusShard] = []
        var logs: [Log] = []
        var committers: [CommitThread] = []
        var retained: [RecoveredRetained] = []
        let checkpoints = DispatchQueue(label: "checkpoints")
        for handle in handles {
            let now = BusTime(monotonic: MonotonicClock.now(), wall: Int64(clamping: MonotonicClock.wall()))
            let shard = BusShard(index: handle.index, site: site, now: now)
            shard.attach(StreamAppender(streams))
            // Nothing is to outlive the process: queues stay in memory and no file is written.
            if settings.storage.durability == .memory {
                shards.append(shard)
                continue
            }
            var storage = settings.storage
            storage.directory = directory(settings, shard: handle.index)
            let label = "\(handle.index)"
            let began = ContinuousClock.now
            let opened = try SessionStorage.open(
                storage,
                on: storage.disk,
                keys: keys,
                shard: shard,
                access: access,
                observer: LogObserver(
                    onCommit: { _ in handle.storageCommitted() },
                    onState: { state in
                        // Anything but "open" means that nothing is acknowledged: a person must look.
                        logger.log(
                            level: state.isOpen || state == .closed ? .notice : .error,
                            "storage state changed",
                            metadata: ["shard": "\(label)", "storage.state": "\(state)"]
                        )
                    }
                ),
                background: { checkpoints.async(execute: $0) },
                checkpointFailed: { error in
                    logger.warning(
                        "checkpoint not written, a restart reads more until the next one",
                        metadata: ["shard": "\(label)", "error.message": "\(error.message)"]
                    )
                },
                wallMilliseconds: { MonotonicClock.wall() / 1_000_000 },
                committer: { log in
                    let thread = try CommitThread(log)
                    logs.append(log)
                    committers.append(thread)
                    return thread
                }
            )
            retained.append(opened.retained)
            let report = opened.report
            for reason in report.checkpointsSkipped {
                logger.warning(
                    "checkpoint not usable, the one before it was taken",
                    metadata: ["shard": "\(label)", "storage.checkpoint": "\(reason)"]
                )
            }
            logger.log(
                level: report.journal.summary == nil ? .info : .warning,
                "storage opened",
                metadata: [
                    "shard": "\(label)", "storage.sessions": "\(report.sessions)",
                    "storage.records": "\(report.recordsRead)",
                    "storage.recovery": "\(report.journal.summary ?? "nothing to repair")",
                    "storage.seconds": "\(began.duration(to: .now))",
                ]
            )
            shards.append(shard)
        }
        if let first = shards.first { try RecoveredRetained.putBack(retained, into: first) }
        BusShard.exchangeMail(shards)
        let storage = ServerStorage(
            logs: logs,
            committers: committers,
            settings: settings.storage,
            streams: streams,
            checkpoints: checkpoints
        )
        return (shards, storage)
    }

    /// Opens the durable streams, which all shards share.
    private static func openStreams(
        _ settings: WeirSettings,
        _ keys: KeyRing,
        _ handles: [ShardHandle],
        _ logger: Logger
    ) throws -> StreamCatalogue {
        var environment = StreamEnvironment(
            wallMilliseconds: { MonotonicClock.wall() / 1_000_000 },
            committer: { log throws(LogError) in try CommitThread(log) }
        )
        environment.disk = settings.storage.disk
        environment.keys = keys
        environment.onState = { name, state in
            logger.log(
                level: state.isOpen || state == .closed ? .notice : .error,
                "stream state changed",
                metadata: ["stream.name": "\(name)", "storage.state": "\(state)"]
            )
        }
        environment.onCommit = { for handle in handles { handle.storageCommitted() } }
        let opened = try StreamCatalogue.open(
            settings.streams + settings.uplink.streams,
            directory: "\(settings.dataDirectory)/streams",
            environment: environment
        )
        for (name, report) in opened.report {
            logger.log(
                level: report.summary == nil ? .info : .warning,
                "stream opened",
                metadata: [
                    "stream.name": "\(name)", "storage.recovery": "\(report.summary ?? "nothing to repair")",
                ]
            )
        }
        opened.catalogue.onChange {
            await withTaskGroup { group in
                for handle in handles {
                    group.addTask {
                        await withCheckedContinuation { continuation in
                            let isTaken = handle.post { shard in
                                shard.streamsChanged()
                                continuation.resume()
                            }
                            if !isTaken { continuation.resume() }
                        }
                    }
                }
            }
        }
        return opened.catalogue
    }

    static func directory(_ settings: WeirSettings, shard: Int) -> String {
        "\(settings.dataDirectory)/shard-\(shard)"
    }

    /// A session lives in one shard's journal; started with fewer shards, some would be lost to sight.
    private static func checkShardCount(_ settings: WeirSettings) throws {
        let count = settings.gateway.shards
        for index in count..<64 where Glibc.access(directory(settings, shard: index), F_OK) == 0 {
            throw Server.StartFailure(
                reason: ShardCountError(found: index + 1, expected: count, directory: settings.dataDirectory),
                code: Failure.configuration
            )
        }
    }

    /// Commits what is left and closes the journals.
    func close() {
        // Nothing gives work any more; what was given is finished first.
        checkpoints.sync {}
        for committer in committers { committer.stop() }
        streams.close()
    }

    /// Whether every journal and stream takes what is written.
    var isWell: Bool { logs.allSatisfy(\.state.isOpen) && streams.streams.allSatisfy(\.logState.isOpen) }

    func health() -> [HealthCheck] {
        logs.enumerated().map { index, log in
            let name = logs.count == 1 ? "storage" : "storage-\(index)"
            let state = log.state
            guard state.isOpen else { return HealthCheck(name, .readiness, .fail, detail: state.description) }
            let used = log.shape.fileBytes
            if used > settings.bytesMaximum / 10 * 9 {
                let detail = "\(used) of storage.maximumBytes \(settings.bytesMaximum) bytes are in use"
                return HealthCheck(name, .readiness, .warn, detail: detail)
            }
            return HealthCheck(name, .readiness, .pass)
        }
            + streams.streams.map { stream in
                let name = "stream-\(stream.configuration.name)"
                let state = stream.logState
                return state.isOpen
                    ? HealthCheck(name, .readiness, .pass)
                    : HealthCheck(name, .readiness, .fail, detail: state.description)
            }
    }
}

/// The data directory was written by a server with more shards.
private struct ShardCountError: Error, CustomStringConvertible {
    var found: Int
    var expected: Int
    var directory: String

    var description: String {
        """
        data directory "\(directory)" holds the sessions of \(found) shards, expected at most gateway.shards, which \
        is \(expected); start with --set gateway.shards=\(found).
        """
    }
}

extension ServerStorage: MetricsSource {
    func collect(into snapshot: inout MetricsSnapshot) async {
        for log in logs {
            let shape = log.shape
            snapshot.add(StorageMetricNames.bytes, shape.fileBytes)
            snapshot.add(StorageMetricNames.segments, shape.segments)
            snapshot.add(StorageMetricNames.staged, shape.stagedBytes)
            snapshot.add(StorageMetricNames.records, shape.recordCount)
            snapshot.add(StorageMetricNames.commits, shape.commitCount)
            for label in ["open", "full", "read_only", "stalled", "failed", "closed"] {
                snapshot.add(StorageMetricNames.state, log.state.label == label ? 1 : 0, label)
            }
        }
        snapshot.add(StorageMetricNames.maximum, settings.bytesMaximum)
        for stream in streams.streams {
            let shape = stream.shape
            let name = stream.configuration.name
            snapshot.add(StorageMetricNames.streamBytes, shape.fileBytes, name)
            snapshot.add(StorageMetricNames.streamDropped, stream.eventsDropped, name)
            snapshot.add(StorageMetricNames.streamOpen, stream.logState.isOpen ? 1 : 0, name)
        }
    }
}
