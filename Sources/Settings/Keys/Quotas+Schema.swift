import Access

/// The limits of one client, once with defaults and once as overrides of them, from the same declarations.
private enum Limit {
    static let publishRate = SettingType<UInt32>.perSecond("messages", in: 1...UInt32.max)
    static let publishBurst = SettingType<UInt32>.integer(in: 1...UInt32.max)
    static let byteRate = SettingType<UInt64>.byteRate(in: 1...(1 << 50))
    static let byteBurst = SettingType<UInt64>.byteSize(in: 1...(1 << 50))
    static let queuedMessages = SettingType<UInt32>.integer(in: 0...UInt32.max)
    static let queuedBytes = SettingType<UInt64>.byteSize(in: 0...(1 << 50))
    static let inFlight = SettingType<UInt16>.integer(in: 1...UInt16.max)
    static let subscriptions = SettingType<UInt32>.integer(in: 0...UInt32.max)

    static let aboutRate = "PUBLISH packets taken from the client; over it, reading from the client pauses."
    static let aboutBurst = "PUBLISH packets above the rate that may come at once."
    static let aboutByteRate = "Bytes of PUBLISH packets taken from the client; over it, reading pauses."
    static let aboutByteBurst = "Bytes above the rate that may come at once; at least one largest packet."
    static let aboutQueued =
        "Messages with QoS 1 and 2 that wait for the client; beyond them mqtt.queueFullPolicy decides."
    static let aboutQueuedBytes = "Bytes of the messages that wait for the client."
    static let aboutInFlight =
        "Messages with QoS 1 and 2 sent and not yet acknowledged, if the client allows so many."
    static let aboutSubscriptions =
        "Subscriptions of one session; one more is refused with 0x97 Quota exceeded."
}

extension Quotas {
    static let schema = Schema<Quotas> {
        Member.value("publishRate", \.publishRate, Limit.publishRate, Limit.aboutRate, reload: .live)
        Member.value("publishBurst", \.publishBurst, Limit.publishBurst, Limit.aboutBurst, reload: .live)
        Member.value(
            "publishBytesRate",
            \.publishBytesRate,
            Limit.byteRate,
            Limit.aboutByteRate,
            reload: .live
        )
        Member.value(
            "publishBytesBurst",
            \.publishBytesBurst,
            Limit.byteBurst,
            Limit.aboutByteBurst,
            reload: .live
        )
        Member.value(
            "queuedMessages",
            \.queuedMessages,
            Limit.queuedMessages,
            Limit.aboutQueued,
            reload: .live
        )
        Member.value("queuedBytes", \.queuedBytes, Limit.queuedBytes, Limit.aboutQueuedBytes, reload: .live)
        Member.value("inFlight", \.inFlight, Limit.inFlight, Limit.aboutInFlight, reload: .live)
        Member.value(
            "subscriptions",
            \.subscriptions,
            Limit.subscriptions,
            Limit.aboutSubscriptions,
            reload: .live
        )
    }
}

extension QuotaOverrides {
    static let schema = Schema<QuotaOverrides> {
        Member.value(
            "publishRate",
            \.publishRate,
            .optional(Limit.publishRate),
            Limit.aboutRate,
            reload: .live,
            example: "100/s"
        )
        Member.value(
            "publishBurst",
            \.publishBurst,
            .optional(Limit.publishBurst),
            Limit.aboutBurst,
            reload: .live,
            example: "200"
        )
        Member.value(
            "publishBytesRate",
            \.publishBytesRate,
            .optional(Limit.byteRate),
            Limit.aboutByteRate,
            reload: .live,
            example: "64KiB/s"
        )
        Member.value(
            "publishBytesBurst",
            \.publishBytesBurst,
            .optional(Limit.byteBurst),
            Limit.aboutByteBurst,
            reload: .live,
            example: "1MiB"
        )
        Member.value(
            "queuedMessages",
            \.queuedMessages,
            .optional(Limit.queuedMessages),
            Limit.aboutQueued,
            reload: .live,
            example: "10_000"
        )
        Member.value(
            "queuedBytes",
            \.queuedBytes,
            .optional(Limit.queuedBytes),
            Limit.aboutQueuedBytes,
            reload: .live,
            example: "16MiB"
        )
        Member.value(
            "inFlight",
            \.inFlight,
            .optional(Limit.inFlight),
            Limit.aboutInFlight,
            reload: .live,
            example: "100"
        )
        Member.value(
            "subscriptions",
            \.subscriptions,
            .optional(Limit.subscriptions),
            Limit.aboutSubscriptions,
            reload: .live,
            example: "100"
        )
    }
}
