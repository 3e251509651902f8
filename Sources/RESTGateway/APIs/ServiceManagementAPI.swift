import AppEnablement
import HTTPTypes
import MECModel

/// MEC 011 8: the service registry over HTTP.
struct ServiceManagementAPI: Sendable {
    let service: AppEnablementService
    let book: SubscriptionBook

    private static let queryNames = [
        "ser_instance_id", "ser_name", "ser_category_id", "scope_of_locality", "consumed_local_only",
        "is_local",
    ]
    private static let reading = Permission.receive(AppEnablementTopics.serviceState("query"))
    private static let writing = Permission.publish("mec/v1/json/svc/request")

    var api: API {
        API(
            name: "service_mgmt",
            title: "Service Management",
            prefixes: ["/mec_service_mgmt/v1"],
            routes: registry + applicationServices + subscriptions,
            schemas: Self.schemas
        )
    }

    private var registry: [Route] {
        [
            Route(
                .get,
                "/services",
                query: Self.queryNames,
                permission: Self.reading,
                "Services that are offered at the site.",
                answers: "ServiceInfo[]"
            ) { request in try .value(try await service.services(try Self.query(request))) },
            Route(
                .get,
                "/services/{serviceId}",
                permission: Self.reading,
                "A service.",
                answers: "ServiceInfo"
            ) { request in
                let found = try await service.state.service(request["serviceId"])
                return try .value(await service.linked(found), hasTag: true)
            },
            Route(
                .get,
                "/transports",
                permission: Self.reading,
                "Transports that services are offered over.",
                answers: "TransportInfo[]"
            ) { _ in try .value(await service.state.transports) },
            Route(
                .get,
                "/services/{serviceId}/liveness",
                permission: Self.reading,
                "A service's state and its last heartbeat; the URI is in _links.liveness.",
                answers: "ServiceLivenessInfo"
            ) { request in
                let found = try await service.state.service(request["serviceId"])
                return try .value(try Self.liveness(found))
            },
            Route(
                .patch,
                "/services/{serviceId}/liveness",
                permission: Self.writing,
                "A heartbeat.",
                body: "ServiceLivenessUpdate"
            ) { request in
                let update = try request.decode(ServiceLivenessUpdate.self, under: "ServiceLivenessUpdate")
                let id = request["serviceId"]
                try await service.change { state, now throws(RequestFault) in
                    try state.heartbeat(service: id, update, now: now)
                }
                return .noContent
            },
        ]
    }

    private var applicationServices: [Route] {
        [
            Route(
                .get,
                "/applications/{appInstanceId}/services",
                query: Self.queryNames,
                permission: Self.reading,
                "Services of an application.",
                answers: "ServiceInfo[]"
            ) { request in
                try .value(try await service.services(try Self.query(request), of: request["appInstanceId"]))
            },
            Route(
                .post,
                "/applications/{appInstanceId}/services",
                permission: Self.writing,
                "Offers a service.",
                body: "ServiceInfo",
                answers: "ServiceInfo"
            ) { request in
                let info = try request.decode(ServiceInfo.self, under: "ServiceInfo")
                let application = request["appInstanceId"]
                let id = await service.nextIdentifier("ser")
                try await service.change { state, now throws(RequestFault) in
                    try state.offer(info, by: application, id: id, now: now)
                }
                let offered = await service.linked(try await service.state.service(id))
                return try .value(
                    offered,
                    status: .created,
                    location: offered._links?.resource.href,
                    hasTag: true
                )
            },
            Route(
                .get,
                "/applications/{appInstanceId}/services/{serviceId}",
                permission: Self.reading,
                "A service of an application.",
                answers: "ServiceInfo"
            ) { request in try .value(try await find(request), hasTag: true) },
            Route(
                .put,
                "/applications/{appInstanceId}/services/{serviceId}",
                permission: Self.writing,
                "Replaces a service.",
                body: "ServiceInfo",
                answers: "ServiceInfo"
            ) { request in
                try request.checkCondition(try JSONBody.encode(try await find(request)))
                let info = try request.decode(ServiceInfo.self, under: "ServiceInfo")
                let (application, id) = (request["appInstanceId"], request["serviceId"])
                try await service.change { state, now throws(RequestFault) in
                    try state.update(info, id: id, of: application, now: now)
                }
                return try .value(try await find(request), hasTag: true)
            },
            Route(
                .delete,
                "/applications/{appInstanceId}/services/{serviceId}",
                permission: Self.writing,
                "Withdraws a service."
            ) { request in
                try request.checkCondition(try JSONBody.encode(try await find(request)))
                let (application, id) = (request["appInstanceId"], request["serviceId"])
                try await service.change { state, _ throws(RequestFault) in
                    try state.remove(service: id, of: application)
                }
                return .noContent
            },
        ]
    }

    private var subscriptions: [Route] {
        ApplicationSubscriptions(
            service: service,
            book: book,
            owner: "svc",
            typeName: SerAvailabilityNotificationSubscription.typeName,
            permission: Self.reading
        ) { request in
            let type = SerAvailabilityNotificationSubscription.self
            let subscription = try request.decode(type, under: type.typeName)
            guard subscription.subscriptionType == type.typeName else {
                throw Problem.parameter(
                    "subscriptionType",
                    expected: type.typeName,
                    found: subscription.subscriptionType
                )
            }
            try subscription.filteringCriteria?.check()
            return .availability(subscription)
        }.routes
    }

    private func find(_ request: RESTRequest) async throws -> ServiceInfo {
        let found = try await service.state.service(request["serviceId"], of: request["appInstanceId"])
        return await service.linked(found)
    }

    private static func liveness(_ found: AppEnablementState.Service) throws -> ServiceLivenessInfo {
        guard let interval = found.info.livenessInterval else {
            throw Problem.notFound("liveness: expected a service with a livenessInterval, found one without")
        }
        return ServiceLivenessInfo(state: found.info.state, timeStamp: found.heardAt, interval: interval)
    }

    private static func query(_ request: RESTRequest) throws -> ServiceQuery {
        var query = ServiceQuery()
        query.serInstanceIds = Set(request.values("ser_instance_id"))
        query.serNames = Set(request.values("ser_name"))
        query.serCategoryId = try request.value("ser_category_id")
        // 8.2.3.3.1, note: one of the three.
        let given = [!query.serInstanceIds.isEmpty, !query.serNames.isEmpty, query.serCategoryId != nil].count
        { $0 }
        guard given <= 1 else {
            throw Problem.parameter(
                "ser_name",
                expected: "at most one of ser_instance_id, ser_name and ser_category_id",
                found: "\(given) of them"
            )
        }
        query.scopeOfLocality = try request.choice("scope_of_locality", LocalityType.self)
        query.consumedLocalOnly = try request.flag("consumed_local_only")
        query.isLocal = try request.flag("is_local")
        return query
    }
}

/// The `/applications/{appInstanceId}/subscriptions` that both APIs of MEC 011 have.
struct ApplicationSubscriptions: Sendable {
    let service: AppEnablementService
    let book: SubscriptionBook
    /// `svc` or `app`, to which the application is added.
    let owner: String
    let typeName: String
    let permission: Permission
    let read: @Sendable (RESTRequest) throws -> StoredSubscription.Content

    var routes: [Route] {
        let collection = "/applications/{appInstanceId}/subscriptions"
        return [
            Route(
                .get,
                collection,
                permission: permission,
                "Links to the application's subscriptions.",
                answers: "SubscriptionLinkList"
            ) { request in
                let all = await book.list(of: try await owner(request), by: request.identity.name)
                return try await SubscriptionLinks.response(all, request, book, listName: "subscriptions")
            },
            Route(
                .post,
                collection,
                permission: permission,
                "Begins a subscription.",
                body: typeName,
                answers: typeName
            ) { request in
                let owner = try await owner(request)
                let stored = try await book.create(
                    try read(request),
                    owner: owner,
                    by: request.identity.name,
                    collection: request.path
                )
                return .json(
                    try stored.body(),
                    status: .created,
                    location: await book.href(stored),
                    hasTag: true
                )
            },
            Route(
                .get,
                collection + "/{subscriptionId}",
                permission: permission,
                "A subscription.",
                answers: typeName
            ) { request in
                .json(try await find(request).body(), hasTag: true)
            },
            Route(
                .delete,
                collection + "/{subscriptionId}",
                permission: permission,
                "Ends a subscription."
            ) { request in
                let old = try await find(request)
                try request.checkCondition(try old.body())
                try await book.delete(old.id, of: old.owner, by: request.identity.name)
                return .noContent
            },
        ]
    }

    private func find(_ request: RESTRequest) async throws -> StoredSubscription {
        let owner = try await owner(request)
        return try await book.find(request["subscriptionId"], of: owner, by: request.identity.name)
    }

    private func owner(_ request: RESTRequest) async throws -> String {
        let application = request["appInstanceId"]
        _ = try await service.state.application(application)
        return "\(owner)/\(application)"
    }
}
