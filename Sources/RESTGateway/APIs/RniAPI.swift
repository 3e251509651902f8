import AppEnablement
import HTTPTypes
import MECModel
import RadioNetwork

/// MEC 012 over HTTP.
struct RniAPI: Sendable {
    let service: RadioNetworkService
    let book: SubscriptionBook

    private static let identifiers = ["ue_ipv4_address", "ue_ipv6_address", "nated_ip_address", "gtp_teid"]
    private static let measurements = [
        "dl_gbr_prb_usage_cell", "ul_gbr_prb_usage_cell", "dl_nongbr_prb_usage_cell",
        "ul_nongbr_prb_usage_cell", "dl_total_prb_usage_cell", "ul_total_prb_usage_cell",
        "received_dedicated_preambles_cell", "received_randomly_selecte_preambles_low_range_cell",
        "received_randomly_selected_preambles_high_range_cell", "number_of_active_ue_dl_gbr_cell",
        "number_of_active_ue_ul_gbr_cell", "number_of_active_ue_dl_nongbr_cell",
        "number_of_active_ue_ul_nongbr_cell", "dl_gbr_pdr_cell", "ul_gbr_pdr_cell", "dl_nongbr_pdr_cell",
        "ul_nongbr_pdr_cell", "dl_gbr_delay_ue", "ul_gbr_delay_ue", "dl_nongbr_delay_ue",
        "ul_nongbr_delay_ue", "dl_gbr_pdr_ue", "ul_gbr_pdr_ue", "dl_nongbr_pdr_ue", "ul_nongbr_pdr_ue",
        "dl_gbr_throughput_ue", "ul_gbr_throughput_ue", "dl_nongbr_throughput_ue",
        "ul_nongbr_throughput_ue", "dl_gbr_data_volume_ue", "ul_gbr_data_volume_ue",
        "dl_nongbr_data_volume_ue", "ul_nongbr_data_volume_ue",
    ]
    private static let owner = "rni"

    var api: API {
        API(
            name: "rni",
            title: "Radio Network Information",
            prefixes: ["/rni/v2"],
            routes: queries + subscriptions,
            schemas: Self.schemas
        )
    }

    private var queries: [Route] {
        let permission = Permission.receive(RniTopics.root(.json) + "query")
        return [
            Route(
                .get,
                "/queries/rab_info",
                query: ["app_ins_id", "cell_id"] + Self.identifiers + [
                    "erab_id", "qci", "erab_mbr_dl", "erab_mbr_ul", "erab_gbr_dl", "erab_gbr_ul",
                ],
                permission: permission,
                "Radio access bearers of terminals, by cell.",
                answers: "RabInfo"
            ) { request in
                let query = try Self.query(request)
                let answer = await service.rabInfo(query, requestId: Self.requestId(request))
                return .written { answer.writeJSON(to: &$0) }
            },
            Route(
                .get,
                "/queries/plmn_info",
                query: ["app_ins_id"],
                permission: permission,
                "Networks that are present at the site.",
                answers: "PlmnInfo[]"
            ) { request in
                let ids = request.values("app_ins_id")
                // 7.4.3.1: the parameter is mandatory.
                guard !ids.isEmpty else {
                    throw Problem.parameter(
                        "app_ins_id",
                        expected: "application instance identifiers",
                        found: "nothing"
                    )
                }
                let answers = await service.plmnInfo(appInstanceIds: ids)
                return .written { writer in
                    writer.beginArray()
                    for answer in answers { answer.writeJSON(to: &writer) }
                    writer.endArray()
                }
            },
            Route(
                .get,
                "/queries/s1_bearer_info",
                query: ["temp_ue_id", "cell_id", "erab_id"] + Self.identifiers,
                permission: permission,
                "S1-U bearers of terminals.",
                answers: "S1BearerInfoAnswer"
            ) { request in
                let answer = await service.s1BearerInfo(try Self.query(request))
                return .written { answer.writeJSON(to: &$0) }
            },
            Route(
                .get,
                "/queries/layer2_meas",
                query: ["app_ins_id", "cell_id"] + Self.identifiers + Self.measurements,
                permission: permission,
                "Layer 2 measurements of cells and terminals.",
                answers: "L2Meas"
            ) { request in
                let answer = await service.layer2Meas(try Self.query(request))
                return .written { answer.writeJSON(to: &$0) }
            },
        ]
    }

    private var subscriptions: [Route] {
        let permission = Permission.receive(RniTopics.root(.json) + "query")
        return [
            Route(
                .get,
                "/subscriptions",
                query: ["subscription_type"],
                permission: permission,
                "Links to the subscriptions in force.",
                answers: "SubscriptionLinkList"
            ) { request in
                let name = try request.value("subscription_type")
                let event = RniEvent.allCases.first { $0.queryName == name }
                if let name, event == nil {
                    let known = RniEvent.allCases.map(\.queryName).joined(separator: ", ")
                    throw Problem.parameter("subscription_type", expected: "one of \(known)", found: name)
                }
                let all = await book.list(of: Self.owner, by: request.identity.name).filter {
                    event == nil || $0.typeName == event?.subscriptionType
                }
                return try await SubscriptionLinks.response(all, request, book, listName: "subscription")
            },
            Route(
                .post,
                "/subscriptions",
                permission: permission,
                "Begins a subscription.",
                body: "RniSubscription",
                answers: "RniSubscription"
            ) { request in
                let subscription = try Self.subscription(request)
                let stored = try await book.create(
                    .rni(subscription),
                    owner: Self.owner,
                    by: request.identity.name,
                    collection: request.prefix + "/subscriptions"
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
                "/subscriptions/{subscriptionId}",
                permission: permission,
                "A subscription.",
                answers: "RniSubscription"
            ) { request in
                let stored = try await find(request)
                return .json(try stored.body(), hasTag: true)
            },
            Route(
                .put,
                "/subscriptions/{subscriptionId}",
                permission: permission,
                "Replaces a subscription.",
                body: "RniSubscription",
                answers: "RniSubscription"
            ) { request in
                let old = try await find(request)
                try request.checkCondition(try old.body())
                let subscription = try Self.subscription(request)
                guard subscription.filter.event.subscriptionType == old.typeName else {
                    // MEC 012 7.8.3.2: what a client can send and a server cannot do.
                    throw Problem(
                        .unprocessableContent,
                        "another type",
                        "subscriptionType: expected \(old.typeName), found \(subscription.filter.event.subscriptionType)"
                    )
                }
                let stored = try await book.replace(
                    old.id,
                    of: Self.owner,
                    by: request.identity.name,
                    with: .rni(subscription)
                )
                return .json(try stored.body(), hasTag: true)
            },
            Route(
                .delete,
                "/subscriptions/{subscriptionId}",
                permission: permission,
                "Ends a subscription."
            ) { request in
                let old = try await find(request)
                try request.checkCondition(try old.body())
                try await book.delete(old.id, of: Self.owner, by: request.identity.name)
                return .noContent
            },
        ]
    }

    private func find(_ request: RESTRequest) async throws -> StoredSubscription {
        try await book.find(request["subscriptionId"], of: Self.owner, by: request.identity.name)
    }

    /// A subscription needs the right to its topic, as over MQTT.
    private static func subscription(_ request: RESTRequest) throws -> RniSubscription {
        var wrappers = RniEvent.allCases.map(\.subscriptionType)
        wrappers.append("RniSubscription")
        let subscription = try request.decode(RniSubscription.self, underAny: wrappers)
        let topic = subscription.filter.event.annexATopic
        guard request.identity.mayReceive(topic) else {
            throw Problem(
                .forbidden,
                "not allowed",
                "subscriptionType: expected one whose topic you may read, found \(topic)"
            )
        }
        return subscription
    }

    private static func requestId(_ request: RESTRequest) -> String {
        HTTPField.Name("X-Request-ID").flatMap { request.headers[$0] }
            ?? String(UInt64.random(in: 0 ... .max), radix: 36)
    }

    // MARK: - Query parameters

    private static func query(_ request: RESTRequest) throws -> RniQuery {
        var query = RniQuery()
        query.appInstanceIds = request.values("app_ins_id")
        for text in request.values("cell_id") {
            guard
                let number = CellIdentity.number(text, access: .eutra)
                    ?? CellIdentity.number(text, access: .nr)
            else {
                throw Problem.parameter("cell_id", expected: "7 hexadecimal digits (28 bits)", found: text)
            }
            query.cellIds.insert(number)
        }
        for (name, kind) in zip(identifiers, AssociateId.Kind.allCases) {
            for text in request.values(name) {
                let isAddress =
                    kind == .gtpTEID || IPAddress(text).map { $0.isIPv6 == (kind == .ueIPv6Address) } ?? false
                guard isAddress || kind == .natedIPAddress && IPAddress(text) != nil else {
                    throw Problem.parameter(name, expected: "an IP address", found: text)
                }
                query.associateIds.insert(AssociateId(type: kind, value: text))
            }
        }
        for text in request.values("temp_ue_id") {
            // The MME code may stand in front of the M-TMSI, two hexadecimal digits.
            guard let number = UInt32(text.suffix(8), radix: 16), text.utf8.count <= 10 else {
                throw Problem.parameter(
                    "temp_ue_id",
                    expected: "up to 10 hexadecimal digits (mmec and mtmsi)",
                    found: text
                )
            }
            query.tempUeIds.insert(number)
        }
        for text in request.values("erab_id") {
            query.erabIds.insert(try RESTRequest.number(text, "erab_id", UInt8.self))
        }
        query.qci = try request.number("qci", UInt8.self)
        query.erabMbrDl = try request.number("erab_mbr_dl", UInt64.self)
        query.erabMbrUl = try request.number("erab_mbr_ul", UInt64.self)
        query.erabGbrDl = try request.number("erab_gbr_dl", UInt64.self)
        query.erabGbrUl = try request.number("erab_gbr_ul", UInt64.self)
        for name in measurements {
            if let value = try request.number(name, UInt32.self) { query.measurements[name] = value }
        }
        return query
    }
}
