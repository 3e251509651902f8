import MQTTWire
package import Uplink

/// The sink for any MQTT broker, in one of two ways: batches for a collector, which answers what it stored; or one
/// message for each event, stored when the broker has taken them all.
package final class MosquittoSink: Sink {
    private let connection: MosquittoConnection
    private let settings: UplinkSettings
    private let instance: SiteInstance
    private let topics: UplinkTopics
    private let reader = BatchReader()
    private var events: [SinkEvent] = []
    /// What the broker is to confirm, by the library's number for the message.
    private var unconfirmed: [Int32: Purpose] = [:]
    /// Messages of unpacked batches that the broker has not confirmed.
    private var missing: [UInt64: Int] = [:]
    private var subscriptions = 0

    private enum Purpose {
        case batch(UInt64)
        case part(UInt64)
        case hello(UInt64)
    }

    /// - Throws: ``MosquittoError`` when the settings cannot be used.
    package init(_ settings: UplinkSettings, instance: SiteInstance) throws(MosquittoError) {
        self.settings = settings
        self.instance = instance
        topics = UplinkTopics(prefix: settings.prefix)
        var options = try MosquittoOptions(
            url: settings.url ?? "",
            settings: settings.connection,
            clientID: "weir-\(settings.site)-\(String(instance.description.prefix(12)))"
        )
        // Downlink messages wait in the session while the link is away.
        options.cleanStart = settings.downlink.isEmpty
        if settings.mode == .messages { options.receiveMaximum = 1_000 }
        connection = MosquittoConnection(options)
    }

    package var descriptor: Int32 { connection.descriptor }
    package var wantsToWrite: Bool { connection.wantsToWrite }

    package func connect() {
        forget()
        connection.connect()
    }

    package func disconnect() {
        forget()
        connection.disconnect()
    }

    private func forget() {
        unconfirmed.removeAll()
        missing.removeAll()
        subscriptions = 0
        events.removeAll()
    }

    package func turn(readable: Bool, writable: Bool) {
        connection.turn(readable: readable, writable: writable)
        for event in connection.takeEvents() { take(event) }
    }

    package func takeEvents() -> [SinkEvent] {
        guard !events.isEmpty else { return [] }
        defer { events.removeAll(keepingCapacity: true) }
        return events
    }

    private func take(_ event: MosquittoConnection.Event) {
        switch event {
        case .connected: subscribe()
        case .disconnected(let reason):
            forget()
            events.append(.disconnected(reason))
        case .subscribed(_, let granted):
            if !granted {
                connection.disconnect()
                forget()
                events.append(
                    .disconnected("the broker refused a subscription; check the rights of this client")
                )
                return
            }
            subscriptions -= 1
            if subscriptions == 0 { events.append(.connected) }
        case .published(let id): confirmed(id)
        case .message(let message): take(message)
        }
    }

    private func subscribe() {
        var filters: [(String, Int32)] = settings.downlink.map { ($0.filter, 1) }
        if settings.mode == .batches {
            filters.append((topics.answer(site: settings.site, instance: instance), 1))
        }
        for (filter, qos) in filters where connection.subscribe(filter, qos: qos) != nil {
            subscriptions += 1
        }
        if filters.isEmpty { events.append(.connected) }
    }

    private func confirmed(_ id: Int32) {
        guard let purpose = unconfirmed.removeValue(forKey: id) else { return }
        switch purpose {
        case .batch(let number): events.append(.accepted(number))
        case .hello(let nonce):
            var answer = Answer()
            answer.nonce = nonce
            events.append(.answer(answer))
        case .part(let number):
            guard let left = missing[number] else { return }
            missing[number] = left - 1
            guard left == 1 else { return }
            missing[number] = nil
            events.append(.committed(number))
        }
    }

    private func take(_ message: MosquittoMessage) {
        if settings.mode == .batches, message.topic == topics.answer(site: settings.site, instance: instance)
        {
            let answer = message.payload.withUnsafeBytes { try? Answer(decoding: $0) }
            if let answer { events.append(.answer(answer)) }
            return
        }
        guard let rule = settings.downlink.first(where: { Self.matches($0.filter, message.topic) }) else {
            return
        }
        var topic = message.topic[...]
        if !rule.strip.isEmpty, topic.hasPrefix(rule.strip) { topic = topic.dropFirst(rule.strip.count) }
        events.append(
            .downlink(
                DownlinkMessage(
                    topic: rule.prefix + topic,
                    payload: message.payload,
                    qos: message.qos,
                    retain: message.retain
                )
            )
        )
    }

    private static func matches(_ filter: String, _ topic: String) -> Bool {
        guard let filter = try? TopicFilter(filter) else { return false }
        return filter.matches(topic)
    }

    // MARK: - Sending

    package func send(_ hello: Hello) {
        hello.encode().withUnsafeBytes { bytes in
            let topic = topics.hello(site: settings.site)
            // Towards a collector the answer is its own; a broker alone answers by taking the message.
            switch settings.mode {
            case .batches: connection.publish(topic, bytes, qos: 0)
            case .messages:
                if let id = connection.publish(topic, bytes, qos: 1) { unconfirmed[id] = .hello(hello.nonce) }
            }
        }
    }

    package func send(_ batch: EncodedBatch, number: UInt64) {
        switch settings.mode {
        case .batches:
            let topic = topics.batch(site: settings.site, lane: batch.header.lane)
            batch.bytes.withUnsafeBytes { bytes in
                if let id = connection.publish(topic, bytes, qos: 1) { unconfirmed[id] = .batch(number) }
            }
        case .messages: unpack(batch, number)
        }
    }

    private func unpack(_ batch: EncodedBatch, _ number: UInt64) {
        missing[number] = Int(batch.header.count)
        if batch.header.count == 0 {
            missing[number] = nil
            events.append(.committed(number))
            return
        }
        let read: Void? = batch.bytes.withUnsafeBytes { bytes in
            try? reader.read(bytes) { header, events in
                let names = events.topics.map {
                    topics.event(site: header.site, topic: String(decoding: $0, as: UTF8.self))
                }
                let sources = events.sources.map { String(decoding: $0, as: UTF8.self) }
                let properties = events.properties.map { EventProperties($0) }
                while let event = events.next() {
                    let id = connection.publish(
                        names[event.topic],
                        event.payload,
                        retain: event.retain,
                        event.properties < 0 ? nil : properties[event.properties],
                        from: EventOrigin(
                            site: header.site,
                            lane: header.lane,
                            epoch: header.epoch,
                            sequence: event.sequence,
                            time: event.time,
                            source: sources[event.source]
                        )
                    )
                    if let id { unconfirmed[id] = .part(number) }
                }
            }
        }
        // What we built ourselves can be read; were it not so, the batch would wait until the link is made anew.
        if read == nil { missing[number] = nil }
    }
}

/// The topics between a site and its collectors.
package struct UplinkTopics: Sendable {
    private let prefix: String

    package init(prefix: String) { self.prefix = prefix }

    package func batch(site: String, lane: String) -> String { "\(prefix)/batch/\(site)/\(lane)" }
    package func hello(site: String) -> String { "\(prefix)/hello/\(site)" }
    package func answer(site: String, instance: SiteInstance) -> String {
        "\(prefix)/answer/\(site)/\(instance)"
    }
    package func event(site: String, topic: String) -> String { "\(prefix)/event/\(site)/\(topic)" }
    package var allBatches: String { "\(prefix)/batch/+/+" }
    package var allHellos: String { "\(prefix)/hello/+" }
    package func isBatch(_ topic: String) -> Bool { topic.hasPrefix("\(prefix)/batch/") }
}
