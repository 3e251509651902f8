import Location
import MECModel
import MECRuntime
import SwiftProtobuf

extension Weir_Location_V1_WatchNotificationsRequest.Open: WatchOpening {}

extension Weir_Location_V1_WatchNotificationsRequest: WatchRequest {
    var opening: Open? {
        guard case .open(let open) = request else { return nil }
        return open
    }
}

/// Which notifications of the location service one call wants.
///
/// Criteria of MEC 013 6.3 have a memory (who was inside, how many there were), so each becomes a subscription of the
/// service that lasts as long as the call.
struct LocationWatch: Sendable {
    private static let maximum = 100

    private let own: [(id: String, subscription: LocationSubscription)]
    private let topicFilters: [String]

    /// - Throws: ``CallRefusal`` that names what is wrong, or not allowed.
    init(
        _ open: Weir_Location_V1_WatchNotificationsRequest.Open,
        for caller: CallerDirectory.Caller
    ) throws {
        guard open.criteria.count + open.subscriptionID.count <= Self.maximum else {
            throw CallRefusal.bad("criteria", "expected at most 100 together with subscription_id")
        }
        own = try open.criteria.map { criteria in
            let value = try LocationCriteria(criteria).value
            return (UnguessableIdentifier.make(), LocationSubscription(value, clientCorrelator: "watch"))
        }
        if !own.isEmpty {
            try caller.checkPublish(LocationTopics.subscribe)
            try Self.checkLive(open.delivery)
        }
        for id in open.subscriptionID where id.isEmpty || id.contains(where: "/+#".contains) {
            throw CallRefusal.bad("subscription_id", "expected an identifier, found \"\(id)\"")
        }
        let ids = own.map(\.id) + open.subscriptionID
        let root = LocationTopics.root(.protobuf)
        guard ids.isEmpty else {
            topicFilters = ids.map { "\(root)subscription/\($0)/+" }
            return
        }
        let events: [LocationEvent] = [
            .userLocationEvent, .userLocationPeriodic, .zoneLocationEvent, .zoneStatus,
        ]
        topicFilters =
            events.map { LocationTopics.event($0, .protobuf, suffix: "#") } + ["\(root)subscription/#"]
    }

    private static func checkLive(_ delivery: Weir_Bus_V1_SubscribeRequest.Open) throws {
        switch delivery.start.start {
        case nil, .position(.unspecified), .position(.latest):
            if delivery.subscription.isEmpty { return }
        default: break
        }
        throw CallRefusal.bad(
            "delivery.start",
            "criteria begin with the call; to resume, use CreateSubscription and \"subscription_id\""
        )
    }

    func plan(_ service: LocationService) -> WatchPlan {
        WatchPlan(
            filters: topicFilters,
            field: { Self.field(of: $0.topic, payload: [UInt8]($0.payload)) },
            onOpened: {
                do {
                    for (id, subscription) in own { try await service.watch(subscription, id: id) }
                } catch { throw LocationCalls.refusal(error) }
            },
            onEnd: { for (id, _) in own { await service.unwatch(id: id) } }
        )
    }

    /// The field of `Notification` for an event; `nil` where its payload is not what its topic says.
    static func field(of topic: String, payload: [UInt8]) -> Int? {
        let levels = topic.split(separator: "/", maxSplits: 6, omittingEmptySubsequences: false)
        // mec/v1/pb/location/{event}/…, or mec/v1/pb/location/subscription/{id}/{event}
        guard levels.count >= 5 else { return nil }
        let name = levels[4] == "subscription" && levels.count == 7 ? levels[6] : levels[4]
        guard let event = LocationEvent.allCases.first(where: { $0.treeName == name }) else { return nil }
        func isReadable<Body: ProtobufMessage>(_: Body.Type) -> Bool {
            (try? Body(serializedBytes: payload)) != nil
        }
        let (field, isGood) =
            switch event {
            case .userLocationEvent: (2, isReadable(Weir_Location_V1_UserLocationEventNotification.self))
            case .userLocationPeriodic:
                (3, isReadable(Weir_Location_V1_UserLocationPeriodicNotification.self))
            case .zoneLocationEvent: (4, isReadable(Weir_Location_V1_ZoneLocationEventNotification.self))
            case .zoneStatus: (5, isReadable(Weir_Location_V1_ZoneStatusNotification.self))
            case .userArea: (6, isReadable(Weir_Location_V1_UserAreaNotification.self))
            case .userDistance: (7, isReadable(Weir_Location_V1_UserDistanceNotification.self))
            }
        return isGood ? field : nil
    }
}
