import COpenSSL
import Glibc

extension Engine {
    /// Reads from a connection and takes every complete packet.
    mutating func receive(_ index: Int) throws {
        guard let ssl = clients[index].tls else {
            _ = try receiveOnce(index, nil)
            return
        }
        if clients[index].phase == .dialling { try becameConnected(index) }
        if clients[index].phase == .securing { return try handshake(index, ssl) }
        // What libssl has taken from the socket already makes no socket readable.
        while try receiveOnce(index, ssl), clients[index].tls != nil, SSL_has_pending(ssl) == 1 {}
    }

    /// - Returns: whether there was something to read.
    @inline(__always)
    private mutating func receiveOnce(_ index: Int, _ ssl: OpaquePointer?) throws -> Bool {
        guard clients[index].descriptor >= 0 else { return false }
        var filled = clients[index].partial.count
        if filled > 0 {
            clients[index].partial.withUnsafeBytes {
                readBuffer.copyMemory(
                    from: $0.baseAddress ?? UnsafeRawPointer(readBuffer),
                    byteCount: $0.count
                )
            }
        }
        guard filled < Self.bufferBytes else {
            throw LoadError("the broker sent a packet of more than \(Self.bufferBytes) bytes")
        }
        counters.reads += 1
        let count =
            if let ssl {
                receiveTLS(ssl, into: readBuffer + filled, count: Self.bufferBytes - filled)
            } else {
                recv(clients[index].descriptor, readBuffer + filled, Self.bufferBytes - filled, 0)
            }
        if count <= 0 {
            if count < 0, errno == EAGAIN || errno == EINTR { return false }
            if clients[index].phase == .dialling { try becameConnected(index) }
            throw LoadError(
                count == 0
                    ? "the broker closed \(name(of: index))"
                    : "\(LoadError.system("reading from \(name(of: index))"))"
            )
        }
        filled += count
        let now = Clock.now()
        var scanner = PacketScanner(UnsafeRawBufferPointer(start: readBuffer, count: filled))
        var answers = 0
        while let packet = try scanner.next() {
            try take(packet, from: index, now: now, answers: &answers)
        }
        let rest = filled - scanner.consumed
        if rest > 0 {
            clients[index].partial = Array(
                UnsafeRawBufferPointer(start: readBuffer + scanner.consumed, count: rest)
            )
        } else if !clients[index].partial.isEmpty {
            clients[index].partial.removeAll(keepingCapacity: true)
        }
        if answers > 0 { try send(index, UnsafeRawBufferPointer(start: answerBuffer, count: answers)) }
        return true
    }

    @inline(__always)
    private mutating func take(
        _ packet: PacketScanner.Packet,
        from index: Int,
        now: UInt64,
        answers: inout Int
    ) throws {
        let body = packet.remaining
        switch packet.firstByte >> 4 {
        case 3:
            let head = try PublishHead(
                firstByte: packet.firstByte,
                remaining: body,
                version5: target.version == .v5
            )
            delivered(index, UnsafeRawBufferPointer(rebasing: body[head.payload]), now: now)
            if head.packetID != 0 {
                answer(packet.firstByte & 0x06 == 0x02 ? 0x40 : 0x50, head.packetID, to: &answers)
            }
        case 4: try acknowledged(index, packetID(body), now: now)
        case 5:
            try refuseFailure(packet.firstByte, body)
            answer(0x62, try packetID(body), to: &answers)
        case 6: answer(0x70, try packetID(body), to: &answers)
        case 7: try acknowledged(index, packetID(body), now: now)
        case 2: try greeted(index, body)
        case 9: try subscribed(index, body)
        case 14:
            let reason = body.isEmpty ? 0 : body[0]
            throw LoadError(
                "the broker disconnected \(name(of: index)) with reason 0x\(String(reason, radix: 16))"
            )
        default: break
        }
        if packet.firstByte >> 4 == 4 { try refuseFailure(packet.firstByte, body) }
    }

    private func packetID(_ body: UnsafeRawBufferPointer) throws -> UInt16 {
        guard body.count >= 2 else {
            throw PacketScanner.Malformed(reason: "an acknowledgement without a packet identifier")
        }
        return UInt16(body[0]) << 8 | UInt16(body[1])
    }

    /// Version 5.0 refuses a message in its PUBACK or PUBREC.
    @inline(__always)
    private func refuseFailure(_ firstByte: UInt8, _ body: UnsafeRawBufferPointer) throws {
        guard body.count > 2, body[2] >= 0x80 else { return }
        throw LoadError("the broker refused a message with reason 0x\(String(body[2], radix: 16))")
    }

    @inline(__always)
    private func answer(_ firstByte: UInt8, _ packetID: UInt16, to used: inout Int) {
        // The shortest PUBLISH with an identifier has more bytes than its answer, and so has every other packet
        // that is answered; the read buffer is as long as this one.
        let out = answerBuffer + used
        out.storeBytes(of: firstByte, as: UInt8.self)
        out.storeBytes(of: 2, toByteOffset: 1, as: UInt8.self)
        out.storeBytes(of: packetID.bigEndian, toByteOffset: 2, as: UInt16.self)
        used += 4
    }

    @inline(__always)
    private mutating func delivered(_ index: Int, _ payload: UnsafeRawBufferPointer, now: UInt64) {
        counters.delivered += 1
        let subscriber = clients[index].subscriber
        guard let stamp = Stamp.read(payload), subscriber >= 0,
            Int(stamp.publisher) < flow.publishers.count,
            stamp.sequence < flow.publishers[Int(stamp.publisher)].sequence
        else {
            flow.check.verdict.foreign += 1
            return
        }
        let publisher = Int(stamp.publisher)
        deliveryLatency.record(now &- stamp.sentNanoseconds)
        let settled = flow.check.record(
            subscriber: subscriber,
            publisher: publisher,
            sequence: stamp.sequence
        )
        guard case .delivered(let copies) = flow.settlement, settled > 0 else { return }
        if copies == 1 {
            counters.settled += settled
            flow.settle(publisher, Int(settled))
            return
        }
        let ring = flow.publishers[publisher].copies
        // Skipped messages are settled too: their copy to this subscriber will not come.
        var sequence = stamp.sequence &+ 1 &- settled
        while sequence <= stamp.sequence {
            let slot = ring.lowerBound + Int(sequence & UInt64(ring.count - 1))
            flow.missingCopies[slot] -= 1
            if flow.missingCopies[slot] == 0 {
                counters.settled += 1
                flow.settle(publisher, 1)
            }
            sequence += 1
        }
    }

    /// A PUBACK or PUBCOMP.
    @inline(__always)
    private mutating func acknowledged(_ index: Int, _ packetID: UInt16, now: UInt64) throws {
        let number = clients[index].publisher
        guard number >= 0 else { return }
        let slot = flow.publishers[number].identifiers.lowerBound + Int(packetID) - 1
        guard packetID > 0, slot < flow.publishers[number].identifiers.upperBound,
            flow.sentNanoseconds[slot] != 0
        else {
            throw LoadError("the broker acknowledged packet identifier \(packetID), which is not in flight")
        }
        acknowledgeLatency.record(now &- flow.sentNanoseconds[slot])
        flow.sentNanoseconds[slot] = 0
        flow.publishers[number].inFlight -= 1
        counters.inFlight -= 1
        counters.acknowledged += 1
        if case .acknowledged = flow.settlement {
            counters.settled += 1
            flow.settle(number, 1)
        } else if flow.publishers[number].credit > 0 {
            flow.list(number)
        }
    }

    func name(of index: Int) -> String {
        let client = clients[index]
        if client.publisher >= 0 { return "publisher \(client.publisher)'s connection" }
        if client.subscriber >= 0 { return "subscriber \(client.subscriber)'s connection" }
        return "connection \(index)"
    }
}
