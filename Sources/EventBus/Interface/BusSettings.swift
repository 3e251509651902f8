package import MQTTWire

/// What an operator can choose about the broker. Every limit is finite and has a stated result.
package struct BusSettings: Sendable, Equatable {
    /// What happens to QoS 0 messages, and then to the connection, of a subscriber that does not read.
    package enum SlowConsumerPolicy: String, Sendable, CaseIterable {
        /// Its QoS 0 messages are dropped and counted; QoS 1 and 2 wait in its queue.
        case thin
        /// It is disconnected with 0x97 "quota exceeded".
        case disconnect
    }

    /// What happens when a session's queue is full.
    package enum QueueFullPolicy: String, Sendable, CaseIterable {
        case dropOldest
        case dropNewest
    }

    // MARK: What clients may use

    /// Highest QoS, `[MQTT-3.2.2-11]`.
    package var maximumQoS: QoS = .exactlyOnce
    package var retainAvailable = true
    package var wildcardSubscriptionAvailable = true
    package var sharedSubscriptionAvailable = true
    package var subscriptionIdentifierAvailable = true
    /// QoS 1 and 2 messages that a client may send without having an answer, `[MQTT 3.2.2.3.3]`. 1…65,535.
    package var receiveMaximum: UInt16 = 1_024
    /// Aliases that a client may set, and that Weir sets towards a client that allows it. 0…65,535.
    package var topicAliasMaximum: UInt16 = 32
    /// Longest keep alive in seconds, told to the client as server keep alive `[MQTT-3.2.2-21]`; a
    /// client that asks for none gets this. 0 leaves it to the client.
    package var keepAliveMaximum: UInt16 = 0
    /// Longest life of a session without a connection, seconds.
    package var sessionExpiryMaximum: UInt32 = 30 * 86_400
    /// Levels of a topic name or filter. 1…65,535.
    package var topicLevelsMaximum: Int = 128
    /// Bytes of a topic name or filter. 1…65,535.
    package var topicLengthMaximum: Int = 4_096
    /// Bytes of a client identifier. 23…65,535 `[MQTT-3.1.3-5]`.
    package var clientIDLengthMaximum: Int = 256
    /// An empty client identifier gets an assigned one `[MQTT-3.1.3-6]`.
    package var assignsClientIDs = true
    /// Check that payloads declared UTF-8 are, `[MQTT 3.3.2.3.2]`.
    package var checksPayloadFormat = false

    // MARK: What the site keeps

    /// Sessions in all shards.
    package var sessionsMaximum: Int = 100_000
    /// What happens beyond the client's quota of queued messages or bytes.
    package var queueFullPolicy: QueueFullPolicy = .dropOldest
    /// QoS 0 messages for a session without a connection are queued too.
    package var queuesQoS0 = false
    /// Retained messages; one more is refused with 0x97.
    package var retainedMessagesMaximum: Int = 1_000_000
    package var retainedBytesMaximum: Int = 256 << 20

    // MARK: How the shards work

    /// Encoded bytes waiting for one socket before ``slowConsumerPolicy`` acts on QoS 0 and QoS 1 and 2
    /// stay in the queue.
    package var outputBytesMaximum: Int = 1 << 20
    package var slowConsumerPolicy: SlowConsumerPolicy = .thin
    /// Topics whose subscribers are remembered, per shard.
    package var routeCacheCapacity: Int = 16_384
    /// Seconds between `$SYS` updates; 0 for none.
    package var sysInterval: UInt32 = 10
    /// Told to clients in `Response Information` when they ask, `[MQTT 3.2.2.3.15]`; empty for none.
    package var responseInformation = ""
    /// Told to clients that are refused or sent away, `[MQTT 3.2.2.3.16]`; empty for none.
    package var serverReference = ""

    package init() {}
}
