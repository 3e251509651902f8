import AppEnablement
import Bandwidth
import HTTPTypes
import MECModel

/// Multi-access traffic steering, MEC 015 8.5 to 8.7, over HTTP.
struct SteeringAPI: Sendable {
    let service: BandwidthService
    let book: SubscriptionBook
    /// UTC.
    let now: @Sendable () -> RadioTime

    private static let reading = Permission.receive(BandwidthTopics.sessionState(.json, id: "query"))
    private static func asking(_ request: BandwidthTopics.Request) -> Permission { .publish(request.topic) }

    var api: API {
        API(
            name: "mts",
            title: "Multi-access Traffic Steering",
            prefixes: ["/mts/v1"],
            routes: collection + resource,
            schemas: Self.schemas
        )
    }

    private var collection: [Route] {
        [
            Route(
                .get,
                "/mts_capability_info",
                permission: .receive(BandwidthTopics.capabilityState(.json)),
                "The access networks that traffic can be steered to, and how.",
                answers: "MtsCapabilityInfo"
            ) { _ in try .value(await service.state.capability(at: now())) },
            Route(
                .get,
                "/mts_sessions",
                query: BwQuery.parameters,
                permission: Self.reading,
                "Steering sessions in force, of some applications or of all.",
                answers: "MtsSessionInfo[]"
            ) { request in try .value(await service.sessions(BwQuery(request))) },
            Route(
                .post,
                "/mts_sessions",
                permission: Self.asking(.sessionCreate),
                "Asks for traffic to be steered.",
                body: "MtsSessionInfo",
                answers: "MtsSessionInfo"
            ) { request in
                let begun = try await service.steer(try read(request))
                let location = await book.root + request.path + "/" + (begun.sessionId ?? "")
                return try .value(begun, status: .created, location: location, hasTag: true)
            },
        ]
    }

    private var resource: [Route] {
        [
            Route(
                .get,
                "/mts_sessions/{sessionId}",
                permission: Self.reading,
                "A steering session.",
                answers: "MtsSessionInfo"
            ) { request in try .value(try await find(request), hasTag: true) },
            Route(
                .put,
                "/mts_sessions/{sessionId}",
                permission: Self.asking(.sessionUpdate),
                "Replaces a steering session.",
                body: "MtsSessionInfo",
                answers: "MtsSessionInfo"
            ) { request in
                try request.checkCondition(try JSONBody.encode(try await find(request)))
                let info = try read(request)
                try request.checkIdentifier("sessionId", info.sessionId)
                return try .value(try await service.steer(info, id: request["sessionId"]), hasTag: true)
            },
            Route(
                .delete,
                "/mts_sessions/{sessionId}",
                permission: Self.asking(.sessionDelete),
                "Ends a steering session."
            ) { request in
                try request.checkCondition(try JSONBody.encode(try await find(request)))
                try await service.unsteer(request["sessionId"])
                return .noContent
            },
        ]
    }

    private func read(_ request: RESTRequest) throws -> MtsSessionInfo {
        try request.decode(MtsSessionInfo.self, under: "MtsSessionInfo")
    }

    private func find(_ request: RESTRequest) async throws -> MtsSessionInfo {
        let id = request["sessionId"]
        guard let found = await service.state.session(id) else {
            throw Problem.notFound("sessionId: expected a session in force, found \(id)")
        }
        return found
    }

    /// MEC 015 7.2, see ``SchemaText``.
    private static let schemas = """
        MtsCapabilityInfo
          timeStamp TimeStamp
          mtsAccessInfo! MtsAccessInfo[]
          mtsMode! integers[] 0 1 2 3 4
        MtsAccessInfo
          accessId! integer
          accessType! integer
          metered! integers 0 1 2
        MtsSessionInfo
          sessionId string
          timeStamp TimeStamp
          appInsId! string
          appName string
          requestType! integers 0 1
          flowFilter! FlowFilter[]
          qosD! QosD
          mtsMode! integers 0 1 2 3 4
          trafficDirection! enum 00 01 10
          accessId integer[]
        FlowFilter
          sourceIp string
          sourcePort integer
          dstIp string
          dstPort integer
          protocol integer
          dscp integer
          flowlabel integer
        QosD
          minTpt integer
          maxLatency integer
          maxLoss integer
          maxJitter integer
          priority integer
        TimeStamp
          seconds! integer
          nanoSeconds! integer
        """
}
