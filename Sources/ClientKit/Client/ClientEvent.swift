package import MQTTWire

/// What a client learns from its broker.
package enum ClientEvent: Sendable, Equatable {
    case connected(ConnAck)
    /// A message; its topic is complete even if it came with an alias. A QoS 2 message is told once.
    case message(Publish)
    /// The handshake of a QoS 1 or 2 message of ours is complete.
    ///
    /// A failing reason code (version 5.0) means that the broker did not take it.
    case completed(packetID: UInt16, ReasonCode)
    case subscribed(SubAck)
    case unsubscribed(UnsubAck)
    /// The answer to a ping.
    case pong
    /// The broker says good-bye; nothing follows.
    case disconnected(Disconnect)
}
