import AppEnablement
import HTTPTypes
import Location
import MECModel

/// MEC 013 over HTTP. Its bodies stand under their type's name, as in the GS.
struct LocationAPI: Sendable {
    let service: LocationService
    let book: SubscriptionBook

    private static let reading = Permission.receive(LocationTopics.root(.json) + "query")
    private static let subscribing = Permission.publish(LocationTopics.subscribe)

    var api: API {
        API(
            name: "location",
            title: "Location",
            // The file says v2, the GS's resource clauses v3.
            prefixes: ["/location/v3", "/location/v2"],
            routes: queries + ["area", "distance", "users", "zones"].flatMap(subscriptions),
            schemas: Self.schemas
        )
    }

    // MARK: - Queries

    private var queries: [Route] {
        [
            Route(
                .get,
                "/queries/distance",
                query: ["address", "location", "latitude", "longitude"],
                permission: Self.reading,
                "Metres between two users, or a user and a place.",
                answers: "terminalDistance: TerminalDistance"
            ) { request in try await distance(request) },
            Route(
                .get,
                "/queries/users",
                query: ["zoneId", "accessPointId", "address"],
                permission: Self.reading,
                "Users, and where they are.",
                answers: "userList: UserList"
            ) { request in
                let users = await service.users(
                    zoneIds: Set(request.values("zoneId")),
                    accessPointIds: Set(request.values("accessPointId")),
                    addresses: Set(request.values("address"))
                )
                let url = await book.root + request.path
                let base = await book.root + request.prefix
                return wrapped("userList") { writer in
                    writer.beginObject()
                    writer.beginArray("user")
                    for user in users { user.writeJSON(to: &writer, base: base) }
                    writer.endArray()
                    writer.member("resourceURL", url)
                    writer.endObject()
                }
            },
            Route(
                .get,
                "/queries/zones",
                query: ["zoneId"],
                permission: Self.reading,
                "Zones, their access points and users.",
                answers: "zoneList: ZoneList"
            ) { request in
                let zones = await service.zones(zoneIds: Set(request.values("zoneId")))
                let url = await book.root + request.path
                let base = await book.root + request.prefix
                return wrapped("zoneList") { writer in
                    writer.beginObject()
                    writer.beginArray("zone")
                    for zone in zones { zone.writeJSON(to: &writer, base: base) }
                    writer.endArray()
                    writer.member("resourceURL", url)
                    writer.endObject()
                }
            },
            Route(
                .get,
                "/queries/zones/{zoneId}",
                permission: Self.reading,
                "A zone.",
                answers: "zoneInfo: ZoneInfo"
            ) { request in
                let id = request["zoneId"]
                let base = await book.root + request.prefix
                guard let zone = await service.zones(zoneIds: [id]).first else {
                    throw Problem.notFound("zoneId: expected a zone of this site, found \(id)")
                }
                return wrapped("zoneInfo") { zone.writeJSON(to: &$0, base: base) }
            },
            Route(
                .get,
                "/queries/zones/{zoneId}/accessPoints",
                query: ["accessPointId"],
                permission: Self.reading,
                "Access points of a zone.",
                answers: "accessPointList: AccessPointList"
            ) { request in
                let points = try await accessPoints(request, Set(request.values("accessPointId")))
                let url = await book.root + request.path
                let base = await book.root + request.prefix
                return wrapped("accessPointList") { writer in
                    writer.beginObject()
                    writer.member("zoneId", request["zoneId"])
                    writer.beginArray("accessPoint")
                    for point in points { point.writeJSON(to: &writer, base: base) }
                    writer.endArray()
                    writer.member("resourceURL", url)
                    writer.endObject()
                }
            },
            Route(
                .get,
                "/queries/zones/{zoneId}/accessPoints/{accessPointId}",
                permission: Self.reading,
                "An access point.",
                answers: "accessPointInfo: AccessPointInfo"
            ) { request in
                let id = request["accessPointId"]
                let base = await book.root + request.prefix
                guard let point = try await accessPoints(request, [id]).first else {
                    throw Problem.notFound(
                        "accessPointId: expected one of zone \(request["zoneId"]), found \(id)"
                    )
                }
                return wrapped("accessPointInfo") { point.writeJSON(to: &$0, base: base) }
            },
        ]
    }

    private func accessPoints(_ request: RESTRequest, _ ids: Set<String>) async throws -> [AccessPointInfo] {
        let zone = request["zoneId"]
        guard let points = await service.accessPoints(zoneId: zone, accessPointIds: ids) else {
            throw Problem.notFound("zoneId: expected a zone of this site, found \(zone)")
        }
        return points
    }

    private func distance(_ request: RESTRequest) async throws -> RESTResponse {
        let addresses = request.values("address")
        let place = try place(request)
        let answer: TerminalDistance?
        switch (addresses.count, place) {
        case (2, nil): answer = await service.distance(from: addresses[0], to: addresses[1])
        case (1, .some(let point)): answer = await service.distance(from: addresses[0], to: point)
        default:
            throw Problem.parameter(
                "address",
                expected: "two addresses, or one and a location",
                found: "\(addresses.count)\(place == nil ? "" : " and a location")"
            )
        }
        guard let answer else {
            let list = addresses.joined(separator: ", ")
            throw Problem.notFound("address: expected users whose places are known, found \(list)")
        }
        return wrapped("terminalDistance") { answer.writeJSON(to: &$0) }
    }

    /// An object in a query: as two parameters (OpenAPI's default form), as `latitude,1,longitude,2`, or as JSON.
    private func place(_ request: RESTRequest) throws -> GeoPoint? {
        var (latitude, longitude) = (try request.value("latitude"), try request.value("longitude"))
        if let text = try request.value("location") {
            if let point = try? JSONBody.decode(AreaInfo.Point.self, Array(text.utf8)) {
                (latitude, longitude) = ("\(point.latitude)", "\(point.longitude)")
            } else {
                let parts = text.split(separator: ",").map(String.init)
                if parts.count == 4, parts[0] == "latitude", parts[2] == "longitude" {
                    (latitude, longitude) = (parts[1], parts[3])
                } else if parts.count == 2 {
                    (latitude, longitude) = (parts[0], parts[1])
                }
            }
            if latitude == nil {
                throw Problem.parameter("location", expected: "latitude and longitude", found: text)
            }
        }
        guard latitude != nil || longitude != nil else { return nil }
        guard let north = latitude.flatMap(Double.init), let east = longitude.flatMap(Double.init),
            let point = GeoPoint(latitude: north, longitude: east)
        else {
            throw Problem.parameter(
                "location",
                expected: "latitude -90 to 90 and longitude -180 to 180",
                found: "\(latitude ?? "nothing"), \(longitude ?? "nothing")"
            )
        }
        return point
    }

    // MARK: - Subscriptions

    private func subscriptions(_ resource: String) -> [Route] {
        let collection = "/subscriptions/\(resource)"
        let types = LocationEvent.allCases.filter { $0.resource == resource }.map(\.subscriptionType)
        let body = types.map { "\($0.loweredFirst): \($0)" }.joined(separator: " | ")
        let query: [String] =
            switch resource {
            case "users": ["subscription_type", "address"]
            case "zones": ["subscription_type", "zoneId"]
            case "area": ["subscription_type"]
            default: []
            }
        return [
            Route(
                .get,
                collection,
                query: query,
                permission: Self.reading,
                "Links to the subscriptions in force.",
                answers: "notificationSubscriptionList: NotificationSubscriptionList"
            ) { request in try await list(resource, request) },
            Route(
                .post,
                collection,
                permission: Self.subscribing,
                "Begins a subscription.",
                body: body,
                answers: body
            ) { request in
                var subscription = try read(resource, request)
                try await book.settle(&subscription.delivery, path: "")
                await book.expectLocation()
                let (id, begun) = try await service.subscribe(subscription)
                try await book.claimLocation(id, by: request.identity.name)
                return try await answer(begun, id, resource, request, status: .created)
            },
            Route(
                .get,
                collection + "/{subscriptionId}",
                permission: Self.reading,
                "A subscription.",
                answers: body
            ) { request in
                let id = request["subscriptionId"]
                return try await shown(try await find(id, resource, request), id, resource, request)
            },
            Route(
                .put,
                collection + "/{subscriptionId}",
                permission: Self.subscribing,
                "Replaces a subscription.",
                body: body,
                answers: body
            ) { request in
                let id = request["subscriptionId"]
                let old = try await find(id, resource, request)
                try request.checkCondition(try await shown(old, id, resource, request).body)
                var subscription = try read(resource, request)
                guard subscription.event == old.event else {
                    throw Problem(
                        .unprocessableContent,
                        "another type",
                        "subscriptionType: expected \(old.event.subscriptionType), found \(subscription.event.subscriptionType)"
                    )
                }
                try await book.settle(&subscription.delivery, path: "")
                let replaced = try await service.replace(id: id, with: subscription)
                return try await answer(replaced, id, resource, request, status: .ok)
            },
            Route(
                .delete,
                collection + "/{subscriptionId}",
                permission: Self.subscribing,
                "Ends a subscription."
            ) { request in
                let id = request["subscriptionId"]
                let old = try await find(id, resource, request)
                try request.checkCondition(try await shown(old, id, resource, request).body)
                _ = try await service.unsubscribe(id: id)
                await book.endLocation(id)
                return .noContent
            },
        ]
    }

    private func read(_ resource: String, _ request: RESTRequest) throws -> LocationSubscription {
        let types = LocationEvent.allCases.map(\.subscriptionType)
        let subscription = try request.decode(
            LocationSubscription.self,
            underAny: types + types.map(\.loweredFirst)
        )
        guard subscription.event.resource == resource else {
            throw Problem.parameter(
                "subscriptionType",
                expected: "a type of /subscriptions/\(resource)",
                found: subscription.event.subscriptionType
            )
        }
        return subscription
    }

    /// To others than its subscriber a subscription is as good as none.
    private func find(_ id: String, _ resource: String, _ request: RESTRequest) async throws
        -> LocationSubscription
    {
        guard let subscription = await service.subscription(id: id), subscription.event.resource == resource,
            await book.isLocationVisible(id, to: request.identity.name)
        else {
            throw Problem.notFound("subscriptionId: expected a subscription that is in force, found \(id)")
        }
        return subscription
    }

    private func answer(
        _ subscription: LocationSubscription,
        _ id: String,
        _ resource: String,
        _ request: RESTRequest,
        status: HTTPResponse.Status
    ) async throws -> RESTResponse {
        let path = Self.path(id, resource, request.prefix)
        await book.deliverLocation(id, subscription.delivery, path: path)
        var response = try await shown(subscription, id, resource, request)
        response.status = status
        if status == .created { response.headers[.location] = await book.root + path }
        return response
    }

    /// A subscription with URIs under the version that was asked for.
    private func shown(
        _ subscription: LocationSubscription,
        _ id: String,
        _ resource: String,
        _ request: RESTRequest
    ) async throws -> RESTResponse {
        var subscription = subscription
        let path = Self.path(id, resource, request.prefix)
        let root = await book.root
        subscription.delivery._links = SelfLink(href: root + path)
        if subscription.delivery.websockNotifConfig != nil {
            subscription.delivery.websockNotifConfig = WebsockNotifConfig(
                websocketUri: root.replacing("http", with: "ws", maxReplacements: 1) + path + "/websocket"
            )
        }
        let body = try JSONBody.encode(subscription)
        var response = wrapped(subscription.event.subscriptionType.loweredFirst) { $0.value(encoded: body) }
        response.headers[.eTag] = RESTResponse.tag(response.body)
        return response
    }

    private static func path(_ id: String, _ resource: String, _ prefix: String) -> String {
        "\(prefix)/subscriptions/\(resource)/\(id)"
    }

    private func list(_ resource: String, _ request: RESTRequest) async throws -> RESTResponse {
        let type = try request.value("subscription_type")
        let (address, zone) = (try request.value("address"), try request.value("zoneId"))
        if let type, !["event", "periodic", "status"].contains(type) {
            throw Problem.parameter("subscription_type", expected: "event, periodic or status", found: type)
        }
        let root = await book.root
        let subscribers = await book.locationSubscribers
        let all = await service.subscriptions.filter { id, subscription in
            (subscribers[id].map { $0 == request.identity.name } ?? true)
                && subscription.event.resource == resource
                && (type == nil || type == subscription.event.listName)
                && (address == nil || subscription.address == address)
                && (zone == nil || subscription.zoneId == zone)
        }
        return wrapped("notificationSubscriptionList") { writer in
            writer.beginObject()
            writer.beginObject("resourceURL")
            writer.member("href", root + request.path)
            writer.endObject()
            writer.beginArray("subscription")
            for (id, subscription) in all {
                writer.beginObject()
                writer.member("href", root + Self.path(id, resource, request.prefix))
                writer.member("subscriptionType", subscription.event.subscriptionType)
                writer.endObject()
            }
            writer.endArray()
            writer.endObject()
        }
    }

    private func wrapped(_ name: String, _ write: (inout JSONWriter) -> Void) -> RESTResponse {
        var writer = JSONWriter(reserving: 1_024)
        write(&writer)
        return .json(Array("{\"\(name)\":".utf8) + writer.bytes + [UInt8(ascii: "}")])
    }
}

extension LocationEvent {
    /// The word of `subscription_type`.
    fileprivate var listName: String {
        switch self {
        case .userLocationPeriodic: "periodic"
        case .zoneStatus: "status"
        default: "event"
        }
    }
}

extension LocationSubscription {
    fileprivate var address: String? {
        switch criteria {
        case .userLocationEvent(let criteria): criteria.address
        case .userLocationPeriodic(let criteria): criteria.address
        default: nil
        }
    }

    fileprivate var zoneId: String? {
        switch criteria {
        case .zoneLocationEvent(let criteria): criteria.zoneId
        case .zoneStatus(let criteria): criteria.zoneId
        default: nil
        }
    }
}

extension String {
    /// `userAreaSubscription` of `UserAreaSubscription`.
    var loweredFirst: String { prefix(1).lowercased() + dropFirst() }
}
