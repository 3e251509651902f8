import AppEnablement
import Bandwidth
import HTTPTypes
import MECModel

/// Bandwidth management, MEC 015 8.2 to 8.4, over HTTP.
struct BandwidthAPI: Sendable {
    let service: BandwidthService
    let book: SubscriptionBook

    private static let reading = Permission.receive(BandwidthTopics.allocationState(.json, id: "query"))
    private static func asking(_ request: BandwidthTopics.Request) -> Permission { .publish(request.topic) }

    var api: API {
        API(
            name: "bwm",
            title: "Bandwidth Management",
            prefixes: ["/bwm/v1"],
            routes: collection + resource,
            schemas: Self.schemas
        )
    }

    private var collection: [Route] {
        [
            Route(
                .get,
                "/bw_allocations",
                query: BwQuery.parameters,
                permission: Self.reading,
                "Allocations in force, of some applications or of all.",
                answers: "BwInfo[]"
            ) { request in try .value(await service.allocations(BwQuery(request))) },
            Route(
                .post,
                "/bw_allocations",
                permission: Self.asking(.allocationCreate),
                "Asks for an allocation; it is enforced once this is answered.",
                body: "BwInfo",
                answers: "BwInfo"
            ) { request in
                let begun = try await service.allocate(try request.decode(BwInfo.self, under: "BwInfo"))
                let location = await book.root + request.path + "/" + (begun.allocationId ?? "")
                return try .value(begun, status: .created, location: location, hasTag: true)
            },
        ]
    }

    private var resource: [Route] {
        [
            Route(
                .get,
                "/bw_allocations/{allocationId}",
                permission: Self.reading,
                "An allocation.",
                answers: "BwInfo"
            ) { request in try .value(try await find(request), hasTag: true) },
            Route(
                .put,
                "/bw_allocations/{allocationId}",
                permission: Self.asking(.allocationUpdate),
                "Replaces an allocation.",
                body: "BwInfo",
                answers: "BwInfo"
            ) { request in
                try request.checkCondition(try JSONBody.encode(try await find(request)))
                return try await replace(request, with: try request.decode(BwInfo.self, under: "BwInfo"))
            },
            Route(
                .patch,
                "/bw_allocations/{allocationId}",
                permission: Self.asking(.allocationUpdate),
                "Changes an allocation: what is absent stays, null takes away (RFC 7396).",
                body: "BwInfoDeltas",
                answers: "BwInfo"
            ) { request in
                let old = try JSONBody.encode(try await find(request))
                try request.checkCondition(old)
                let deltas = try request.decode(JSONTree.self, under: "BwInfoDeltas")
                guard deltas.isObject else {
                    throw Problem(
                        .badRequest,
                        "unreadable body",
                        "body: expected an object, found another value"
                    )
                }
                let merged = try JSONBody.decode(JSONTree.self, old).merged(with: deltas)
                let new = try JSONBody.decode(BwInfo.self, try JSONBody.encode(merged))
                return try await replace(request, with: new)
            },
            Route(
                .delete,
                "/bw_allocations/{allocationId}",
                permission: Self.asking(.allocationDelete),
                "Ends an allocation."
            ) { request in
                try request.checkCondition(try JSONBody.encode(try await find(request)))
                try await service.release(request["allocationId"])
                return .noContent
            },
        ]
    }

    private func find(_ request: RESTRequest) async throws -> BwInfo {
        let id = request["allocationId"]
        guard let found = await service.state.allocation(id) else {
            throw Problem.notFound("allocationId: expected an allocation in force, found \(id)")
        }
        return found
    }

    private func replace(_ request: RESTRequest, with info: BwInfo) async throws -> RESTResponse {
        let id = request["allocationId"]
        try request.checkIdentifier("allocationId", info.allocationId)
        return try .value(try await service.replace(id, with: info), hasTag: true)
    }

    /// MEC 015 7.2, see ``SchemaText``.
    private static let schemas = """
        BwInfo
          allocationId string
          timeStamp TimeStamp
          appInsId! string
          appName string
          requestType! integers 0 1
          sessionFilter SessionFilter[]
          fixedBWPriority enum 0 1 2 3 4 5 6 7
          fixedAllocation! string
          allocationDirection! enum 00 01 10
          expiryDeadline TimeStamp
        BwInfoDeltas
          allocationId string
          appInsId string
          requestType integers 0 1
          sessionFilter SessionFilter[]
          fixedBWPriority enum 0 1 2 3 4 5 6 7
          fixedAllocation string
          allocationDirection enum 00 01 10
          expiryDeadline TimeStamp
        SessionFilter
          sourceIp string
          sourcePort string
          dstAddress string
          dstPort string
          protocol string
        TimeStamp
          seconds! integer
          nanoSeconds! integer
        """
}

extension BwQuery {
    /// MEC 015 8.3.3.1 and 8.7.3.1.
    static let parameters = ["app_instance_id", "app_name", "session_id"]

    init(_ request: RESTRequest) {
        func values(_ name: String) -> [String]? {
            let values = request.values(name)
            return values.isEmpty ? nil : values
        }
        self.init()
        appInsIds = values("app_instance_id")
        appNames = values("app_name")
        sessionIds = values("session_id")
    }
}
