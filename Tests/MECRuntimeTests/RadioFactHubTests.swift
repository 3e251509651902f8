import MECModel
import MECRuntime
import Synchronization
import Testing

@Suite struct RadioFactHubTests {
    /// A clock that tests put forward.
    private final class Clock: Sendable {
        private let now = Mutex(ContinuousClock.now)
        var value: ContinuousClock.Instant { now.withLock { $0 } }
        func advance(_ duration: Duration) { now.withLock { $0 += duration } }
    }

    private let clock = Clock()
    private let time = RadioTime(nanoseconds: 1)

    private func hub(waiting: Int = 2) -> RadioFactHub {
        var limits = RadioFactHub.Limits()
        limits.waitingBatches = waiting
        limits.stall = .seconds(5)
        let clock = clock
        return RadioFactHub(limits: limits) { clock.value }
    }

    private func batch(_ zone: UInt32) -> RadioBatch {
        var batch = RadioBatch(source: SourceIndex(0))
        batch.append(.zone(ZoneDefinition(zone: ZoneIndex(zone), zoneId: "zone\(zone)")), at: time)
        return batch
    }

    @Test func `every service gets every batch, and one that starts late begins with all that is known`()
        async
    {
        let hub = hub(waiting: 10)
        let early = hub.attach("early", at: time)
        #expect(hub.accept(batch(0)) && hub.accept(batch(1)))
        let late = hub.attach("late", at: time)
        #expect(hub.accept(batch(2)))
        #expect(await early.take()?.elements.count == 4, "a snapshot of nothing and three batches")
        let found = await late.take()?.elements ?? []
        #expect(found.count == 2)
        if case .snapshot(let snapshot)? = found.first {
            #expect(snapshot.count == 2)
        } else {
            Issue.record("expected a snapshot first")
        }
    }

    @Test func `a service that hangs holds the sources up for a while, and then only itself`() async {
        let hub = hub()
        let hung = hub.attach("hung", at: time)
        let well = hub.attach("well", at: time)
        _ = await well.take()
        #expect(hub.accept(batch(0)))
        _ = await well.take()
        // Its inbox is full: the sources wait.
        #expect(!hub.accept(batch(1)))
        clock.advance(.seconds(4))
        #expect(!hub.accept(batch(1)))
        clock.advance(.seconds(2))
        #expect(hub.accept(batch(1)))
        #expect(await well.take()?.elements.count == 1)
        #expect(hub.skippedBatches == 1)
        // Once it takes again it begins anew, with what it missed.
        _ = await hung.take()
        #expect(hub.accept(batch(2)))
        let found = await hung.take()?.elements ?? []
        if case .snapshot(let snapshot)? = found.first {
            #expect(snapshot.count == 2)
        } else {
            Issue.record("expected a snapshot first")
        }
        #expect(found.count == 2)
    }

    /// With a copy of the table for each of them this took minutes.
    @Test(.timeLimit(.minutes(1)))
    func `a hundred thousand terminals are known at once`() async {
        let hub = hub()
        var batch = RadioBatch(source: SourceIndex(0))
        for number in 0..<100_000 as Range<UInt32> {
            let terminal = TerminalDefinition(
                terminal: TerminalIndex(number),
                name: "ue\(number)",
                associateIds: [AssociateId(IPAddress(ipv4: 0x0A40_0000 + number))],
                tempUeId: nil
            )
            batch.append(.terminal(terminal), at: time)
        }
        #expect(hub.accept(batch) && hub.accept(batch))
        let late = hub.attach("late", at: time)
        if case .snapshot(let snapshot)? = await late.take()?.elements.first {
            #expect(snapshot.count == 100_000)
        } else {
            Issue.record("expected a snapshot first")
        }
    }

    @Test func `a service that is gone is waited for by nobody`() {
        let hub = hub(waiting: 1)
        _ = hub.attach("gone", at: time)
        #expect(!hub.accept(batch(0)), "the snapshot fills its inbox")
        hub.detach("gone")
        #expect(hub.accept(batch(0)))
    }
}
