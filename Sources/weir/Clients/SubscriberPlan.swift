import ClientKit
import MQTTWire

/// What `weir sub` was asked for, checked.
struct SubscriberPlan {
    var subscriptions: [Subscription]
    var filtersOut: [TopicFilter]
    var unsubscriptions: [TopicFilter]
    var properties: PropertyArguments
    var format: MessageFormat?
    var isVerbose: Bool
    var isPretty: Bool
    var endsLines: Bool
    var count: Int?
    var timeout: Duration?
    var endsWhenSubscribed: Bool
    var skipsRetained: Bool
    var retainedOnly: Bool
    var removesRetained: Bool
    /// 0…1
    var share: Double
    var isQuiet: Bool

    init(_ command: SubCommand, _ arguments: PropertyArguments) throws(ClientError) {
        var topics = command.topic
        if let topic = try command.options.urlTopic() { topics.append(topic) }
        guard !topics.isEmpty || !command.unsubscribe.isEmpty else {
            throw ClientError(.usage, "You must specify a topic to subscribe to: -t names it.")
        }
        subscriptions = []
        for topic in topics {
            var subscription = Subscription(
                try Self.filter(topic, "subscription"),
                maximumQoS: command.qos.qos
            )
            subscription.noLocal = command.noLocal
            subscription.retainAsPublished = command.retainAsPublished
            subscription.retainHandling = command.retainHandling.handling
            subscriptions.append(subscription)
        }
        filtersOut = try command.filterOut.map { text throws(ClientError) in
            try Self.filter(text, "filter-out")
        }
        unsubscriptions = try command.unsubscribe.map { text throws(ClientError) in
            try Self.filter(text, "unsubscription")
        }
        guard command.options.version == .v5 || !(command.noLocal || command.retainHandling != .always) else {
            throw ClientError(.usage, "--no-local and --retain-handling need MQTT 5: add -V 5")
        }
        properties = arguments
        format = try command.format.map { text throws(ClientError) in try MessageFormat(text) }
        isVerbose = command.verbose
        isPretty = command.pretty
        endsLines = !command.noEndOfLine
        if let count = command.count, count < 1 {
            throw ClientError(.usage, "Invalid message count: \(count); at least 1 is expected")
        }
        count = command.count
        if let seconds = command.timeout, !(0..<1e9).contains(seconds) {
            throw ClientError(.usage, "Invalid timeout: \(seconds); seconds are expected")
        }
        timeout = command.timeout.map { .seconds($0) }
        endsWhenSubscribed = command.endsWhenSubscribed
        skipsRetained = command.noRetained
        retainedOnly = command.retainedOnly
        removesRetained = command.removeRetained
        guard !(skipsRetained && retainedOnly) else {
            throw ClientError(.usage, "-R and --retained-only leave nothing to print")
        }
        guard command.randomFilter > 0, command.randomFilter <= 100 else {
            throw ClientError(.usage, "--random-filter is more than 0 and at most 100")
        }
        share = command.randomFilter / 100
        isQuiet = command.options.quiet
    }

    private static func filter(_ text: String, _ what: String) throws(ClientError) -> TopicFilter {
        do {
            return try TopicFilter(text)
        } catch {
            throw ClientError(.usage, "Invalid \(what) topic '\(text)': \(error.message)")
        }
    }
}
