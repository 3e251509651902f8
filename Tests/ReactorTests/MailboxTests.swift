import Glibc
import Reactor
import SocketTesting
import Synchronization
import Testing

@Suite struct MailboxTests {
    @Test func `values of one sender arrive in order, from several threads none is lost`() throws {
        var reactor = try Reactor()
        let mailbox = Mailbox<(sender: Int, number: Int)>(waker: reactor.waker)
        let senders = 4
        let each = 5_000
        let post: @Sendable (Int) -> Void = { sender in
            for number in 0..<each { mailbox.post((sender, number)) }
        }
        let first = try TestThread { post(0) }
        let second = try TestThread { post(1) }
        let third = try TestThread { post(2) }
        let fourth = try TestThread { post(3) }
        var next = [Int](repeating: 0, count: senders)
        var received: [(sender: Int, number: Int)] = []
        let limit = reactor.now + 10_000_000_000
        while next.reduce(0, +) < senders * each, reactor.now < limit {
            reactor.wait(until: limit)
            while let completion = reactor.next() {
                guard case .woken = completion else { continue }
                mailbox.take(into: &received)
                for (sender, number) in received {
                    #expect(number == next[sender])
                    next[sender] = number + 1
                }
                received.removeAll(keepingCapacity: true)
            }
        }
        #expect(next == [Int](repeating: each, count: senders))
        try first.join()
        try second.join()
        try third.join()
        try fourth.join()
    }

    @Test func `a burst wakes a sleeping reactor once, and a working one not at all`() throws {
        var reactor = try Reactor()
        let waker = reactor.waker
        // Not asleep: it will look before it sleeps.
        #expect(!waker.wake())
        #expect(!waker.wake())
        let before = reactor.statistics.wakeUps
        reactor.wait()
        #expect(reactor.statistics.wakeUps == before + 1)
        guard case .woken? = reactor.next() else {
            Issue.record("the wake-up was lost")
            return
        }
        expectIdle(&reactor)

        let writes = Atomic<Int>(0)
        let burst = try TestThread {
            // Until the reactor sleeps nothing is written; then the first of the burst writes.
            while !waker.wake() { sched_yield() }
            writes.add(1, ordering: .relaxed)
            for _ in 0..<1_000 where waker.wake() { writes.add(1, ordering: .relaxed) }
        }
        var rounds = 0
        while writes.load(ordering: .relaxed) == 0, rounds < 1_000_000 {
            reactor.wait(until: reactor.now + 1_000_000_000)
            while reactor.next() != nil {}
            rounds += 1
        }
        try burst.join()
        #expect(writes.load(ordering: .relaxed) <= rounds + 1)
        #expect(writes.load(ordering: .relaxed) >= 1)
    }

    @Test func `a full mailbox refuses, counts, and takes again once emptied`() throws {
        let reactor = try Reactor()
        let mailbox = Mailbox<Int>(waker: reactor.waker, limit: 2)
        #expect(mailbox.post(1))
        #expect(mailbox.post(2))
        #expect(!mailbox.post(3))
        #expect(mailbox.refused == 1)
        var items: [Int] = []
        mailbox.take(into: &items)
        #expect(items == [1, 2])
        #expect(mailbox.post(4))
        mailbox.close()
        #expect(!mailbox.post(5))
    }

    @Test func `byte records keep their borders, sender and order`() throws {
        let reactor = try Reactor()
        let mailbox = ByteMailbox(waker: reactor.waker)
        let payloads: [[UInt8]] = [[], [1], Array(repeating: 7, count: 5_000), Array(0..<200)]
        for (sender, payload) in payloads.enumerated() {
            payload.withUnsafeBytes { #expect(mailbox.append(from: UInt32(sender), $0)) }
        }
        var records = RecordBuffer()
        mailbox.take(into: &records)
        var seen = 0
        while let (sender, bytes) = records.next() {
            #expect(sender == UInt32(seen))
            #expect(Array(bytes) == payloads[seen])
            seen += 1
        }
        #expect(seen == payloads.count)
        mailbox.take(into: &records)
        #expect(records.next() == nil)
    }

    @Test func `a byte mailbox refuses what does not fit`() throws {
        let reactor = try Reactor()
        let mailbox = ByteMailbox(waker: reactor.waker, limitBytes: 64)
        let record = [UInt8](repeating: 1, count: 40)
        #expect(record.withUnsafeBytes { mailbox.append(from: 0, $0) })
        #expect(!record.withUnsafeBytes { mailbox.append(from: 0, $0) })
        #expect(mailbox.refused == 1)
        var records = RecordBuffer()
        mailbox.take(into: &records)
        #expect(record.withUnsafeBytes { mailbox.append(from: 0, $0) })
    }
}
