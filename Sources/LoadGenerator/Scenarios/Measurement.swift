extension Engine {
    /// Runs the flow once to warm up and once to measure.
    ///
    /// - Parameter perAcknowledgement: what CPU and rate are told per: acknowledgements instead of deliveries.
    mutating func measure(
        _ name: String,
        options: RunOptions,
        rate: Double? = nil,
        perAcknowledgement: Bool = false
    ) throws -> ScenarioResult {
        let probe = try options.probe()
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
        let meter = Meter(probe)
        let before = counters
        let ownBefore = OwnTime.now()
        let limit = Limit(
            seconds: options.seconds,
            messages: options.messages,
            rate: rate,
            stallSeconds: options.stallSeconds
        )
        let (nanoseconds, _) = try run(limit)
        let own = OwnTime.now() - ownBefore
        let threads = meter.stop()
        progress.clear()

        var result = ScenarioResult(scenario: name)
        result.count(from: before, to: counters)
        result.unit = perAcknowledgement ? "acknowledgement" : "delivery"
        result.units = perAcknowledgement ? result.acknowledged : result.delivered
        result.spend(seconds: Clock.seconds(nanoseconds), threads: threads, own: own)
        result.latency = ScenarioResult.Latency(perAcknowledgement ? acknowledgeLatency : deliveryLatency)
        let reads = counters.reads - before.reads
        if reads > 0 { result.messagesPerRead = Double(result.units) / Double(reads) }
        result.judge(
            flow.check.verdict,
            unsettled: counters.published - min(counters.published, counters.settled)
        )
        return result
    }
}

extension ScenarioResult {
    mutating func count(from before: Engine.Counters, to after: Engine.Counters) {
        published = after.published - before.published
        delivered = after.delivered - before.delivered
        acknowledged = after.acknowledged - before.acknowledged
    }

    /// Takes over what the measured part cost; ``units`` is set already.
    mutating func spend(seconds: Double, threads: BrokerProbe.Threads?, own: UInt64) {
        self.seconds = seconds
        guard units > 0 else { return }
        generatorMicroseconds = Double(own) / 1000 / Double(units)
        guard let threads else { return }
        cpuMicroseconds = Double(threads.total) / 1000 / Double(units)
        threadShares = threads.nanoseconds.values.sorted(by: >)
            .map { Clock.seconds($0) / max(seconds, 0.000_001) }
            .filter { $0 >= 0.01 }
    }

    mutating func judge(_ verdict: DeliveryCheck.Verdict, unsettled: UInt64) {
        lost = verdict.lost &+ unsettled
        repeatedOrLate = verdict.repeatedOrLate
        foreign = verdict.foreign
    }
}
