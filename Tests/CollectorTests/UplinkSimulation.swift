import Collector
import JournalTesting
import Testing
import Uplink

/// A site, a link and two collectors over one database, with a clock of their own and all kinds of trouble, decided
/// by a seed: what the link loses, doubles and reorders; a link that is cut, or takes everything and brings nothing;
/// a site that dies with cursors that were not kept; a collector that dies before or after its commit; wall clocks that
/// jump.
final class UplinkSimulation {
    private struct Flight {
        var at: UInt64
        var bytes: [UInt8]
        var isHello: Bool
    }

    private struct Site {
        var machine: UplinkMachine
        var builders: [BatchBuilder]
        /// How many events of each lane were read.
        var read: [Int]
    }

    static let lanes = ["alarms", "bulk"]
    private static let millisecond: UInt64 = 1_000_000

    private var random: SimulatedRandom
    private let settings: UplinkSettings
    private let instance = SiteInstance(repeating: 9)
    private var now: UInt64 = 1_000_000_000
    /// What the wall clocks of site and cloud show beside that, in nanoseconds; both jump.
    private var siteClock: Int64 = 1_700_000_000_000_000_000
    private var cloudClock: Int64 = 1_700_000_000_000_000_000
    private var site: Site
    private let database = MemoryDatabase()
    private var intake: BatchIntake
    /// The lanes' logs, which survive, and the cursors, of which the newest may be lost with the site.
    private var logs: [[String]]
    private var keptCursors: [[Int]]
    private var toCloud: [Flight] = []
    private var toSite: [(at: UInt64, answer: Answer)] = []
    private var accepts: [(at: UInt64, number: UInt64)] = []
    private var connectsAt: UInt64?
    private var linkIsUp = true
    private var isSilent = false
    private(set) var troubles: [String: Int] = [:]

    init(seed: UInt64) {
        random = SimulatedRandom(seed: seed)
        var settings = UplinkSettings()
        settings.offlineAfter = .seconds(5)
        settings.heartbeat = .seconds(2)
        settings.backoffShortest = .milliseconds(200)
        settings.backoffLongest = .seconds(2)
        settings.inFlight = Int(random.next() % 8) + 1
        self.settings = settings
        logs = Self.lanes.map { _ in [] }
        keptCursors = Self.lanes.map { _ in [0] }
        intake = BatchIntake(database)
        site = Self.makeSite(settings, instance, committed: [0, 0], seed: seed, now: now)
    }

    private static func makeSite(
        _ settings: UplinkSettings,
        _ instance: SiteInstance,
        committed: [Int],
        seed: UInt64,
        now: UInt64
    ) -> Site {
        Site(
            machine: UplinkMachine(
                settings,
                lanes: zip(lanes, committed).map { name, committed in
                    .init(
                        name: name,
                        epoch: 77,
                        committed: UInt64(committed),
                        priority: name == "alarms" ? 9 : 1
                    )
                },
                random: SimulatedRandom(seed: seed),
                now: now
            ),
            builders: zip(lanes, committed).map { name, committed in
                BatchBuilder(
                    site: "site",
                    instance: instance,
                    lane: name,
                    epoch: 77,
                    after: UInt64(committed)
                )
            },
            read: committed
        )
    }

    private func note(_ trouble: String) { troubles[trouble, default: 0] += 1 }

    /// Runs with trouble until `count` events were published, then without until all is stored.
    func run(events count: Int) -> [String] {
        var published = 0
        while published < count {
            published += publish(atMost: count - published)
            makeTrouble()
            step()
        }
        linkIsUp = true
        isSilent = false
        database.beforeCommit = {}
        let end = now + 300_000 * Self.millisecond
        while now < end, !isDone { step() }
        return problems()
    }

    private var isDone: Bool {
        zip(keptCursors, logs).allSatisfy { cursors, log in cursors.last == log.count }
    }

    private func problems() -> [String] {
        var problems: [String] = []
        for (lane, log) in zip(Self.lanes, logs) {
            let stored = database.payloads(lane: lane)
            if stored != log {
                problems.append(
                    "\(lane): \(stored.count) stored, \(log.count) published, or in another order"
                )
            }
        }
        if !isDone {
            problems.append(
                "cursors at \(keptCursors.map { $0.last ?? 0 }), logs end at \(logs.map(\.count))"
            )
        }
        if database.violations > 0 { problems.append("\(database.violations) rows inserted twice") }
        for lane in database.lanes where lane.coverage.ranges.count > 1 || lane.coverage.missing > 0 {
            problems.append("\(lane.name): covered \(lane.coverage.ranges)")
        }
        return problems
    }

    // MARK: - Trouble

    private func publish(atMost limit: Int) -> Int {
        guard random.oneIn(2) else { return 0 }
        let count = min(limit, Int(random.next() % 12))
        for _ in 0..<count {
            let lane = random.oneIn(10) ? 0 : 1
            logs[lane].append("\(Self.lanes[lane])-\(logs[lane].count)")
            site.machine.dataArrived(lane: lane)
        }
        return count
    }

    private func makeTrouble() {
        if random.oneIn(150) {
            linkIsUp.toggle()
            note("cut")
            // A cut that is seen at once, or only by silence.
            if !linkIsUp, random.oneIn(2) { site.machine.disconnected("cut", now: now) }
        }
        if random.oneIn(250) {
            // Up to a day, either way.
            let jump = (Int64(random.next() % 172_800) - 86_400) * 1_000_000_000
            if random.oneIn(2) { siteClock += jump } else { cloudClock += jump }
            note("clock")
        }
        if random.oneIn(300) {
            isSilent.toggle()
            note("silent")
        }
        if random.oneIn(250) { killSite() }
        if random.oneIn(200) {
            // The collector's memory goes, and with it what it has read and not stored.
            intake = BatchIntake(database)
            toCloud.removeAll { _ in random.oneIn(2) }
            note("collector killed")
        }
        database.beforeCommit = {}
        if random.oneIn(10) {
            note("commit failed")
            database.beforeCommit = { throw DatabaseError("no") }
        }
    }

    private func killSite() {
        note("site killed")
        let committed = keptCursors.map { cursors -> Int in
            // Newest cursor records may not have reached the disk.
            let lost = Int(random.next() % 3)
            return cursors[max(0, cursors.count - 1 - lost)]
        }
        keptCursors = committed.map { [$0] }
        accepts.removeAll()
        toSite.removeAll()
        connectsAt = nil
        site = Self.makeSite(settings, instance, committed: committed, seed: random.next(), now: now)
    }

    // MARK: - One step of time

    private func step() {
        now += (random.next() % 40 + 1) * Self.millisecond
        deliverToSite()
        for _ in 0..<20 {
            guard let action = site.machine.next(now: now) else { break }
            perform(action)
        }
        deliverToCloud()
    }

    private func perform(_ action: UplinkMachine.Action) {
        switch action {
        case .connect:
            if linkIsUp {
                connectsAt = now + 30 * Self.millisecond
            } else if random.oneIn(2) {
                site.machine.disconnected("refused", now: now)
            }
        case .disconnect:
            connectsAt = nil
            accepts.removeAll()
            toSite.removeAll()
        case .hello(let nonce):
            var hello = Hello(site: "site", instance: instance, nonce: nonce)
            hello.lanes = Self.lanes.indices.map { .init(lane: Self.lanes[$0], epoch: 77, committed: 0) }
            launch(hello.encode(), isHello: true)
        case .send(let batch, let number):
            launch(batch.bytes, isHello: false)
            if linkIsUp, !isSilent { accepts.append((now + 40 * Self.millisecond, number)) }
        case .build(let lane, let size, _): build(lane, size)
        case .skip(let lane, let sequence):
            site.read[lane] = max(site.read[lane], Int(sequence))
            site.builders[lane].restart(after: sequence)
            note("skipped")
        case .commit(let lane, let mark):
            if Int(mark) < (keptCursors[lane].last ?? 0) { note("cursor went back") }
            keptCursors[lane].append(Int(mark))
        case .deadLetter: note("dead letter")
        case .linkChanged: break
        }
    }

    private func build(_ lane: Int, _ size: Int) {
        let builder = site.builders[lane]
        while site.read[lane] < logs[lane].count, builder.size < min(size, 400) {
            site.read[lane] += 1
            let sequence = UInt64(site.read[lane])
            let text = logs[lane][site.read[lane] - 1]
            Array("t".utf8).withUnsafeBytes { topic in
                Array(text.utf8).withUnsafeBytes { payload in
                    builder.append(
                        sequence: sequence,
                        time: siteClock + Int64(now),
                        qos: 1,
                        retain: false,
                        source: topic,
                        topic: topic,
                        properties: UnsafeRawBufferPointer(start: nil, count: 0),
                        payload: payload
                    )
                }
            }
        }
        guard builder.count > 0 else {
            site.machine.nothingToBuild(lane: lane, lingerUntil: nil)
            return
        }
        site.machine.built(lane: lane, builder.finish(), mark: UInt64(site.read[lane]), now: now)
    }

    private var cloudMilliseconds: Int64 { (cloudClock + Int64(now)) / 1_000_000 }

    private func launch(_ bytes: [UInt8], isHello: Bool) {
        guard linkIsUp, !isSilent, !random.oneIn(12) else { return }
        let copies = random.oneIn(15) ? 2 : 1
        for _ in 0..<copies {
            var bytes = bytes
            if random.oneIn(60) {
                bytes[Int(random.next() % UInt64(bytes.count))] ^= 0x10
                note("damaged")
            }
            let delay = (20 + random.next() % 500) * Self.millisecond
            toCloud.append(Flight(at: now + delay, bytes: bytes, isHello: isHello))
        }
    }

    private func deliverToCloud() {
        var due = toCloud.filter { $0.at <= now }
        toCloud.removeAll { $0.at <= now }
        due.shuffle(using: &random)
        for flight in due where flight.isHello {
            guard let hello = flight.bytes.withUnsafeBytes({ try? Hello(decoding: $0) }), hello.site == "site"
            else { continue }
            if let replies = try? intake.hello(hello, now: cloudMilliseconds) { answer(replies) }
        }
        let batches = due.filter { !$0.isHello }.map(\.bytes)
        guard !batches.isEmpty, let replies = try? intake.store(batches, now: cloudMilliseconds) else {
            return
        }
        answer(replies)
    }

    private func answer(_ replies: [BatchIntake.Reply]) {
        // The collector dies after its commit: nobody is told.
        if random.oneIn(20) {
            note("commit not told")
            return
        }
        for reply in replies where linkIsUp && !isSilent && reply.instance == instance {
            toSite.append((now + (20 + random.next() % 300) * Self.millisecond, reply.answer))
        }
    }

    private func deliverToSite() {
        if let at = connectsAt, at <= now {
            connectsAt = nil
            site.machine.connected(now: now)
        }
        for accept in accepts where accept.at <= now {
            site.machine.accepted(number: accept.number, now: now)
        }
        accepts.removeAll { $0.at <= now }
        let due = toSite.filter { $0.at <= now }
        toSite.removeAll { $0.at <= now }
        for answer in due { site.machine.answered(answer.answer, now: now) }
    }
}

@Suite struct UplinkSimulationTests {
    @Test(arguments: 1...120) func `every event is stored once and in order, whatever happens`(seed: UInt64) {
        let simulation = UplinkSimulation(seed: seed)
        #expect(simulation.run(events: 3_000) == [])
        #expect(simulation.troubles["cursor went back"] == nil)
    }

    /// A simulation that never meets trouble proves nothing.
    @Test func `all kinds of trouble happen`() {
        var troubles: [String: Int] = [:]
        for seed in 1...30 as ClosedRange<UInt64> {
            let simulation = UplinkSimulation(seed: seed)
            _ = simulation.run(events: 1_000)
            troubles.merge(simulation.troubles, uniquingKeysWith: +)
        }
        for trouble in [
            "cut", "silent", "site killed", "collector killed", "commit failed", "commit not told", "damaged",
            "skipped",
        ] {
            #expect(troubles[trouble, default: 0] > 0, "\(trouble) never happened")
        }
    }
}
