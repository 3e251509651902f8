import EventBus
import MQTTWire

/// A client that follows the standard, with a store of its own that survives the server's deaths.
class SimulatedClient {
    let clientID: String
    private(set) var connection: ConnectionID?
    /// CONNACK came on this connection.
    private(set) var isUp = false
    private var toServer: [UInt8] = []
    private var fromServer: [UInt8] = []
    /// What went wrong, for the test to report.
    var complaints: [String] = []
    /// The server confirmed something that only a kept session can honour.
    var expectsSession = false

    init(clientID: String) { self.clientID = clientID }

    func connect(_ site: SimulatedSite) {
        guard connection == nil else { return }
        connection = site.shard.open(peer: .init(address: clientID, isLoopback: true), policy: 0)
        isUp = false
        toServer = []
        fromServer = []
        var connect = Connect(version: .v5, clientID: clientID, cleanStart: false, keepAlive: 0)
        connect.properties.sessionExpiryInterval = 1_000_000
        say(.connect(connect))
    }

    /// The connection is gone, on whichever side.
    func lose() {
        connection = nil
        isUp = false
        toServer = []
        fromServer = []
    }

    func say(_ packet: Packet) {
        do { try packet.encode(into: &toServer, version: .v5) } catch {
            complaints.append("cannot encode \(packet)")
        }
    }

    var hasOutput: Bool { !toServer.isEmpty }

    /// Some of what the client said reaches the server.
    func flush(_ site: SimulatedSite, atMost limit: Int) {
        guard let connection, !toServer.isEmpty else { return }
        let piece = toServer.prefix(limit)
        let consumed = Array(piece).withUnsafeBytes { site.shard.receive(connection, $0) }
        toServer.removeFirst(consumed)
    }

    /// Bytes from the server.
    func take(_ bytes: [UInt8]) {
        fromServer += bytes
        var offset = 0
        while true {
            do {
                guard
                    let packet = try Packet.decode(
                        fromServer.span.bytes,
                        at: &offset,
                        version: .v5,
                        sender: .server
                    )
                else { break }
                hear(packet)
            } catch {
                complaints.append("\(clientID): the server sent a bad packet: \(error)")
                break
            }
        }
        fromServer.removeFirst(min(offset, fromServer.count))
    }

    private func hear(_ packet: Packet) {
        if case .connAck(let connAck) = packet {
            isUp = true
            if !connAck.sessionPresent, expectsSession {
                complaints.append("\(clientID): its session is lost")
            }
            connected(sessionPresent: connAck.sessionPresent)
        } else {
            received(packet)
        }
    }

    func connected(sessionPresent: Bool) {}
    func received(_ packet: Packet) {}
    /// Says something new if there is something to say.
    func act(_ random: inout some RandomNumberGenerator) {}
}

/// Publishes a numbered series of messages, and sends again what was not acknowledged.
final class SimulatedPublisher: SimulatedClient {
    struct Outstanding {
        var packetID: UInt16
        var number: Int
        var qos: QoS
        /// PUBREC came: only PUBREL is left.
        var isReceived = false
        var wasSent = true
    }

    let topic: String
    let retained: Bool
    private(set) var next = 0
    private(set) var outstanding: [Outstanding] = []
    private var nextPacketID: UInt16 = 1
    /// Numbers that the server has acknowledged, and how.
    private(set) var acknowledged: [Int: QoS] = [:]
    /// QoS 2 messages given up because the server forgot the session: may have arrived, once.
    private(set) var abandoned: Set<Int> = []
    private let limit: Int
    private let qos: QoS
    /// Bytes of each payload: the number and spaces.
    private let size: Int
    /// Numbers that the server refused for want of room.
    private(set) var refused: [Int] = []

    init(clientID: String, topic: String, qos: QoS, limit: Int, retained: Bool = false, size: Int = 0) {
        self.size = size
        self.topic = topic
        self.limit = limit
        self.qos = qos
        self.retained = retained
        super.init(clientID: clientID)
    }

    var isDone: Bool { next >= limit && outstanding.isEmpty }

    override func act(_ random: inout some RandomNumberGenerator) {
        guard isUp, next < limit, outstanding.count < 8 else { return }
        let entry = Outstanding(packetID: nextPacketID, number: next, qos: qos)
        nextPacketID = nextPacketID == 65_535 ? 1 : nextPacketID + 1
        next += 1
        outstanding.append(entry)
        send(entry, again: false)
    }

    private func send(_ entry: Outstanding, again: Bool) {
        if entry.isReceived {
            say(.acknowledgement(Acknowledgement(.pubRel, packetID: entry.packetID)))
            return
        }
        var publish = Publish(
            topic: topic,
            payload: payload(entry.number),
            qos: entry.qos,
            retain: retained,
            packetID: entry.packetID
        )
        publish.isDuplicate = again
        say(.publish(publish))
    }

    private func payload(_ number: Int) -> [UInt8] {
        let digits = Array("\(number)".utf8)
        return digits + Array(repeating: UInt8(ascii: " "), count: max(0, size - digits.count))
    }

    override func connected(sessionPresent: Bool) {
        if !sessionPresent {
            // The server knows nothing of the exchanges: QoS 2 cannot be repeated without risk.
            for entry in outstanding where entry.qos == .exactlyOnce && !entry.isReceived {
                abandoned.insert(entry.number)
            }
            outstanding.removeAll { $0.qos == .exactlyOnce }
        }
        for entry in outstanding { send(entry, again: true) }
    }

    override func received(_ packet: Packet) {
        guard case .acknowledgement(let ack) = packet,
            let i = outstanding.firstIndex(where: { $0.packetID == ack.packetID })
        else { return }
        if ack.reasonCode == .quotaExceeded {
            refused.append(outstanding[i].number)
            outstanding.remove(at: i)
            return
        }
        if ack.reasonCode.isFailure, ack.reasonCode != .packetIdentifierNotFound {
            // Refused: to be sent again as a new try.
            complaints.append("\(clientID): refused with \(ack.reasonCode.rawValue)")
            return
        }
        switch ack.type {
        case .pubAck:
            acknowledged[outstanding[i].number] = .atLeastOnce
            outstanding.remove(at: i)
            expectsSession = true
        case .pubRec:
            acknowledged[outstanding[i].number] = .exactlyOnce
            outstanding[i].isReceived = true
            expectsSession = true
            say(.acknowledgement(Acknowledgement(.pubRel, packetID: ack.packetID)))
        case .pubComp: outstanding.remove(at: i)
        default: complaints.append("\(clientID): unexpected \(ack.type)")
        }
    }
}

/// Takes messages and keeps count.
final class SimulatedSubscriber: SimulatedClient {
    private(set) var deliveries: [String: [Int]] = [:]
    private var held: Set<UInt16> = []
    private(set) var isSubscribed = false
    private let filter: String

    init(clientID: String, filter: String) {
        self.filter = filter
        super.init(clientID: clientID)
    }

    override func connected(sessionPresent: Bool) {
        if !sessionPresent { held = [] }
        guard !isSubscribed, let filter = try? TopicFilter(filter) else { return }
        say(.subscribe(Subscribe(packetID: 1, subscriptions: [.init(filter, maximumQoS: .exactlyOnce)])))
    }

    override func received(_ packet: Packet) {
        switch packet {
        case .subAck:
            isSubscribed = true
            expectsSession = true
        case .publish(let publish):
            let digits = publish.payload.prefix { $0 != UInt8(ascii: " ") }
            let number = Int(String(decoding: digits, as: UTF8.self)) ?? -1
            switch publish.qos {
            case .atMostOnce: deliveries[publish.topic, default: []].append(number)
            case .atLeastOnce:
                deliveries[publish.topic, default: []].append(number)
                say(.acknowledgement(Acknowledgement(.pubAck, packetID: publish.packetID)))
            case .exactlyOnce:
                if held.insert(publish.packetID).inserted {
                    deliveries[publish.topic, default: []].append(number)
                } else if !publish.isDuplicate {
                    complaints.append("\(clientID): identifier \(publish.packetID) used twice without DUP")
                }
                say(.acknowledgement(Acknowledgement(.pubRec, packetID: publish.packetID)))
            }
        case .acknowledgement(let ack) where ack.type == .pubRel:
            held.remove(ack.packetID)
            say(.acknowledgement(Acknowledgement(.pubComp, packetID: ack.packetID)))
        default: break
        }
    }
}
