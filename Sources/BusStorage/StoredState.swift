import Access
import EventBus
import Journal
import MQTTWire

/// What the records of the journal add up to: the sessions that outlive their connections, and where
/// each stands in the log.
///
/// Every record goes through ``apply(_:_:at:)``, when it is written and when it is read back at start:
/// so what a restart finds is what was there before.
struct StoredState {
    static let version: UInt32 = 1

    struct Filter {
        var filter: TopicFilter
        /// Options byte of SUBSCRIBE.
        var options: UInt8
        var identifier: UInt32
        /// Messages behind this position are the subscription's.
        var since: UInt64
    }

    struct InFlight {
        var position: UInt64
        var qos: QoS
        /// PUBREC came.
        var isReceived: Bool
    }

    struct Session {
        var clientID: String
        var userName: String?
        var source: Identity.Source
        var roles: [String]
        var expiryInterval: UInt32
        var isConnected = true
        /// Wall-clock second of the end of the last connection.
        var disconnectedAt: Int64 = 0
        var filters: [Filter] = []
        var will: StoredWill?
        /// Sent and not settled, by packet identifier.
        var inFlight: [UInt16: InFlight] = [:]
        var nextPacketID: UInt16 = 1
        /// Every message up to here was sent, or came before the session.
        var sentTo: UInt64
        /// Messages behind ``sentTo`` that a shared subscription chose the session for.
        var chosen: [UInt64] = []
        /// QoS 2 identifiers of messages from the client that it has not released, and where the messages are.
        var incoming: [UInt16: UInt64] = [:]

        /// The oldest place in the log that must still be there: of what waits, and of what was sent and is not
        /// settled. A retained message in flight may be older than the log's `start` and pins nothing.
        func floor(start: LogPosition) -> LogPosition {
            var floor = sentTo
            for entry in inFlight.values where !entry.isReceived && entry.position > start {
                floor = min(floor, entry.position - 1)
            }
            return floor
        }
    }

    var sessions: [UInt32: Session] = [:]
    var nextSession: UInt32 = 1
    /// QoS 2 messages that other shards forwarded and that are kept here, by those shards' index + 1.
    var forwarded: [UInt8: ForwardedMessages] = [:]

    /// Applies one record.
    ///
    /// - Parameter position: one more than where the record lies in the log.
    mutating func apply(
        _ kind: RecordKind,
        _ payload: UnsafeRawBufferPointer,
        at position: UInt64
    ) throws(StorageError) {
        var reader = ByteReader(payload)
        switch kind {
        case .message:
            let message = try MessageRecord.read(payload)
            if message.exactlyOnceID != 0 {
                sessions[message.publisher]?.incoming[message.exactlyOnceID] = position
            }
            if message.originShard != 0 {
                forwarded[message.originShard, default: ForwardedMessages()].insert(message.origin)
            }
        case .sessionConnected: try connected(&reader, position)
        case .sessionDisconnected:
            let id: UInt32 = try reader.read()
            let expiryInterval: UInt32 = try reader.read()
            let time: Int64 = try reader.read()
            sessions[id]?.isConnected = false
            sessions[id]?.expiryInterval = expiryInterval
            sessions[id]?.disconnectedAt = time
        case .sessionEnded: sessions[try reader.read()] = nil
        case .subscribed:
            let id: UInt32 = try reader.read()
            let options: UInt8 = try reader.read()
            let identifier: UInt32 = try reader.read()
            guard let filter = try? TopicFilter(try reader.readText()) else { return }
            subscribed(id, Filter(filter: filter, options: options, identifier: identifier, since: position))
        case .unsubscribed:
            let id: UInt32 = try reader.read()
            guard let filter = try? TopicFilter(try reader.readText()) else { return }
            sessions[id]?.filters.removeAll { $0.filter == filter }
        case .will:
            let id: UInt32 = try reader.read()
            sessions[id]?.will = try Self.readWill(&reader)
        case .sent:
            let id: UInt32 = try reader.read()
            let packetID: UInt16 = try reader.read()
            let qos: UInt8 = try reader.read()
            sent(id, position: try reader.read(), packetID: packetID, qos: QoS(rawValue: qos) ?? .atLeastOnce)
        case .received:
            let id: UInt32 = try reader.read()
            sessions[id]?.inFlight[try reader.read()]?.isReceived = true
        case .settled:
            let id: UInt32 = try reader.read()
            let packetID: UInt16 = try reader.read()
            settled(id, position: try reader.read(), packetID: packetID)
        case .chosen:
            let id: UInt32 = try reader.read()
            sessions[id]?.chosen.append(try reader.read())
        case .released:
            let id: UInt32 = try reader.read()
            sessions[id]?.incoming[try reader.read()] = nil
        }
    }

    private mutating func connected(_ reader: inout ByteReader, _ position: UInt64) throws(StorageError) {
        let id: UInt32 = try reader.read()
        let expiryInterval: UInt32 = try reader.read()
        let isNew: UInt8 = try reader.read()
        let clientID = try reader.readText()
        let hasUser: UInt8 = try reader.read()
        let userName = hasUser == 1 ? try reader.readText() : nil
        let source = Identity.Source(rawValue: try reader.readText()) ?? .password
        let roles = try reader.readTexts()
        nextSession = max(nextSession, id &+ 1)
        if isNew == 1 || sessions[id] == nil {
            sessions[id] = Session(
                clientID: clientID,
                userName: userName,
                source: source,
                roles: roles,
                expiryInterval: expiryInterval,
                sentTo: position
            )
        } else {
            sessions[id]?.userName = userName
            sessions[id]?.source = source
            sessions[id]?.roles = roles
            sessions[id]?.expiryInterval = expiryInterval
            sessions[id]?.isConnected = true
        }
    }

    private mutating func subscribed(_ id: UInt32, _ new: Filter) {
        guard let known = sessions[id]?.filters.firstIndex(where: { $0.filter == new.filter }) else {
            sessions[id]?.filters.append(new)
            return
        }
        // The same filter again changes the options; messages that wait already stay its own.
        var changed = new
        changed.since = sessions[id]?.filters[known].since ?? new.since
        sessions[id]?.filters[known] = changed
    }

    mutating func sent(_ id: UInt32, position: UInt64, packetID: UInt16, qos: QoS) {
        guard let index = sessions.index(forKey: id) else { return }
        sessions.values[index].inFlight[packetID] = InFlight(position: position, qos: qos, isReceived: false)
        sessions.values[index].nextPacketID = packetID == 65_535 ? 1 : packetID + 1
        if position > sessions.values[index].sentTo { sessions.values[index].sentTo = position }
        while let first = sessions.values[index].chosen.first, first <= sessions.values[index].sentTo {
            sessions.values[index].chosen.removeFirst()
        }
    }

    /// Everything up to `position` was sent or is not the session's.
    mutating func advance(_ id: UInt32, to position: UInt64) {
        guard let index = sessions.index(forKey: id), position > sessions.values[index].sentTo else { return }
        sessions.values[index].sentTo = position
        sessions.values[index].chosen.removeAll { $0 <= position }
    }

    /// The same for every session, as `position` says of it, in place.
    mutating func advanceAll(_ position: (Session) -> UInt64?) {
        var index = sessions.startIndex
        while index != sessions.endIndex {
            let (id, session) = sessions[index]
            if let position = position(session), position > session.sentTo { advance(id, to: position) }
            sessions.formIndex(after: &index)
        }
    }

    mutating func settled(_ id: UInt32, position: UInt64, packetID: UInt16) {
        guard let index = sessions.index(forKey: id) else { return }
        if packetID != 0 {
            sessions.values[index].inFlight[packetID] = nil
        } else if position > sessions.values[index].sentTo {
            // Never sent: it expired while it waited.
            sessions.values[index].sentTo = position
        }
    }

    // MARK: - Wills

    static func write(_ will: StoredWill?, to builder: inout ByteBuilder) {
        guard let will else {
            builder.write(UInt8(0))
            return
        }
        builder.write(UInt8(1))
        builder.write(will.qos.rawValue | (will.retain ? 4 : 0))
        builder.write(will.delay)
        builder.write(will.expiryInterval ?? 0)
        builder.write(UInt8(will.expiryInterval == nil ? 0 : 1))
        builder.write(Int32(truncatingIfNeeded: will.expiryOffset))
        builder.write(counted: will.topic)
        builder.write(counted: will.properties)
        builder.write(counted: will.payload)
    }

    static func readWill(_ reader: inout ByteReader) throws(StorageError) -> StoredWill? {
        guard try reader.read(UInt8.self) == 1 else { return nil }
        let flags: UInt8 = try reader.read()
        let delay: UInt32 = try reader.read()
        let interval: UInt32 = try reader.read()
        let hasInterval: UInt8 = try reader.read()
        let expiryOffset: Int32 = try reader.read()
        let topic = try reader.readBytes()
        let properties = try reader.readBytes()
        return StoredWill(
            topic: topic,
            payload: try reader.readBytes(),
            properties: properties,
            expiryOffset: Int(expiryOffset),
            qos: QoS(rawValue: flags & 3) ?? .atMostOnce,
            retain: flags & 4 != 0,
            delay: delay,
            expiryInterval: hasInterval == 1 ? interval : nil
        )
    }
}

/// Places in another shard's journal of the QoS 2 messages that it forwarded lately: a message that comes again
/// after a crash is known by its place. A publisher repeats what it has not released, so the latest are enough.
struct ForwardedMessages {
    private static let limit = 65_536

    /// Ascending, as they come.
    private(set) var positions: [UInt64] = []

    mutating func insert(_ position: UInt64) {
        let index = place(of: position)
        guard index == positions.count || positions[index] != position else { return }
        positions.insert(position, at: index)
        if positions.count >= Self.limit * 2 { positions.removeFirst(Self.limit) }
    }

    func contains(_ position: UInt64) -> Bool {
        let index = place(of: position)
        return index < positions.count && positions[index] == position
    }

    private func place(of position: UInt64) -> Int {
        if positions.last ?? 0 < position { return positions.count }
        var (low, high) = (0, positions.count)
        while low < high {
            let middle = (low + high) / 2
            if positions[middle] < position { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
