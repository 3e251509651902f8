import Access

/// Bytes per second that a client may move, beside its quotas; `nil` is no further limit.
package struct RateLimit: Sendable, Hashable {
    /// PUBLISH packets that are taken from the client: reading from it pauses.
    package var publishBytes: UInt64?
    /// Everything that is sent to the client: output waits, and what finds no room then is treated as for any
    /// client that reads slowly.
    package var deliverBytes: UInt64?

    package init(publishBytes: UInt64? = nil, deliverBytes: UInt64? = nil) {
        self.publishBytes = publishBytes
        self.deliverBytes = deliverBytes
    }

    /// What both allow.
    fileprivate func narrowed(by other: RateLimit?) -> RateLimit {
        guard let other else { return self }
        func least(_ a: UInt64?, _ b: UInt64?) -> UInt64? {
            guard let a, let b else { return a ?? b }
            return min(a, b)
        }
        return RateLimit(
            publishBytes: least(publishBytes, other.publishBytes),
            deliverBytes: least(deliverBytes, other.deliverBytes)
        )
    }
}

/// Whose rate is limited.
package enum RateSubject: Sendable, Hashable {
    /// By client identifier.
    case client(String)
    /// By verified user name.
    case user(String)
    /// By the address of the peer, as ``PeerInfo/addressKey``.
    case address(UInt64, UInt64)
}

extension BusShard {
    /// Limits the rates of these clients from now on, connected or not, and of no others.
    package func limitRates(_ limits: [RateSubject: RateLimit]) {
        rateLimits = limits
        for slot in 0..<clients.limit where isClientLive(slot) {
            let client = clients[slot]
            guard client.pointee.state == .connected, client.pointee.session >= 0 else { continue }
            applyRates(sessions[client.pointee.session].pointee.identity, slot, client)
        }
        settle()
    }

    /// Looks up what holds for a client that connects or whose limits changed.
    func applyRates(_ identity: Identity, _ slot: Int32, _ client: UnsafeMutablePointer<Client>) {
        var limit = RateLimit()
        if !rateLimits.isEmpty {
            limit = limit.narrowed(by: rateLimits[.client(identity.clientID)])
            if let name = identity.name { limit = limit.narrowed(by: rateLimits[.user(name)]) }
            let peer = client.pointee.peerAddress
            limit = limit.narrowed(by: rateLimits[.address(peer.0, peer.1)])
        }
        guard limit != RateLimit() || client.pointee.isPaced || client.pointee.extras?.publishPacer != nil
        else { return }
        let extras = client.pointee.extras ?? ClientExtras()
        client.pointee.extras = extras
        // A debt stays where the rate does: to ask for the same again pays nothing off.
        if extras.publishPacer?.bytesPerSecond != limit.publishBytes {
            extras.publishPacer = limit.publishBytes.map { RatePacer(bytesPerSecond: $0) }
            // The old rate's pause is over; at the new one the next packet pauses it again.
            if client.pointee.isPaused {
                resumeReading(ConnectionID(slot: slot, generation: client.pointee.generation))
            }
        }
        if extras.deliverPacer?.bytesPerSecond != limit.deliverBytes {
            extras.deliverPacer = limit.deliverBytes.map { RatePacer(bytesPerSecond: $0) }
        }
        // 0 lets every publish be counted exactly.
        client.pointee.publishBytesRate =
            limit.publishBytes == nil ? UInt32(clamping: identity.quotas.publishBytesRate) : 0
        client.pointee.isPaced = extras.deliverPacer != nil
        if !client.pointee.output.isEmpty { markDirty(slot, client) }
    }

    /// What of a paced client's output may leave now; where something must wait, it is seen to later.
    func pacedOutput(_ slot: Int32, _ client: UnsafeMutablePointer<Client>) -> UnsafeRawBufferPointer {
        let bytes = client.pointee.output.bytes
        // Last words are not held back.
        guard client.pointee.state == .connected, let extras = client.pointee.extras,
            let pacer = extras.deliverPacer
        else { return bytes }
        let wait = pacer.wait(now: now.monotonic)
        guard wait == 0 else {
            resumeSending(after: wait, slot, client, extras)
            return UnsafeRawBufferPointer(start: nil, count: 0)
        }
        return UnsafeRawBufferPointer(rebasing: bytes.prefix(pacer.piece))
    }

    /// Bytes of a paced client have left.
    func pacedOutputLeft(_ count: Int, _ slot: Int32, _ client: UnsafeMutablePointer<Client>) {
        guard let extras = client.pointee.extras, extras.deliverPacer != nil else { return }
        extras.deliverPacer?.spend(count, now: now.monotonic)
        guard !client.pointee.output.isEmpty, let pacer = extras.deliverPacer else { return }
        resumeSending(after: max(1, pacer.wait(now: now.monotonic)), slot, client, extras)
    }

    private func resumeSending(
        after wait: UInt64,
        _ slot: Int32,
        _ client: UnsafeMutablePointer<Client>,
        _ extras: ClientExtras
    ) {
        guard !extras.isSendTimerSet else { return }
        extras.isSendTimerSet = true
        timers.add(
            .init(
                due: now.monotonic &+ wait,
                slot: slot,
                stamp: client.pointee.generation,
                kind: .resumeSending
            )
        )
    }

    func resumeSending(_ id: ConnectionID) {
        guard let client = client(id) else { return }
        client.pointee.extras?.isSendTimerSet = false
        // The gateway sees only pieces, and so does not tell that there is room again.
        outputDrained(id)
        if !client.pointee.output.isEmpty { markDirty(id.slot, client) }
    }
}
