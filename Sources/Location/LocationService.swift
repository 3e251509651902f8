package import Bus
package import Logging
package import MECModel
package import MECRuntime

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The location service: takes facts from the hub, publishes on the bus, answers queries and keeps
/// subscriptions.
///
/// ``run()`` does the work and may be called again after it threw: the state is built anew from the
/// hub's snapshot, the subscriptions from what is retained on the bus.
package actor LocationService {
    package struct Configuration: Sendable {
        /// Precedes `/queries` and `/subscriptions` in resource URLs.
        package var resourceBase = "/location/v3"
        /// How often the retained state of a zone or access point is brought up to date.
        package var stateInterval: Duration = .seconds(1)
        /// Retained topics of a kind that are written in one interval, at most.
        package var stateChangesPerInterval = 2_000
        /// How often a user's retained state follows its moves; a change of access point is told at once.
        package var userStateInterval: Duration = .seconds(30)
        package var limits = LocationState.Limits()

        package init() {}
    }

    package static let name = "location"

    private let bus: any Bus
    private let hub: RadioFactHub
    private let configuration: Configuration
    private let now: @Sendable () -> RadioTime
    private let logger: Logger
    private var outlet: LocationBusOutlet
    package private(set) var state: LocationState
    private let pace: StatePace

    /// - Parameter now: UTC.
    package init(
        bus: any Bus,
        hub: RadioFactHub,
        configuration: Configuration = Configuration(),
        logger: Logger,
        now: @escaping @Sendable () -> RadioTime
    ) {
        self.bus = bus
        self.hub = hub
        self.configuration = configuration
        self.now = now
        self.logger = logger
        state = LocationState(limits: configuration.limits)
        outlet = LocationBusOutlet(bus: bus, epoch: now())
        pace = StatePace(
            interval: configuration.stateInterval,
            changes: configuration.stateChangesPerInterval
        )
    }

    /// Works until the task is cancelled or the bus shuts down.
    ///
    /// - Throws: ``BusError`` when the bus refuses what the service has to publish.
    package func run() async throws {
        let inbox = hub.attach(Self.name, at: now())
        defer { hub.detach(Self.name) }
        let period = pace.tick
        let responder = RequestResponder(
            bus: bus,
            topics: [LocationTopics.subscribe, LocationTopics.unsubscribe],
            logger: logger
        ) { [weak self] topic, payload in
            await self?.answer(topic, payload)
                ?? .problem(status: 503, title: "gone", detail: "the service ended")
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                while !Task.isCancelled {
                    try await Task.sleep(for: period)
                    inbox.tick()
                }
            }
            group.addTask { try await responder.run() }
            group.addTask { try await self.work(inbox) }
            // The first that ends or fails ends the others.
            defer { group.cancelAll() }
            do {
                try await group.next()
            } catch BusError.shuttingDown {
                return
            } catch is CancellationError {
                return
            }
        }
    }

    private func work(_ inbox: Inbox<RadioFactHub.Delivery>) async throws {
        while let work = await inbox.take() {
            for delivery in work.elements { try take(delivery) }
            if work.isTick { try tick() }
        }
    }

    private func take(_ delivery: RadioFactHub.Delivery) throws {
        switch delivery {
        case .snapshot(let batch):
            state = LocationState(limits: configuration.limits)
            var silence = NoOutlet()
            state.apply(batch, now: now(), to: &silence)
            try loadSubscriptions()
            try outlet.clearState(except: state)
            logger.info(
                "location state loaded",
                metadata: [
                    "location.users": "\(state.userCount)",
                    "location.subscriptions": "\(state.subscriptionCount)",
                ]
            )
        case .batch(let batch):
            outlet.beginBatch()
            state.apply(batch, now: now(), to: &outlet)
        }
        try outlet.publisher.flush()
    }

    private func tick() throws(BusError) {
        let time = now()
        outlet.beginBatch()
        state.advance(to: time, to: &outlet)
        let changes = state.takeChanges(
            now: time,
            limit: pace.changesPerTick,
            hold: pace.hold,
            userInterval: configuration.userStateInterval.nanoseconds
        )
        for change in changes {
            if case .subscriptionEnded(let id, let reason) = change {
                outlet.references[id] = nil
                outlet.publisher.append(.cleared(LocationTopics.subscriptionState(id: id)))
                logger.debug(
                    "location subscription ended",
                    metadata: ["subscription.id": "\(id)", "reason": "\(reason)"]
                )
            } else {
                outlet.publish(change, now: time, base: configuration.resourceBase)
            }
        }
        try outlet.publisher.flush()
    }

    // MARK: - Subscriptions

    /// Begins a subscription and returns once it would survive a restart.
    ///
    /// - Returns: Its identifier, and the subscription with `_links.self`.
    /// - Throws: ``SubscriptionFault``, or ``BusError`` where it cannot be kept; nothing begins then.
    package func subscribe(
        _ subscription: LocationSubscription
    ) async throws -> (id: String, subscription: LocationSubscription) {
        let id = UnguessableIdentifier.make()
        var subscription = subscription
        subscription.delivery._links = SelfLink(
            href: "\(configuration.resourceBase)/subscriptions/\(subscription.event.resource)/\(id)"
        )
        // First checked, so that what is kept is valid; then kept, then begun.
        try state.check(subscription, id: id, now: now())
        let body = try [UInt8](JSONEncoder().encode(subscription))
        let kept = BusEvent.json(
            LocationTopics.subscriptionState(id: id),
            body,
            qos: .atLeastOnce,
            [],
            retain: true
        )
        _ = try await bus.publishDurably([kept])
        outlet.references[id] = subscription.delivery._links?.resource.href
        outlet.beginBatch()
        try state.subscribe(subscription, id: id, now: now(), to: &outlet)
        try outlet.publisher.flush()
        return (id, subscription)
    }

    /// Begins a subscription that lasts as long as somebody watches: nothing of it is kept.
    ///
    /// - Parameter id: Not in use; one topic level. ``unwatch(id:)`` ends it.
    /// - Throws: ``SubscriptionFault``, or ``BusError`` for what it tells at once.
    package func watch(_ subscription: LocationSubscription, id: String) throws {
        outlet.beginBatch()
        try state.subscribe(subscription, id: id, now: now(), to: &outlet)
        try outlet.publisher.flush()
    }

    package func unwatch(id: String) { _ = state.unsubscribe(id: id) }

    /// Replaces what a subscription asks for and returns once that would survive a restart.
    ///
    /// It begins anew: counts and intervals are as of a new one, its identifier stays.
    /// - Throws: ``SubscriptionFault`` or ``BusError``, and the old one goes on.
    package func replace(id: String, with subscription: LocationSubscription) async throws
        -> LocationSubscription
    {
        guard state.subscription(id: id) != nil else {
            throw SubscriptionFault(field: "id", expected: "a subscription that is in force", found: id)
        }
        var subscription = subscription
        subscription.delivery._links = SelfLink(
            href: "\(configuration.resourceBase)/subscriptions/\(subscription.event.resource)/\(id)"
        )
        var trial = state
        var silence = NoOutlet()
        try trial.replace(subscription, id: id, now: now(), to: &silence)
        let body = try [UInt8](JSONEncoder().encode(subscription))
        let topic = LocationTopics.subscriptionState(id: id)
        _ = try await bus.publishDurably([.json(topic, body, qos: .atLeastOnce, [], retain: true)])
        outlet.references[id] = subscription.delivery._links?.resource.href
        outlet.beginBatch()
        try state.replace(subscription, id: id, now: now(), to: &outlet)
        try outlet.publisher.flush()
        return subscription
    }

    /// Ends a subscription and returns once it would stay ended.
    /// - Returns: Whether there was one.
    package func unsubscribe(id: String) async throws -> Bool {
        guard state.subscription(id: id) != nil else { return false }
        _ = try await bus.publishDurably([.cleared(LocationTopics.subscriptionState(id: id))])
        outlet.references[id] = nil
        return state.unsubscribe(id: id)
    }

    package func subscription(id: String) -> LocationSubscription? { state.subscription(id: id) }

    package var subscriptions: [(id: String, subscription: LocationSubscription)] { state.subscriptions }

    private func loadSubscriptions() throws {
        let prefix = LocationTopics.subscriptionState(id: "")
        var silence = NoOutlet()
        for event in try bus.latest(LocationTopics.subscriptionState(id: "+")) {
            let id = String(event.topic.dropFirst(prefix.count))
            do {
                let subscription = try JSONDecoder().decode(
                    LocationSubscription.self,
                    from: Data(event.payload)
                )
                try state.subscribe(subscription, id: id, now: now(), to: &silence)
                outlet.references[id] = subscription.delivery._links?.resource.href
            } catch {
                // Expired while we were away, or written by another version.
                outlet.publisher.append(.cleared(event.topic))
                logger.notice(
                    "a kept location subscription was dropped",
                    metadata: ["subscription.id": "\(id)", "reason": "\(error)"]
                )
            }
        }
    }

    private func answer(_ topic: String, _ payload: [UInt8]) async -> RequestResponder.Reply {
        do {
            if topic == LocationTopics.subscribe {
                let subscription = try JSONDecoder().decode(LocationSubscription.self, from: Data(payload))
                let (_, begun) = try await subscribe(subscription)
                return .json([UInt8](try JSONEncoder().encode(begun)))
            }
            let reference = try JSONDecoder().decode(ResourceReference.self, from: Data(payload))
            guard try await unsubscribe(id: reference.id) else {
                return .problem(status: 404, title: "no such subscription", detail: reference.id)
            }
            return .json(Array("{}".utf8))
        } catch let fault as SubscriptionFault {
            return .problem(status: 400, title: "invalid subscription", detail: fault.description)
        } catch let error as DecodingError {
            return .problem(status: 400, title: "unreadable body", detail: error.place)
        } catch {
            return .problem(status: 503, title: "not kept", detail: "\(error)")
        }
    }

    /// Takes facts in and hears nobody.
    private struct NoOutlet: LocationOutlet {
        func audience(for event: LocationEvent, suffix: String) -> LocationAudience { [] }
        func emit(_ notification: LocationNotification, to audience: LocationAudience, suffix: String) {}
        func emit(_ notification: LocationNotification, subscription: String) {}
    }

    // MARK: - Queries

    /// MEC 013 7.3. What is empty does not narrow.
    package func users(zoneIds: Set<String>, accessPointIds: Set<String>, addresses: Set<String>)
        -> [UserInfo]
    {
        state.users(zoneIds: zoneIds, accessPointIds: accessPointIds, addresses: addresses)
    }

    /// MEC 013 7.4 and 7.5.
    package func zones(zoneIds: Set<String>) -> [ZoneInfo] { state.zoneList(zoneIds: zoneIds) }

    /// MEC 013 7.6 and 7.7; `nil` when there is no such zone.
    package func accessPoints(zoneId: String, accessPointIds: Set<String>) -> [AccessPointInfo]? {
        state.accessPointList(zoneId: zoneId, accessPointIds: accessPointIds)
    }

    /// MEC 013 7.2; `nil` where a place is unknown.
    package func distance(from address: String, to other: String) -> TerminalDistance? {
        state.distance(from: address, to: other)
    }

    package func distance(from address: String, to point: GeoPoint) -> TerminalDistance? {
        state.distance(from: address, to: point)
    }

    package var published: UInt64 { outlet.publisher.published }
    package var dropped: UInt64 { outlet.publisher.dropped }
}

extension LocationEvent {
    /// The word in the subscription's resource URL, MEC 013 7.1.
    package var resource: String {
        switch self {
        case .userLocationEvent, .userLocationPeriodic: "users"
        case .zoneLocationEvent, .zoneStatus: "zones"
        case .userArea: "area"
        case .userDistance: "distance"
        }
    }
}
