import Access
import EventBus
import MQTTWire

extension StoredState {
    /// The whole state as bytes, for a checkpoint.
    func encode() -> [UInt8] {
        var builder = ByteBuilder()
        builder.write(Self.version)
        builder.write(nextSession)
        builder.write(UInt32(sessions.count))
        for (id, session) in sessions.sorted(by: { $0.key < $1.key }) {
            builder.write(id)
            Self.write(session, to: &builder)
        }
        builder.write(UInt8(forwarded.count))
        for (shard, messages) in forwarded {
            builder.write(shard)
            builder.write(UInt32(messages.positions.count))
            for position in messages.positions { builder.write(position) }
        }
        return builder.bytes
    }

    init(decoding bytes: UnsafeRawBufferPointer) throws(StorageError) {
        self.init()
        var reader = ByteReader(bytes)
        let version: UInt32 = try reader.read()
        guard version == Self.version else { throw .checkpointVersion(version) }
        nextSession = try reader.read()
        let count: UInt32 = try reader.read()
        for _ in 0..<count {
            let id: UInt32 = try reader.read()
            sessions[id] = try Self.readSession(&reader)
        }
        for _ in 0..<(try reader.read(UInt8.self)) {
            let shard: UInt8 = try reader.read()
            var messages = ForwardedMessages()
            for _ in 0..<(try reader.read(UInt32.self)) { messages.insert(try reader.read()) }
            forwarded[shard] = messages
        }
    }

    private static func write(_ session: Session, to builder: inout ByteBuilder) {
        builder.write(session.clientID)
        builder.write(UInt8(session.userName == nil ? 0 : 1))
        if let userName = session.userName { builder.write(userName) }
        builder.write(session.source.rawValue)
        builder.write(UInt32(session.roles.count))
        for role in session.roles { builder.write(role) }
        builder.write(session.expiryInterval)
        builder.write(UInt8(session.isConnected ? 1 : 0))
        builder.write(session.disconnectedAt)
        builder.write(session.sentTo)
        builder.write(session.nextPacketID)
        builder.write(UInt32(session.filters.count))
        for filter in session.filters {
            builder.write(filter.options)
            builder.write(filter.identifier)
            builder.write(filter.since)
            builder.write(counted: filter.filter.utf8)
        }
        write(session.will, to: &builder)
        builder.write(UInt32(session.inFlight.count))
        for (packetID, entry) in session.inFlight {
            builder.write(packetID)
            builder.write(entry.qos.rawValue | (entry.isReceived ? 4 : 0))
            builder.write(entry.position)
        }
        builder.write(UInt32(session.chosen.count))
        for position in session.chosen { builder.write(position) }
        builder.write(UInt32(session.incoming.count))
        for (packetID, position) in session.incoming {
            builder.write(packetID)
            builder.write(position)
        }
    }

    private static func readSession(_ reader: inout ByteReader) throws(StorageError) -> Session {
        let clientID = try reader.readText()
        let userName = try reader.read(UInt8.self) == 1 ? try reader.readText() : nil
        let source = Identity.Source(rawValue: try reader.readText()) ?? .password
        let roles = try reader.readTexts()
        let expiryInterval: UInt32 = try reader.read()
        let isConnected: UInt8 = try reader.read()
        let disconnectedAt: Int64 = try reader.read()
        let sentTo: UInt64 = try reader.read()
        var session = Session(
            clientID: clientID,
            userName: userName,
            source: source,
            roles: roles,
            expiryInterval: expiryInterval,
            sentTo: sentTo
        )
        session.isConnected = isConnected == 1
        session.disconnectedAt = disconnectedAt
        session.nextPacketID = try reader.read()
        for _ in 0..<(try reader.read(UInt32.self)) {
            let options: UInt8 = try reader.read()
            let identifier: UInt32 = try reader.read()
            let since: UInt64 = try reader.read()
            let text = try reader.readText()
            guard let filter = try? TopicFilter(text) else { continue }
            session.filters.append(
                Filter(filter: filter, options: options, identifier: identifier, since: since)
            )
        }
        session.will = try readWill(&reader)
        for _ in 0..<(try reader.read(UInt32.self)) {
            let packetID: UInt16 = try reader.read()
            let flags: UInt8 = try reader.read()
            session.inFlight[packetID] = InFlight(
                position: try reader.read(),
                qos: QoS(rawValue: flags & 3) ?? .atLeastOnce,
                isReceived: flags & 4 != 0
            )
        }
        for _ in 0..<(try reader.read(UInt32.self)) { session.chosen.append(try reader.read()) }
        for _ in 0..<(try reader.read(UInt32.self)) {
            let packetID: UInt16 = try reader.read()
            session.incoming[packetID] = try reader.read()
        }
        return session
    }
}
