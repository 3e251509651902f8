import EventBus
import Journal
import JournalTesting
import MQTTWire
import Streams
import Synchronization
import Testing

/// Streams on a false disk with a clock of the test's own; commits happen when the test says so.
final class StreamHarness: Sendable {
    let disk: SimulatedDisk
    let drivers = Mutex<[ManualDriver]>([])
    let milliseconds = Mutex<UInt64>(1_700_000_000_000)

    init(seed: UInt64 = 1) { disk = SimulatedDisk(seed: seed) }

    func open(_ configured: [StreamConfiguration]) throws -> StreamCatalogue {
        drivers.withLock { $0.removeAll() }
        var environment = StreamEnvironment(
            wallMilliseconds: { self.milliseconds.withLock { $0 } },
            committer: { log in
                let driver = ManualDriver(log)
                self.drivers.withLock { $0.append(driver) }
                return driver
            }
        )
        environment.disk = disk
        return try StreamCatalogue.open(configured, directory: "/streams", environment: environment).catalogue
    }

    func commit() {
        for driver in drivers.withLock({ $0 }) {
            _ = driver.log.commitOnce(now: milliseconds.withLock { $0 })
        }
    }

    func append(_ stream: DurableStream, _ topic: String, _ payload: String, source: String = "device") throws
        -> LogPosition
    {
        let ingest = Int64(milliseconds.withLock { $0 }) * 1_000_000
        var (topic, payload, source) = (topic, payload, source)
        var result: Result<LogPosition, AppendRefusal> = .failure(.invalid)
        topic.withUTF8 { topic in
            payload.withUTF8 { payload in
                source.withUTF8 { source in
                    let message = StoredMessage(
                        parts: PublishParts(
                            topic: UnsafeRawBufferPointer(topic),
                            payload: UnsafeRawBufferPointer(payload)
                        ),
                        qos: .atLeastOnce,
                        retain: false,
                        ingestTime: ingest
                    )
                    do throws(AppendRefusal) {
                        result = .success(try stream.append(message, from: UnsafeRawBufferPointer(source)))
                    } catch {
                        result = .failure(error)
                    }
                }
            }
        }
        return try result.get()
    }
}

final class ManualDriver: CommitDriver, Sendable {
    let log: Log

    init(_ log: Log) { self.log = log }

    func requestCommit() {}
}

extension StreamReader {
    /// Everything there is, as text.
    func payloads() throws -> [String] {
        var all: [String] = []
        while let entry = try next() { all.append(String(decoding: entry.payload, as: UTF8.self)) }
        return all
    }
}
