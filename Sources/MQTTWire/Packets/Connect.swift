/// CONNECT, MQTT 5.0 section 3.1: the first packet of a connection `[MQTT-3.1.0-1]`.
package struct Connect: Equatable, Sendable {
    package var version: ProtocolVersion
    /// Bit 7 of the protocol level of 3.1 and 3.1.1, by which mosquitto's bridges announce themselves.
    package var isBridge = false
    /// "Clean Session" before MQTT 5.0.
    package var cleanStart: Bool
    /// Seconds; 0 is never.
    package var keepAlive: UInt16
    /// May be empty: the server then assigns one. Two identifiers are the same when their UTF-8 is:
    /// compare ``ExactString``s, not strings.
    package var clientID: String
    package var will: Will?
    package var userName: String?
    package var password: [UInt8]?
    package var properties = Properties()

    package init(
        version: ProtocolVersion = .v5,
        clientID: String,
        cleanStart: Bool = true,
        keepAlive: UInt16 = 60
    ) {
        self.version = version
        self.clientID = clientID
        self.cleanStart = cleanStart
        self.keepAlive = keepAlive
    }
}

/// The message that the server publishes for a client that went away, MQTT 5.0 section 3.1.2.5.
package struct Will: Equatable, Sendable {
    package var topic: String
    package var payload: [UInt8]
    package var qos: QoS = .atMostOnce
    package var retain = false
    package var properties = Properties()

    package init(topic: String, payload: [UInt8], qos: QoS = .atMostOnce, retain: Bool = false) {
        self.topic = topic
        self.payload = payload
        self.qos = qos
        self.retain = retain
    }
}

/// Text whose identity is its UTF-8, as MQTT's is; `String` compares by canonical equivalence.
package struct ExactString: Hashable, Sendable, CustomStringConvertible {
    package let string: String

    package init(_ string: String) { self.string = string }

    package var description: String { string }

    package static func == (a: ExactString, b: ExactString) -> Bool {
        a.string.utf8.elementsEqual(b.string.utf8)
    }

    package func hash(into hasher: inout Hasher) {
        var string = string
        string.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }
}
