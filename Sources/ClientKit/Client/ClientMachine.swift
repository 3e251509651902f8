package import MQTTWire

/// The client's side of MQTT as a machine without I/O: packets and bytes in, events and bytes out.
///
/// It keeps the handshakes of both directions and no message: what was not acknowledged when a connection ends
/// is its caller's to send again.
package struct ClientMachine: Sendable {
    enum Phase: Sendable, Equatable {
        case fresh
        case connecting
        case connected
        case over
    }

    /// Where a message of ours is in its handshake.
    enum Outgoing: Sendable {
        case awaitsPubAck
        case awaitsPubRec
        case awaitsPubComp
    }

    let version: ProtocolVersion
    let packetSizeMax: Int
    var phase = Phase.fresh
    /// Bytes for the broker, which the caller takes.
    package var output: [UInt8] = []
    /// The beginning of a packet whose rest has not come.
    var input: [UInt8] = []
    var events: [ClientEvent] = []
    var authentication: (any ClientAuthentication)?

    var outgoing: [UInt16: Outgoing] = [:]
    var nextPacketID: UInt16 = 1
    /// SUBSCRIBEs and UNSUBSCRIBEs without an answer.
    var requests: Set<UInt16> = []
    /// QoS 2 messages that were told and whose PUBREL has not come.
    var received: Set<UInt16> = []
    var aliases: [UInt16: String] = [:]
    var topicAliasMaximum: UInt16 = 0

    // What the broker's CONNACK allows.
    var sendMaximum = Int(UInt16.max)
    var packetSizeMaxOfServer = Int.max
    package internal(set) var maximumQoS = QoS.exactlyOnce
    package internal(set) var retainAvailable = true
    /// Seconds, after the broker had its say; 0 is never.
    package internal(set) var keepAlive: UInt16 = 0

    package init(version: ProtocolVersion, packetSizeMax: Int = .max) {
        self.version = version
        self.packetSizeMax = packetSizeMax
    }

    package var isConnected: Bool { phase == .connected }

    /// QoS 1 and 2 messages of ours whose handshake is not complete.
    package var inFlight: Int { outgoing.count }

    /// Whether the broker takes one more QoS 1 or 2 message now `[MQTT-3.3.4-7]`.
    package var canSend: Bool { outgoing.count < sendMaximum && outgoing.count + requests.count < 65_535 }

    /// The events since the last call, in order.
    package mutating func takeEvents() -> [ClientEvent] {
        defer { events.removeAll(keepingCapacity: true) }
        return events
    }
}
