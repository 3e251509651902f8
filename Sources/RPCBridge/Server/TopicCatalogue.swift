import MECModel

/// The topics that Weir itself publishes on, as the MEC services list them.
struct TopicCatalogue: Sendable {
    private let channels: [TopicChannel] =
        RniTopics.channels + LocationTopics.channels + BandwidthTopics.channels + AppEnablementTopics.channels

    func topics(prefix: String) -> [Weir_Bus_V1_Topic] {
        channels.filter { prefix.isEmpty || $0.address.hasPrefix(prefix) }.map { channel in
            .with {
                $0.address = channel.address
                $0.name = channel.name
                $0.summary = channel.summary
                $0.reference = channel.reference
                $0.contentType = channel.encoding.contentType
                $0.message = channel.message
                $0.retained = channel.isRetained
            }
        }
    }

    /// The message on a topic, which may have its parameters filled in.
    func message(of topic: String) -> String? {
        channels.first { $0.address == topic || $0.matches(topic) }?.message
    }
}
