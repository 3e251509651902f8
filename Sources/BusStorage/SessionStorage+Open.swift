package import Access
package import EventBus
package import Journal
import MQTTWire

/// What a start found.
package struct StorageReport: Sendable {
    package var journal: RecoveryReport
    package var sessions = 0
    package var retained = 0
    package var recordsRead = 0
}

extension SessionStorage {
    /// Opens the journal, puts sessions and retained messages back into `shard`, and attaches to it.
    ///
    /// - Parameters:
    ///   - committer: makes what drives the commits of the opened log.
    ///   - observer: told of commits and of changes of state, on the committing thread.
    /// - Throws: ``StorageError/journal(_:)`` with what is wrong and what to do.
    package static func open(
        _ settings: StorageSettings,
        on disk: any Disk = POSIXDisk(),
        keys: KeyRing = .none,
        shard: BusShard,
        access: AccessControl,
        observer: LogObserver,
        wallMilliseconds: @escaping () -> UInt64,
        committer: (Log) throws -> any CommitDriver
    ) throws -> (storage: SessionStorage, report: StorageReport) {
        var configuration = LogConfiguration(durability: settings.durability)
        configuration.retention.bytesMax = settings.bytesMaximum
        configuration.retention.whenFull = settings.whenFull
        configuration.commitDelay = settings.commitDelay
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
        let state = try recover(opened.log, shard, &report)
        let storage = SessionStorage(
            log: opened.log,
            committer: try committer(opened.log),
            state: state,
            settings: settings,
            wallSeconds: { Int64(wallMilliseconds() / 1000) }
        )
        storage.putBack(into: shard, access, &report)
        shard.attach(storage)
        return (storage, report)
    }

    /// Reads the newest checkpoint and what was written since.
    private static func recover(
        _ log: Log,
        _ shard: BusShard,
        _ report: inout StorageReport
    ) throws -> StoredState {
        var state = StoredState()
        let reader = LogReader(log, from: 0, chunkBytes: 1 << 20)
        while let record = try reader.next() {
            guard let kind = RecordKind(rawValue: record.type) else { continue }
            let position = record.position &+ 1
            try state.apply(kind, record.payload, at: position)
            report.recordsRead += 1
            if kind == .message {
                let message = try MessageRecord.read(record.payload)
                if message.retain { shard.restoreRetained(message, position: position) }
            }
        }
        return state
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
        report.retained = shard.retainedCount
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
