import Foundation
import Journal
import Logging
import MQTTWire
import Streams
import Synchronization

/// Keeps what producers have published through crashes.
///
/// Every few seconds the marks go to a file, with a place in each stream: behind it stands everything that is not in
/// the marks. An opening reads the file, and the streams on from those places: an event names its producer in a user
/// property.
final class ProducerFile: Sendable {
    private struct Content: Codable {
        struct Producer: Codable {
            var id: String
            var owner: String
            var epoch: UInt64
            var sequence: UInt64
        }
        var streams: [String: LogPosition]
        var producers: [Producer]
    }

    private struct State {
        var tick: UInt64 = 0
        /// Durable ends of the streams, taken before each tick began.
        var places: [UInt64: [String: LogPosition]] = [:]
        var written: [UInt8] = []
    }

    private let path: String
    private let table: ProducerTable
    private let streams: StreamCatalogue
    private let logger: Logger
    private let state = Mutex(State())

    /// Reads what was known.
    ///
    /// - Throws: what is wrong with the file, or with reading a stream.
    init(directory: String, table: ProducerTable, streams: StreamCatalogue, logger: Logger) throws {
        path = directory + "/producers.json"
        self.table = table
        self.streams = streams
        self.logger = logger
        if FileManager.default.fileExists(atPath: path) {
            let data = try Data(contentsOf: URL(fileURLWithPath: path))
            try recover(try JSONDecoder().decode(Content.self, from: data))
        }
        save()
    }

    private func recover(_ content: Content) throws {
        for producer in content.producers {
            table.recover(
                .init(owner: producer.owner, id: producer.id),
                .init(epoch: producer.epoch, sequence: producer.sequence)
            )
        }
        for stream in streams.streams {
            let from = content.streams[stream.configuration.name] ?? stream.startPosition
            let reader = try stream.reader(from: .at(max(from, stream.startPosition)))
            while let entry = try reader.next() {
                guard let (key, mark) = Self.mark(in: entry.properties) else { continue }
                table.recover(key, mark)
            }
        }
    }

    /// Writes what changed since the last time. Blocks on the disk: not for a thread of others.
    func save() {
        state.withLock { state in
            // First the places, then the tick: whoever begins in the new tick appends behind them.
            var places: [String: LogPosition] = [:]
            for stream in streams.streams { places[stream.configuration.name] = stream.durablePosition }
            state.tick += 1
            state.places[state.tick] = places
            table.begin(tick: state.tick)
            let (marks, since) = table.all
            state.places = state.places.filter { $0.key >= since }
            let content = Content(
                streams: state.places[since] ?? [:],
                producers: marks.map { key, mark in
                    .init(id: key.id, owner: key.owner, epoch: mark.epoch, sequence: mark.sequence)
                }
            )
            let encoder = JSONEncoder()
            encoder.outputFormatting = .sortedKeys
            do {
                let bytes = [UInt8](try encoder.encode(content))
                guard bytes != state.written else { return }
                try DurableFile.replace(path, with: bytes)
                state.written = bytes
            } catch {
                logger.warning(
                    "producers not written",
                    metadata: ["file": "\(path)", "error.message": "\(error)"]
                )
            }
        }
    }

    /// The user property ``ProducerTable/property``: `ID EPOCH SEQUENCE OWNER`.
    private static func mark(in properties: UnsafeRawBufferPointer) -> (
        ProducerTable.Key, ProducerTable.Mark
    )? {
        var found: (ProducerTable.Key, ProducerTable.Mark)?
        UserProperties.forEach(in: properties) { name, value in
            guard name.isText("weir-producer") else { return }
            let parts = String(decoding: value, as: UTF8.self)
                .split(separator: " ", maxSplits: 3, omittingEmptySubsequences: false)
            guard parts.count == 4, let epoch = UInt64(parts[1]), let sequence = UInt64(parts[2]) else {
                return
            }
            found = (
                ProducerTable.Key(owner: String(parts[3]), id: String(parts[0])),
                ProducerTable.Mark(epoch: epoch, sequence: sequence)
            )
        }
        return found
    }
}
