package import Bus
package import Logging
import MECModel
import MQTTWire

/// Answers requests that applications publish on a topic: MQTT 5 request and response.
///
/// The answer goes to the request's response topic with its correlation data `MQTT 5, 3.3.2.3.5`,
/// `MQTT 5, 3.3.2.3.6`; a request without one is carried out all the same. A fault is answered with a
/// ProblemDetails (MEC 009 6.15).
package struct RequestResponder: Sendable {
    /// What a handler says.
    package enum Reply: Sendable {
        case json([UInt8])
        /// HTTP's number for it, a few words, and what was expected and found.
        case problem(status: Int, title: String, detail: String)
    }

    package typealias Handler = @Sendable (_ topic: String, _ payload: [UInt8]) async -> Reply

    private let bus: any Bus
    private let topics: [String]
    private let logger: Logger
    private let handler: Handler

    /// - Parameter topics: Without wildcards.
    package init(bus: any Bus, topics: [String], logger: Logger, handler: @escaping Handler) {
        self.bus = bus
        self.topics = topics
        self.logger = logger
        self.handler = handler
    }

    /// Answers until the task is cancelled or the bus shuts down.
    package func run() async throws(BusError) {
        var request = BusSubscribeRequest(filters: topics)
        request.qos = .atLeastOnce
        // What an application asked for must not be lost to a newer request.
        request.overflow = .dropNewest
        let subscription = try await bus.subscribe(request)
        defer { subscription.cancel() }
        while let batch = await subscription.next(limit: 100) {
            if batch.dropped > 0 {
                logger.warning("requests were dropped", metadata: ["requests.dropped": "\(batch.dropped)"])
            }
            for event in batch.events { try await answer(event) }
        }
    }

    private func answer(_ request: BusEvent) async throws(BusError) {
        let reply = await handler(request.topic, request.payload)
        guard let topic = request.responseTopic, !topic.isEmpty else { return }
        let payload: [UInt8]
        let contentType: String
        switch reply {
        case .json(let bytes):
            payload = bytes
            contentType = BodyEncoding.json.contentType
        case .problem(let status, let title, let detail):
            var writer = JSONWriter()
            writer.beginObject()
            writer.member("status", status)
            writer.member("title", title)
            writer.member("detail", detail)
            writer.endObject()
            payload = writer.bytes
            contentType = "application/problem+json"
        }
        let answer = BusEvent(
            topic: topic,
            payload: payload,
            qos: .atLeastOnce,
            payloadIsUTF8: true,
            contentType: contentType,
            correlationData: request.correlationData
        )
        do {
            try bus.publish([answer])
        } catch .invalidTopic, .notAuthorized, .overloaded {
            // The asker's mistake, or a full house: it asks again.
            logger.debug("an answer could not be published", metadata: ["mqtt.topic": "\(topic)"])
        } catch {
            throw error
        }
    }
}
