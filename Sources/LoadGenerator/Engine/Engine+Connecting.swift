import COpenSSL
import Glibc

extension Engine {
    /// Opens the connections of `range` and waits for their CONNACKs.
    ///
    /// - Parameter concurrency: how many may be under way at once; brokers commonly hold 100 in the backlog.
    mutating func open(
        _ range: Range<Int>,
        concurrency: Int = 50,
        connect: (Int) -> ControlPackets.Connect
    ) throws {
        var next = range.lowerBound
        var done = 0
        opened.removeAll(keepingCapacity: true)
        var lastProgress = Clock.now()
        while done < range.count {
            while next < range.upperBound, next - range.lowerBound - done < concurrency {
                try dial(next, connect: connect(next))
                next += 1
            }
            if opened.isEmpty { try turn(milliseconds: 100) }
            if !opened.isEmpty { lastProgress = Clock.now() }
            done += opened.count
            opened.removeAll(keepingCapacity: true)
            progress.show { "connecting: \(done) of \(range.count)" }
            guard Clock.now() - lastProgress < 15_000_000_000 else {
                throw LoadError(
                    "no CONNACK from \(dialer.description) for 15 s, \(done) of \(range.count) connected"
                )
            }
        }
    }

    /// Begins one connection and sends its CONNECT as early as the kernel takes it.
    mutating func dial(_ index: Int, connect: ControlPackets.Connect) throws {
        let (descriptor, connected) = try dialer.open()
        clients[index].descriptor = descriptor
        clients[index].phase = connected ? .greeting : .dialling
        clients[index].partial.removeAll()
        clients[index].pending.removeAll()
        clients[index].pendingStart = 0
        clients[index].watchesWrite = false
        clients[index].dialledNanoseconds = Clock.now()
        var greeting = connect
        greeting.version = target.version
        greeting.username = target.username
        greeting.password = target.password
        let packet = ControlPackets.connect(greeting)
        if let tls {
            clients[index].tls = try tls.connection(on: descriptor)
            clients[index].phase = connected ? .securing : .dialling
            clients[index].pending = packet
            clients[index].watchesWrite = true
            return try poller.add(
                descriptor,
                events: Poller.readable | Poller.writable,
                token: UInt64(index)
            )
        }
        // On loopback the handshake is over when connect returns, so this saves a readiness event per connection.
        let sent = packet.withUnsafeBytes {
            Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
        }
        // Reading the socket's error takes it away, so this may be the only one to see a refusal.
        if sent < 0, errno != EAGAIN, errno != EINTR {
            throw LoadError.system("connecting to \(dialer.description)")
        }
        if sent == packet.count {
            clients[index].phase = .greeting
        } else {
            clients[index].pending = Array(packet[max(0, sent)...])
            clients[index].watchesWrite = true
        }
        let watched = Poller.readable | (clients[index].watchesWrite ? Poller.writable : 0)
        try poller.add(descriptor, events: watched, token: UInt64(index))
    }

    mutating func becameConnected(_ index: Int) throws {
        let code = Dialer.outcome(of: clients[index].descriptor)
        guard code == 0 else { throw LoadError.system("connecting to \(dialer.description)", code) }
        clients[index].phase = clients[index].tls == nil ? .greeting : .securing
    }

    /// Takes a CONNACK.
    mutating func greeted(_ index: Int, _ body: UnsafeRawBufferPointer) throws {
        guard clients[index].phase == .greeting, body.count >= 2 else {
            throw LoadError("the broker sent a CONNACK that was not asked for, or a short one")
        }
        guard body[1] == 0 else {
            throw LoadError("the broker refused a connection with code \(body[1])")
        }
        clients[index].phase = .open
        clients[index].sessionPresent = body[0] & 1 != 0
        clients[index].receiveMaximum = 65535
        if target.version == .v5, let maximum = ConnectAnswer.receiveMaximum(in: body) {
            clients[index].receiveMaximum = max(1, Int(maximum))
        }
        counters.connections += 1
        connectLatency.record(Clock.now() &- clients[index].dialledNanoseconds)
        opened.append(index)
    }

    /// Says DISCONNECT and closes, without waiting for anything.
    mutating func hangUp(_ index: Int) {
        guard clients[index].descriptor >= 0 else { return }
        if clients[index].phase == .open {
            _ = ControlPackets.disconnect.withUnsafeBytes { bytes in
                if let ssl = clients[index].tls { return sendTLS(ssl, bytes) }
                return Glibc.send(
                    clients[index].descriptor,
                    bytes.baseAddress,
                    bytes.count,
                    Int32(MSG_NOSIGNAL)
                )
            }
        }
        if let ssl = clients[index].tls {
            SSL_free(ssl)
            clients[index].tls = nil
        }
        Glibc.close(clients[index].descriptor)
        clients[index].descriptor = -1
        clients[index].phase = .closed
        clients[index].watchesWrite = false
    }

    /// Sends SUBSCRIBEs for the filters of each connection of `range` and waits for all SUBACKs.
    mutating func subscribe(_ range: Range<Int>, qos: UInt8, filters: (Int) -> [String]) throws {
        let perPacket = 50
        let awaitedMax = 100
        for index in range {
            let wanted = filters(index)
            var from = 0
            var packetID: UInt16 = 1
            while from < wanted.count {
                let chunk = wanted[from..<min(from + perPacket, wanted.count)]
                let packet = ControlPackets.subscribe(
                    version: target.version,
                    packetID: packetID,
                    filters: chunk,
                    qos: qos
                )
                try packet.withUnsafeBytes { try send(index, $0) }
                packetID = packetID == .max ? 1 : packetID + 1
                clients[index].awaitedAnswers += 1
                counters.awaitedAnswers += 1
                from += perPacket
                if counters.awaitedAnswers >= awaitedMax {
                    try turns("waiting for SUBACK") { $0.counters.awaitedAnswers < awaitedMax / 2 }
                }
            }
            progress.show { "subscribing: connection \(index - range.lowerBound + 1) of \(range.count)" }
        }
        try turns("waiting for SUBACK") { $0.counters.awaitedAnswers == 0 }
    }

    /// Takes a SUBACK.
    mutating func subscribed(_ index: Int, _ body: UnsafeRawBufferPointer) throws {
        guard clients[index].awaitedAnswers > 0, body.count >= 3 else {
            throw LoadError("the broker sent a SUBACK that was not asked for, or a short one")
        }
        // Version 5.0 has properties between the packet identifier and the reason codes.
        var codes = 2
        if target.version == .v5, let length = try PacketScanner.variableByteInteger(body, at: 2) {
            codes += length.size + length.value
        }
        while codes < body.count {
            guard body[codes] < 0x80 else {
                throw LoadError(
                    "the broker refused a subscription with code 0x\(String(body[codes], radix: 16))"
                )
            }
            codes += 1
        }
        clients[index].awaitedAnswers -= 1
        counters.awaitedAnswers -= 1
    }
}
