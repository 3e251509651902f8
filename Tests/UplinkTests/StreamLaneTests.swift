import EventBus
import Foundation
import Journal
import JournalTesting
import MQTTWire
import Streams
import Synchronization
import Testing
import Uplink

/// A lane over a stream on a false disk. The site's file lies in a directory of its own.
private final class LaneHarness {
    let disk: SimulatedDisk
    let directory: String
    var catalogue: StreamCatalogue!
    private let drivers = Mutex<[Driver]>([])
    var settings = LaneSettings()
    private let bytesMaximum: UInt64

    final class Driver: CommitDriver, Sendable {
        let log: Log
        init(_ log: Log) { self.log = log }
        /// Everything is durable as soon as somebody asks for it.
        func requestCommit() { _ = log.commitOnce(now: 1_700_000_000_000) }
    }

    init(bytesMaximum: UInt64 = 64 << 20) throws {
        self.bytesMaximum = bytesMaximum
        disk = SimulatedDisk(seed: 1)
        directory =
            FileManager.default.temporaryDirectory.path + "/weir-lane-\(UInt64.random(in: 0...UInt64.max))"
        settings.name = "bulk"
        try open()
    }

    deinit { try? FileManager.default.removeItem(atPath: directory) }

    /// A power cut: what was not synced is gone.
    func restart() throws {
        disk.crash()
        try open()
    }

    func open() throws {
        var environment = StreamEnvironment(
            wallMilliseconds: { 1_700_000_000_000 },
            committer: { log in Driver(log) }
        )
        environment.disk = disk
        var stream = StreamConfiguration(name: "uplink.bulk", filters: ["plant/#"])
        stream.bytesMaximum = bytesMaximum
        stream.keepsHistory = false
        catalogue = try StreamCatalogue.open([stream], directory: "/streams", environment: environment)
            .catalogue
    }

    func lane() async throws -> StreamLane {
        var random = SystemRandomNumberGenerator()
        let file = try SiteFile(directory: directory, using: &random)
        return try await StreamLane(
            try #require(catalogue.stream(named: "uplink.bulk")),
            settings,
            site: file,
            using: &random
        )
    }

    func append(_ numbers: ClosedRange<Int>, size: Int = 0) throws {
        let stream = try #require(catalogue.stream(named: "uplink.bulk"))
        for number in numbers {
            let payload = Array("\(number)".utf8) + [UInt8](repeating: 32, count: size)
            try Array("plant/a".utf8).withUnsafeBytes { topic in
                try payload.withUnsafeBytes { payload in
                    let message = StoredMessage(
                        parts: PublishParts(topic: topic, payload: payload),
                        qos: .atLeastOnce,
                        retain: false,
                        ingestTime: Int64(number) * 1_000
                    )
                    _ = try stream.append(message, from: topic)
                }
            }
            stream.requestCommit()
        }
    }

    /// Reads everything there is as one batch.
    func batch(_ lane: StreamLane, after: UInt64? = nil) throws -> (header: BatchHeader, numbers: [Int]) {
        let builder = BatchTests.builder(after: after ?? lane.committed)
        while try lane.fill(builder, size: 1 << 20, now: 0) {}
        let decoded = try decode(builder.finish().bytes)
        let numbers = decoded.events.map { event in
            Int(String(decoding: event.payload, as: UTF8.self).split(separator: " ")[0]) ?? -1
        }
        return (decoded.header, numbers)
    }
}

@Suite struct StreamLaneTests {
    @Test func `a restart goes on behind what is stored`() async throws {
        let harness = try LaneHarness()
        let first = try await harness.lane()
        try harness.append(1...10)
        #expect(try harness.batch(first).numbers == Array(1...10))
        // Not stored: a restart reads it again.
        try harness.restart()
        let second = try await harness.lane()
        #expect(second.epoch == first.epoch && second.committed == 0)
        #expect(try harness.batch(second).numbers == Array(1...10))
        try second.commit(second.mark)
        try harness.append(11...12)
        try harness.restart()
        let third = try await harness.lane()
        #expect(third.epoch == first.epoch && third.committed == 10)
        let batch = try harness.batch(third)
        #expect(batch.numbers == [11, 12] && batch.header.after == 10 && batch.header.last == 12)
        #expect(third.backlog.events == 2)
    }

    @Test func `what the far side has already is passed over`() async throws {
        let harness = try LaneHarness()
        let lane = try await harness.lane()
        try harness.append(1...10)
        lane.skip(through: 7)
        let builder = BatchTests.builder(after: 7)
        _ = try lane.fill(builder, size: 1 << 20, now: 0)
        let decoded = try decode(builder.finish().bytes)
        #expect(decoded.events.map(\.sequence) == [8, 9, 10])
        #expect(decoded.header.dropped == 0)
    }

    @Test func `a log that was lost begins a new epoch`() async throws {
        let harness = try LaneHarness()
        let first = try await harness.lane()
        try harness.append(1...3)
        _ = try harness.batch(first)
        try first.commit(first.mark)
        let other = try LaneHarness()
        try FileManager.default.createDirectory(atPath: other.directory, withIntermediateDirectories: true)
        try FileManager.default.copyItem(
            atPath: harness.directory + "/site",
            toPath: other.directory + "/site"
        )
        let second = try await other.lane()
        #expect(second.epoch != first.epoch && second.committed == 0)
    }

    @Test func `what a limit took is counted`() async throws {
        let harness = try LaneHarness(bytesMaximum: 1 << 20)
        let lane = try await harness.lane()
        try harness.append(1...5)
        #expect(try harness.batch(lane).numbers == Array(1...5))
        try lane.commit(lane.mark)
        try harness.append(6...600, size: 8_000)
        let batch = try harness.batch(lane, after: 5)
        #expect(batch.header.after == 5 && batch.header.last == 600)
        #expect(batch.header.dropped > 0)
        #expect(batch.numbers.last == 600)
        #expect(UInt64(batch.numbers.count) + batch.header.dropped == 595)
    }
}
