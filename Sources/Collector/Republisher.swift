internal import CLinux
internal import Glibc
package import MosquittoSink
package import Reactor
import Synchronization
import Uplink

/// Publishes what a collector stored, each event as an MQTT message of its own, for consumers that want it live.
///
/// Behind the database and never ahead of it: the cursor of each lane is in the database, so a restart goes on where
/// it was. Of several collectors one has a lane at a time. Each event goes out once, but for those that the broker had
/// not acknowledged when this process or its connection ended; the sequence in the user properties tells them.
package final class Republisher: Sendable {
    package struct Settings: Sendable {
        package var broker: MosquittoOptions
        package var prefix = "weir/v1"
        /// What this collector calls itself; no other may be called so.
        package var owner: String
        /// Events that are on their way at once, at most, and about so many bytes of payload.
        package var window = 1_000
        package var windowBytes = 8 << 20
        /// How long a lane is this collector's without another word.
        package var claim = Duration.seconds(10)

        package init(broker: MosquittoOptions, owner: String) {
            self.broker = broker
            self.owner = owner
        }
    }

    private struct State {
        var isStopping = false
        var published: UInt64 = 0
    }

    private let settings: Settings
    private let onTrouble: @Sendable (String) -> Void
    private let wakeUp: Int32
    private let state = Mutex(State())
    private let thread = Mutex<ReactorThread?>(nil)

    private let box: DatabaseBox

    /// - Parameter database: a connection of its own to what the collector writes.
    package init(
        _ settings: Settings,
        database: sending any CollectorDatabase,
        onTrouble: @escaping @Sendable (String) -> Void
    ) throws(SystemError) {
        self.settings = settings
        self.onTrouble = onTrouble
        box = DatabaseBox(database)
        wakeUp = weir_eventfd()
        guard wakeUp >= 0 else { throw SystemError("eventfd") }
    }

    deinit { close(wakeUp) }

    package func start() throws(SystemError) {
        try thread.withLock { thread throws(SystemError) in
            thread = try ReactorThread(name: "weir.republish") { self.run() }
        }
    }

    package func stop() {
        state.withLock { $0.isStopping = true }
        wake()
        let running = thread.withLock { thread in thread.take() }
        if let running { running.join() }
    }

    /// Something new is stored.
    package func wake() {
        var one: UInt64 = 1
        _ = write(wakeUp, &one, 8)
    }

    /// Events that the broker acknowledged.
    package var published: UInt64 { state.withLock { $0.published } }

    // MARK: - The thread

    private func run() {
        let work = Work(settings, box.database)
        var random = SystemRandomNumberGenerator()
        var backoff = Backoff(shortest: .milliseconds(200), longest: .seconds(10))
        var retryAt: UInt64? = 0
        var trouble = ""
        while !state.withLock({ $0.isStopping }) {
            if let at = retryAt, MonotonicClock.now() >= at {
                retryAt = nil
                work.connection.connect()
            }
            work.wait(for: wakeUp, milliseconds: retryAt == nil ? 1_000 : 100)
            do {
                let outcome = try work.step()
                if let reason = outcome.lost {
                    retryAt = MonotonicClock.now() + backoff.next(using: &random)
                    throw DatabaseError(reason)
                }
                if outcome.published > 0 {
                    backoff.succeeded()
                    trouble = ""
                    state.withLock { $0.published += outcome.published }
                }
            } catch {
                if trouble != "\(error)" {
                    trouble = "\(error)"
                    onTrouble("not published again for now: \(error)")
                }
            }
        }
        work.connection.disconnect()
    }

    /// What belongs to the thread.
    private final class Work {
        let connection: MosquittoConnection
        private let settings: Settings
        private let topics: UplinkTopics
        private let database: any CollectorDatabase
        private var isConnected = false
        /// Lanes that were there at the start, and how far: their past is not published.
        private var past: [Int64: UInt64]?
        /// What is on its way: one piece of one lane.
        private var unconfirmed: Set<Int32> = []
        private var piece: (lane: Int64, last: UInt64, count: UInt64)?
        /// Events of the next piece: few until it is known how large they are.
        private var limit = 32
        /// The lane behind the one that was served last has its turn first.
        private var nextLane = 0
        /// Lanes that are ours: how far they are published, and until when, in milliseconds since 1970.
        private var own: [Int64: (cursor: UInt64, until: Int64)] = [:]

        init(_ settings: Settings, _ database: any CollectorDatabase) {
            self.settings = settings
            self.database = database
            topics = UplinkTopics(prefix: settings.prefix)
            connection = MosquittoConnection(settings.broker)
        }

        func wait(for wakeUp: Int32, milliseconds: Int32) {
            let interest: Int32 = POLLIN | (connection.wantsToWrite ? POLLOUT : 0)
            var descriptors = [
                pollfd(fd: wakeUp, events: Int16(POLLIN), revents: 0),
                pollfd(fd: connection.descriptor, events: Int16(interest), revents: 0),
            ]
            poll(&descriptors, 2, milliseconds)
            if descriptors[0].revents != 0 {
                var count: UInt64 = 0
                _ = read(wakeUp, &count, 8)
            }
            let ready = Int32(descriptors[1].revents)
            connection.turn(
                readable: ready & (POLLIN | POLLERR | POLLHUP) != 0,
                writable: ready & POLLOUT != 0
            )
        }

        /// Takes what the connection says, and sends the next piece when the last one is through.
        func step() throws -> (published: UInt64, lost: String?) {
            var done: UInt64 = 0
            for event in connection.takeEvents() {
                switch event {
                case .connected: isConnected = true
                case .disconnected(let reason):
                    isConnected = false
                    // Sent again from the lane's cursor.
                    unconfirmed.removeAll()
                    piece = nil
                    return (done, "no broker: \(reason)")
                case .published(let id): unconfirmed.remove(id)
                case .message, .subscribed: break
                }
            }
            guard isConnected, unconfirmed.isEmpty else { return (done, nil) }
            if let sent = piece {
                try database.published(lane: sent.lane, by: settings.owner, to: sent.last)
                own[sent.lane]?.cursor = sent.last
                piece = nil
                done = sent.count
            }
            try sendNext()
            return (done, nil)
        }

        private func sendNext() throws {
            let sites = try database.status()
            let lanes = sites.flatMap { status in status.lanes.map { (status.site.name, $0) } }
            if past == nil {
                past = Dictionary(uniqueKeysWithValues: lanes.map { ($0.1.id, $0.1.coverage.watermark) })
            }
            let now = Int64(clamping: MonotonicClock.wall() / 1_000_000)
            for step in lanes.indices {
                let index = (nextLane + step) % lanes.count
                let (site, lane) = lanes[index]
                guard let cursor = try cursor(of: lane, now), cursor < lane.coverage.watermark else {
                    continue
                }
                let events = try database.events(
                    lane: lane.id,
                    after: cursor,
                    to: lane.coverage.watermark,
                    limit: limit
                )
                // What the site dropped or thinned out leaves no events.
                let last = events.count < limit ? lane.coverage.watermark : events.last?.sequence
                piece = (lane.id, last ?? lane.coverage.watermark, UInt64(events.count))
                send(events, of: lane, at: site)
                let bytes = events.reduce(0) { $0 + $1.payload.count }
                let average = max(1, bytes / max(1, events.count))
                limit = min(settings.window, max(1, settings.windowBytes / average))
                nextLane = index + 1
                return
            }
        }

        /// How far the lane is published; `nil` where there is nothing to do, or another collector does it.
        private func cursor(of lane: LaneRecord, _ now: Int64) throws -> UInt64? {
            let known = own[lane.id]
            if known?.cursor ?? 0 >= lane.coverage.watermark { return nil }
            // Half of the claim is left for the broker to answer in.
            if let known, known.until > now + settings.claim.milliseconds / 2 { return known.cursor }
            let until = now + settings.claim.milliseconds
            let cursor = try database.claim(
                lane: lane.id,
                for: settings.owner,
                now: now,
                until: until,
                start: past?[lane.id] ?? 0
            )
            own[lane.id] = cursor.map { ($0, until) }
            return cursor
        }

        private func send(_ events: [StoredEvent], of lane: LaneRecord, at site: String) {
            for event in events {
                let origin = EventOrigin(
                    site: site,
                    lane: lane.name,
                    epoch: lane.epoch,
                    sequence: event.sequence,
                    time: event.time,
                    source: event.source
                )
                let id = event.payload.withUnsafeBytes { payload in
                    connection.publish(
                        topics.event(site: site, topic: event.topic),
                        payload,
                        retain: event.retain,
                        event.properties.withUnsafeBytes { EventProperties($0) },
                        from: origin
                    )
                }
                if let id { unconfirmed.insert(id) }
            }
        }
    }
}
