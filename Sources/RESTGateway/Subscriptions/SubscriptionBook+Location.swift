import AppEnablement
import Bus
import MECModel

/// The location service filters, counts and keeps its subscriptions itself; here its notifications get an address.
extension SubscriptionBook {
    static let locationFilter = "mec/v1/json/location/subscription/+/+"
    private static let subscriberTopic = "$weir/rest/location/"
    private static let unclaimedMax = 1_000

    /// A location subscription that is delivered from here.
    struct LocationTarget {
        var href: String
        var expiry: RadioTime?
        var isToldOfExpiry = false
    }

    /// Who made a location subscription, as it is kept.
    private struct Subscriber: Codable {
        var name: String
    }

    // MARK: - Whose they are

    /// Takes up who made which, and forgets those that ended while we were away.
    func openLocation() async throws {
        let prefix = LocationTopics.subscriptionState(id: "")
        let kept = Set(
            try bus.latest(LocationTopics.subscriptionState(id: "+")).map { $0.topic.dropFirst(prefix.count) }
        )
        for event in try bus.latest(Self.subscriberTopic + "+") {
            let id = event.topic.dropFirst(Self.subscriberTopic.count)
            if kept.contains(id) {
                let subscriber = try JSONBody.decode(Subscriber.self, event.payload)
                locationSubscribers[String(id)] = subscriber.name
            } else {
                _ = try await bus.publishDurably([.cleared(event.topic)])
            }
        }
    }

    /// Keeps who made a location subscription; returns once that would survive a crash.
    func claimLocation(_ id: String, by name: String?) async throws {
        guard let name else { return }
        locationSubscribers[id] = name
        let body = try JSONBody.encode(Subscriber(name: name))
        _ = try await bus.publishDurably([
            .json(Self.subscriberTopic + id, body, qos: .atLeastOnce, [], retain: true)
        ])
    }

    /// Those that were asked for over the bus, or by nobody in particular, everybody may see.
    func isLocationVisible(_ id: String, to name: String?) -> Bool {
        locationSubscribers[id].map { $0 == name } ?? true
    }

    // MARK: - Delivery

    func deliverLocation(_ id: String, _ delivery: SubscriptionDelivery, path: String) async {
        locationTargets[id] = LocationTarget(href: root + path, expiry: delivery.expiryDeadline?.time)
        deliverer.open(id, delivery.target)
        await listen(to: Self.locationFilter, for: id)
        if delivery.requestTestNotification == true { sendTest(id) }
        let waiting = unclaimed.filter { $0.id == id }
        unclaimed.removeAll { $0.id == id }
        for (_, event) in waiting { deliverLocation(event) }
    }

    /// Before the location service begins a subscription, whose first notification may come at once.
    func expectLocation() async { await listen(to: Self.locationFilter, for: "") }

    /// After a restart: those that are delivered already are left alone.
    func resumeLocation(_ id: String, _ delivery: SubscriptionDelivery, path: String) async {
        guard locationTargets[id] == nil else { return }
        var delivery = delivery
        delivery.requestTestNotification = nil
        await deliverLocation(id, delivery, path: path)
    }

    func endLocation(_ id: String) async {
        if locationSubscribers.removeValue(forKey: id) != nil {
            do {
                _ = try await bus.publishDurably([.cleared(Self.subscriberTopic + id)])
            } catch {
                // The next start clears it.
                logger.debug("a subscriber is still kept", metadata: ["error.message": "\(error)"])
            }
        }
        guard locationTargets.removeValue(forKey: id) != nil else { return }
        unlisten(to: Self.locationFilter, for: id)
        deliverer.close(id)
    }

    var locationIds: Set<String> { Set(locationTargets.keys) }

    /// Those that the location service has ended itself.
    func endLocation(_ ids: Set<String>) async {
        for id in ids { await endLocation(id) }
        // Those of subscriptions that go over MQTT alone.
        unclaimed = []
    }

    func deliverLocation(_ event: BusEvent) {
        let levels = event.topic.split(separator: "/")
        guard levels.count == 7 else { return }
        let id = String(levels[5])
        guard let href = locationTargets[id]?.href else {
            if unclaimed.count < Self.unclaimedMax { unclaimed.append((id, event)) }
            return
        }
        guard let body = NotificationLinks.replacing(in: event.payload, href: href) else { return }
        deliverer.send(body, to: id)
    }
}
