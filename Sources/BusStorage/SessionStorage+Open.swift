package import Access
package import EventBus
package import Journal
import MQTTWire

/// What a start found.
package struct StorageReport: Sendable {
    package var journal: RecoveryReport
    package var sessions = 0
    /// Read behind the checkpoint.
    package var recordsRead = 0
    /// Newer checkpoints that could not be used, and why.
    package var checkpointsSkipped: [String] = []
}

extension SessionStorage {
    /// Opens the journal, puts sessions and retained messages back into `shard`, and attaches to it.
    ///
    /// - Parameters:
    ///   - committer: makes what drives the commits of the opened log.
    ///   - background: runs what takes long on another thread, one after the other: checkpoints.
    ///   - checkpointFailed: told of a checkpoint that could not be written; the next one is tried in its turn.
    ///   - observer: told of commits and of changes of state, on the committing thread.
    /// - Returns: with `retained` still to be put back by ``RecoveredRetained/putBack(_:into:)``, when all shards
    ///   are open.
    /// - Throws: ``StorageError/journal(_:)`` with what is wrong and what to do.
    package static func open(
        _ settings: StorageSettings,
        on disk: any Disk = POSIXDisk(),
        keys: KeyRing = .none,
        shard: BusShard,
        access: AccessControl,
        observer: LogObserver,
        background: @escaping (@escaping @Sendable () -> Void) -> Void,
        checkpointFailed: @escaping @Sendable (LogError) -> Void = { _ in },
        wallMilliseconds: @escaping () -> UInt64,
        committer: (Log) throws -> any CommitDriver
    ) throws -> (storage: SessionStorage, retained: RecoveredRetained, report: StorageReport) {
        var configuration = LogConfiguration(durability: settings.durability)
        configuration.retention.bytesMax = settings.bytesMaximum
        configuration.retention.whenFull = settings.whenFull
        configuration.commitDelay = settings.commitDelay
        configuration.commitBytes = settings.commitBytes
        let opened: (log: Log, report: RecoveryReport)
        do throws(LogError) {
            opened = try Log.open(
                settings.directory,
                on: disk,
                configuration: configuration,
                keys: keys,
                observer: observer,
                now: wallMilliseconds()
            )
        } catch {
            throw StorageError.journal(error.message)
        }
        var report = StorageReport(journal: opened.report)
        let log = opened.log
        let recovered = try recover(log, &report)
        let storage = SessionStorage(
            log: log,
            committer: try committer(log),
            state: recovered.state,
            picturedTo: recovered.position,
            settings: settings,
            background: background,
            checkpointFailed: checkpointFailed,
            wallSeconds: { Int64(wallMilliseconds() / 1000) }
        )
        storage.shard = shard
        storage.putBack(into: shard, access, &report)
        try storage.findBacklogs(in: shard, from: recovered.position)
        log.setFloor(min(recovered.position, storage.sessionFloor))
        shard.attach(storage)
        return (storage, recovered.retained, report)
    }

    private var sessionFloor: LogPosition {
        let start = log.startPosition
        return state.sessions.values.reduce(log.endPosition) { min($0, $1.floor(start: start)) }
    }

    private struct Recovered {
        var state = StoredState()
        var retained = RecoveredRetained()
        /// What the checkpoint covers; 0 without one.
        var position: LogPosition = 0
    }

    /// Reads the newest checkpoint and what was written since.
    private static func recover(_ log: Log, _ report: inout StorageReport) throws -> Recovered {
        var recovered = Recovered()
        if let checkpoint = try log.newestCheckpoint() {
            var bytes: [UInt8] = []
            while let piece = try checkpoint.nextPiece() { bytes.append(contentsOf: piece) }
            recovered.position = checkpoint.position
            recovered.retained.time = Int64(checkpoint.createdAt) * 1_000_000
            report.checkpointsSkipped = checkpoint.skipped
            try bytes.withUnsafeBytes { bytes in
                var reader = ByteReader(bytes)
                let size: UInt32 = try reader.read()
                recovered.state = try StoredState(decoding: try reader.read(Int(size)))
                recovered.retained.base = Array(try reader.read(reader.left))
            }
        }
        let reader = LogReader(log, from: recovered.position, chunkBytes: 1 << 20)
        while let record = try reader.next() {
            guard let kind = RecordKind(rawValue: record.type) else { continue }
            try recovered.state.apply(kind, record.payload, at: record.position &+ 1)
            report.recordsRead += 1
            if kind == .message {
                let message = try MessageRecord.read(record.payload)
                if message.retain {
                    recovered.retained.note(message, at: record.position &+ 1, record.payload)
                }
            }
        }
        return recovered
    }

    /// Finds where the backlog of each session begins that had none when the checkpoint was made, by one walk
    /// through the log behind it: or every session would walk through it by itself when its client comes.
    private func findBacklogs(in shard: BusShard, from position: LogPosition) throws {
        var first: [UInt32: UInt64] = [:]
        let reader = LogReader(log, from: position, chunkBytes: 1 << 20)
        while let record = try reader.next() {
            guard record.type == RecordKind.message.rawValue else { continue }
            let message = try MessageRecord.read(record.payload)
            guard message.qos != .atMostOnce else { continue }
            shard.forEachStoredSession(wanting: message.parts.topic) { id in
                if first[id] == nil, record.position &+ 1 > state.sessions[id]?.sentTo ?? .max {
                    first[id] = record.position &+ 1
                }
            }
        }
        let end = log.endPosition
        for (id, session) in state.sessions where session.sentTo >= position {
            var backlog = first[id] ?? .max
            for chosen in session.chosen where chosen > session.sentTo { backlog = min(backlog, chosen) }
            state.advance(id, to: min(end, backlog - 1))
            shard.restoreBacklog(session.clientID, after: backlog == .max ? 0 : backlog - 1)
        }
    }

    private func putBack(into shard: BusShard, _ access: AccessControl, _ report: inout StorageReport) {
        let reader = LogReader(log)
        let now = wallSeconds()
        for (id, session) in state.sessions.sorted(by: { $0.key < $1.key }) {
            let asked = Identity(
                names: ClientNames(clientID: session.clientID, username: session.userName),
                grants: Grants(roles: [], rules: .unrestricted, quotas: Quotas()),
                source: session.source,
                claimedRoles: session.roles
            )
            guard let identity = access.refreshed(asked) else {
                // Its user is gone: so is the session.
                ended(id)
                continue
            }
            // A session that was connected lost its connection with the process.
            if session.isConnected {
                state.sessions[id]?.isConnected = false
                state.sessions[id]?.disconnectedAt = now
            }
            let since = session.isConnected ? now : session.disconnectedAt
            shard.restore(session.restored(id, identity, awayFor: now - since)) { position, body in
                guard position > log.startPosition else { return false }
                reader.seek(to: position - 1)
                guard let record = try? reader.next(), record.position == position - 1,
                    record.type == RecordKind.message.rawValue,
                    let message = try? MessageRecord.read(record.payload)
                else { return false }
                body(message)
                return true
            }
            report.sessions += 1
        }
    }
}

extension StoredState.Session {
    func restored(_ id: UInt32, _ identity: Identity, awayFor: Int64) -> RestoredSession {
        // The order of sending: identifiers run upwards and end before the next one.
        let ordered = inFlight.sorted {
            distance($0.key, nextPacketID) > distance($1.key, nextPacketID)
        }
        return RestoredSession(
            storeID: id,
            clientID: clientID,
            identity: identity,
            expiryInterval: expiryInterval,
            awayFor: UInt32(clamping: awayFor),
            subscriptions: filters.compactMap { filter in
                var subscription = Subscription(
                    filter.filter,
                    maximumQoS: QoS(rawValue: filter.options & 3) ?? .atMostOnce
                )
                subscription.noLocal = filter.options & 4 != 0
                subscription.retainAsPublished = filter.options & 8 != 0
                return (subscription, filter.identifier)
            },
            will: will,
            inFlight: ordered.map {
                .init(
                    packetID: $0.key,
                    qos: $0.value.qos,
                    isReceived: $0.value.isReceived,
                    position: $0.value.position
                )
            },
            nextPacketID: nextPacketID,
            incoming: incoming,
            sentTo: sentTo
        )
    }

    /// Steps from `a` up to `b`, identifiers running from 1 to 65,535 and on from 1.
    private func distance(_ a: UInt16, _ b: UInt16) -> Int {
        b > a ? Int(b) - Int(a) : Int(b) + 65_535 - Int(a)
    }
}
