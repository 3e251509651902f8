import Glibc

extension Engine {
    /// Sends `bytes`, keeping what the kernel does not take.
    mutating func send(_ index: Int, _ bytes: UnsafeRawBufferPointer) throws {
        guard bytes.count > 0 else { return }
        var taken = 0
        if clients[index].pending.isEmpty {
            taken = try write(index, bytes)
            if taken == bytes.count { return }
        }
        clients[index].pending.append(contentsOf: bytes[taken...])
        try watchWrite(index, true)
    }

    /// - Returns: how many bytes the kernel took.
    @inline(__always)
    private mutating func write(_ index: Int, _ bytes: UnsafeRawBufferPointer) throws -> Int {
        counters.writes += 1
        let sent =
            if let ssl = clients[index].tls {
                sendTLS(ssl, bytes)
            } else {
                Glibc.send(clients[index].descriptor, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
            }
        if sent >= 0 { return sent }
        if errno == EAGAIN || errno == EINTR { return 0 }
        throw LoadError.system("writing to \(name(of: index))")
    }

    mutating func becameWritable(_ index: Int) throws {
        guard clients[index].descriptor >= 0 else { return }
        if clients[index].phase == .dialling { try becameConnected(index) }
        if clients[index].phase == .securing, let ssl = clients[index].tls {
            return try handshake(index, ssl)
        }
        try sendPending(index)
    }

    /// Sends what the kernel did not take before.
    mutating func sendPending(_ index: Int) throws {
        let start = clients[index].pendingStart
        let count = clients[index].pending.count
        if start < count {
            // The bytes are lent to the kernel and put back, so that the array is not copied.
            let pending = clients[index].pending
            let taken = try pending.withUnsafeBytes { bytes in
                try write(index, UnsafeRawBufferPointer(rebasing: bytes[start...]))
            }
            clients[index].pendingStart += taken
            if clients[index].pendingStart < count { return try watchWrite(index, true) }
        }
        clients[index].pending.removeAll(keepingCapacity: count < 64 * 1024)
        clients[index].pendingStart = 0
        try watchWrite(index, false)
        let publisher = clients[index].publisher
        // While connections are being opened there are no publishers yet.
        if flow.publishers.indices.contains(publisher) { flow.list(publisher) }
    }

    mutating func watchWrite(_ index: Int, _ watches: Bool) throws {
        guard clients[index].watchesWrite != watches else { return }
        clients[index].watchesWrite = watches
        try poller.change(
            clients[index].descriptor,
            events: Poller.readable | (watches ? Poller.writable : 0),
            token: UInt64(index)
        )
    }

    /// Lets every publisher with credit publish, each in one write.
    mutating func publishListed() throws {
        guard flow.isPublishing, !flow.listed.isEmpty else { return }
        let listed = flow.listed
        flow.listed = []
        flow.listed.reserveCapacity(listed.count)
        for publisher in listed {
            flow.publishers[publisher].isListed = false
            try publish(publisher)
        }
    }

    private mutating func publish(_ number: Int) throws {
        let index = flow.publishers[number].client
        // What the kernel did not take is sent first; becameWritable lists the publisher again then.
        guard clients[index].pending.isEmpty else { return }
        let now = Clock.now()
        var used = 0
        var made: UInt64 = 0
        let packetMax = flow.templates.packetCountMax
        while flow.publishers[number].credit > 0, flow.budget > 0 {
            if used + packetMax > Self.bufferBytes {
                try send(index, UnsafeRawBufferPointer(start: writeBuffer, count: used))
                used = 0
                guard clients[index].pending.isEmpty else { break }
            }
            guard hasRoomForCopies(number), let packetID = takePacketID(number, now: now) else { break }
            let sequence = flow.publishers[number].sequence
            let stamp = Stamp(
                publisher: UInt32(truncatingIfNeeded: number),
                sequence: sequence,
                sentNanoseconds: now
            )
            used += flow.templates.write(
                topic: flow.publishers[number].topic(of: sequence),
                packetID: packetID,
                stamp: stamp,
                to: writeBuffer + used
            )
            if case .delivered(let copies) = flow.settlement, copies > 1 {
                let ring = flow.publishers[number].copies
                flow.missingCopies[ring.lowerBound + Int(sequence & UInt64(ring.count - 1))] = Int32(copies)
            }
            flow.publishers[number].sequence += 1
            flow.publishers[number].credit -= 1
            flow.budget -= 1
            made += 1
        }
        counters.published += made
        if case .sent = flow.settlement { counters.settled += made }
        if used > 0 { try send(index, UnsafeRawBufferPointer(start: writeBuffer, count: used)) }
    }

    /// Whether the message that the next one would take the place of has been settled. When it is not, its
    /// settlement lists the publisher again.
    @inline(__always)
    private func hasRoomForCopies(_ number: Int) -> Bool {
        let ring = flow.publishers[number].copies
        if ring.isEmpty { return true }
        let slot = Int(flow.publishers[number].sequence & UInt64(ring.count - 1))
        return flow.missingCopies[ring.lowerBound + slot] == 0
    }

    /// - Returns: 0 for QoS 0; `nil` when no more may be in flight. An acknowledgement lists the publisher again.
    @inline(__always)
    private mutating func takePacketID(_ number: Int, now: UInt64) -> UInt16? {
        guard flow.qos > 0 else { return 0 }
        let ring = flow.publishers[number].identifiers
        guard flow.publishers[number].inFlight < flow.publishers[number].inFlightMax else { return nil }
        let slot = Int(flow.publishers[number].sequence & UInt64(ring.count - 1))
        // An identifier is taken again only when its handshake is complete, even if the acknowledgements of
        // others have overtaken it.
        guard flow.sentNanoseconds[ring.lowerBound + slot] == 0 else { return nil }
        flow.sentNanoseconds[ring.lowerBound + slot] = now
        flow.publishers[number].inFlight += 1
        counters.inFlight += 1
        return UInt16(truncatingIfNeeded: slot + 1)
    }
}
