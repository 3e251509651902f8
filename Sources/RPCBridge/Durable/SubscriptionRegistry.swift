import Access
import Bus
import Foundation
import Journal
import Logging
import MQTTWire
import NIOCore
import Streams
import Synchronization

/// All durable subscriptions: made, found, listed, deleted; kept in one file, their cursors in their streams.
final class SubscriptionRegistry: Sendable {
    private struct Key: Hashable, Comparable {
        var owner: String
        var name: String
        static func < (a: Key, b: Key) -> Bool { (a.owner, a.name) < (b.owner, b.name) }
    }

    private struct State {
        var definitions: [Key: Weir_Bus_V1_DurableSubscription] = [:]
        var open: [Key: DurableSubscription] = [:]
    }

    private let state = Mutex(State())
    private let path: String
    private let streams: StreamCatalogue
    private let settings: RPCSettings
    private let eventLoop: any EventLoop
    private let bus: @Sendable () throws(BusError) -> any Bus
    private let logger: Logger
    private let acknowledgements: AcknowledgementLog

    /// Reads what the server knew.
    ///
    /// - Parameter bus: where dead letters are published.
    /// - Throws: what is wrong with the file.
    init(
        directory: String,
        streams: StreamCatalogue,
        settings: RPCSettings,
        eventLoop: any EventLoop,
        logger: Logger,
        bus: @escaping @Sendable () throws(BusError) -> any Bus
    ) throws {
        path = directory + "/subscriptions.binpb"
        self.streams = streams
        self.settings = settings
        self.eventLoop = eventLoop
        self.logger = logger
        self.bus = bus
        try FileManager.default.createDirectory(
            atPath: directory,
            withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o700]
        )
        var definitions: [Key: Weir_Bus_V1_DurableSubscription] = [:]
        if FileManager.default.fileExists(atPath: path) {
            let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
            let list = try Weir_Bus_V1_ListSubscriptionsResponse(serializedBytes: bytes)
            for definition in list.subscriptions {
                definitions[Key(owner: definition.owner, name: definition.name)] = definition
            }
        }
        acknowledgements = try AcknowledgementLog(
            directory: directory,
            cursors: Set(
                definitions.keys.map { DurableSubscription.cursorName(owner: $0.owner, name: $0.name) }
            ),
            logger: logger
        )
        state.withLock { $0.definitions = definitions }
    }

    // MARK: - Finding

    func subscription(_ name: String, for identity: Identity) throws -> DurableSubscription {
        let key = Key(owner: identity.name ?? "", name: name)
        return try state.withLock { state in
            if let open = state.open[key] { return open }
            guard let definition = state.definitions[key] else { throw CallRefusal.unknownSubscription(name) }
            guard let stream = streams.stream(named: definition.stream) else {
                throw CallRefusal(
                    .failedPrecondition,
                    .noStream,
                    "stream \"\(definition.stream)\" of durable subscription \"\(name)\" is gone",
                    metadata: ["stream": definition.stream]
                )
            }
            let cursorName = DurableSubscription.cursorName(owner: key.owner, name: name)
            let position = stream.cursor(cursorName) ?? definition.acknowledged.position
            let opened = try open(definition, stream, at: position, for: identity)
            state.open[key] = opened
            return opened
        }
    }

    private func open(
        _ definition: Weir_Bus_V1_DurableSubscription,
        _ stream: DurableStream,
        at position: LogPosition,
        for identity: Identity
    ) throws -> DurableSubscription {
        let (bus, logger) = (bus, logger)
        return try DurableSubscription(
            definition,
            try Self.filters(definition.filters),
            in: stream,
            at: position,
            for: identity,
            eventLoop: eventLoop,
            acknowledgements: acknowledgements
        ) { event in
            do {
                _ = try await bus().publishDurably([event])
                return true
            } catch {
                logger.warning(
                    "dead letter not published",
                    metadata: ["subscription.name": "\(definition.name)", "error.message": "\(error)"]
                )
                return false
            }
        }
    }

    static func filters(_ texts: [String]) throws -> [TopicFilter] {
        guard (1...100).contains(texts.count) else {
            throw CallRefusal.bad("filters", "found \(texts.count), expected 1 to 100")
        }
        return try texts.map { text in
            do throws(WireError) {
                let filter = try TopicFilter(text)
                if !filter.isShared { return filter }
            } catch {
                throw CallRefusal(
                    .invalidArgument,
                    .badFilter,
                    "filter \"\(text)\": \(error.message)",
                    metadata: ["filter": text],
                    field: "filters"
                )
            }
            throw CallRefusal(
                .invalidArgument,
                .badFilter,
                "filter \"\(text)\": expected one without $share; use \"group\"",
                metadata: ["filter": text],
                field: "filters"
            )
        }
    }

    // MARK: - Making and deleting

    func create(
        _ wish: Weir_Bus_V1_DurableSubscription,
        from start: Weir_Bus_V1_Start,
        for identity: Identity
    ) async throws -> DurableSubscription {
        let filters = try check(wish, identity)
        let key = Key(owner: identity.name ?? "", name: wish.name)
        var definition = Weir_Bus_V1_DurableSubscription.with {
            $0.name = wish.name
            $0.filters = wish.filters
            $0.shared = wish.shared
            $0.maxDeliveries = wish.maxDeliveries
            $0.deadLetterTopic = wish.deadLetterTopic
            $0.ackTimeoutSeconds = wish.ackTimeoutSeconds == 0 ? 60 : wish.ackTimeoutSeconds
            $0.owner = key.owner
        }
        if let known = state.withLock({ $0.definitions[key] }) {
            var same = known
            same.stream = ""
            same.clearAcknowledged()
            guard same == definition else {
                throw CallRefusal(
                    .alreadyExists,
                    .subscriptionExists,
                    "there is a durable subscription \"\(wish.name)\" already, with other settings",
                    metadata: ["subscription": wish.name]
                )
            }
            return try subscription(wish.name, for: identity)
        }
        guard state.withLock({ $0.definitions.count }) < settings.maximumSubscriptions else {
            throw CallRefusal(
                .resourceExhausted,
                .overQuota,
                "there are \(settings.maximumSubscriptions) durable subscriptions, as many as rpc.maximumSubscriptions allows"
            )
        }
        let stream = try await stream(covering: filters, key)
        let position = try stream.reader(from: start).position
        definition.stream = stream.configuration.name
        definition.acknowledged = .of(stream, position)
        let opened = try open(definition, stream, at: position, for: identity)
        do {
            try stream.setCursor(
                DurableSubscription.cursorName(owner: key.owner, name: key.name),
                to: position
            )
        } catch {
            throw CallRefusal(.unavailable, .storage, "the stream refuses a cursor: \(error)")
        }
        await stream.flush()
        try state.withLock { state in
            state.definitions[key] = definition
            state.open[key] = opened
            do { try write(state) } catch {
                state.definitions[key] = nil
                state.open[key] = nil
                throw error
            }
        }
        return opened
    }

    private func check(
        _ wish: Weir_Bus_V1_DurableSubscription,
        _ identity: Identity
    ) throws -> [TopicFilter] {
        let allowed = Set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")
        guard (1...64).contains(wish.name.count), wish.name.allSatisfy(allowed.contains) else {
            throw CallRefusal.bad(
                "subscription.name",
                "found \"\(wish.name)\", expected 1 to 64 of letters, digits, \".\", \"_\", \"-\""
            )
        }
        guard wish.ackTimeoutSeconds <= 86_400 else {
            throw CallRefusal.bad("subscription.ack_timeout_seconds", "expected at most a day")
        }
        if !wish.deadLetterTopic.isEmpty {
            let utf8 = Array(wish.deadLetterTopic.utf8)
            do throws(WireError) {
                try TopicName.validate(utf8.span.bytes, 0..<utf8.count)
            } catch {
                throw CallRefusal.bad("subscription.dead_letter_topic", error.message)
            }
            guard identity.mayPublish(wish.deadLetterTopic) else {
                throw CallRefusal(BusError.notAuthorized(topic: wish.deadLetterTopic))
            }
        }
        let filters = try Self.filters(wish.filters)
        for filter in filters where identity.subscription(filter.text) == .denied {
            throw CallRefusal.filterNotAllowed(filter.text)
        }
        return filters
    }

    private func stream(covering filters: [TopicFilter], _ key: Key) async throws -> DurableStream {
        // A queue keeps nothing for those who come later; what others made for themselves neither.
        if let stream = streams.stream(covering: filters), stream.configuration.keepsHistory { return stream }
        var configuration = StreamConfiguration(
            name: Self.streamName(key.owner, key.name),
            filters: filters.map(\.text)
        )
        configuration.bytesMaximum = settings.subscriptionStreamBytes
        configuration.keepsHistory = false
        do throws(StreamError) {
            return try await streams.create(configuration)
        } catch {
            throw CallRefusal(.unavailable, .storage, "no stream could be made: \(error)")
        }
    }

    /// Names of streams are narrower than those of subscriptions: others are told apart by a number made of them.
    private static func streamName(_ owner: String, _ name: String) -> String {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in "\(owner)/\(name)".utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
        let plain = name.lowercased().prefix(40)
        return "rpc-\(plain)-\(String(hash, radix: 16))"
    }

    func delete(_ name: String, for identity: Identity) async throws {
        let key = Key(owner: identity.name ?? "", name: name)
        let (definition, open) = try state.withLock { state in
            guard let definition = state.definitions.removeValue(forKey: key) else {
                throw CallRefusal.unknownSubscription(name)
            }
            do { try write(state) } catch {
                state.definitions[key] = definition
                throw error
            }
            return (definition, state.open.removeValue(forKey: key))
        }
        open?.delete()
        let cursorName = DurableSubscription.cursorName(owner: key.owner, name: name)
        acknowledgements.forget(cursorName)
        guard let stream = streams.stream(named: definition.stream) else { return }
        if stream.isConfigured || stream.configuration.name != Self.streamName(key.owner, name) {
            try? stream.removeCursor(cursorName)
            await stream.flush()
        } else {
            do {
                try await streams.remove(named: definition.stream)
            } catch {
                logger.warning("stream not removed", metadata: ["error.message": "\(error)"])
            }
        }
    }

    /// - Parameter after: name behind which to go on.
    func list(
        for identity: Identity,
        after: String,
        limit: Int
    ) -> (list: [Weir_Bus_V1_DurableSubscription], next: String) {
        let owner = identity.name ?? ""
        let names = state.withLock { state in
            state.definitions.keys.filter { $0.owner == owner && $0.name > after }.sorted().map(\.name)
        }
        let page = names.prefix(limit).compactMap { try? subscription($0, for: identity).report }
        return (page, names.count > limit ? names[limit - 1] : "")
    }

    /// Replaces the file at once: after a crash it is the old one or the new one.
    private func write(_ state: borrowing State) throws {
        let list = Weir_Bus_V1_ListSubscriptionsResponse.with {
            $0.subscriptions = state.definitions.sorted { $0.key < $1.key }.map(\.value)
        }
        do {
            try DurableFile.replace(path, with: try list.serializedBytes())
        } catch {
            throw CallRefusal(
                .unavailable,
                .storage,
                "\"\(path)\" cannot be written: \(error)"
            )
        }
    }
}
