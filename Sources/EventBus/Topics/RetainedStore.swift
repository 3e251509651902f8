package import MQTTWire
import Synchronization

/// The retained message of each topic, `[MQTT-3.3.1-5]`: one for the site, shared by all shards.
///
/// The lock is held for one lookup, change or encoding; only retained publishes and new
/// subscriptions come here.
///
/// `@unchecked Sendable`: `state` is touched only inside ``locked(_:)``, which holds `lock`.
package final class RetainedStore: @unchecked Sendable {
    private let lock = Mutex(())
    private var state = State()

    private func locked<Result: Sendable>(_ body: (inout State) -> Result) -> Result {
        lock.withLock { _ in body(&state) }
    }

    private struct Slot: BitwiseCopyable {
        var message: Message.Reference?
        /// When the bus took it in, nanoseconds since 1970 UTC.
        var time: Int64 = 0
    }

    private struct State: ~Copyable {
        var trie = TopicTrie<Slot>(empty: Slot(message: nil))
        var levels = TopicLevels()
        var count = 0
        var bytes = 0

        init() {}

        deinit {
            var pending: [UInt32] = [TopicTrie<Slot>.root]
            while let node = pending.popLast() {
                trie[node].pointee.value.message?.release()
                trie.forEachChild(of: node) { pending.append($0) }
            }
        }
    }

    init() {}

    package var count: Int { locked { $0.count } }
    /// Memory of the messages, in bytes.
    package var bytes: Int { locked { $0.bytes } }

    /// Keeps `source` for its topic, or forgets the topic's message if the payload is empty
    /// `[MQTT-3.3.1-6]`, `[MQTT-3.3.1-7]`.
    ///
    /// - Returns: `false` when a limit does not let it in; what was there before stays.
    func set(_ source: borrowing PublishSource, hash: TopicHash, now: BusTime, settings: BusSettings) -> Bool
    {
        let parts = source.parts
        let isEmpty = parts.payload.isEmpty
        let message: Message.Reference? = isEmpty ? nil : Message.make(source)
        message?.pointee.retain = true
        let isKept = locked { state -> Bool in
            state.levels.split(parts.topic, hash)
            guard let fresh = message else {
                let node = state.trie.find(state.levels)
                if node != 0 { Self.clear(node, &state) }
                return true
            }
            let node = state.trie.insert(state.levels)
            let old = state.trie[node].pointee.value.message
            let size = fresh.size
            let fits =
                (old != nil || state.count < settings.retainedMessagesMaximum)
                && state.bytes - (old?.size ?? 0) + size <= settings.retainedBytesMaximum
            guard fits else {
                state.trie.prune(node) { $0.message == nil }
                return false
            }
            state.bytes += size - (old?.size ?? 0)
            if old == nil { state.count += 1 }
            old?.release()
            state.trie[node].pointee.value.message = fresh
            state.trie[node].pointee.value.time = now.wall
            return true
        }
        if !isKept { message?.release() }
        return isKept
    }

    private static func clear(_ node: UInt32, _ state: inout State) {
        guard let message = state.trie[node].pointee.value.message else { return }
        state.bytes -= message.size
        state.count -= 1
        message.release()
        state.trie[node].pointee.value.message = nil
        state.trie.prune(node) { $0.message == nil }
    }

    /// Calls `found` for each topic that `filter` matches and that has a message.
    func match(_ filter: UnsafeRawBufferPointer, hash: TopicHash, _ found: (UInt32, UInt32) -> Void) {
        locked { state in
            state.levels.split(filter, hash)
            Self.match(TopicTrie<Slot>.root, 0, &state, found)
        }
    }

    private static func match(
        _ node: UInt32,
        _ depth: Int,
        _ state: inout State,
        _ found: (UInt32, UInt32) -> Void
    ) {
        if depth == state.levels.count {
            report(node, &state, found)
            return
        }
        let level = state.levels[depth]
        let first = level.length == 1 ? (state.levels.base + Int(level.offset)).load(as: UInt8.self) : 0
        if first == UInt8(ascii: "#") {
            everything(node, depth, &state, found)
        } else if first == UInt8(ascii: "+") {
            for child in children(of: node, depth, &state) { match(child, depth + 1, &state, found) }
        } else {
            let child = state.trie.child(of: node, level, in: state.levels.base)
            if child != 0 { match(child, depth + 1, &state, found) }
        }
    }

    /// `sport/#` matches `sport` too `[MQTT-4.7.1-2]`: the node itself and all below it.
    private static func everything(
        _ node: UInt32,
        _ depth: Int,
        _ state: inout State,
        _ found: (UInt32, UInt32) -> Void
    ) {
        report(node, &state, found)
        for child in children(of: node, depth, &state) { everything(child, depth + 1, &state, found) }
    }

    /// The children that a wildcard matches: at the root not those that begin with `$` `[MQTT-4.7.2-1]`.
    private static func children(of node: UInt32, _ depth: Int, _ state: inout State) -> [UInt32] {
        var list: [UInt32] = []
        state.trie.forEachChild(of: node) { child in
            let isSystem = depth == 0 && state.trie.withSegment(of: child) { $0.first == UInt8(ascii: "$") }
            if !isSystem { list.append(child) }
        }
        return list
    }

    private static func report(_ node: UInt32, _ state: inout State, _ found: (UInt32, UInt32) -> Void) {
        if state.trie[node].pointee.value.message != nil { found(node, state.trie[node].pointee.stamp) }
    }

    /// Calls `body` with the message that is now at a topic noted before; an expired one is forgotten.
    func read(_ node: UInt32, stamp: UInt32, now: BusTime, _ body: (PublishSource) -> Void) {
        locked { state in
            guard state.trie.isLive(node, stamp: stamp), let message = state.trie[node].pointee.value.message
            else { return }
            let source = message.source
            if source.isExpired(at: now.seconds) {
                Self.clear(node, &state)
            } else {
                body(source)
            }
        }
    }

    /// Calls `body` with every retained message, for a checkpoint. From any thread; publishers of retained
    /// messages wait meanwhile.
    ///
    /// - Parameter body: also gets where the journal keeps, or kept, the message.
    package func forEachStored(now: BusTime, _ body: (borrowing StoredMessage, _ position: UInt64) -> Void) {
        locked { state in
            var pending: [UInt32] = [TopicTrie<Slot>.root]
            while let node = pending.popLast() {
                let slot = state.trie[node].pointee.value
                if let source = slot.message?.source, !source.isExpired(at: now.seconds) {
                    let left = Int64(source.expiryLeft(at: now.seconds))
                    body(
                        StoredMessage(
                            parts: source.parts,
                            qos: source.qos,
                            retain: true,
                            expiresAt: source.expiresAt == 0 ? 0 : now.wallSeconds + left,
                            ingestTime: slot.time
                        ),
                        source.position
                    )
                }
                state.trie.forEachChild(of: node) { pending.append($0) }
            }
        }
    }
}

extension BusSite {
    /// Calls `body` with the retained messages whose topic `filter` matches. From any thread.
    package func readRetained(_ filter: TopicFilter, now: BusTime, _ body: (DeliveredMessage) -> Void) {
        var found: [(UInt32, UInt32)] = []
        Array(filter.filter).withUnsafeBytes { text in
            retained.match(text, hash: TopicHash(key: hashKey)) { found.append(($0, $1)) }
        }
        for (node, stamp) in found {
            retained.read(node, stamp: stamp, now: now) { source in
                body(
                    DeliveredMessage(
                        topic: source.parts.topic,
                        payload: source.parts.payload,
                        properties: source.parts.properties,
                        moreProperties: source.parts.moreProperties,
                        qos: source.qos,
                        retain: true,
                        expiryLeft: source.expiryLeft(at: now.seconds),
                        position: source.position,
                        time: now,
                        publisher: -1
                    )
                )
            }
        }
    }
}

extension TopicTrie {
    func forEachChild(of node: UInt32, _ body: (UInt32) -> Void) {
        var child = self[node].pointee.firstChild
        while child != 0 {
            body(child)
            child = self[child].pointee.nextSibling
        }
    }
}

extension BusShard {
    /// Sends retained messages noted at SUBSCRIBE, as far as the output and the window allow.
    func sendRetained(_ index: Int32) {
        let session = sessions[index]
        let slot = session.pointee.client
        guard slot >= 0, let extras = session.pointee.extras, var backlog = extras.retained else { return }
        extras.retained = nil
        let client = clients[slot]
        while !backlog.isEmpty {
            guard client.pointee.output.count < settings.outputBytesMaximum else {
                client.pointee.isBlocked = true
                break
            }
            let entry = backlog.entries[backlog.next]
            if entry.qos != .atMostOnce, !session.pointee.window.hasRoom(client.pointee.receiveMaximum) {
                break
            }
            backlog.next += 1
            site.retained.read(entry.node, stamp: entry.stamp, now: now) { source in
                sendRetained(source, entry, session, slot, client)
            }
        }
        if backlog.isEmpty { dropEmptyExtras(index) } else { extras.retained = backlog }
    }

    private func sendRetained(
        _ source: PublishSource,
        _ entry: RetainedBacklog.Entry,
        _ session: UnsafeMutablePointer<Session>,
        _ slot: Int32,
        _ client: UnsafeMutablePointer<Client>
    ) {
        if entry.checkEachMessage, !session.pointee.identity.mayReceive(source.parts.topic) {
            counters.deliveriesNotAuthorized &+= 1
            return
        }
        let qos = min(source.qos, entry.qos)
        // [MQTT-3.3.1-8]
        let flags: DeliveryFlags = .retain
        var packetID: UInt16 = 0
        if qos != .atMostOnce {
            var message: Message.Reference?
            let holds = session.pointee.outlivesConnection
            packetID = session.pointee.window.append(
                .init(
                    message: holds ? reference(source, &message) : nil,
                    identifier: entry.identifier,
                    qos: qos,
                    state: qos == .atLeastOnce ? .awaitingPubAck : .awaitingPubRec,
                    flags: flags
                )
            )
            message?.release()
        }
        let wasSent = send(
            source,
            slot,
            client,
            qos: qos,
            packetID: packetID,
            dup: false,
            flags,
            entry.identifier,
            nil
        )
        if !wasSent, packetID != 0, let place = session.pointee.window.place(of: packetID) {
            settle(place, packetID, session)
        }
    }
}
