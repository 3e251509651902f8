package import MECModel
import Synchronization

/// Runs the sources against the clock and hands what happened to the services.
///
/// This is all of the module that knows a clock and a task; everything behind it is machines. When the
/// sink's inbox is full a source waits with its batch: a simulation then lets time pass, a trace is
/// played later, MQTT messages are refused and counted.
package final class RadioFeed: Sendable {
    /// One source and the batch that the sink has not taken yet.
    private struct Lane: Sendable {
        var source: any RadioSource
        var batch: RadioBatch
        var isWaiting = false

        /// In place: a source is large, and a copy of it would copy all of its tables.
        mutating func advance(to now: RadioTime, warnings: inout FeedWarnings) {
            batch.removeAll()
            source.advance(to: now, into: &batch, warnings: &warnings)
        }
    }

    private struct State: Sendable {
        var lanes: [Lane]
        var ran: RanInput?
        var ranBatch: RadioBatch
        var warnings: FeedWarnings
        var owners = IndexOwners()
        var counters = Counters()
    }

    /// Totals since the start, for metrics.
    package struct Counters: Sendable, Hashable {
        /// Events that the sink took.
        package var events: UInt64 = 0
        /// Times the sink's inbox was full.
        package var refusals: UInt64 = 0
        /// MQTT messages dropped because of it.
        package var messagesDropped: UInt64 = 0
        /// What sources said and was not believed.
        package var warnings: [FeedWarning.Reason: UInt64] = [:]
    }

    private let state: Mutex<State>
    private let inventory: RadioInventory
    private let sink: any RadioFactSink
    private let clock: @Sendable () -> RadioTime
    private let log: @Sendable (FeedWarning) -> Void

    /// Opens files and sockets and prepares the scenarios; nothing moves before ``run()``.
    ///
    /// - Parameters:
    ///   - clock: The time; tests hand in their own.
    ///   - log: Gets the warnings that pass the rate limit, any thread.
    /// - Throws: ``RadioFeedError`` that names the source and what to do.
    package init(
        _ settings: RadioFeedSettings,
        inventory: RadioInventory,
        sink: any RadioFactSink,
        clock: @escaping @Sendable () -> RadioTime = SystemTime.now,
        log: @escaping @Sendable (FeedWarning) -> Void
    ) throws(RadioFeedError) {
        self.inventory = inventory
        self.sink = sink
        self.clock = clock
        self.log = log
        let sources = try RadioFeedSources.make(settings, inventory: inventory, start: clock())
        var lanes: [Lane] = []
        for source in sources {
            lanes.append(
                Lane(source: source, batch: RadioBatch(source: try Self.index(source.name, inventory)))
            )
        }
        state = Mutex(
            State(
                lanes: lanes,
                ran: settings.ran.map { RanInput($0, inventory: inventory) },
                ranBatch: RadioBatch(source: try Self.index("mqtt", inventory)),
                warnings: FeedWarnings(settings.warnings)
            )
        )
    }

    private static func index(_ name: String, _ inventory: RadioInventory) throws(RadioFeedError)
        -> SourceIndex
    {
        do { return try inventory.source(name) } catch { throw RadioFeedError("radio feed: \(error)") }
    }

    /// What to subscribe to for ``submit(topic:payload:client:)``; empty when MQTT is not read.
    package var filters: [String] { state.withLock { $0.ran?.filters ?? [] } }

    package var counters: Counters {
        state.withLock { state in
            var counters = state.counters
            counters.warnings = state.warnings.totals
            return counters
        }
    }

    /// Feeds until the task is cancelled.
    package func run() async {
        while !Task.isCancelled {
            let now = clock()
            let next = tick(at: now)
            // At least a millisecond, so that a clock in trouble does not spin; at most a quarter of a
            // second, for the silence of phones and for a sink that was full.
            let wait = max(1_000_000, min(250_000_000, next.nanoseconds(since: now)))
            do { try await Task.sleep(for: .nanoseconds(wait)) } catch { return }
        }
    }

    /// Does what is due and says when there is more.
    package func tick(at now: RadioTime) -> RadioTime {
        let (next, warnings) = state.withLock { state in
            var next = RadioTime(nanoseconds: .max)
            for lane in state.lanes.indices {
                advance(lane, at: now, &state)
                let due = state.lanes[lane].isWaiting ? nil : state.lanes[lane].source.nextTime
                next = min(next, due ?? RadioTime(nanoseconds: .max))
            }
            if state.ran != nil { advanceRan(at: now, &state) }
            return (next, state.warnings.take())
        }
        for warning in warnings { log(warning) }
        return next
    }

    /// Takes an MQTT message, at once.
    ///
    /// - Parameter client: The publisher's client identifier.
    package func submit(topic: String, payload: [UInt8], client: String) {
        let now = clock()
        let warnings = state.withLock { state in
            guard state.ran != nil else { return [FeedWarning]() }
            // What was refused goes first: it may hold the definitions that later facts point to.
            guard deliverRan(&state) else {
                state.counters.messagesDropped += 1
                state.warnings.report(
                    FeedWarning(
                        .full,
                        at: "client \(client.prefix(64))",
                        "the services' inbox is full; the message is dropped"
                    ),
                    at: now
                )
                return state.warnings.take()
            }
            state.ran?.receive(
                topic: topic,
                payload: payload,
                client: client,
                at: now,
                into: &state.ranBatch,
                warnings: &state.warnings
            )
            _ = deliverRan(&state)
            return state.warnings.take()
        }
        for warning in warnings { log(warning) }
    }

    // MARK: - Handing on

    private func advance(_ lane: Int, at now: RadioTime, _ state: inout State) {
        if state.lanes[lane].isWaiting {
            guard sink.accept(state.lanes[lane].batch) else {
                state.counters.refusals += 1
                return
            }
            accepted(state.lanes[lane].batch, &state)
            state.lanes[lane].isWaiting = false
        }
        guard let due = state.lanes[lane].source.nextTime, due <= now else { return }
        state.lanes[lane].advance(to: now, warnings: &state.warnings)
        guard !state.lanes[lane].batch.isEmpty else { return }
        if sink.accept(state.lanes[lane].batch) {
            accepted(state.lanes[lane].batch, &state)
        } else {
            state.counters.refusals += 1
            state.lanes[lane].isWaiting = true
        }
    }

    private func advanceRan(at now: RadioTime, _ state: inout State) {
        guard deliverRan(&state) else { return }
        state.ran?.advance(to: now, into: &state.ranBatch)
        _ = deliverRan(&state)
    }

    private func deliverRan(_ state: inout State) -> Bool {
        if state.ranBatch.isEmpty { return true }
        guard sink.accept(state.ranBatch) else {
            state.counters.refusals += 1
            return false
        }
        accepted(state.ranBatch, &state)
        state.ranBatch.removeAll()
        return true
    }

    private func accepted(_ batch: RadioBatch, _ state: inout State) {
        state.counters.events += UInt64(batch.count)
        state.owners.accepted(batch, inventory: inventory)
    }
}
