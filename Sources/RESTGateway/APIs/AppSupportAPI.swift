import AppEnablement
import HTTPTypes
import MECModel

/// MEC 011 7: application support over HTTP.
struct AppSupportAPI: Sendable {
    let service: AppEnablementService
    let book: SubscriptionBook
    let now: @Sendable () -> RadioTime

    private static let reading = Permission.receive(AppEnablementTopics.applicationState("query"))
    private static let writing = Permission.publish("mec/v1/json/app/request")
    /// What the platform manager does over Mm5, which the GS leaves open: a right of its own.
    private static let managing = Permission.publish("mec/v1/json/app/manage")

    var api: API {
        API(
            name: "app_support",
            title: "Application Support",
            // The file says v1, the GS (clause 7.2.2) v2.
            prefixes: ["/mec_app_support/v2", "/mec_app_support/v1"],
            routes: registrations + confirmations + trafficRules + dnsRules + subscriptions + timing,
            schemas: Self.schemas
        )
    }

    // MARK: - Applications

    private var registrations: [Route] {
        [
            Route(
                .post,
                "/registrations",
                permission: Self.writing,
                "Registers an application instance.",
                body: "AppInfo",
                answers: "AppInfo"
            ) { request in
                let info = try request.decode(AppInfo.self, under: "AppInfo")
                let id = await service.nextIdentifier("app")
                let changes = try await service.change { state, _ throws(RequestFault) in
                    try state.register(info, id: id)
                }
                guard case .application(let registered, let application)? = changes.first else {
                    throw Problem(
                        .internalServerError,
                        "failed",
                        "registration: expected a change, found none"
                    )
                }
                let location = await book.root + "\(request.prefix)/registrations/\(registered)"
                return try .value(application.info, status: .created, location: location, hasTag: true)
            },
            Route(
                .get,
                "/registrations/{appInstanceId}",
                permission: Self.reading,
                "What an application said of itself.",
                answers: "AppInfo"
            ) { request in try .value(try await info(request), hasTag: true) },
            Route(
                .put,
                "/registrations/{appInstanceId}",
                permission: Self.writing,
                "Replaces what an application said of itself.",
                body: "AppInfo"
            ) { request in
                try request.checkCondition(try JSONBody.encode(try await info(request)))
                let new = try request.decode(AppInfo.self, under: "AppInfo")
                let id = request["appInstanceId"]
                try await service.change { state, _ throws(RequestFault) in try state.update(new, id: id) }
                return .noContent
            },
            Route(
                .delete,
                "/registrations/{appInstanceId}",
                permission: Self.writing,
                "Ends a registration, and with it everything that the application had."
            ) { request in
                try request.checkCondition(try JSONBody.encode(try await info(request)))
                let id = request["appInstanceId"]
                try await service.change { state, _ throws(RequestFault) in try state.deregister(id) }
                try await book.deleteAll(of: ["svc/\(id)", "app/\(id)"])
                return .noContent
            },
        ]
    }

    private func info(_ request: RESTRequest) async throws -> AppInfo {
        try await service.state.application(request["appInstanceId"]).info
    }

    private var confirmations: [Route] {
        [
            Route(
                .post,
                "/applications/{appInstanceId}/confirm_ready",
                permission: Self.writing,
                "The application is up and running.",
                body: "AppReadyConfirmation"
            ) { request in
                let id = request["appInstanceId"]
                _ = try await service.state.application(id)
                _ = try request.decode(AppReadyConfirmation.self, under: "AppReadyConfirmation")
                try await service.change { state, _ throws(RequestFault) in try state.confirmReady(id) }
                return .noContent
            },
            Route(
                .post,
                "/applications/{appInstanceId}/confirm_termination",
                permission: Self.writing,
                "The application has stopped or terminated as it was told.",
                body: "AppTerminationConfirmation"
            ) { request in
                let id = request["appInstanceId"]
                _ = try await service.state.application(id)
                let confirmation = try request.decode(
                    AppTerminationConfirmation.self,
                    under: "AppTerminationConfirmation"
                )
                try await service.change { state, _ throws(RequestFault) in
                    try state.confirmTermination(id, confirmation.operationAction)
                }
                if confirmation.operationAction == .terminating {
                    try await book.deleteAll(of: ["svc/\(id)", "app/\(id)"])
                }
                return .noContent
            },
            Route(
                .post,
                "/applications/{appInstanceId}/terminate",
                permission: Self.managing,
                "Tells an application to stop or terminate (Weir's own, for the platform manager).",
                body: "AppTerminationRequest"
            ) { request in
                let id = request["appInstanceId"]
                let order = try request.decode(AppTerminationRequest.self)
                try await service.change { state, now throws(RequestFault) in
                    try state.terminate(id, order, now: now)
                }
                return RESTResponse(status: .accepted)
            },
        ]
    }

    private var subscriptions: [Route] {
        ApplicationSubscriptions(
            service: service,
            book: book,
            owner: "app",
            typeName: AppTerminationNotificationSubscription.typeName,
            permission: Self.reading
        ) { request in
            let type = AppTerminationNotificationSubscription.self
            let subscription = try request.decode(type, under: type.typeName)
            guard subscription.subscriptionType == type.typeName else {
                throw Problem.parameter(
                    "subscriptionType",
                    expected: type.typeName,
                    found: subscription.subscriptionType
                )
            }
            let id = request["appInstanceId"]
            guard subscription.appInstanceId == id else {
                throw Problem.parameter("appInstanceId", expected: id, found: subscription.appInstanceId)
            }
            return .termination(subscription)
        }.routes
    }

    // MARK: - Rules

    private var trafficRules: [Route] {
        [
            Route(
                .get,
                "/applications/{appInstanceId}/traffic_rules",
                permission: Self.reading,
                "Traffic rules of an application.",
                answers: "TrafficRule[]"
            ) { request in
                let id = request["appInstanceId"]
                let state = await service.state
                _ = try state.application(id)
                return try .value(
                    (state.trafficRules[id] ?? [:]).values.sorted { $0.trafficRuleId < $1.trafficRuleId }
                )
            },
            Route(
                .post,
                "/applications/{appInstanceId}/traffic_rules",
                permission: Self.managing,
                "Gives an application a traffic rule (Weir's own, for the platform manager).",
                body: "TrafficRule",
                answers: "TrafficRule"
            ) { request in
                let rule = try request.decode(TrafficRule.self, under: "TrafficRule")
                let id = request["appInstanceId"]
                try await service.change { state, _ throws(RequestFault) in try state.add(rule, to: id) }
                let location = await book.root + request.path + "/" + rule.trafficRuleId
                return try .value(rule, status: .created, location: location, hasTag: true)
            },
            Route(
                .get,
                "/applications/{appInstanceId}/traffic_rules/{trafficRuleId}",
                permission: Self.reading,
                "A traffic rule.",
                answers: "TrafficRule"
            ) { request in try .value(try await trafficRule(request), hasTag: true) },
            Route(
                .put,
                "/applications/{appInstanceId}/traffic_rules/{trafficRuleId}",
                permission: Self.writing,
                "Replaces a traffic rule: activates or deactivates it.",
                body: "TrafficRule",
                answers: "TrafficRule"
            ) { request in
                try request.checkCondition(try JSONBody.encode(try await trafficRule(request)))
                let rule = try request.decode(TrafficRule.self, under: "TrafficRule")
                let (application, id) = (request["appInstanceId"], request["trafficRuleId"])
                try await service.change { state, _ throws(RequestFault) in
                    try state.update(rule, id: id, of: application)
                }
                return try .value(rule, hasTag: true)
            },
        ]
    }

    private func trafficRule(_ request: RESTRequest) async throws -> TrafficRule {
        let state = await service.state
        _ = try state.application(request["appInstanceId"])
        return try state.trafficRule(request["trafficRuleId"], of: request["appInstanceId"])
    }

    private var dnsRules: [Route] {
        [
            Route(
                .get,
                "/applications/{appInstanceId}/dns_rules",
                permission: Self.reading,
                "DNS rules of an application.",
                answers: "DnsRule[]"
            ) { request in
                let id = request["appInstanceId"]
                let state = await service.state
                _ = try state.application(id)
                return try .value((state.dnsRules[id] ?? [:]).values.sorted { $0.dnsRuleId < $1.dnsRuleId })
            },
            Route(
                .post,
                "/applications/{appInstanceId}/dns_rules",
                permission: Self.managing,
                "Gives an application a DNS rule (Weir's own, for the platform manager).",
                body: "DnsRule",
                answers: "DnsRule"
            ) { request in
                let rule = try request.decode(DnsRule.self, under: "DnsRule")
                let id = request["appInstanceId"]
                try await service.change { state, _ throws(RequestFault) in try state.add(rule, to: id) }
                let location = await book.root + request.path + "/" + rule.dnsRuleId
                return try .value(rule, status: .created, location: location, hasTag: true)
            },
            Route(
                .get,
                "/applications/{appInstanceId}/dns_rules/{dnsRuleId}",
                permission: Self.reading,
                "A DNS rule.",
                answers: "DnsRule"
            ) { request in try .value(try await dnsRule(request), hasTag: true) },
            Route(
                .put,
                "/applications/{appInstanceId}/dns_rules/{dnsRuleId}",
                permission: Self.writing,
                "Replaces a DNS rule: activates or deactivates it.",
                body: "DnsRule",
                answers: "DnsRule"
            ) { request in
                try request.checkCondition(try JSONBody.encode(try await dnsRule(request)))
                let rule = try request.decode(DnsRule.self, under: "DnsRule")
                let (application, id) = (request["appInstanceId"], request["dnsRuleId"])
                try await service.change { state, _ throws(RequestFault) in
                    try state.update(rule, id: id, of: application)
                }
                return try .value(rule, hasTag: true)
            },
        ]
    }

    private func dnsRule(_ request: RESTRequest) async throws -> DnsRule {
        let state = await service.state
        _ = try state.application(request["appInstanceId"])
        return try state.dnsRule(request["dnsRuleId"], of: request["appInstanceId"])
    }

    // MARK: - Time

    private var timing: [Route] {
        [
            Route(
                .get,
                "/timing/timing_caps",
                permission: .none,
                "Where the platform's time comes from.",
                answers: "TimingCaps"
            ) { _ in
                let time = TimeStamp(now())
                return .written { writer in
                    writer.beginObject()
                    writer.beginObject("timeStamp")
                    writer.member("seconds", time.seconds)
                    writer.member("nanoSeconds", time.nanoSeconds)
                    writer.endObject()
                    // The host's clock is whatever disciplines it; Weir serves no time itself.
                    writer.beginArray("ntpServers")
                    writer.endArray()
                    writer.beginArray("ptpMasters")
                    writer.endArray()
                    writer.endObject()
                }
            },
            Route(
                .get,
                "/timing/current_time",
                permission: .none,
                "The platform's time, UTC.",
                answers: "CurrentTime"
            ) { _ in
                let time = TimeStamp(now())
                return .written { writer in
                    writer.beginObject()
                    writer.member("seconds", time.seconds)
                    writer.member("nanoSeconds", time.nanoSeconds)
                    writer.member(
                        "timeSourceStatus",
                        literal: HostClock.isSynchronised ? "TRACEABLE" : "NONTRACEABLE"
                    )
                    writer.endObject()
                }
            },
        ]
    }
}
