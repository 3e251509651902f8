package import EventBus
import Journal
package import MQTTWire

/// Keeps what the bus promised to keep: one log, and each session a place in it.
///
/// A message is written once, however many sessions want it. A session is a cursor and its filters: what
/// waits for it is found by reading the log on from the cursor, so a backlog needs no memory and no
/// copies. Called on one shard's thread; the commits run on a thread of their own and are told to
/// `onCommit` there.
///
/// Positions here are one more than those of the log, so that 0 can mean "not kept".
package final class SessionStorage {
    let log: Log
    let committer: any CommitDriver
    var state: StoredState
    /// Sends whoever drives the disk to work once per turn.
    private var hasNew = false
    private(set) package var lastPosition: UInt64 = 0
    private var reader: (storeID: UInt32, position: UInt64, reader: LogReader)?
    let settings: StorageSettings
    let wallSeconds: () -> Int64

    // Checkpoints
    /// Runs what takes long on another thread, one after the other.
    let background: (@escaping @Sendable () -> Void) -> Void
    /// Told of a checkpoint that could not be written, on the thread that writes them.
    let checkpointFailed: @Sendable (LogError) -> Void
    /// The shard that this is the storage of; it owns us.
    weak var shard: BusShard?
    let progress = CheckpointProgress()
    var picture: Picture?
    /// Where the newest picture was taken.
    var picturedTo: LogPosition
    var lastPictureSecond: Int64 = 0
    /// The journal was full since the newest picture.
    var wasRefused = false
    /// Something was settled since then, so that another picture may free room.
    var settledSincePicture = false

    init(
        log: Log,
        committer: any CommitDriver,
        state: StoredState,
        picturedTo: LogPosition,
        settings: StorageSettings,
        background: @escaping (@escaping @Sendable () -> Void) -> Void,
        checkpointFailed: @escaping @Sendable (LogError) -> Void,
        wallSeconds: @escaping () -> Int64
    ) {
        self.settings = settings
        self.background = background
        self.checkpointFailed = checkpointFailed
        self.picturedTo = picturedTo
        self.log = log
        self.committer = committer
        self.state = state
        self.wallSeconds = wallSeconds
    }

    // MARK: - Writing

    /// Appends a small record and applies it to the state. Small records may use the journal's reserve,
    /// since many of them are what releases room.
    private func note(_ kind: RecordKind, _ build: (inout ByteBuilder) -> Void) -> UInt64 {
        var builder = ByteBuilder()
        build(&builder)
        do throws(AppendRefusal) {
            let position = try log.append(type: kind.rawValue, builder.bytes, isControl: true) &+ 1
            apply(kind, builder.bytes, position)
            return appended(position)
        } catch {
            // The journal does not take even this: nothing may be promised on it, so the position is one
            // that it has not reached and will reach with the next record.
            apply(kind, builder.bytes, log.endPosition &+ 1)
            return appended(log.endPosition &+ 1)
        }
    }

    /// The same for the two records that come with every delivery: written in place, nothing allocated.
    private func note(
        _ kind: RecordKind,
        _ storeID: UInt32,
        _ packetID: UInt16,
        _ position: UInt64,
        _ qos: QoS?
    ) -> UInt64 {
        do throws(AppendRefusal) {
            return appended(
                try log.append(type: kind.rawValue, size: qos == nil ? 14 : 15, isControl: true) { memory in
                    var writer = ByteWriter(memory)
                    writer.write(storeID)
                    writer.write(packetID)
                    if let qos { writer.write(qos.rawValue) }
                    writer.write(position)
                } &+ 1
            )
        } catch {
            return appended(log.endPosition &+ 1)
        }
    }

    private func appended(_ position: UInt64) -> UInt64 {
        hasNew = true
        lastPosition = max(lastPosition, position)
        return position
    }

    private func apply(_ kind: RecordKind, _ bytes: [UInt8], _ position: UInt64) {
        bytes.withUnsafeBytes { payload in
            do throws(StorageError) {
                try state.apply(kind, payload, at: position)
            } catch {
                preconditionFailure("a record just written cannot be read: \(error)")
            }
        }
    }
}

extension SessionStorage: BusStore {
    package var durablePosition: UInt64 { log.durablePosition }

    package func keep(_ message: StoredMessage, isWantedLater: Bool) -> StoreDecision {
        // A QoS 2 message of a session that lives on is noted even if nobody wants it: its identifier must
        // be known after a restart.
        guard isWantedLater || message.retain || message.exactlyOnceID != 0 else { return .notKept }
        let size = MessageRecord.size(message)
        let position: UInt64
        do throws(AppendRefusal) {
            position =
                try log.append(type: RecordKind.message.rawValue, size: size) {
                    MessageRecord.write(message, to: $0)
                } &+ 1
        } catch {
            if error == .full { wasRefused = true }
            return .refused(
                error == .full || error == .overloaded || error == .dropped
                    ? .quotaExceeded : .unspecifiedError
            )
        }
        if message.exactlyOnceID != 0 {
            state.sessions[message.publisher]?.incoming[message.exactlyOnceID] = position
        }
        if message.originShard != 0 {
            state.forwarded[message.originShard, default: ForwardedMessages()].insert(message.origin)
        }
        _ = appended(position)
        return .kept(position: position, durableAt: log.configuration.durability == .memory ? 0 : position)
    }

    package func knowsForwarded(_ position: UInt64, from shard: Int) -> Bool {
        state.forwarded[UInt8(shard + 1)]?.contains(position) == true
    }

    package func choose(_ storeID: UInt32, position: UInt64) {
        _ = note(.chosen) {
            $0.write(storeID)
            $0.write(position)
        }
    }

    package func connected(_ session: borrowing StoredSession) -> UInt32 {
        let isNew = session.storeID == 0 || state.sessions[session.storeID] == nil
        let id = isNew ? state.nextSession : session.storeID
        let (clientID, userName, expiryInterval) = (
            session.clientID, session.userName, session.expiryInterval
        )
        let (source, roles) = (session.source.rawValue, session.roles)
        _ = note(.sessionConnected) {
            $0.write(id)
            $0.write(expiryInterval)
            $0.write(UInt8(isNew ? 1 : 0))
            $0.write(clientID)
            $0.write(UInt8(userName == nil ? 0 : 1))
            if let userName { $0.write(userName) }
            $0.write(source)
            $0.write(UInt32(roles.count))
            for role in roles { $0.write(role) }
        }
        return id
    }

    package func disconnected(_ storeID: UInt32, expiryInterval: UInt32) {
        let time = wallSeconds()
        _ = note(.sessionDisconnected) {
            $0.write(storeID)
            $0.write(expiryInterval)
            $0.write(time)
        }
        if reader?.storeID == storeID { reader = nil }
    }

    package func ended(_ storeID: UInt32) {
        _ = note(.sessionEnded) { $0.write(storeID) }
        settledSincePicture = true
    }

    package func subscribed(
        _ storeID: UInt32,
        filter: TopicFilter,
        options: UInt8,
        identifier: UInt32
    ) -> UInt64 {
        note(.subscribed) {
            $0.write(storeID)
            $0.write(options)
            $0.write(identifier)
            $0.write(counted: filter.utf8)
        }
    }

    package func unsubscribed(_ storeID: UInt32, filter: TopicFilter) -> UInt64 {
        note(.unsubscribed) {
            $0.write(storeID)
            $0.write(counted: filter.utf8)
        }
    }

    package func willChanged(_ storeID: UInt32, will: StoredWill?) {
        _ = note(.will) {
            $0.write(storeID)
            StoredState.write(will, to: &$0)
        }
    }

    package func sent(_ storeID: UInt32, position: UInt64, packetID: UInt16, qos: QoS) -> UInt64 {
        state.sent(storeID, position: position, packetID: packetID, qos: qos)
        return note(.sent, storeID, packetID, position, qos)
    }

    package func received(_ storeID: UInt32, packetID: UInt16) -> UInt64 {
        note(.received) {
            $0.write(storeID)
            $0.write(packetID)
        }
    }

    package func settled(_ storeID: UInt32, position: UInt64, packetID: UInt16) {
        state.settled(storeID, position: position, packetID: packetID)
        settledSincePicture = true
        _ = note(.settled, storeID, packetID, position, nil)
    }

    package func released(_ storeID: UInt32, packetID: UInt16) -> UInt64 {
        note(.released) {
            $0.write(storeID)
            $0.write(packetID)
        }
    }

    package func turnEnded() {
        if hasNew {
            hasNew = false
            committer.requestCommit()
        }
        keepUp()
    }

    // MARK: - Reading

    /// Bytes of log looked through for one session at a time.
    private static var refillBytes: UInt64 { 1 << 20 }

    package func refill(
        _ storeID: UInt32,
        after position: UInt64,
        _ take: (borrowing StoredMessage, StoredDelivery) -> Bool
    ) -> RefillProgress {
        guard let session = state.sessions[storeID] else {
            return RefillProgress(scannedTo: position, isCaughtUp: true)
        }
        let reader = reader(for: storeID, at: position)
        let limit = position &+ Self.refillBytes
        var scannedTo = position
        do {
            while let record = try reader.next() {
                if record.position < position { continue }
                scannedTo = record.position &+ 1
                if record.type == RecordKind.message.rawValue,
                    try offer(record, storeID, session, take) == false
                {
                    self.reader = (storeID, scannedTo, reader)
                    return RefillProgress(scannedTo: scannedTo, isCaughtUp: false)
                }
                if scannedTo >= limit {
                    self.reader = (storeID, scannedTo, reader)
                    return RefillProgress(scannedTo: scannedTo, isCaughtUp: false)
                }
            }
        } catch {
            // The disk refuses to read: what waits stays where it is and is asked for again later.
            self.reader = nil
            return RefillProgress(scannedTo: scannedTo, isCaughtUp: false)
        }
        self.reader = nil
        return RefillProgress(scannedTo: max(scannedTo, log.endPosition), isCaughtUp: true)
    }

    /// Gives one message to `take` if it is the session's. `false` when `take` wants no more.
    private func offer(
        _ record: LogRecord,
        _ storeID: UInt32,
        _ session: StoredState.Session,
        _ take: (borrowing StoredMessage, StoredDelivery) -> Bool
    ) throws -> Bool {
        let position = record.position &+ 1
        let message = try MessageRecord.read(record.payload)
        guard let delivery = session.delivery(of: message, at: position, to: storeID) else { return true }
        if message.expiresAt != 0, message.expiresAt <= wallSeconds() { return true }
        return take(message, delivery)
    }

    private func reader(for storeID: UInt32, at position: UInt64) -> LogReader {
        if let reader, reader.storeID == storeID, reader.position == position { return reader.reader }
        // Either the place of a record, or one more: then that record is passed over by the caller.
        return LogReader(log, from: position & ~LogPosition(RecordHeader.alignment - 1))
    }
}

extension StoredState.Session {
    /// How a message goes to the session, by its filters or because a group chose it; `nil` when it does not.
    func delivery(of message: borrowing StoredMessage, at position: UInt64, to storeID: UInt32)
        -> StoredDelivery?
    {
        if chosen.contains(position) {
            return StoredDelivery(position: position, qos: message.qos, isShared: true)
        }
        var found: StoredDelivery?
        let topic = message.parts.topic
        for filter in filters where filter.since < position && !filter.filter.isShared {
            if filter.options & 4 != 0, message.publisher == storeID { continue }
            guard filter.filter.matches(topic) else { continue }
            let qos = min(message.qos, QoS(rawValue: filter.options & 3) ?? .atMostOnce)
            var delivery = found ?? StoredDelivery(position: position, qos: qos)
            delivery.qos = max(delivery.qos, qos)
            if filter.options & 8 != 0, message.retain { delivery.retain = true }
            if filter.identifier != 0 { delivery.identifiers.append(filter.identifier) }
            found = delivery
        }
        // QoS 0 is for those who are there.
        return found?.qos == .atMostOnce ? nil : found
    }
}
