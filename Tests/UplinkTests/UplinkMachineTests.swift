import JournalTesting
import Testing
import Uplink

@Suite struct UplinkMachineTests {
    private static let second: UInt64 = 1_000_000_000

    /// A machine with one lane that is connected and welcome.
    private func ready(_ change: (inout UplinkSettings) -> Void = { _ in }) -> UplinkMachine {
        var settings = UplinkSettings()
        change(&settings)
        let machine = UplinkMachine(
            settings,
            lanes: [.init(name: "bulk", epoch: 7, committed: 0)],
            random: SimulatedRandom(seed: 1),
            now: 0
        )
        guard case .connect? = machine.next(now: 0) else { return machine }
        machine.connected(now: 0)
        if case .hello(let nonce)? = machine.next(now: 0) {
            var answer = Answer()
            answer.nonce = nonce
            answer.watermarks = [.init(lane: "bulk", epoch: 7, sequence: 0)]
            machine.answered(answer, now: 1)
        }
        return machine
    }

    private func batch(_ machine: UplinkMachine, _ sequence: UInt64, now: UInt64) -> EncodedBatch {
        let builder = BatchBuilder(
            site: "monaco",
            instance: BatchTests.instance,
            lane: "bulk",
            epoch: 7,
            after: sequence - 1
        )
        builder.append(OwnedEvent(sequence: sequence, time: 1, topic: "t", payload: [1]))
        let batch = builder.finish()
        machine.built(lane: 0, batch, mark: sequence * 100, now: now)
        return batch
    }

    private func outcome(_ batch: EncodedBatch, _ result: Answer.Result, reason: String = "") -> Answer {
        var answer = Answer()
        answer.outcomes = [.init(batch.header, result, reason: reason)]
        return answer
    }

    @Test func `nothing is built before the far side has said how far it is`() {
        let machine = UplinkMachine(
            UplinkSettings(),
            lanes: [.init(name: "bulk", epoch: 7, committed: 0)],
            random: SimulatedRandom(seed: 1),
            now: 0
        )
        guard case .connect? = machine.next(now: 0) else {
            Issue.record("expected to connect")
            return
        }
        machine.connected(now: 0)
        guard case .hello? = machine.next(now: 0) else {
            Issue.record("expected a hello")
            return
        }
        if machine.next(now: 1) != nil { Issue.record("expected to wait") }
    }

    @Test func `a lane with a rate of its own waits until its batch is paid for`() {
        let machine = ready()
        machine.setRate(1_000, lane: 0, now: 2)
        guard case .build(0, let size, _)? = machine.next(now: 2) else {
            Issue.record("expected to build")
            return
        }
        #expect(size < 64 << 10, "a slow lane has small batches")
        let bytes = UInt64(batch(machine, 1, now: 2).bytes.count)
        guard case .send? = machine.next(now: 2) else {
            Issue.record("expected to send")
            return
        }
        machine.dataArrived(lane: 0)
        let paid = 2 + bytes * Self.second / 1_000
        if machine.next(now: paid - 10_000_000) != nil { Issue.record("expected to wait") }
        #expect(machine.deadline(2) <= paid + 2)
        guard case .build? = machine.next(now: paid + 10) else {
            Issue.record("expected to build")
            return
        }
        _ = batch(machine, 2, now: paid + 10)
        machine.setRate(nil, lane: 0, now: paid + 10)
        guard case .send? = machine.next(now: paid + 10) else {
            Issue.record("expected to send")
            return
        }
    }

    @Test func `a batch that is refused for good goes aside, and the lane moves on`() {
        let machine = ready()
        guard case .build(0, _, _)? = machine.next(now: 2) else {
            Issue.record("expected to build")
            return
        }
        let poison = batch(machine, 1, now: 2)
        guard case .send(_, let number)? = machine.next(now: 2) else {
            Issue.record("expected to send")
            return
        }
        machine.accepted(number: number, now: 3)
        machine.answered(outcome(poison, .refused, reason: "no such thing"), now: 4)
        guard case .deadLetter(0, let dead, let reason)? = machine.next(now: 5) else {
            Issue.record("expected a dead letter")
            return
        }
        #expect(dead.bytes == poison.bytes && reason == "no such thing")
        // In its place goes the range without the events, so that the far side knows of the hole.
        guard case .send(let empty, _)? = machine.next(now: 5) else {
            Issue.record("expected to send the range")
            return
        }
        #expect(empty.header.count == 0 && empty.header.dropped == 1 && empty.header.last == 1)
        machine.answered(outcome(empty, .committed), now: 6)
        guard case .commit(0, 100)? = machine.next(now: 7) else {
            Issue.record("expected the cursor to move")
            return
        }
    }

    @Test func `a second site of the name sends nothing until it is welcome`() {
        let machine = ready()
        _ = machine.next(now: 2)
        let refused = batch(machine, 1, now: 2)
        _ = machine.next(now: 2)
        machine.answered(outcome(refused, .conflict, reason: "two of them"), now: 3)
        #expect(machine.conflict == "two of them")
        var now: UInt64 = 4
        for _ in 0..<40 {
            now += Self.second / 4
            switch machine.next(now: now) {
            case .send?, .build?: Issue.record("sent at \(now)")
            case .hello(let nonce)?:
                var answer = Answer()
                answer.nonce = nonce
                answer.conflict = "two of them"
                machine.answered(answer, now: now)
            default: break
            }
        }
    }

    @Test func `the cursor follows the oldest batch, whatever the order of commits`() {
        let machine = ready()
        var batches: [EncodedBatch] = []
        for sequence in 1...2 as ClosedRange<UInt64> {
            _ = machine.next(now: sequence)
            batches.append(batch(machine, sequence, now: sequence))
            _ = machine.next(now: sequence)
        }
        machine.answered(outcome(batches[1], .committed), now: 10)
        if case .commit? = machine.next(now: 10) { Issue.record("the first is not stored") }
        machine.answered(outcome(batches[0], .repeated), now: 11)
        guard case .commit(0, 200)? = machine.next(now: 11) else {
            Issue.record("expected both to be passed")
            return
        }
    }

    @Test func `a cap of nothing sends nothing`() {
        let machine = ready { $0.rate = 0 }
        if machine.next(now: 2) != nil { Issue.record("expected to wait") }
        machine.setRate(nil, now: 3)
        guard case .build? = machine.next(now: 4) else {
            Issue.record("expected to build")
            return
        }
    }
}
