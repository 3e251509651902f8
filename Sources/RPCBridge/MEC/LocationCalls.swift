import Bus
import Foundation
import GRPCCore
import Location
import MECModel
import SwiftProtobuf

/// `weir.location.v1.Location`.
struct LocationCalls: Sendable {
    static let name = "weir.location.v1.Location"
    /// Who may receive on it may ask.
    private static let queryTopic = LocationTopics.root(.protobuf) + "query"

    let bus: BusService
    let service: LocationService

    func register(with router: inout RPCRouter<RPCTransport>) {
        bus.unary(Self.method("GetDistance"), &router, getDistance)
        bus.unary(Self.method("ListUsers"), &router, listUsers)
        bus.unary(Self.method("ListZones"), &router, listZones)
        bus.unary(Self.method("ListAccessPoints"), &router, listAccessPoints)
        bus.unary(Self.method("CreateSubscription"), &router, createSubscription)
        bus.unary(Self.method("GetSubscription"), &router, getSubscription)
        bus.unary(Self.method("ListSubscriptions"), &router, listSubscriptions)
        bus.unary(Self.method("DeleteSubscription"), &router, deleteSubscription)
        bus.watch(
            Self.method("WatchNotifications"),
            &router,
            Weir_Location_V1_WatchNotificationsRequest.self
        ) { open, caller in try LocationWatch(open, for: caller).plan(service) }
    }

    private static func method(_ name: String) -> MethodDescriptor {
        MethodDescriptor(fullyQualifiedService: Self.name, method: name)
    }

    // MARK: - Queries

    private func getDistance(
        _ request: Weir_Location_V1_GetDistanceRequest,
        _ caller: CallerDirectory.Caller
    ) async throws -> Weir_Location_V1_TerminalDistance {
        try caller.checkReceive(Self.queryTopic)
        let addresses = request.address
        let distance: TerminalDistance?
        switch (addresses.count, request.hasLocation) {
        case (2, false): distance = await service.distance(from: addresses[0], to: addresses[1])
        case (1, true):
            let (latitude, longitude) = (request.location.latitude, request.location.longitude)
            guard let point = GeoPoint(latitude: latitude, longitude: longitude) else {
                throw CallRefusal.bad(
                    "location",
                    "expected latitude -90 to 90 and longitude -180 to 180, found \(latitude), \(longitude)"
                )
            }
            distance = await service.distance(from: addresses[0], to: point)
        default:
            throw CallRefusal.bad(
                "address",
                "expected two, or one and a location, found \(addresses.count)\(request.hasLocation ? " and a location" : "")"
            )
        }
        guard let distance else {
            throw CallRefusal.unknownResource("user at a known place", addresses.joined(separator: ", "))
        }
        return .with {
            $0.distance = distance.distance
            if let accuracy = distance.accuracy { $0.accuracy = accuracy }
            $0.timestamp = Google_Protobuf_Timestamp(distance.timestamp)
        }
    }

    private func listUsers(
        _ request: Weir_Location_V1_ListUsersRequest,
        _ caller: CallerDirectory.Caller
    ) async throws -> Weir_Location_V1_UserList {
        try caller.checkReceive(Self.queryTopic)
        let users = await service.users(
            zoneIds: Set(request.zoneID),
            accessPointIds: Set(request.accessPointID),
            addresses: Set(request.address)
        )
        return .with { $0.user = users.map(Weir_Location_V1_UserInfo.init) }
    }

    private func listZones(
        _ request: Weir_Location_V1_ListZonesRequest,
        _ caller: CallerDirectory.Caller
    ) async throws -> Weir_Location_V1_ZoneList {
        try caller.checkReceive(Self.queryTopic)
        let zones = await service.zones(zoneIds: Set(request.zoneID))
        return .with { $0.zone = zones.map(Weir_Location_V1_ZoneInfo.init) }
    }

    private func listAccessPoints(
        _ request: Weir_Location_V1_ListAccessPointsRequest,
        _ caller: CallerDirectory.Caller
    ) async throws -> Weir_Location_V1_AccessPointList {
        try caller.checkReceive(Self.queryTopic)
        guard
            let points = await service.accessPoints(
                zoneId: request.zoneID,
                accessPointIds: Set(request.accessPointID)
            )
        else { throw CallRefusal.unknownResource("zone", request.zoneID) }
        let now = RadioTime(wall: Date())
        return .with {
            $0.zoneID = request.zoneID
            $0.accessPoint = points.map { Weir_Location_V1_AccessPointInfo($0, at: now) }
        }
    }

    // MARK: - Subscriptions

    private func createSubscription(
        _ request: Weir_Location_V1_CreateSubscriptionRequest,
        _ caller: CallerDirectory.Caller
    ) async throws -> Weir_Location_V1_Subscription {
        try caller.checkPublish(LocationTopics.subscribe)
        var subscription = LocationSubscription(try LocationCriteria(request.criteria).value)
        if !request.clientCorrelator.isEmpty { subscription.clientCorrelator = request.clientCorrelator }
        if request.hasExpiryDeadline {
            subscription.delivery.expiryDeadline = TimeStamp(request.expiryDeadline)
        }
        do {
            let (id, begun) = try await service.subscribe(subscription)
            return Weir_Location_V1_Subscription(id, begun)
        } catch { throw Self.refusal(error) }
    }

    private func getSubscription(
        _ request: Weir_Location_V1_GetSubscriptionRequest,
        _ caller: CallerDirectory.Caller
    ) async throws -> Weir_Location_V1_Subscription {
        try caller.checkReceive(LocationTopics.subscriptionState(id: request.id))
        guard let found = await service.subscription(id: request.id) else {
            throw CallRefusal.unknownResource("subscription", request.id)
        }
        return Weir_Location_V1_Subscription(request.id, found)
    }

    private func listSubscriptions(
        _ request: Weir_Location_V1_ListSubscriptionsRequest,
        _ caller: CallerDirectory.Caller
    ) async throws -> Weir_Location_V1_ListSubscriptionsResponse {
        let all = await service.subscriptions.filter {
            caller.identity.mayReceive(LocationTopics.subscriptionState(id: $0.id))
        }
        return .with { $0.subscriptions = all.map { Weir_Location_V1_Subscription($0.id, $0.subscription) } }
    }

    private func deleteSubscription(
        _ request: Weir_Location_V1_DeleteSubscriptionRequest,
        _ caller: CallerDirectory.Caller
    ) async throws -> Weir_Location_V1_DeleteSubscriptionResponse {
        try caller.checkPublish(LocationTopics.unsubscribe)
        do {
            guard try await service.unsubscribe(id: request.id) else {
                throw CallRefusal.unknownResource("subscription", request.id)
            }
        } catch { throw Self.refusal(error) }
        return Weir_Location_V1_DeleteSubscriptionResponse()
    }

    static func refusal(_ error: any Error) -> any Error {
        switch error {
        case let fault as SubscriptionFault:
            CallRefusal.bad(fault.field, "expected \(fault.expected), found \(fault.found)")
        case let error as BusError: CallRefusal(error)
        default: error
        }
    }
}

extension TimeStamp {
    /// Before 1970 and beyond 2106 what is nearest.
    init(_ time: Google_Protobuf_Timestamp) {
        self.init(seconds: UInt32(clamping: time.seconds), nanoSeconds: UInt32(clamping: time.nanos))
    }
}

extension RadioTime {
    init(wall: Date) { self.init(nanoseconds: Int64(wall.timeIntervalSince1970 * 1e9)) }
}
