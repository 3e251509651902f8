import Glibc
import Reactor
import SocketTesting
import Testing

@Suite(.timeLimit(.minutes(2))) struct ReactorTests {
    private static let loopback = SocketAddress.ipv4(0x7F00_0001, port: 0)

    /// Runs an echo server on the calling thread until `isDone`, at most ten seconds.
    private func echo(_ reactor: inout Reactor, until isDone: (borrowing Reactor) -> Bool) throws {
        let limit = reactor.now + 10_000_000_000
        var held: [SocketID: [UInt8]] = [:]
        while !isDone(reactor), reactor.now < limit {
            reactor.wait(until: min(limit, reactor.now + 20_000_000))
            while let completion = reactor.next() {
                switch completion {
                case .accepted(_, let descriptor):
                    _ = try reactor.add(descriptor, tag: 0)
                case .received(let id, _, let bytes):
                    if var waiting = held[id] {
                        waiting += bytes
                        held[id] = waiting
                        continue
                    }
                    let sent = reactor.send(id, UnsafeRawBufferPointer(bytes))
                    if sent < bytes.count { held[id] = Array(bytes[sent...]) }
                case .sent(let id, _, _):
                    guard let waiting = held.removeValue(forKey: id) else { continue }
                    let sent = waiting.withUnsafeBytes { reactor.send(id, $0) }
                    if sent < waiting.count { held[id] = Array(waiting[sent...]) }
                case .ended(let id, _, _):
                    reactor.close(id)
                default:
                    break
                }
            }
        }
    }

    @Test func `bytes come back over loopback TCP`() throws {
        var reactor = try Reactor()
        let listener = try ListeningSocket(Self.loopback)
        _ = try reactor.listen(listener.descriptor, tag: 1)
        let client = try TestSocket(to: listener.address)
        try client.send(Array("weir".utf8))
        try echo(&reactor) { $0.statistics.sentBytes == 4 }
        #expect(try client.receive(exactly: 4) == Array("weir".utf8))
        client.finishSending()
        try echo(&reactor) { $0.socketCount == 1 }
        #expect(reactor.socketCount == 1, "only the listener is left")
        #expect(try client.receive() == [])
    }

    @Test func `small packets leave at once: TCP_NODELAY comes down from the listener`() throws {
        var reactor = try Reactor()
        let listener = try ListeningSocket(Self.loopback)
        _ = try reactor.listen(listener.descriptor, tag: 1)
        let client = try TestSocket(to: listener.address)
        reactor.wait(until: reactor.now + 5_000_000_000)
        guard case .accepted(1, let descriptor)? = reactor.next() else {
            Issue.record("nothing was accepted")
            return
        }
        #expect(reactor.peer?.isLoopback == true)
        var value: Int32 = 0
        var length = socklen_t(4)
        getsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &value, &length)
        #expect(value == 1)
        close(descriptor)
        withExtendedLifetime(client) {}
    }

    @Test func `a slow reader gets every byte, and EPOLLOUT is asked for only when the kernel is full`()
        throws
    {
        var reactor = try Reactor()
        let (end, client) = try TestSocket.pair()
        let id = try reactor.add(end, tag: 9)
        let payload = (0..<4_000_000).map { UInt8(truncatingIfNeeded: $0 &* 7 >> 3) }
        let reader = try TestThread { try client.receive(exactly: payload.count) }
        var offset = 0
        let limit = reactor.now + 10_000_000_000
        payload.withUnsafeBytes { bytes in
            offset = reactor.send(id, bytes)
            while offset < bytes.count, reactor.now < limit {
                reactor.wait(until: limit)
                while let completion = reactor.next() {
                    guard case .sent(id, 9, let count) = completion else { continue }
                    offset += count
                    let rest = UnsafeRawBufferPointer(rebasing: bytes[offset...])
                    offset += reactor.send(id, rest)
                }
            }
        }
        #expect(offset == payload.count)
        reactor.close(id)
        #expect(try reader.join() == payload)
        #expect(reactor.statistics.stalls > 0)
        #expect(reactor.statistics.interestChanges >= 1)
    }

    @Test func `paced messages cost one wait, one receive and one send each, and no change of interest`()
        throws
    {
        var reactor = try Reactor()
        let (end, client) = try TestSocket.pair()
        _ = try reactor.add(end, tag: 0)
        for number in 1...100 {
            try client.send([UInt8(number)])
            reactor.wait(until: reactor.now + 5_000_000_000)
            while let completion = reactor.next() {
                guard case .received(let id, _, let bytes) = completion else { continue }
                _ = reactor.send(id, UnsafeRawBufferPointer(bytes))
            }
            #expect(try client.receive(exactly: 1) == [UInt8(number)])
        }
        #expect(reactor.statistics.waits == 100)
        #expect(reactor.statistics.receives == 100)
        #expect(reactor.statistics.sends == 100)
        #expect(reactor.statistics.interestChanges == 0)
    }

    @Test func `what does not fit one buffer is read on without a new event`() throws {
        var settings = ReactorSettings()
        settings.readBufferBytes = 4096
        var reactor = try Reactor(settings: settings)
        let (end, client) = try TestSocket.pair()
        _ = try reactor.add(end, tag: 0)
        let payload = (0..<20_000).map { UInt8(truncatingIfNeeded: $0) }
        try client.send(payload)
        client.finishSending()
        var received: [UInt8] = []
        var hasEnded = false
        let limit = reactor.now + 10_000_000_000
        while !hasEnded, reactor.now < limit {
            reactor.wait(until: limit)
            while let completion = reactor.next() {
                switch completion {
                case .received(_, _, let bytes): received += bytes
                case .ended(_, _, let error):
                    #expect(error == nil)
                    hasEnded = true
                default: break
                }
            }
        }
        #expect(received == payload)
        #expect(hasEnded)
    }

    @Test func `a turn ends when its budget of bytes is used up, and nothing is forgotten`() throws {
        var settings = ReactorSettings()
        settings.turnBudgetBytes = 4096
        var reactor = try Reactor(settings: settings)
        var clients: [TestSocket] = []
        for _ in 0..<10 {
            let (end, client) = try TestSocket.pair()
            _ = try reactor.add(end, tag: 0)
            try client.send([UInt8](repeating: 1, count: 3000))
            clients.append(client)
        }
        var received = 0
        var turns = 0
        while received < 30_000, turns < 100 {
            reactor.wait(until: reactor.now + 5_000_000_000)
            turns += 1
            var ofTurn = 0
            while case .received(_, _, let bytes)? = reactor.next() { ofTurn += bytes.count }
            #expect(ofTurn <= 6000)
            received += ofTurn
        }
        #expect(received == 30_000)
        #expect(turns >= 5)
    }

    @Test func `a paused socket keeps its bytes for later`() throws {
        var reactor = try Reactor()
        let (end, client) = try TestSocket.pair()
        let id = try reactor.add(end, tag: 0)
        reactor.pauseReading(id)
        try client.send([1, 2, 3])
        client.finishSending()
        reactor.wait(until: reactor.now + 5_000_000_000)
        expectIdle(&reactor)
        reactor.resumeReading(id)
        reactor.wait(until: reactor.now + 5_000_000_000)
        guard case .received(id, _, let bytes)? = reactor.next() else {
            Issue.record("the bytes are lost")
            return
        }
        #expect(Array(bytes) == [1, 2, 3])
        expectIdle(&reactor)
        reactor.wait(until: reactor.now + 5_000_000_000)
        guard case .ended(id, _, nil)? = reactor.next() else {
            Issue.record("the end is lost")
            return
        }
    }

    @Test func `a broken connection is reported once, with its error`() throws {
        var reactor = try Reactor()
        let listener = try ListeningSocket(Self.loopback)
        _ = try reactor.listen(listener.descriptor, tag: 0)
        var client: TestSocket? = try TestSocket(to: listener.address)
        var ends: [SystemError?] = []
        var turns = 0
        while ends.isEmpty, turns < 100 {
            reactor.wait(until: reactor.now + 1_000_000_000)
            turns += 1
            while let completion = reactor.next() {
                switch completion {
                case .accepted(_, let descriptor):
                    _ = try reactor.add(descriptor, tag: 0)
                    client?.lingerZero()
                    client = nil
                case .ended(_, _, let error): ends.append(error)
                default: break
                }
            }
        }
        reactor.wait(until: reactor.now)
        while case .ended? = reactor.next() { ends.append(nil) }
        #expect(ends.map { $0?.code } == [ECONNRESET])
    }

    @Test func `events for a closed socket do not reach the one in its slot`() throws {
        var reactor = try Reactor()
        let (first, firstClient) = try TestSocket.pair()
        let (second, secondClient) = try TestSocket.pair()
        let firstID = try reactor.add(first, tag: 1)
        let secondID = try reactor.add(second, tag: 2)
        try firstClient.send([1])
        try secondClient.send([2])
        reactor.wait(until: reactor.now + 5_000_000_000)
        // Both events are fetched; whichever comes first closes the other and puts a new socket in its place.
        guard case .received(let id, _, _)? = reactor.next() else {
            Issue.record("nothing came")
            return
        }
        let other = id == firstID ? secondID : firstID
        reactor.close(other)
        let (third, thirdClient) = try TestSocket.pair()
        let thirdID = try reactor.add(third, tag: 3)
        #expect(thirdID.slot == other.slot)
        #expect(thirdID != other)
        expectIdle(&reactor)
        let isOpen = reactor.contains(other)
        #expect(!isOpen)
        let sent = [UInt8](repeating: 0, count: 8).withUnsafeBytes { reactor.send(other, $0) }
        #expect(sent == 0)
        withExtendedLifetime(thirdClient) {}
    }

    @Test func `a socket moves to another reactor with what has not been read`() throws {
        var one = try Reactor()
        var two = try Reactor()
        let (end, client) = try TestSocket.pair()
        let id = try one.add(end, tag: 0)
        try client.send([5, 6])
        guard let descriptor = one.detach(id) else {
            Issue.record("the socket is gone")
            return
        }
        _ = try two.add(descriptor, tag: 4)
        two.wait(until: two.now + 5_000_000_000)
        guard case .received(_, 4, let bytes)? = two.next() else {
            Issue.record("the bytes are lost")
            return
        }
        #expect(Array(bytes) == [5, 6])
        one.wait(until: one.now)
        expectIdle(&one)
    }

    @Test func `two thousand connections are taken and answered`() throws {
        DescriptorLimit.raise()
        var reactor = try Reactor()
        var options = ListeningSocket.Options()
        options.backlog = 256
        let listener = try ListeningSocket(Self.loopback, options: options)
        _ = try reactor.listen(listener.descriptor, tag: 1)
        let address = listener.address
        let clients = try TestThread {
            var sockets: [TestSocket] = []
            for number in 0..<2_000 {
                let socket = try TestSocket(to: address)
                try socket.send([UInt8(truncatingIfNeeded: number)])
                sockets.append(socket)
            }
            for (number, socket) in sockets.enumerated() {
                guard try socket.receive(exactly: 1) == [UInt8(truncatingIfNeeded: number)] else {
                    return false
                }
            }
            return true
        }
        try echo(&reactor) { $0.statistics.accepts == 2_000 && $0.socketCount == 1 }
        #expect(try clients.join())
        #expect(reactor.statistics.accepts == 2_000)
    }
}

extension TestSocket {
    /// The close that follows resets the connection.
    func lingerZero() {
        var option = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
    }
}
