package import MQTTWire

/// All that a connection is made with.
package struct ClientConfiguration: Sendable {
    package enum Endpoint: Sendable, Equatable {
        case tcp(host: String, port: UInt16)
        case unix(path: String)
    }

    package var endpoint: Endpoint
    /// `nil` for a connection in the clear.
    package var tls: TLSClientOptions?
    /// The path of MQTT over WebSocket, such as `/mqtt`; `nil` for MQTT on the stream itself.
    package var webSocketPath: String?
    /// The address of this machine to connect from.
    package var bindAddress: String?
    /// What stands between this machine and the broker; not for Unix sockets.
    package var proxy: SocksProxy?

    package var version: ProtocolVersion
    package var clientID: String
    package var cleanStart: Bool = true
    /// Seconds; 0 is never.
    package var keepAlive: UInt16 = 60
    package var userName: String?
    package var password: [UInt8]?
    package var will: Will?
    /// CONNECT's properties; version 5.0 only.
    package var properties = Properties()
    /// Prove the password by SCRAM-SHA-256 instead of sending it; version 5.0 only.
    package var usesScram = false

    /// Until the broker's CONNACK.
    package var connectTimeout: Duration = .seconds(20)
    /// Bytes of a packet that is taken from the broker. Larger ones end the connection.
    package var packetSizeMax = 268_435_460

    package init(endpoint: Endpoint, version: ProtocolVersion = .v3_1_1, clientID: String = "") {
        self.endpoint = endpoint
        self.version = version
        self.clientID = clientID
    }
}
