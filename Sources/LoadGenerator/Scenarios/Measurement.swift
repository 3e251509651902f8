import Dispatch
import Synchronization

/// What one thread of the generator saw of the measured part.
struct Share: Sendable {
    /// Deliveries or connects.
    var units: UInt64 = 0
    var published: UInt64 = 0
    var delivered: UInt64 = 0
    var acknowledged: UInt64 = 0
    var reads: UInt64 = 0
    /// From the first publish until the last settlement.
    var nanoseconds: UInt64 = 0
    /// CPU time of the thread.
    var ownNanoseconds: UInt64 = 0
    var latency = LatencyHistogram()
    var verdict = DeliveryCheck.Verdict()
    /// Messages that were published and had not settled when the run ended.
    var unsettled: UInt64 = 0
}

/// Where the generator's threads wait for each other once each has connected, subscribed and warmed up. The last
/// to come begins to measure the broker.
final class StartingGate: Sendable {
    private struct State {
        var arrived: Set<Int> = []
        var failure: LoadError?
        var meter: Meter?
    }

    private let count: Int
    private let probe: BrokerProbe?
    private let state = Mutex(State())
    private let opened = DispatchSemaphore(value: 0)

    init(count: Int, probe: BrokerProbe?) {
        self.count = count
        self.probe = probe
    }

    /// Waits for the others.
    ///
    /// - Throws: the failure of the first of them that gave up.
    func pass(_ thread: Int) throws {
        if !arrive(thread, nil) { opened.wait() }
        if let failure = state.withLock(\.failure) { throw failure }
    }

    /// Arrives in place of a thread that failed on its way here, so that the others need not wait for it.
    func giveUp(_ thread: Int, _ failure: LoadError) {
        if state.withLock({ !$0.arrived.contains(thread) }) { _ = arrive(thread, failure) }
    }

    /// The broker's CPU time since the gate opened.
    func spent() -> BrokerProbe.Threads? { state.withLock(\.meter)?.stop() }

    /// - Returns: whether this was the last, and the gate is open.
    private func arrive(_ thread: Int, _ failure: LoadError?) -> Bool {
        let isLast = state.withLock { state in
            state.arrived.insert(thread)
            if let failure, state.failure == nil { state.failure = failure }
            return state.arrived.count == count
        }
        guard isLast else { return false }
        let meter = Meter(probe)
        state.withLock { $0.meter = meter }
        for _ in 1..<max(2, count) { opened.signal() }
        return true
    }
}

extension RunOptions {
    /// Runs `body` for each of the generator's threads, and puts together what they saw.
    ///
    /// - Parameter body: gets the number of the thread, from 0, and passes the gate before what is measured.
    /// - Throws: the first failure.
    func measure(
        _ name: String,
        unit: String = "delivery",
        _ body: @escaping @Sendable (_ thread: Int, _ gate: StartingGate) throws -> Share
    ) throws -> ScenarioResult {
        let gate = StartingGate(count: threads, probe: try probe())
        let shares: [Share]
        if threads == 1 {
            shares = [try body(0, gate)]
        } else {
            let outcomes = Mutex<[Result<Share, LoadError>]>([])
            let group = DispatchGroup()
            for thread in 0..<threads {
                DispatchQueue(label: "weir-bench-\(thread)").async(group: group) {
                    let outcome: Result<Share, LoadError>
                    do {
                        outcome = .success(try body(thread, gate))
                    } catch {
                        let failure = error as? LoadError ?? LoadError("\(error)")
                        gate.giveUp(thread, failure)
                        outcome = .failure(failure)
                    }
                    outcomes.withLock { $0.append(outcome) }
                }
            }
            group.wait()
            shares = try outcomes.withLock { try $0.map { try $0.get() } }
        }
        let spent = gate.spent()
        var result = ScenarioResult(scenario: name)
        result.unit = unit
        result.add(shares, spent)
        return result
    }

    /// What a thread does of `total` things that all threads do together.
    func share(of total: Int, thread: Int) -> Range<Int> {
        total * thread / threads..<total * (thread + 1) / threads
    }

    /// These options for one of the threads: its share of window, messages and rate.
    func share(thread: Int) -> RunOptions {
        var own = self
        own.window = max(1, share(of: window, thread: thread).count)
        if messages != .max {
            own.messages = UInt64(share(of: Int(clamping: messages), thread: thread).count)
        }
        own.showsProgress = showsProgress && thread == 0
        return own
    }
}

extension Engine {
    /// Runs the flow once to warm up and, once all threads have, once to measure.
    mutating func measure(
        _ name: String,
        options: RunOptions,
        rate: Double? = nil,
        thread: Int,
        gate: StartingGate
    ) throws -> Share {
        if options.warmUpSeconds > 0 {
            let warmUp = Limit(
                seconds: options.warmUpSeconds,
                messages: options.messages,
                rate: rate,
                stallSeconds: options.stallSeconds
            )
            guard try run(warmUp).isSettled else {
                throw LoadError(
                    "\(name): \(counters.published - counters.settled) of \(counters.published) messages of the "
                        + "warm-up did not arrive in \(Int(options.stallSeconds)) s"
                )
            }
        }
        deliveryLatency.reset()
        acknowledgeLatency.reset()
        try gate.pass(thread)
        let before = counters
        let ownBefore = OwnTime.now()
        let limit = Limit(
            seconds: options.seconds,
            messages: options.messages,
            rate: rate,
            stallSeconds: options.stallSeconds
        )
        var share = Share()
        share.nanoseconds = try run(limit).nanoseconds
        share.ownNanoseconds = OwnTime.now() - ownBefore
        progress.clear()
        share.published = counters.published - before.published
        share.delivered = counters.delivered - before.delivered
        share.acknowledged = counters.acknowledged - before.acknowledged
        share.reads = counters.reads - before.reads
        share.units = share.delivered
        share.latency = deliveryLatency
        share.verdict = flow.check.verdict
        share.unsettled = counters.published - min(counters.published, counters.settled)
        return share
    }
}

extension ScenarioResult {
    /// Puts together what the generator's threads saw while the broker spent `threads`.
    mutating func add(_ shares: [Share], _ threads: BrokerProbe.Threads?) {
        var latency = LatencyHistogram()
        var verdict = DeliveryCheck.Verdict()
        for share in shares {
            units += share.units
            published += share.published
            delivered += share.delivered
            acknowledged += share.acknowledged
            latency.merge(share.latency)
            verdict.lost &+= share.verdict.lost
            verdict.repeatedOrLate += share.verdict.repeatedOrLate
            verdict.foreign += share.verdict.foreign
        }
        spend(
            seconds: Clock.seconds(shares.map(\.nanoseconds).max() ?? 0),
            threads: threads,
            own: shares.reduce(0) { $0 + $1.ownNanoseconds }
        )
        self.latency = Latency(latency)
        let reads = shares.reduce(0) { $0 + $1.reads }
        if reads > 0 { messagesPerRead = Double(units) / Double(reads) }
        judge(verdict, unsettled: shares.reduce(0) { $0 + $1.unsettled })
    }

    mutating func count(from before: Engine.Counters, to after: Engine.Counters) {
        published = after.published - before.published
        delivered = after.delivered - before.delivered
        acknowledged = after.acknowledged - before.acknowledged
    }

    mutating func judge(_ verdict: DeliveryCheck.Verdict, unsettled: UInt64) {
        lost = verdict.lost &+ unsettled
        repeatedOrLate = verdict.repeatedOrLate
        foreign = verdict.foreign
    }
}
