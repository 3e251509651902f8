import Location
import MECModel
import MECTestSupport

/// Keeps every notification, with the subscription it is for.
struct Collector: LocationOutlet {
    var everybody: [LocationNotification] = []
    var suffixes: [String] = []
    var subscribed: [(id: String, notification: LocationNotification)] = []
    var wanted: LocationAudience = [.plain, .json, .protobuf]

    mutating func audience(for event: LocationEvent, suffix: String) -> LocationAudience { wanted }

    mutating func emit(_ notification: LocationNotification, to audience: LocationAudience, suffix: String) {
        everybody.append(notification)
        suffixes.append(suffix)
    }

    mutating func emit(_ notification: LocationNotification, subscription: String) {
        subscribed.append((subscription, notification))
    }

    /// What subscription `id` heard, in short: "enter acr:10.0.0.1".
    func heard(_ id: String) -> [String] {
        subscribed.filter { $0.id == id }.map { describe($0.notification) }
    }

    var told: [String] { everybody.map(describe) }

    private func describe(_ notification: LocationNotification) -> String {
        func word(_ event: LocationEventType) -> String { event == .entering ? "enter" : "leave" }
        switch notification {
        case .userLocationEvent(let body):
            return "\(word(body.event)) \(body.address) \(body.zoneId ?? "-") \(body.accessPointId ?? "-")"
        case .zoneLocationEvent(let body): return "\(word(body.event)) \(body.address) \(body.zoneId)"
        case .userArea(let body): return "\(word(body.event)) \(body.address)"
        case .zoneStatus(let body):
            return "\(body.zoneId) \(body.accessPointId ?? "-") "
                + (body.userNumEvent.map { "event \($0.rawValue)" } ?? body.operationStatus?.text ?? "?")
        case .userLocationPeriodic(let body):
            return "\(body.result.rawValue) \(body.address)\(body.isFinalNotification ? " final" : "")"
        case .userDistance(let body):
            return
                "\(body.distanceEvent.rawValue) \(body.monitoredUsers.map(\.address).joined(separator: " "))"
        }
    }
}

/// A site, its location state, and a clock that the test moves.
struct World {
    var site: Site
    var state = LocationState()
    var outlet = Collector()
    var now: RadioTime

    init() throws {
        site = try Site()
        now = site.time
    }

    mutating func apply() {
        state.apply(site.take(), now: now, to: &outlet)
    }

    mutating func advance(seconds: Double) {
        now = now.advanced(bySeconds: seconds)
        state.advance(to: now, to: &outlet)
    }

    mutating func subscribe(
        _ criteria: LocationSubscription.Criteria,
        id: String = "s",
        expiry: RadioTime? = nil
    ) throws {
        var delivery = SubscriptionDelivery()
        delivery.expiryDeadline = expiry.map { TimeStamp($0) }
        try state.subscribe(LocationSubscription(criteria, delivery: delivery), id: id, now: now, to: &outlet)
    }

    /// The terminal is at `metres` east of the reference place, 43.73 north and 7.42 east.
    mutating func place(_ terminal: TerminalIndex, metres: Double, accuracy: Float? = nil) {
        let degrees = metres / 80_330
        guard let point = GeoPoint(latitude: 43.73, longitude: 7.42 + degrees) else { return }
        site.batch.append(
            .position(PositionFact(terminal: terminal, point: point, accuracy: accuracy)),
            at: site.time
        )
        apply()
    }

    mutating func move(_ terminal: TerminalIndex, from: CellIndex, to: CellIndex) {
        site.batch.append(
            .handover(HandoverFact(terminal: terminal, source: from, target: to, status: .completed)),
            at: site.time
        )
        apply()
    }

    static func circle(radius: UInt32, addresses: [String] = [], accuracy: Double = 0) -> UserAreaCriteria {
        UserAreaCriteria(
            addressList: addresses,
            areaDefine: AreaInfo(shape: 1, points: [.init(latitude: 43.73, longitude: 7.42)], radius: radius),
            trackingAccuracy: accuracy
        )
    }
}
