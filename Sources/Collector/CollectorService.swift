internal import CLinux
internal import Glibc
package import MosquittoSink
package import Reactor
import Synchronization
import Uplink

/// A running collector: one thread speaks to the broker, another stores.
///
/// Batches wait between the two up to ``Settings/queueBytes``; when so many wait, nothing more is read from the
/// broker, which holds back in turn.
package final class CollectorService: Sendable {
    package struct Settings: Sendable {
        package var broker: MosquittoOptions
        package var prefix = "weir/v1"
        /// Collectors of one group share the batches.
        package var group = "collectors"
        package var queueBytes = 64 << 20
        /// Bytes that one transaction takes at most.
        package var transactionBytes = 2 << 20
        package var intake = BatchIntake.Settings()

        package init(broker: MosquittoOptions) { self.broker = broker }
    }

    package struct Observer: Sendable {
        package var onReady: @Sendable () -> Void = {}
        /// Something was stored; on the storing thread.
        package var onStored: @Sendable () -> Void = {}
        /// What an operator should read; the same thing is told once until it changes.
        package var onTrouble: @Sendable (String) -> Void = { _ in }
        package init() {}
    }

    private enum Incoming {
        case batch([UInt8])
        case hello(Hello)
    }

    private struct Queue {
        var incoming: [Incoming] = []
        var bytes = 0
        var outgoing: [BatchIntake.Reply] = []
        var isStopping = false
        var counters = BatchIntake.Counters()
        var isConnected = false
    }

    private let settings: Settings
    private let observer: Observer
    private let queue = Mutex(Queue())
    private let toStore: Int32
    private let toBroker: Int32
    private let threads = Mutex<Optional<Threads>>(nil)

    private struct Threads: ~Copyable {
        var broker: ReactorThread
        var store: ReactorThread

        consuming func join() {
            broker.join()
            store.join()
        }
    }

    private let box: DatabaseBox

    package init(
        _ settings: Settings,
        database: sending any CollectorDatabase,
        observer: Observer = Observer()
    ) throws(SystemError) {
        self.settings = settings
        self.observer = observer
        box = DatabaseBox(database)
        toStore = weir_eventfd()
        toBroker = weir_eventfd()
        guard toStore >= 0, toBroker >= 0 else { throw SystemError("eventfd") }
    }

    deinit {
        close(toStore)
        close(toBroker)
    }

    package func start() throws(SystemError) {
        try threads.withLock { threads throws(SystemError) in
            let store = try ReactorThread(name: "weir.store") { self.runStore() }
            threads = Threads(
                broker: try ReactorThread(name: "weir.collect") { self.runBroker() },
                store: store
            )
        }
    }

    /// Ends both threads. What was read and not stored is sent again by the sites.
    package func stop() {
        let running = threads.withLock { threads in threads.take() }
        guard let running else { return }
        queue.withLock { $0.isStopping = true }
        signal(toStore)
        signal(toBroker)
        running.join()
    }

    package var counters: BatchIntake.Counters { queue.withLock { $0.counters } }
    package var isConnected: Bool { queue.withLock { $0.isConnected } }

    private func signal(_ event: Int32) {
        var one: UInt64 = 1
        _ = write(event, &one, 8)
    }

    private func drain(_ event: Int32) {
        var count: UInt64 = 0
        _ = read(event, &count, 8)
    }

    // MARK: - Storing

    private func runStore() {
        let intake = BatchIntake(box.database, settings.intake)
        var trouble = ""
        while true {
            let (work, isStopping) = queue.withLock { queue in (takeGroup(&queue), queue.isStopping) }
            if isStopping { return }
            guard !work.isEmpty else {
                var descriptor = pollfd(fd: toStore, events: Int16(POLLIN), revents: 0)
                poll(&descriptor, 1, 1_000)
                drain(toStore)
                continue
            }
            // The broker's thread may wait for room.
            signal(toBroker)
            do {
                let replies = try store(work, intake)
                trouble = ""
                queue.withLock { queue in
                    queue.outgoing += replies
                    queue.counters = intake.counters
                }
                signal(toBroker)
                observer.onStored()
            } catch {
                if trouble != "\(error)" {
                    trouble = "\(error)"
                    observer.onTrouble("not stored, tried again: \(error)")
                }
                // Put back in front: order is kept, and the sites need not send it again.
                queue.withLock { queue in
                    queue.incoming.insert(contentsOf: work, at: 0)
                    queue.bytes += work.reduce(0) { $0 + Self.size($1) }
                }
                var descriptor = pollfd(fd: toStore, events: 0, revents: 0)
                poll(&descriptor, 1, 500)
            }
        }
    }

    /// What one transaction takes: a hello alone, or batches up to a bound.
    private func takeGroup(_ queue: inout Queue) -> [Incoming] {
        var (count, bytes) = (0, 0)
        for item in queue.incoming {
            guard case .batch(let message) = item else {
                if count == 0 { count = 1 }
                break
            }
            if count > 0, bytes + message.count > settings.transactionBytes { break }
            count += 1
            bytes += message.count
            if count == 16 { break }
        }
        let group = Array(queue.incoming.prefix(count))
        queue.incoming.removeFirst(count)
        queue.bytes -= group.reduce(0) { $0 + Self.size($1) }
        return group
    }

    private static func size(_ item: Incoming) -> Int {
        if case .batch(let message) = item { message.count } else { 1_024 }
    }

    private func store(_ work: [Incoming], _ intake: BatchIntake) throws -> [BatchIntake.Reply] {
        let now = Int64(clamping: MonotonicClock.wall() / 1_000_000)
        if case .hello(let hello) = work[0] { return try intake.hello(hello, now: now) }
        let messages = work.compactMap { item -> [UInt8]? in
            if case .batch(let message) = item { message } else { nil }
        }
        return try intake.store(messages, now: now)
    }

    // MARK: - The broker

    private func runBroker() {
        let connection = MosquittoConnection(settings.broker)
        let topics = UplinkTopics(prefix: settings.prefix)
        var random = SystemRandomNumberGenerator()
        var backoff = Backoff(shortest: .milliseconds(200), longest: .seconds(10))
        var retryAt: UInt64? = 0
        var subscriptions = 0
        var trouble = ""
        while true {
            let (replies, bytes, isStopping) = queue.withLock { queue in
                defer { queue.outgoing.removeAll() }
                return (queue.outgoing, queue.bytes, queue.isStopping)
            }
            if isStopping {
                connection.disconnect()
                return
            }
            for reply in replies {
                let topic = topics.answer(site: reply.site, instance: reply.instance)
                _ = reply.answer.encode().withUnsafeBytes { connection.publish(topic, $0, qos: 1) }
            }
            let now = MonotonicClock.now()
            if let at = retryAt, now >= at {
                retryAt = nil
                connection.connect()
            }
            let mayRead = bytes < settings.queueBytes
            wait(connection, mayRead, retryAt.map { $0 > now ? ($0 - now) / 1_000_000 + 1 : 0 } ?? 1_000)
            for event in connection.takeEvents() {
                switch event {
                case .connected:
                    // One subscription for all: shared by the collectors of the group.
                    subscriptions = 0
                    for filter in [topics.allBatches, topics.allHellos]
                    where connection.subscribe("$share/\(settings.group)/\(filter)", qos: 1) != nil {
                        subscriptions += 1
                    }
                case .subscribed(_, let granted):
                    guard granted else {
                        connection.disconnect()
                        retryAt = MonotonicClock.now() + backoff.next(using: &random)
                        observer.onTrouble(
                            "the broker refused a subscription; check the rights of this client"
                        )
                        break
                    }
                    subscriptions -= 1
                    guard subscriptions == 0 else { break }
                    backoff.succeeded()
                    trouble = ""
                    queue.withLock { $0.isConnected = true }
                    observer.onReady()
                case .disconnected(let reason):
                    queue.withLock { $0.isConnected = false }
                    retryAt = MonotonicClock.now() + backoff.next(using: &random)
                    if trouble != reason {
                        trouble = reason
                        observer.onTrouble("no broker: \(reason)")
                    }
                case .message(let message): take(message, topics)
                case .published: break
                }
            }
        }
    }

    private func take(_ message: MosquittoMessage, _ topics: UplinkTopics) {
        let item: Incoming
        if topics.isBatch(message.topic) {
            item = .batch(message.payload)
        } else {
            guard let hello = message.payload.withUnsafeBytes({ try? Hello(decoding: $0) }) else {
                observer.onTrouble("\"\(message.topic)\" is no sign of life, expected weir.uplink.v1.Hello")
                return
            }
            item = .hello(hello)
        }
        queue.withLock { queue in
            queue.incoming.append(item)
            queue.bytes += Self.size(item)
        }
        signal(toStore)
    }

    private func wait(_ connection: MosquittoConnection, _ mayRead: Bool, _ milliseconds: UInt64) {
        var wanted: Int32 = mayRead ? POLLIN : 0
        if connection.wantsToWrite { wanted |= POLLOUT }
        var descriptors = [
            pollfd(fd: toBroker, events: Int16(POLLIN), revents: 0),
            pollfd(fd: connection.descriptor, events: Int16(wanted), revents: 0),
        ]
        poll(&descriptors, 2, Int32(min(milliseconds, 1_000)))
        if descriptors[0].revents != 0 { drain(toBroker) }
        let ready = Int32(descriptors[1].revents)
        connection.turn(
            readable: mayRead && ready & (POLLIN | POLLERR | POLLHUP) != 0,
            writable: ready & POLLOUT != 0
        )
    }
}

/// A database by its URL.
package enum CollectorDatabases {
    /// - Parameter url: `sqlite:PATH`, or `postgresql://…`.
    package static func open(_ url: String) throws -> any CollectorDatabase {
        if url.hasPrefix("sqlite:") {
            return try SQLiteDatabase(path: String(url.dropFirst("sqlite:".count)))
        }
        if isPostgreSQL(url) { return try PostgreSQLDatabase(url: url) }
        throw DatabaseError("found database \"\(url)\", expected sqlite:PATH or postgresql://USER@HOST/NAME")
    }

    /// The sites that a database knows, without writing to it.
    package static func status(_ url: String) throws -> [SiteStatus] {
        if url.hasPrefix("sqlite:") {
            return try SQLiteDatabase.status(path: String(url.dropFirst("sqlite:".count)))
        }
        return try open(url).status()
    }

    private static func isPostgreSQL(_ url: String) -> Bool {
        url.hasPrefix("postgresql://") || url.hasPrefix("postgres://")
    }
}
