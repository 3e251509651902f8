import GRPCCore
import MECModel
import RadioNetwork

/// `weir.rnis.v1.RadioNetwork`.
struct RadioNetworkCalls: Sendable {
    static let name = "weir.rnis.v1.RadioNetwork"
    /// Who may receive on it may ask.
    private static let queryTopic = RniTopics.root(.protobuf) + "query"

    let bus: BusService
    let service: RadioNetworkService

    func register(with router: inout RPCRouter<RPCTransport>) {
        bus.unary(Self.method("GetRabInfo"), &router, getRabInfo)
        bus.unary(Self.method("GetPlmnInfo"), &router, getPlmnInfo)
        bus.unary(Self.method("GetS1BearerInfo"), &router, getS1BearerInfo)
        bus.unary(Self.method("GetL2Meas"), &router, getL2Meas)
        bus.watch(
            Self.method("WatchNotifications"),
            &router,
            Weir_Rnis_V1_WatchNotificationsRequest.self
        ) { open, _ in try RniWatch(open.criteria).plan }
    }

    private static func method(_ name: String) -> MethodDescriptor {
        MethodDescriptor(fullyQualifiedService: Self.name, method: name)
    }

    private func getRabInfo(
        _ request: Weir_Rnis_V1_GetRabInfoRequest,
        _ caller: CallerDirectory.Caller
    ) async throws -> Weir_Rnis_V1_RabInfo {
        try caller.checkReceive(Self.queryTopic)
        var query = RniQuery()
        query.appInstanceIds = request.appInstanceID.isEmpty ? [] : [request.appInstanceID]
        query.cellIds = Set(request.cellID)
        query.associateIds = try RniWatch.associateIds(request.associateID)
        query.erabIds = Set(try request.erabID.map { try CallRefusal.octet($0, "erab_id") })
        if request.hasQci { query.qci = try CallRefusal.octet(request.qci, "qci") }
        if request.hasErabMbrDl { query.erabMbrDl = request.erabMbrDl }
        if request.hasErabMbrUl { query.erabMbrUl = request.erabMbrUl }
        if request.hasErabGbrDl { query.erabGbrDl = request.erabGbrDl }
        if request.hasErabGbrUl { query.erabGbrUl = request.erabGbrUl }
        let requestId = String(UInt64.random(in: 0 ... .max), radix: 36)
        return Weir_Rnis_V1_RabInfo(await service.rabInfo(query, requestId: requestId))
    }

    private func getPlmnInfo(
        _ request: Weir_Rnis_V1_GetPlmnInfoRequest,
        _ caller: CallerDirectory.Caller
    ) async throws -> Weir_Rnis_V1_GetPlmnInfoResponse {
        try caller.checkReceive(Self.queryTopic)
        // 7.4.3.1: the parameter is mandatory.
        guard !request.appInstanceID.isEmpty else {
            throw CallRefusal.bad("app_instance_id", "found none, expected one or more")
        }
        let answers = await service.plmnInfo(appInstanceIds: request.appInstanceID)
        return .with { $0.plmnInfo = answers.map(Weir_Rnis_V1_PlmnInfo.init) }
    }

    private func getS1BearerInfo(
        _ request: Weir_Rnis_V1_GetS1BearerInfoRequest,
        _ caller: CallerDirectory.Caller
    ) async throws -> Weir_Rnis_V1_S1BearerInfoList {
        try caller.checkReceive(Self.queryTopic)
        var query = RniQuery()
        query.tempUeIds = Set(request.tempUeID)
        query.cellIds = Set(request.cellID)
        query.associateIds = try RniWatch.associateIds(request.associateID)
        query.erabIds = Set(try request.erabID.map { try CallRefusal.octet($0, "erab_id") })
        return Weir_Rnis_V1_S1BearerInfoList(await service.s1BearerInfo(query))
    }

    private func getL2Meas(
        _ request: Weir_Rnis_V1_GetL2MeasRequest,
        _ caller: CallerDirectory.Caller
    ) async throws -> Weir_Rnis_V1_L2Meas {
        try caller.checkReceive(Self.queryTopic)
        var query = RniQuery()
        query.cellIds = Set(request.cellID)
        query.associateIds = try RniWatch.associateIds(request.associateID)
        for (name, value) in request.measurements {
            guard name.hasSuffix("_cell") || name.hasSuffix("_ue") else {
                throw CallRefusal.bad(
                    "measurements",
                    "expected query parameters of MEC 012 7.6a such as \"dl_total_prb_usage_cell\", found \"\(name)\""
                )
            }
            query.measurements[name] = value
        }
        return Weir_Rnis_V1_L2Meas(await service.layer2Meas(query))
    }
}
