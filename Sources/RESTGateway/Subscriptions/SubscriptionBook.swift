package import Bus
package import Logging
import AppEnablement
import Location
package import MECModel
import MECRuntime
import MQTTWire

/// The subscriptions of MEC 012 and MEC 011, and where those of MEC 013 are delivered.
///
/// A subscription is on disk before its request is answered. The events come from the bus, and what a
/// subscriber gets is the very event with its own URI in `_links.subscription`.
package actor SubscriptionBook {
    private struct Entry {
        var stored: StoredSubscription
        var href: String
        var expiry: RadioTime?
        var isToldOfExpiry = false
    }

    private struct Listener {
        /// Whether the bus knows; `false` when it refused.
        var opening: Task<(any BusSubscription)?, Never>
        var reader: Task<Void, Never>
        var subscriptions: Set<String>
    }

    let bus: any Bus
    let deliverer: Deliverer
    private let settings: RESTSettings
    let logger: Logger
    private let now: @Sendable () -> RadioTime
    private var apiRoot = ""
    private var entries: [String: Entry] = [:]
    /// By filter; one reader of the bus for all who want the same.
    private var listeners: [String: Listener] = [:]
    /// Those of the location service that are delivered from here.
    var locationTargets: [String: LocationTarget] = [:]
    /// Who made them, where that has a name.
    var locationSubscribers: [String: String] = [:]
    /// Notifications of subscriptions that the location service has begun and whose address is not known yet.
    var unclaimed: [(id: String, event: BusEvent)] = []

    private static let topic = "$weir/rest/subscription/"

    package init(
        bus: any Bus,
        deliverer: Deliverer,
        settings: RESTSettings,
        logger: Logger,
        now: @escaping @Sendable () -> RadioTime
    ) {
        self.bus = bus
        self.deliverer = deliverer
        self.settings = settings
        self.logger = logger
        self.now = now
    }

    // MARK: - Life

    /// Takes up what was kept.
    package func open(apiRoot: String) async throws {
        self.apiRoot = apiRoot
        try await openLocation()
        for event in try bus.latest(Self.topic + "#") {
            do {
                await begin(try JSONBody.decode(StoredSubscription.self, event.payload))
            } catch {
                logger.error(
                    "a kept subscription cannot be read and is left out",
                    metadata: ["mqtt.topic": "\(event.topic)", "error.message": "\(error)"]
                )
            }
        }
    }

    /// Ends subscriptions whose time is over, and tells them before.
    package func run() async {
        while !Task.isCancelled {
            guard (try? await Task.sleep(for: .milliseconds(250))) != nil else { break }
            await expire()
        }
        for listener in listeners.values { listener.reader.cancel() }
    }

    private func expire() async {
        let time = now()
        let (seconds, attoseconds) = settings.callbacks.expiryNotice.components
        let notice = time.advanced(byNanoseconds: seconds * 1_000_000_000 + attoseconds / 1_000_000_000)
        for (id, entry) in entries {
            guard let expiry = entry.expiry, expiry <= notice else { continue }
            if !entry.isToldOfExpiry {
                entries[id]?.isToldOfExpiry = true
                deliverer.send(expiryNotification(entry.href, expiry, time), to: id)
            }
            if expiry <= time { try? await remove(id) }
        }
        // The location service ends them itself.
        for (id, target) in locationTargets where !target.isToldOfExpiry {
            guard let expiry = target.expiry, expiry <= notice else { continue }
            locationTargets[id]?.isToldOfExpiry = true
            deliverer.send(expiryNotification(target.href, expiry, time), to: id)
        }
    }

    // MARK: - Requests

    package var subscriptionCount: Int { entries.count }

    /// Where clients reach the APIs: `http://site:8080`.
    var root: String { apiRoot }

    /// Begins a subscription and returns once it would survive a crash.
    ///
    /// - Parameter name: Of who asks; only they will see it. `nil` is anonymous: everybody will.
    func create(
        _ content: StoredSubscription.Content,
        owner: String,
        by name: String?,
        collection: String
    ) async throws -> StoredSubscription {
        guard entries.count < settings.subscriptionsMaximum else {
            throw Problem(
                .forbidden,
                "limit reached",
                "subscriptions: expected at most \(settings.subscriptionsMaximum) (rest.maximumSubscriptions), found one more"
            )
        }
        let id = UnguessableIdentifier.make()
        var stored = StoredSubscription(
            id: id,
            owner: owner,
            subscriber: name,
            path: "\(collection)/\(id)",
            content: content
        )
        try await prepare(&stored)
        try await keep(stored)
        await begin(stored)
        if content.wantsTest { sendTest(id) }
        return stored
    }

    func replace(
        _ id: String,
        of owner: String,
        by name: String?,
        with content: StoredSubscription.Content
    ) async throws -> StoredSubscription {
        var stored = try find(id, of: owner, by: name)
        stored.content = content
        try await prepare(&stored)
        try await keep(stored)
        forget(id)
        await begin(stored)
        if content.wantsTest { sendTest(id) }
        return stored
    }

    /// To others than its subscriber a subscription is as good as none.
    func find(_ id: String, of owner: String, by name: String?) throws -> StoredSubscription {
        guard let entry = entries[id], entry.stored.owner == owner, entry.stored.isVisible(to: name) else {
            throw Problem.notFound("subscriptionId: expected a subscription that is in force, found \(id)")
        }
        return entry.stored
    }

    func list(of owner: String, by name: String?) -> [StoredSubscription] {
        entries.values.map(\.stored).filter { $0.owner == owner && $0.isVisible(to: name) }
            .sorted { $0.id < $1.id }
    }

    /// Whether `name` may read what subscription `id` is told, which a WebSocket does.
    func isVisible(_ id: String, to name: String?) -> Bool {
        entries[id]?.stored.isVisible(to: name) ?? isLocationVisible(id, to: name)
    }

    func delete(_ id: String, of owner: String, by name: String?) async throws {
        try await remove(try find(id, of: owner, by: name).id)
    }

    private func remove(_ id: String) async throws {
        _ = try await bus.publishDurably([.cleared(Self.topic + id)])
        forget(id)
        deliverer.close(id)
    }

    /// An application is gone, and what it asked for with it.
    func deleteAll(of owners: Set<String>) async throws {
        for entry in entries.values where owners.contains(entry.stored.owner) {
            try await remove(entry.stored.id)
        }
    }

    /// Whom subscriptions belong to: "rni", "svc/APPLICATION", "app/APPLICATION".
    var owners: Set<String> { Set(entries.values.map(\.stored.owner)) }

    func href(_ stored: StoredSubscription) -> String { apiRoot + stored.path }

    /// Checks how a subscription is to be delivered, and settles on one way: MEC 012 6.3, the notes on
    /// callbackReference and websockNotifConfig.
    func settle(_ delivery: inout SubscriptionDelivery, path: String) async throws {
        if let deadline = delivery.expiryDeadline, deadline.time <= now() {
            throw Problem.parameter(
                "expiryDeadline",
                expected: "a time to come",
                found: "one that has passed"
            )
        }
        if let callback = delivery.callbackReference {
            try await deliverer.callbacks.admit(callback)
            delivery.websockNotifConfig = nil
        } else if delivery.websockNotifConfig?.requestWebsocketUri == true
            || delivery.websockNotifConfig?.websocketUri != nil
        {
            delivery.websockNotifConfig = WebsockNotifConfig(
                websocketUri: Self.webSocketRoot(apiRoot) + path + "/websocket"
            )
        } else {
            throw Problem.parameter(
                "callbackReference",
                expected: "it, or websockNotifConfig with requestWebsocketUri true",
                found: "neither"
            )
        }
        delivery._links = SelfLink(href: apiRoot + path)
    }

    private static func webSocketRoot(_ root: String) -> String {
        root.hasPrefix("http") ? "ws" + root.dropFirst(4) : root
    }

    private func prepare(_ stored: inout StoredSubscription) async throws {
        var delivery = stored.delivery
        try await settle(&delivery, path: stored.path)
        stored.delivery = delivery
    }

    private func keep(_ stored: StoredSubscription) async throws {
        let body = try JSONBody.encode(stored)
        _ = try await bus.publishDurably([
            .json(Self.topic + stored.id, body, qos: .atLeastOnce, [], retain: true)
        ])
    }

    // MARK: - Delivery

    private func begin(_ stored: StoredSubscription) async {
        let delivery = stored.delivery
        entries[stored.id] = Entry(
            stored: stored,
            href: apiRoot + stored.path,
            expiry: delivery.expiryDeadline?.time
        )
        deliverer.open(stored.id, delivery.target)
        await listen(to: stored.filter, for: stored.id)
    }

    private func forget(_ id: String) {
        guard let entry = entries.removeValue(forKey: id) else { return }
        unlisten(to: entry.stored.filter, for: id)
    }

    /// Returns once the bus knows: what happens from then on is told.
    func listen(to filter: String, for id: String) async {
        if listeners[filter] == nil {
            let opening = Task { [bus, logger] () -> (any BusSubscription)? in
                var request = BusSubscribeRequest(filters: [filter])
                request.qos = .atLeastOnce
                do {
                    return try await bus.subscribe(request)
                } catch {
                    logger.error(
                        "subscribers are not told",
                        metadata: ["mqtt.filter": "\(filter)", "error.message": "\(error)"]
                    )
                    return nil
                }
            }
            let reader = Task { [weak self] in
                guard let subscription = await opening.value else { return }
                await withTaskCancellationHandler {
                    while let batch = await subscription.next(limit: 500) { await self?.take(batch, filter) }
                } onCancel: {
                    subscription.cancel()
                }
            }
            listeners[filter] = Listener(opening: opening, reader: reader, subscriptions: [])
        }
        listeners[filter]?.subscriptions.insert(id)
        _ = await listeners[filter]?.opening.value
    }

    func unlisten(to filter: String, for id: String) {
        listeners[filter]?.subscriptions.remove(id)
        guard listeners[filter]?.subscriptions.isEmpty == true else { return }
        listeners.removeValue(forKey: filter)?.reader.cancel()
    }

    private func take(_ batch: BusBatch, _ filter: String) {
        guard let wanted = listeners[filter]?.subscriptions else { return }
        if filter == Self.locationFilter {
            for event in batch.events { deliverLocation(event) }
            return
        }
        for event in batch.events where !event.payload.isEmpty {
            let facts = EventForSubscribers(event)
            for id in wanted {
                guard let entry = entries[id], facts.match(entry.stored.content),
                    let body = NotificationLinks.replacing(in: event.payload, href: entry.href)
                else { continue }
                deliverer.send(body, to: id)
            }
        }
    }

    // MARK: - Notifications about the subscription itself

    /// TestNotification, MEC 012 6.4.12.
    func sendTest(_ id: String) {
        guard let href = entries[id]?.href ?? locationTargets[id]?.href else { return }
        var writer = JSONWriter()
        writer.beginObject()
        writer.member("notificationType", literal: "TestNotification")
        // MEC 013 6.4.3 names the link "self"; MEC 012 knows "subscription" only.
        NotificationLinks.write(href, to: &writer, withSelf: locationTargets[id] != nil)
        writer.endObject()
        deliverer.send(writer.bytes, to: id)
    }

    /// ExpiryNotification, MEC 012 6.4.9.
    private func expiryNotification(_ href: String, _ expiry: RadioTime, _ time: RadioTime) -> [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        writer.member("notificationType", literal: "ExpiryNotification")
        writer.member("timeStamp", time)
        writer.member("expiryDeadline", expiry)
        NotificationLinks.write(href, to: &writer)
        writer.endObject()
        return writer.bytes
    }
}

extension SubscriptionDelivery {
    var target: Deliverer.Target { callbackReference.map { .callback($0) } ?? .webSocket }
}

extension StoredSubscription.Content {
    var wantsTest: Bool {
        switch self {
        case .rni(let subscription): subscription.delivery.requestTestNotification == true
        case .availability(let subscription): subscription.requestTestNotification == true
        case .termination(let subscription): subscription.requestTestNotification == true
        }
    }
}
