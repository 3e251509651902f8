internal import CLinux
internal import Glibc
package import Reactor
import Synchronization

/// Runs an ``UplinkMachine`` on a thread of its own: reads lanes, hands batches to the sink, moves cursors.
package final class UplinkDriver: Sendable {
    /// Whom the driver tells; called on its thread, must not block.
    package struct Observer: Sendable {
        /// Each second, and at once when the link changes.
        package var onStatus: @Sendable (UplinkStatus, _ linkChanged: Bool) -> Void = { _, _ in }
        package var onDownlink: @Sendable (DownlinkMessage) -> Void = { _ in }
        /// Something an operator should read.
        package var onTrouble: @Sendable (String) -> Void = { _ in }
        package init() {}
    }

    private enum Mail {
        case metered(Bool)
        /// `nil` goes back to what the settings say.
        case rate(UInt64?)
        /// The settings' own caps, read anew.
        case settingsRates(usual: UInt64?, metered: UInt64?)
        case allocation(UInt64?)
        case laneRates([String: UInt64])
        /// Reference signal received power of the backhaul cell, dBm; `nil` for unknown.
        case radio(Int?)
        case stop
    }

    private let event: Int32
    private let mail = Mutex<[Mail]>([])
    /// One bit per lane that has news; the last one stands for all lanes beyond.
    private let news = Atomic<UInt64>(~0)
    private let latest = Mutex<UplinkStatus?>(nil)
    private let loop: UplinkLoop.Box
    private let thread = Mutex<Optional<ThreadBox>>(nil)

    private struct ThreadBox: ~Copyable { var thread: ReactorThread }

    /// - Parameters:
    ///   - lanes: in the order of `settings.lanes`.
    ///   - deadLetters: where refused batches go; closed at the end.
    package init(
        _ settings: UplinkSettings,
        instance: SiteInstance,
        version: String,
        lanes: sending [any LaneSource],
        sink: sending any Sink,
        deadLetters: sending DeadLetters?,
        observer: Observer
    ) throws(SystemError) {
        event = weir_eventfd()
        guard event >= 0 else { throw SystemError("eventfd") }
        loop = UplinkLoop.Box(
            UplinkLoop(
                settings,
                instance: instance,
                version: version,
                lanes: lanes,
                sink: sink,
                deadLetters: deadLetters,
                observer: observer
            )
        )
    }

    deinit { close(event) }

    /// Starts the thread. Once.
    package func start() throws(SystemError) {
        try thread.withLock { box throws(SystemError) in
            box = ThreadBox(thread: try ReactorThread(name: "weir.uplink") { self.run() })
        }
    }

    /// Says goodbye to the far side and waits for the thread. What is not stored yet stays in the lanes.
    package func stop() {
        let started = thread.withLock { box in box.take() }
        guard let started else { return }
        post(.stop)
        started.thread.join()
    }

    /// The status of the last second.
    package var status: UplinkStatus? { latest.withLock { $0 } }

    /// Another cap, bytes per second, from whoever knows the link; `nil` takes it away.
    package func setRate(_ rate: UInt64?) { post(.rate(rate)) }
    /// The caps of the settings, after a reload.
    package func setSettingsRates(_ settings: UplinkSettings) {
        post(.settingsRates(usual: settings.rate, metered: settings.meteredRate))
    }
    /// Another cap for all lanes together, from the bandwidth service; `nil` takes it away.
    package func setAllocation(_ rate: UInt64?) { post(.allocation(rate)) }
    /// Caps of single lanes by name, bytes per second, in place of those before.
    package func setLaneRates(_ rates: [String: UInt64]) { post(.laneRates(rates)) }
    /// Whether bytes cost money now: then ``UplinkSettings/meteredRate`` holds.
    package func setMetered(_ isMetered: Bool) { post(.metered(isMetered)) }
    /// How well the backhaul cell is received; lanes with a ``LaneSettings/radioMinimum`` wait by it.
    package func setRadio(_ power: Int?) { post(.radio(power)) }

    private func post(_ message: Mail) {
        mail.withLock { $0.append(message) }
        wake()
    }

    private func wake() {
        var one: UInt64 = 1
        _ = write(event, &one, 8)
    }

    // MARK: - The thread

    private func run() {
        let loop = loop.take()
        loop.listen { [weak self] lane in
            guard let self else { return }
            let bit: UInt64 = 1 << UInt64(min(lane, 63))
            if news.bitwiseOr(bit, ordering: .acquiringAndReleasing).oldValue & bit == 0 { wake() }
        }
        while true {
            for message in mail.withLock({
                let all = $0; $0.removeAll(); return all
            }) {
                switch message {
                case .metered(let isMetered): loop.isMetered = isMetered
                case .rate(let rate): loop.rate = rate
                case .settingsRates(let usual, let metered):
                    (loop.settings.rate, loop.settings.meteredRate) = (usual, metered)
                case .allocation(let rate): loop.allocation = rate
                case .laneRates(let rates): loop.laneRates = rates
                case .radio(let power): loop.radio = power
                case .stop:
                    loop.end()
                    return
                }
            }
            loop.arrived(news.exchange(0, ordering: .acquiringAndReleasing))
            let deadline = loop.work { status in latest.withLock { $0 = status } }
            wait(loop, until: deadline)
        }
    }

    private func wait(_ loop: UplinkLoop, until deadline: UInt64) {
        let now = MonotonicClock.now()
        let milliseconds = deadline <= now ? 0 : Int32(min((deadline - now) / 1_000_000 + 1, 1_000))
        let wanted = Int16(POLLIN | (loop.sink.wantsToWrite ? POLLOUT : 0))
        var descriptors = [
            pollfd(fd: event, events: Int16(POLLIN), revents: 0),
            pollfd(fd: loop.sink.descriptor, events: wanted, revents: 0),
        ]
        poll(&descriptors, 2, milliseconds)
        if descriptors[0].revents != 0 {
            var count: UInt64 = 0
            _ = read(event, &count, 8)
        }
        let ready = Int32(descriptors[1].revents)
        loop.sink.turn(
            readable: ready & (POLLIN | POLLERR | POLLHUP) != 0,
            writable: ready & POLLOUT != 0
        )
    }
}

/// What the uplink's thread owns.
final class UplinkLoop {
    /// Hands the loop over to its thread, once.
    final class Box: Sendable {
        // Taken before the thread's first step, and touched by nobody else from then on.
        nonisolated(unsafe) private var loop: UplinkLoop?
        init(_ loop: sending UplinkLoop) { self.loop = loop }
        func take() -> UplinkLoop {
            defer { loop = nil }
            guard let loop else { preconditionFailure("the uplink is started once") }
            return loop
        }
    }

    let sink: any Sink
    var isMetered = false
    var rate: UInt64?
    var allocation: UInt64?
    var laneRates: [String: UInt64] = [:]
    var radio: Int?
    fileprivate var settings: UplinkSettings
    private let instance: SiteInstance
    private let version: String
    private let lanes: [any LaneSource]
    private let builders: [BatchBuilder]
    private let deadLetters: DeadLetters?
    private let observer: UplinkDriver.Observer
    private let machine: UplinkMachine
    private var statusAt: UInt64 = 0
    private var rates: [(events: UInt64, at: UInt64, rate: Double)]
    private var conflict = ""
    /// Least sequences that thinning took before a batch is sent for their sake alone.
    private static let thinnedMinimum: UInt64 = 10_000

    init(
        _ settings: UplinkSettings,
        instance: SiteInstance,
        version: String,
        lanes: [any LaneSource],
        sink: any Sink,
        deadLetters: DeadLetters?,
        observer: UplinkDriver.Observer
    ) {
        self.settings = settings
        self.instance = instance
        self.version = version
        self.lanes = lanes
        self.sink = sink
        self.deadLetters = deadLetters
        self.observer = observer
        let now = MonotonicClock.now()
        builders = zip(settings.lanes, lanes).map { setting, lane in
            BatchBuilder(
                site: settings.site,
                instance: instance,
                lane: setting.name,
                epoch: lane.epoch,
                after: lane.committed,
                compressionLevel: settings.compressionLevel
            )
        }
        machine = UplinkMachine(
            settings,
            lanes: zip(settings.lanes, lanes).map { setting, lane in
                .init(
                    name: setting.name,
                    epoch: lane.epoch,
                    committed: lane.committed,
                    priority: setting.priority,
                    share: Double(setting.minimumShare) / 100
                )
            },
            random: SystemRandomNumberGenerator(),
            now: now
        )
        rates = lanes.map { _ in (0, now, 0) }
    }

    func listen(_ wake: @escaping @Sendable (Int) -> Void) {
        for (index, lane) in lanes.enumerated() { lane.onData { wake(index) } }
    }

    func arrived(_ news: UInt64) {
        guard news != 0 else { return }
        for lane in lanes.indices where news & (1 << UInt64(min(lane, 63))) != 0 {
            machine.dataArrived(lane: lane)
        }
    }

    /// Does what there is to do.
    ///
    /// - Returns: when to come again if nothing happens before.
    func work(_ publish: (UplinkStatus) -> Void) -> UInt64 {
        var now = MonotonicClock.now()
        for event in sink.takeEvents() { take(event, now) }
        machine.setRate(currentRate(), now: now)
        for lane in lanes.indices {
            machine.hold(lane: lane, isHeld(lane))
            machine.setRate(laneRates[settings.lanes[lane].name], lane: lane, now: now)
        }
        var linkChanged = false
        // A bound, so that the socket is looked at between batches.
        for _ in 0..<32 {
            guard let action = machine.next(now: now) else { break }
            if case .linkChanged = action { linkChanged = true }
            perform(action, now)
            now = MonotonicClock.now()
        }
        if now >= statusAt || linkChanged {
            statusAt = now + 1_000_000_000
            let status = status(now)
            publish(status)
            observer.onStatus(status, linkChanged)
        }
        let hasMore = machine.hasActions
        return hasMore ? now : min(statusAt, machine.deadline(now))
    }

    func end() {
        sink.disconnect()
        deadLetters?.close()
    }

    private func take(_ event: SinkEvent, _ now: UInt64) {
        switch event {
        case .connected: machine.connected(now: now)
        case .disconnected(let reason): machine.disconnected(reason, now: now)
        case .accepted(let number): machine.accepted(number: number, now: now)
        case .committed(let number): machine.committed(number: number, now: now)
        case .answer(let answer): machine.answered(answer, now: now)
        case .downlink(let message): observer.onDownlink(message)
        }
        if machine.conflict != conflict {
            conflict = machine.conflict
            if !conflict.isEmpty { observer.onTrouble(conflict) }
        }
    }

    private func perform(_ action: UplinkMachine.Action, _ now: UInt64) {
        switch action {
        case .connect: sink.connect()
        case .disconnect: sink.disconnect()
        case .hello(let nonce): sink.send(hello(nonce))
        case .send(let batch, let number): sink.send(batch, number: number)
        case .build(let lane, let size, let mustClose): build(lane, size, mustClose, now)
        case .skip(let lane, let sequence):
            lanes[lane].skip(through: sequence)
            builders[lane].restart(after: sequence)
        case .commit(let lane, let mark):
            do {
                try lanes[lane].commit(mark)
            } catch {
                // The next commit tells of this one too; until then a restart sends some batches again.
                observer.onTrouble("lane \"\(settings.lanes[lane].name)\": cursor not kept: \(error)")
            }
        case .deadLetter(let lane, let batch, let reason):
            observer.onTrouble(
                """
                lane "\(settings.lanes[lane].name)": \(batch.header.count) events up to \(batch.header.last) were \
                refused for good and put aside: \(reason)
                """
            )
            do {
                try deadLetters?.put(batch, reason: reason)
            } catch {
                observer.onTrouble("dead letter not kept: \(error)")
            }
        case .linkChanged: break
        }
    }

    private func build(_ lane: Int, _ size: Int, _ mustClose: Bool, _ now: UInt64) {
        let builder = builders[lane]
        let wall = Int64(clamping: MonotonicClock.wall())
        let limit = min(size, BatchReader.bodySizeMaximum / 4)
        do {
            if builder.count < BatchReader.countMaximum / 2 {
                _ = try lanes[lane].fill(builder, size: limit, now: wall)
            }
        } catch {
            observer.onTrouble("lane \"\(settings.lanes[lane].name)\" cannot be read: \(error)")
            machine.nothingToBuild(lane: lane, lingerUntil: now + 1_000_000_000)
            return
        }
        guard builder.count > 0 || builder.last - builder.after >= Self.thinnedMinimum else {
            // Windows end by time too.
            let mode = settings.lanes[lane].thinning.mode
            let waits = mode == .last || mode == .window
            machine.nothingToBuild(lane: lane, lingerUntil: waits ? now + 1_000_000_000 : nil)
            return
        }
        let waited = max(0, wall - builder.oldestTime)
        let linger = Int64(clamping: settings.lanes[lane].linger.nanoseconds)
        guard builder.size >= limit || mustClose || builder.count == 0 || waited >= linger else {
            machine.nothingToBuild(lane: lane, lingerUntil: now + UInt64(linger - waited))
            return
        }
        let batch = builder.finish()
        machine.built(lane: lane, batch, mark: lanes[lane].mark, now: now)
    }

    private func hello(_ nonce: UInt64) -> Hello {
        var hello = Hello(site: settings.site, instance: instance, nonce: nonce)
        hello.version = version
        for (index, lane) in lanes.enumerated() {
            var report = Hello.Lane(
                lane: settings.lanes[index].name,
                epoch: lane.epoch,
                committed: machine.lanes[index].committed
            )
            let backlog = lane.backlog
            report.backlogEvents = backlog.events
            report.backlogBytes = backlog.bytes
            report.backlogSince = backlog.since
            hello.lanes.append(report)
        }
        return hello
    }

    private func isHeld(_ lane: Int) -> Bool {
        guard let least = settings.lanes[lane].radioMinimum, let radio else { return false }
        return radio < least
    }

    private func currentRate() -> UInt64? {
        var caps: [UInt64] = []
        if let rate { caps.append(rate) }
        if let allocation { caps.append(allocation) }
        if isMetered, let metered = settings.meteredRate { caps.append(metered) }
        if let window = settings.schedule.first(where: { $0.contains(minute: Self.minuteOfDay()) }) {
            caps.append(window.rate)
        } else if let usual = settings.rate {
            caps.append(usual)
        }
        return caps.min()
    }

    private static func minuteOfDay() -> Int {
        var now = time(nil)
        var parts = tm()
        localtime_r(&now, &parts)
        return Int(parts.tm_hour) * 60 + Int(parts.tm_min)
    }

    // MARK: - Status

    private func status(_ now: UInt64) -> UplinkStatus {
        UplinkStatus(
            site: settings.site,
            instance: instance,
            link: machine.link.state,
            linkSeconds: Double(now - min(now, machine.link.since)) / 1e9,
            roundTripSeconds: Double(machine.link.roundTrip) / 1e9,
            connects: machine.connects,
            lastError: machine.lastError,
            conflict: machine.conflict,
            lanes: lanes.indices.map { status(of: $0, now) }
        )
    }

    private func status(of index: Int, _ now: UInt64) -> UplinkStatus.Lane {
        let lane = machine.lanes[index]
        let seconds = Double(now - min(now, rates[index].at)) / 1e9
        if seconds > 0.2 {
            let sample = Double(lane.committedEvents - rates[index].events) / seconds
            rates[index] = (lane.committedEvents, now, rates[index].rate * 0.7 + sample * 0.3)
        }
        let backlog = lanes[index].backlog
        let rate = rates[index].rate < 0.01 ? 0 : rates[index].rate
        return UplinkStatus.Lane(
            name: lane.name,
            epoch: lane.epoch,
            backlog: backlog,
            committedEvents: lane.committedEvents,
            committedBatches: lane.committedBatches,
            wireBytes: lane.wireBytes,
            bodyBytes: lane.bodyBytes,
            resentBatches: lane.resent,
            deadLetters: lane.deadLetters,
            dropped: lane.dropped,
            thinned: lane.thinned,
            sinceCommit: lane.lastCommitAt.map { Double(now - min(now, $0)) / 1e9 },
            isHeld: lane.isHeld,
            rate: rate,
            drainSeconds: backlog.events == 0 ? 0 : rate > 0 ? Double(backlog.events) / rate : nil
        )
    }
}
