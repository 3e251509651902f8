/// Decides what the uplink does next. No clock, socket or disk: events in, actions out, so that the whole of it
/// runs in a simulation.
///
/// Times are nanoseconds of a clock that never jumps.
package final class UplinkMachine {
    package struct Lane: Sendable {
        package var name: String
        package var epoch: UInt64
        /// The last sequence known to be stored, 0 for none.
        package var committed: UInt64
        package var priority: Int
        /// 0…1
        package var share: Double

        package init(name: String, epoch: UInt64, committed: UInt64, priority: Int = 4, share: Double = 0.05)
        {
            self.name = name
            self.epoch = epoch
            self.committed = committed
            self.priority = priority
            self.share = share
        }
    }

    package enum Action: Sendable {
        case connect
        case disconnect(String)
        case hello(nonce: UInt64)
        case send(EncodedBatch, number: UInt64)
        /// Gather events of a lane, then call ``built(lane:_:mark:now:)`` or ``nothingToBuild(lane:lingerUntil:)``.
        /// - `size`: bytes before compression. `mustClose`: what there is has waited long enough.
        case build(lane: Int, size: Int, mustClose: Bool)
        /// The far side has everything of the lane up to here already.
        case skip(lane: Int, through: UInt64)
        /// Everything up to the mark is stored: the cursor may move there.
        case commit(lane: Int, mark: UInt64)
        case deadLetter(lane: Int, EncodedBatch, reason: String)
        case linkChanged(LinkMonitor.State)
    }

    private enum Connection: Equatable {
        case down(retryAt: UInt64)
        case connecting(since: UInt64)
        case up
    }

    /// Uncommitted batches of one lane that are kept in memory.
    private static let uncommittedMaximum = 32
    private static let connectTimeout: UInt64 = 15_000_000_000
    private static let resendShortest: UInt64 = 5_000_000_000
    private static let helloAgain: UInt64 = 2_000_000_000
    private static let resendLongest: UInt64 = 60_000_000_000

    private let settings: UplinkSettings
    package private(set) var link: LinkMonitor
    private(set) var lanes: [LaneQueue]
    private var scheduler: LaneScheduler
    private var sizer: BatchSizer
    private var bucket: TokenBucket
    private var backoff: Backoff
    private var random: any RandomNumberGenerator
    private var connection: Connection
    private var actions: [Action] = []
    private var nextNumber: UInt64 = 1
    private var helloAt: UInt64
    /// The sign of life that is not answered yet; `at` is when it was sent first, `again` when last.
    private var helloSent: (nonce: UInt64, at: UInt64, again: UInt64)?
    /// Whether the far side has said, on this connection, how far it is.
    private var isReady = false
    private var lastProgressAt: UInt64
    /// What the far side says of another site of this name; empty when there is none.
    package private(set) var conflict = ""
    package private(set) var connects: UInt64 = 0
    package private(set) var lastError = ""

    package init(
        _ settings: UplinkSettings,
        lanes: [Lane],
        random: any RandomNumberGenerator,
        now: UInt64
    ) {
        self.settings = settings
        self.random = random
        var link = LinkMonitor.Settings()
        link.offlineAfter = settings.offlineAfter
        link.degradedAfter = settings.offlineAfter / 4
        link.degradedRoundTrip = settings.degradedRoundTrip
        self.link = LinkMonitor(link, now: now)
        self.lanes = lanes.map { LaneQueue(name: $0.name, epoch: $0.epoch, committed: $0.committed) }
        scheduler = LaneScheduler(lanes.map { ($0.priority, $0.share) })
        sizer = BatchSizer(largest: settings.batchBytes, countMaximum: settings.inFlight)
        bucket = TokenBucket(rate: settings.rate, now: now)
        backoff = Backoff(shortest: settings.backoffShortest, longest: settings.backoffLongest)
        connection = .down(retryAt: now)
        helloAt = now
        lastProgressAt = now
    }

    // MARK: - What happened

    package func connected(now: UInt64) {
        guard case .connecting = connection else { return }
        connection = .up
        connects += 1
        link.connected(now)
        sizer.connected()
        isReady = false
        helloAt = now
        helloSent = nil
        lastProgressAt = now
        lastError = ""
    }

    package func disconnected(_ reason: String, now: UInt64) {
        guard !isDown else { return }
        connection = .down(retryAt: now + backoff.next(using: &random))
        lastError = reason
        link.disconnected(now)
        isReady = false
        helloSent = nil
        for lane in lanes.indices {
            for index in lanes[lane].batches.indices where lanes[lane].batches[index].state != .done {
                lanes[lane].batches[index].state = .waiting(0)
            }
        }
    }

    /// There are events in the lane that were not there before.
    package func dataArrived(lane: Int) { lanes[lane].hasData = true }

    package func hold(lane: Int, _ isHeld: Bool) { lanes[lane].isHeld = isHeld }

    package func setRate(_ rate: UInt64?, now: UInt64) { bucket.setRate(rate, now: now) }

    /// Caps one lane, bytes per second; `nil` takes the cap away.
    package func setRate(_ rate: UInt64?, lane: Int, now: UInt64) {
        lanes[lane].bucket.setRate(rate, now: now)
    }

    /// The answer to ``Action/build(lane:size:mustClose:)``.
    package func built(lane: Int, _ batch: EncodedBatch, mark: UInt64, now: UInt64) {
        sizer.built(bodySize: Int(batch.header.bodySize), wireSize: batch.bytes.count)
        lanes[lane].batches.append(OutgoingBatch(number: nextNumber, batch: batch, mark: mark))
        nextNumber += 1
        lanes[lane].lingerUntil = nil
        lanes[lane].dropped += batch.header.dropped
        lanes[lane].thinned += batch.header.thinned
    }

    /// The other answer: there is nothing, or what there is waits for company.
    package func nothingToBuild(lane: Int, lingerUntil: UInt64?) {
        lanes[lane].hasData = false
        lanes[lane].lingerUntil = lingerUntil
    }

    /// The next hop has the batch.
    package func accepted(number: UInt64, now: UInt64) {
        guard let (lane, index) = find(number), case .handed(let at) = lanes[lane].batches[index].state else {
            return
        }
        progress(now)
        let batch = lanes[lane].batches[index]
        sizer.accepted(size: batch.batch.bytes.count, handedAt: at, now: now)
        lanes[lane].batches[index].state = .accepted(resendAt: now + resendDelay(batch.attempts))
    }

    /// The batch is stored, says a sink whose next hop is the last.
    package func committed(number: UInt64, now: UInt64) {
        guard let (lane, index) = find(number) else { return }
        accepted(number: number, now: now)
        finish(lane, index, now)
        settle(lane)
    }

    /// A collector says something.
    package func answered(_ answer: Answer, now: UInt64) {
        guard connection == .up else { return }
        progress(now)
        if answer.nonce != 0, let hello = helloSent, hello.nonce == answer.nonce {
            link.answered(now, roundTrip: hello.at == hello.again ? now - min(now, hello.at) : nil)
            helloSent = nil
            welcomed(answer, now)
        }
        if !answer.conflict.isEmpty { conflict = answer.conflict }
        for outcome in answer.outcomes { take(outcome, now) }
        for lane in lanes.indices { settle(lane) }
    }

    /// Where a lane that was kept over a restart goes on, when the far side has more of it than the site knew.
    private func welcomed(_ answer: Answer, _ now: UInt64) {
        conflict = answer.conflict
        // Refused as the second of its name: no watermarks are told. Ask again later, send nothing until then.
        guard answer.conflict.isEmpty || !answer.watermarks.isEmpty else {
            isReady = false
            return
        }
        for watermark in answer.watermarks {
            guard
                let lane = lanes.firstIndex(where: {
                    $0.name == watermark.lane && $0.epoch == watermark.epoch
                })
            else { continue }
            guard watermark.sequence > lanes[lane].committed else { continue }
            let built = lanes[lane].batches.last?.batch.header.last ?? lanes[lane].committed
            for index in lanes[lane].batches.indices
            where lanes[lane].batches[index].batch.header.last <= watermark.sequence {
                finish(lane, index, now)
            }
            if watermark.sequence > built {
                actions.append(.skip(lane: lane, through: watermark.sequence))
                lanes[lane].committed = watermark.sequence
                lanes[lane].hasData = true
            }
        }
        if !isReady { backoff.succeeded() }
        isReady = true
    }

    private func take(_ outcome: Answer.Outcome, _ now: UInt64) {
        guard let lane = lanes.firstIndex(where: { $0.name == outcome.lane && $0.epoch == outcome.epoch }),
            let index = lanes[lane].batches.firstIndex(where: {
                $0.batch.header.after == outcome.after && $0.batch.header.last == outcome.last
            })
        else { return }
        let batch = lanes[lane].batches[index]
        guard batch.state != .done else { return }
        switch outcome.result {
        case .committed, .repeated:
            if case .handed = batch.state { accepted(number: batch.number, now: now) }
            finish(lane, index, now)
        case .refused where batch.isEmptied:
            finish(lane, index, now)
        case .refused:
            lanes[lane].deadLetters += UInt64(batch.batch.header.count)
            actions.append(.deadLetter(lane: lane, batch.batch, reason: outcome.reason))
            lanes[lane].batches[index].batch = batch.batch.emptied()
            lanes[lane].batches[index].isEmptied = true
            lanes[lane].batches[index].state = .waiting(now)
        case .again:
            lanes[lane].batches[index].state = .waiting(now + resendDelay(batch.attempts))
        case .conflict:
            conflict = outcome.reason
            lanes[lane].batches[index].state = .waiting(now)
            isReady = false
        }
    }

    private func finish(_ lane: Int, _ index: Int, _ now: UInt64) {
        let batch = lanes[lane].batches[index]
        guard batch.state != .done else { return }
        lanes[lane].batches[index].state = .done
        lanes[lane].lastCommitAt = now
        lanes[lane].committedBatches += 1
        lanes[lane].committedEvents += UInt64(batch.batch.header.count)
        lanes[lane].bodyBytes += UInt64(batch.batch.header.bodySize)
        link.answered(
            now,
            roundTrip: batch.attempts == 1 && batch.handedAt > 0 ? now - min(now, batch.handedAt) : nil
        )
    }

    /// Moves the cursor over the batches at the front that are stored.
    private func settle(_ lane: Int) {
        let count = lanes[lane].batches.prefix { $0.state == .done }.count
        guard count > 0 else { return }
        let newest = lanes[lane].batches[count - 1]
        lanes[lane].committed = max(lanes[lane].committed, newest.batch.header.last)
        lanes[lane].batches.removeFirst(count)
        actions.append(.commit(lane: lane, mark: newest.mark))
    }

    private func progress(_ now: UInt64) { lastProgressAt = now }

    private func find(_ number: UInt64) -> (lane: Int, index: Int)? {
        for lane in lanes.indices {
            if let index = lanes[lane].batches.firstIndex(where: { $0.number == number }) {
                return (lane, index)
            }
        }
        return nil
    }

    private var isDown: Bool {
        if case .down = connection { true } else { false }
    }

    /// Longer than a round trip is likely to take, and longer each time.
    private func resendDelay(_ attempts: Int) -> UInt64 {
        let base = max(Self.resendShortest, link.roundTrip &* 4)
        return min(Self.resendLongest, base << UInt64(min(max(attempts - 1, 0), 5)))
    }

    // MARK: - What to do

    /// The next thing to do, or `nil` until ``deadline(_:)`` or the next event.
    package func next(now: UInt64) -> Action? {
        if !actions.isEmpty { return actions.removeFirst() }
        if let state = link.evaluate(now) { return .linkChanged(state) }
        switch connection {
        case .down(let retryAt):
            guard now >= retryAt else { return nil }
            connection = .connecting(since: now)
            return .connect
        case .connecting(let since):
            guard now - since >= Self.connectTimeout else { return nil }
            return drop("no connection within \(Self.connectTimeout / 1_000_000_000) s", now)
        case .up:
            return nextWhileConnected(now)
        }
    }

    private func drop(_ reason: String, _ now: UInt64) -> Action {
        disconnected(reason, now: now)
        return .disconnect(reason)
    }

    private func nextWhileConnected(_ now: UInt64) -> Action? {
        if owesAnswer, now - lastProgressAt >= settings.offlineAfter.nanoseconds {
            return drop("nothing was answered for \(settings.offlineAfter.inSeconds) s", now)
        }
        if let oldest = oldestHanded, now - min(now, oldest) >= settings.offlineAfter.nanoseconds * 2 {
            // Other things were answered meanwhile, so the next hop has lost it: only a new connection tells.
            return drop("a batch was not accepted for \(settings.offlineAfter.inSeconds * 2) s", now)
        }
        if now >= helloAt, let nonce = hello(now) { return .hello(nonce: nonce) }
        guard isReady else { return nil }
        resendOverdue(now)
        return nextBatch(now)
    }

    /// The sign of life that is due: a new one, or again the one that was not answered.
    private func hello(_ now: UInt64) -> UInt64? {
        // Often while it matters, rarely when all is well.
        let isWell = link.state == .online && isReady
        helloAt = now + min(settings.heartbeat.nanoseconds, isWell ? .max : 1_000_000_000)
        if let sent = helloSent {
            guard now - sent.again >= max(Self.helloAgain, link.roundTrip &* 4) else { return nil }
            helloSent?.again = now
            return sent.nonce
        }
        if !owesAnswer { lastProgressAt = now }
        let nonce = UInt64.random(in: 1...UInt64.max, using: &random)
        helloSent = (nonce, now, now)
        link.asked(now)
        return nonce
    }

    private var owesAnswerBesidesHello: Bool {
        lanes.contains { lane in
            lane.batches.contains { batch in
                switch batch.state {
                case .handed, .accepted: true
                case .waiting, .done: false
                }
            }
        }
    }

    private var owesAnswer: Bool { helloSent != nil || owesAnswerBesidesHello }

    private func resendOverdue(_ now: UInt64) {
        for lane in lanes.indices {
            for index in lanes[lane].batches.indices {
                guard case .accepted(let resendAt) = lanes[lane].batches[index].state, now >= resendAt else {
                    continue
                }
                lanes[lane].batches[index].state = .waiting(now)
            }
        }
    }

    private func nextBatch(_ now: UInt64) -> Action? {
        guard handedCount < sizer.count, bucket.readyAt(now) <= now else { return nil }
        guard let lane = scheduler.pick({ isReady(lane: $0, now) }) else { return nil }
        if let index = firstWaiting(lane, now) { return send(lane, index, now) }
        let mustClose = lanes[lane].lingerUntil.map { now >= $0 } ?? false
        // Asked once: whoever builds says when to ask again.
        lanes[lane].hasData = true
        lanes[lane].lingerUntil = nil
        return .build(lane: lane, size: buildSize(lane), mustClose: mustClose)
    }

    private func buildSize(_ lane: Int) -> Int {
        guard let rate = [bucket.rate, lanes[lane].bucket.rate].compactMap(\.self).min() else {
            return sizer.bodySize
        }
        return min(sizer.bodySize, max(BatchSizer.smallest, Int(clamping: rate / 4)) * 4)
    }

    private func send(_ lane: Int, _ index: Int, _ now: UInt64) -> Action {
        let size = lanes[lane].batches[index].batch.bytes.count
        lanes[lane].batches[index].state = .handed(now)
        lanes[lane].batches[index].handedAt = now
        lanes[lane].batches[index].attempts += 1
        if lanes[lane].batches[index].attempts > 1 {
            lanes[lane].resent += 1
        } else {
            lanes[lane].sentEvents += UInt64(lanes[lane].batches[index].batch.header.count)
        }
        lanes[lane].wireBytes += UInt64(size)
        bucket.take(size, now: now)
        lanes[lane].bucket.take(size, now: now)
        scheduler.sent(size, by: lane) { isReady(lane: $0, now) }
        link.asked(now)
        if handedCount == 1 { lastProgressAt = max(lastProgressAt, now) }
        return .send(lanes[lane].batches[index].batch, number: lanes[lane].batches[index].number)
    }

    private var oldestHanded: UInt64? {
        var oldest: UInt64?
        for lane in lanes {
            for batch in lane.batches {
                if case .handed(let at) = batch.state { oldest = min(oldest ?? at, at) }
            }
        }
        return oldest
    }

    private var handedCount: Int {
        var count = 0
        for lane in lanes {
            for batch in lane.batches {
                if case .handed = batch.state { count += 1 }
            }
        }
        return count
    }

    private func isReady(lane: Int, _ now: UInt64) -> Bool {
        if lanes[lane].isHeld || lanes[lane].bucket.readyAt(now) > now { return false }
        if firstWaiting(lane, now) != nil { return true }
        guard lanes[lane].batches.count < Self.uncommittedMaximum else { return false }
        return lanes[lane].hasData || lanes[lane].lingerUntil.map { now >= $0 } ?? false
    }

    private func firstWaiting(_ lane: Int, _ now: UInt64) -> Int? {
        lanes[lane].batches.firstIndex { batch in
            if case .waiting(let at) = batch.state { at <= now } else { false }
        }
    }

    /// Whether ``next(now:)`` has something that was decided already.
    var hasActions: Bool { !actions.isEmpty }

    /// When to call ``next(now:)`` again if nothing happens before; at most a second from now.
    package func deadline(_ now: UInt64) -> UInt64 {
        var time = now + 1_000_000_000
        func consider(_ other: UInt64) { if other > now { time = min(time, other) } }
        if case .down(let retryAt) = connection { consider(retryAt) }
        consider(helloAt)
        consider(bucket.readyAt(now))
        for index in lanes.indices {
            consider(lanes[index].bucket.readyAt(now))
            let lane = lanes[index]
            if let until = lane.lingerUntil { consider(until) }
            for batch in lane.batches {
                switch batch.state {
                case .accepted(let at), .waiting(let at): consider(at)
                case .handed, .done: break
                }
            }
        }
        return time
    }
}
