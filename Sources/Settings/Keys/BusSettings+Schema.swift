import EventBus
import MQTTWire

extension BusSettings {
    static let schema = Schema<BusSettings> {
        clientKeys
        siteKeys
        shardKeys
    }

    @MemberList<BusSettings> private static var clientKeys: [Member<BusSettings>] {
        Member.value(
            "maximumQoS",
            \.maximumQoS,
            .choice([("0", QoS.atMostOnce), ("1", QoS.atLeastOnce), ("2", QoS.exactlyOnce)]),
            "Highest QoS; a publish above it is refused with 0x9B, a subscription gets less.",
            reload: .live
        )
        Member.value(
            "retainAvailable",
            \.retainAvailable,
            .bool,
            "Whether messages can be retained; if not, RETAIN is refused with 0x9A.",
            reload: .live
        )
        Member.value(
            "wildcardSubscriptionAvailable",
            \.wildcardSubscriptionAvailable,
            .bool,
            "Whether filters may hold + and #; if not, they are refused with 0xA2.",
            reload: .live
        )
        Member.value(
            "sharedSubscriptionAvailable",
            \.sharedSubscriptionAvailable,
            .bool,
            "Whether $share/GROUP/FILTER may be subscribed to; if not, it is refused with 0x9E.",
            reload: .live
        )
        Member.value(
            "subscriptionIdentifierAvailable",
            \.subscriptionIdentifierAvailable,
            .bool,
            "Whether subscriptions may have identifiers; if not, they are refused with 0xA1.",
            reload: .live
        )
        Member.value(
            "receiveMaximum",
            \.receiveMaximum,
            .integer(in: 1...65_535),
            "Messages with QoS 1 and 2 that a client may send before the first is answered; one more is 0x93.",
            reload: .live
        )
        Member.value(
            "topicAliasMaximum",
            \.topicAliasMaximum,
            .integer(in: 0...65_535),
            "Aliases that a client may set, and that Weir sets towards a client that allows it.",
            reload: .live
        )
        Member.value(
            "keepAliveMaximum",
            \.keepAliveMaximum,
            .seconds(in: 0...65_535),
            "Longest keep alive; a client that asks for more, or for none, is told this one. 0 leaves it to the client.",
            reload: .live
        )
        Member.value(
            "sessionExpiryMaximum",
            \.sessionExpiryMaximum,
            .seconds(in: 0...3_153_600_000),
            "Longest life of a session without a connection; a client that asks for more is told this one.",
            reload: .live
        )
        Member.value(
            "topicLevelsMaximum",
            \.topicLevelsMaximum,
            .integer(in: 1...65_535),
            "Levels of a topic or filter; more are refused with 0x90 or 0x8F.",
            reload: .live
        )
        Member.value(
            "topicLengthMaximum",
            \.topicLengthMaximum,
            .integer(in: 1...65_535),
            "Bytes of a topic or filter; more are refused with 0x90 or 0x8F.",
            reload: .live
        )
        Member.value(
            "clientIDLengthMaximum",
            \.clientIDLengthMaximum,
            .integer(in: 23...65_535),
            "Bytes of a client identifier; more are refused with 0x85.",
            reload: .live
        )
        Member.value(
            "assignsClientIDs",
            \.assignsClientIDs,
            .bool,
            "Whether a client without an identifier is given one; if not, it is refused with 0x85.",
            reload: .live
        )
        Member.value(
            "checksPayloadFormat",
            \.checksPayloadFormat,
            .bool,
            "Whether payloads that are declared UTF-8 are looked through; what is not is refused with 0x99.",
            reload: .live
        )
    }

    @MemberList<BusSettings> private static var siteKeys: [Member<BusSettings>] {
        Member.value(
            "sessionsMaximum",
            \.sessionsMaximum,
            .integer(in: 1...100_000_000),
            "Sessions, connected or not; one more is refused with 0x97.",
            reload: .live
        )
        Member.value(
            "queueFullPolicy",
            \.queueFullPolicy,
            .choice,
            "What is dropped and counted when access.quotas.queuedMessages or queuedBytes is reached.",
            reload: .live
        )
        Member.value(
            "queuesQoS0",
            \.queuesQoS0,
            .bool,
            "Whether QoS 0 messages wait for a session without a connection.",
            reload: .live
        )
        Member.value(
            "retainedMessagesMaximum",
            \.retainedMessagesMaximum,
            .integer(in: 0...1_000_000_000),
            "Retained messages; one more is refused with 0x97.",
            reload: .live
        )
        Member.value(
            "retainedBytesMaximum",
            \.retainedBytesMaximum,
            .byteSize(in: 0...(1 << 50)),
            "Bytes of retained messages; more are refused with 0x97.",
            reload: .live
        )
    }

    @MemberList<BusSettings> private static var shardKeys: [Member<BusSettings>] {
        Member.value(
            "outputBytesMaximum",
            \.outputBytesMaximum,
            .byteSize(in: (4 << 10)...(1 << 30)),
            "Encoded bytes that wait for one socket before slowConsumerPolicy acts on QoS 0; QoS 1 and 2 stay queued.",
            reload: .live
        )
        Member.value(
            "slowConsumerPolicy",
            \.slowConsumerPolicy,
            .choice,
            "A subscriber that does not read: drop its QoS 0 messages (thin), or the connection (0x97).",
            reload: .live
        )
        Member.value(
            "routeCacheCapacity",
            \.routeCacheCapacity,
            .integer(in: 0...16_777_216),
            "Topics whose subscribers are remembered, per shard; others are looked up each time."
        )
        Member.value(
            "sysInterval",
            \.sysInterval,
            .seconds(in: 0...86_400),
            "Time between updates of $SYS; 0 for none.",
            reload: .live
        )
        Member.value(
            "responseInformation",
            \.responseInformation,
            .text("a topic prefix"),
            "Told to clients that ask for Response Information; empty for none.",
            reload: .live,
            example: "responses"
        )
        Member.value(
            "serverReference",
            \.serverReference,
            .text("servers"),
            "Told to clients that are refused or sent away, as MQTT 5.0 section 4.11; empty for none.",
            reload: .live,
            example: "other.example:1883"
        )
    }
}
