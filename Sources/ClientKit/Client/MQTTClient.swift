import Glibc
package import MQTTWire

/// A blocking MQTT client for tools and tests: one connection, used by one thread.
///
/// It keeps itself alive while ``next(until:alsoReading:)`` or one of the awaiting calls runs, and only then.
package final class MQTTClient {
    private let configuration: ClientConfiguration
    private var machine: ClientMachine
    private var channel: (any ByteChannel)?
    /// Events that came while something else was awaited.
    private var waiting: [ClientEvent] = []
    private var lastSent = ContinuousClock.now
    private var pingSent: ContinuousClock.Instant?
    /// What the broker answered to CONNECT.
    package private(set) var connAck: ConnAck?
    /// Told about every packet of ours and every event, in a few words.
    package var trace: ((String) -> Void)?

    package init(_ configuration: ClientConfiguration) {
        self.configuration = configuration
        machine = ClientMachine(version: configuration.version, packetSizeMax: configuration.packetSizeMax)
    }

    package var isConnected: Bool { machine.isConnected }
    /// QoS 1 and 2 messages of ours whose handshake is not complete.
    package var inFlight: Int { machine.inFlight }
    package var canSend: Bool { machine.canSend }

    /// Connects and awaits the CONNACK.
    ///
    /// - Throws: ``ClientError/Kind/refused(_:)``, ``ClientError/Kind/network``, ``ClientError/Kind/timeout``…
    @discardableResult
    package func connect() throws(ClientError) -> ConnAck {
        let deadline = ContinuousClock.now + configuration.connectTimeout
        let channel = try ChannelFactory.open(configuration, deadline: deadline)
        self.channel = channel
        while try !channel.establish() {
            guard try wait(channel, until: deadline) else {
                throw ClientError(.timeout, "the connection was not made in \(configuration.connectTimeout)")
            }
        }
        var connect = Connect(
            version: configuration.version,
            clientID: configuration.clientID,
            cleanStart: configuration.cleanStart,
            keepAlive: configuration.keepAlive
        )
        connect.will = configuration.will
        connect.userName = configuration.userName
        connect.password = configuration.password
        connect.properties = configuration.properties
        let authentication = try makeAuthentication()
        if authentication != nil { (connect.userName, connect.password) = (nil, nil) }
        try machine.connect(connect, authentication: authentication)
        trace?("sending CONNECT")
        let answer = try awaitEvent(until: deadline, "CONNACK") { event -> ConnAck? in
            if case .connected(let answer) = event { answer } else { nil }
        }
        connAck = answer
        return answer
    }

    private func makeAuthentication() throws(ClientError) -> (any ClientAuthentication)? {
        guard configuration.usesScram else { return nil }
        guard configuration.version == .v5 else {
            throw ClientError(.usage, "SCRAM-SHA-256 needs MQTT version 5")
        }
        guard let name = configuration.userName, let password = configuration.password else {
            throw ClientError(.usage, "SCRAM-SHA-256 needs a user name and a password")
        }
        return try ScramAuthentication(
            userName: name,
            password: String(decoding: password, as: UTF8.self)
        )
    }

    /// Publishes a message without awaiting its acknowledgement, which ``next(until:alsoReading:)`` tells.
    ///
    /// - Returns: the packet identifier, 0 for QoS 0.
    @discardableResult
    package func publish(_ message: Publish) throws(ClientError) -> UInt16 {
        let packetID = try machine.publish(message)
        trace?(
            "sending PUBLISH (q\(message.qos.rawValue), m\(packetID), '\(message.topic)', \(message.payload.count) bytes)"
        )
        try flush()
        return packetID
    }

    /// Publishes and awaits the end of the message's handshake.
    ///
    /// - Returns: the reason code; success for QoS 0.
    @discardableResult
    package func publishAndWait(
        _ message: Publish,
        timeout: Duration = .seconds(20)
    ) throws(ClientError) -> ReasonCode {
        let deadline = ContinuousClock.now + timeout
        let packetID = try publish(message)
        if packetID == 0 {
            try drain(until: deadline)
            return .success
        }
        return try awaitEvent(until: deadline, "the acknowledgement") { event in
            if case .completed(packetID, let reason) = event { reason } else { nil }
        }
    }

    @discardableResult
    package func subscribe(
        _ subscriptions: [Subscription],
        properties: Properties = Properties(),
        timeout: Duration = .seconds(20)
    ) throws(ClientError) -> SubAck {
        let packetID = try machine.subscribe(subscriptions, properties: properties)
        trace?(
            "sending SUBSCRIBE (m\(packetID), \(subscriptions.map(\.filter.text).joined(separator: ", ")))"
        )
        return try awaitEvent(until: ContinuousClock.now + timeout, "SUBACK") { event in
            if case .subscribed(let answer) = event, answer.packetID == packetID { answer } else { nil }
        }
    }

    @discardableResult
    package func unsubscribe(
        _ filters: [TopicFilter],
        properties: Properties = Properties(),
        timeout: Duration = .seconds(20)
    ) throws(ClientError) -> UnsubAck {
        let packetID = try machine.unsubscribe(filters, properties: properties)
        trace?("sending UNSUBSCRIBE (m\(packetID), \(filters.map(\.text).joined(separator: ", ")))")
        return try awaitEvent(until: ContinuousClock.now + timeout, "UNSUBACK") { event in
            if case .unsubscribed(let answer) = event, answer.packetID == packetID { answer } else { nil }
        }
    }

    /// Says DISCONNECT, sends what is left and closes.
    package func disconnect(
        _ reasonCode: ReasonCode = .normalDisconnection,
        properties: Properties = Properties(),
        timeout: Duration = .seconds(5)
    ) throws(ClientError) {
        try machine.disconnect(reasonCode, properties: properties)
        trace?("sending DISCONNECT")
        try drain(until: ContinuousClock.now + timeout)
        close()
    }

    /// Closes without DISCONNECT: the broker publishes the will.
    package func close() {
        channel?.close()
        channel = nil
    }

    /// The next event, or `nil` when `deadline` has passed or `alsoReading` can be read first.
    ///
    /// - Parameter alsoReading: another descriptor to wait for, such as standard input.
    /// - Throws: ``ClientError/Kind/closed`` when the connection ends.
    package func next(
        until deadline: ContinuousClock.Instant?,
        alsoReading other: Int32? = nil
    ) throws(ClientError) -> ClientEvent? {
        while true {
            if !waiting.isEmpty { return waiting.removeFirst() }
            guard let channel else { throw ClientError(.usage, "there is no connection") }
            let readiness = try turn(channel, until: deadline, other: other)
            if !waiting.isEmpty { continue }
            if readiness == .other { return nil }
            if let deadline, ContinuousClock.now >= deadline { return nil }
        }
    }

    /// Waits until everything was handed to the kernel.
    private func drain(until deadline: ContinuousClock.Instant) throws(ClientError) {
        guard let channel else { return }
        try flush()
        while channel.hasBufferedOutput {
            guard try wait(channel, until: deadline) else {
                throw ClientError(.timeout, "the broker takes no more bytes")
            }
            try channel.flush()
        }
    }

    private func flush() throws(ClientError) {
        guard let channel, !machine.output.isEmpty else { return }
        let output = machine.output
        machine.output.removeAll(keepingCapacity: true)
        lastSent = .now
        try channel.send(output)
    }

    /// Awaits an event; others are kept for ``next(until:alsoReading:)``.
    private func awaitEvent<T>(
        until deadline: ContinuousClock.Instant,
        _ what: String,
        _ pick: (ClientEvent) -> T?
    ) throws(ClientError) -> T {
        guard let channel else { throw ClientError(.usage, "there is no connection") }
        try flush()
        var examined = 0
        while true {
            while examined < waiting.count {
                if let found = pick(waiting[examined]) {
                    waiting.remove(at: examined)
                    return found
                }
                if case .disconnected(let packet) = waiting[examined] { throw packet.error }
                examined += 1
            }
            guard ContinuousClock.now < deadline else {
                throw ClientError(.timeout, "\(what) did not come in time")
            }
            _ = try turn(channel, until: deadline, other: nil)
        }
    }

    private enum Readiness { case own, other, nothing }

    /// Sends, waits once, receives.
    private func turn(
        _ channel: any ByteChannel,
        until deadline: ContinuousClock.Instant?,
        other: Int32?
    ) throws(ClientError) -> Readiness {
        try flush()
        let readiness = try waitAny(channel, until: earlier(deadline, try keepAliveDeadline()), other: other)
        if channel.hasBufferedOutput { try channel.flush() }
        if readiness == .own || channel.hasBufferedInput {
            let bytes = try channel.receive()
            if !bytes.isEmpty {
                try machine.receive(bytes)
                for event in machine.takeEvents() { take(event) }
                try flush()
            }
        }
        return readiness
    }

    private func take(_ event: ClientEvent) {
        trace?(event.traced)
        if case .pong = event {
            pingSent = nil
        } else {
            waiting.append(event)
        }
    }

    /// Pings when it is time to `[MQTT-3.1.2-20]`, and says when to look again.
    private func keepAliveDeadline() throws(ClientError) -> ContinuousClock.Instant? {
        guard machine.isConnected, machine.keepAlive > 0 else { return nil }
        let interval = Duration.seconds(Int(machine.keepAlive))
        let now = ContinuousClock.now
        if let pingSent {
            guard now < pingSent + interval else {
                throw ClientError(.timeout, "the broker does not answer pings")
            }
            return pingSent + interval
        }
        if now >= lastSent + interval {
            try machine.ping()
            trace?("sending PINGREQ")
            try flush()
            pingSent = now
            return now + interval
        }
        return lastSent + interval
    }

    private func earlier(_ a: ContinuousClock.Instant?, _ b: ContinuousClock.Instant?) -> ContinuousClock
        .Instant?
    {
        guard let a, let b else { return a ?? b }
        return min(a, b)
    }

    /// - Returns: whether the descriptor became ready before the deadline.
    private func wait(
        _ channel: any ByteChannel,
        until deadline: ContinuousClock.Instant
    ) throws(ClientError) -> Bool {
        try waitAny(channel, until: deadline, other: nil) == .own
    }

    private func waitAny(
        _ channel: any ByteChannel,
        until deadline: ContinuousClock.Instant?,
        other: Int32?
    ) throws(ClientError) -> Readiness {
        if channel.hasBufferedInput { return .own }
        let wanted = POLLIN | (channel.hasBufferedOutput ? POLLOUT : 0)
        var descriptors = [pollfd(fd: channel.descriptor, events: Int16(wanted), revents: 0)]
        if let other { descriptors.append(pollfd(fd: other, events: Int16(POLLIN), revents: 0)) }
        let timeout = deadline.map { ContinuousClock.now.duration(to: $0).pollMilliseconds } ?? -1
        let count = poll(&descriptors, nfds_t(descriptors.count), timeout)
        if count < 0, errno != EINTR {
            throw ClientError(.network, "poll: \(String(cString: strerror(errno)))")
        }
        if count <= 0 { return .nothing }
        return descriptors[0].revents != 0 ? .own : .other
    }
}

extension Disconnect {
    package var error: ClientError {
        let reason = properties.reasonString.map { ": \($0)" } ?? ""
        return ClientError(.disconnected(reasonCode), "the broker disconnected: \(reasonCode.text)\(reason)")
    }
}

extension ClientEvent {
    fileprivate var traced: String {
        switch self {
        case .connected(let answer):
            "received CONNACK (\(answer.reasonCode.text)\(answer.sessionPresent ? ", session present" : ""))"
        case .message(let message):
            "received PUBLISH (q\(message.qos.rawValue), r\(message.retain ? 1 : 0), m\(message.packetID), "
                + "'\(message.topic)', \(message.payload.count) bytes)"
        case .completed(let packetID, let reason): "message \(packetID) is complete (\(reason.text))"
        case .subscribed(let answer):
            "received SUBACK (m\(answer.packetID), \(answer.reasonCodes.map(\.text).joined(separator: ", ")))"
        case .unsubscribed(let answer): "received UNSUBACK (m\(answer.packetID))"
        case .pong: "received PINGRESP"
        case .disconnected(let packet): "received DISCONNECT (\(packet.reasonCode.text))"
        }
    }
}
