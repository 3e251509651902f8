package import Access
package import AppEnablement
package import Bandwidth
import Bus
package import HTTPGateway
import HTTPTypes
package import Location
package import Logging
package import MECModel
package import RadioNetwork

/// The ETSI APIs over HTTP, and the page that lists them.
package final class RESTGateway: HTTPService {
    private let router: Router
    private let documents: [String: ServiceResponse]
    private let scopes: [String]
    private let gatekeeper: Gatekeeper
    private let book: SubscriptionBook
    private let deliverer: Deliverer
    private let enablement: AppEnablementService
    private let location: LocationService?
    private let logger: Logger

    /// - Parameters:
    ///   - access: The rules in force now.
    ///   - signer: Of the tokens of `/oauth2/token`.
    ///   - now: UTC.
    package init(
        _ settings: RESTSettings,
        services: (
            enablement: AppEnablementService, radioNetwork: RadioNetworkService?, location: LocationService?,
            bandwidth: BandwidthService?
        ),
        book: SubscriptionBook,
        deliverer: Deliverer,
        access: @escaping @Sendable () -> AccessControl,
        signer: TokenSigner?,
        logger: Logger,
        now: @escaping @Sendable () -> RadioTime
    ) {
        var apis = [
            AppSupportAPI(service: services.enablement, book: book, now: now).api,
            ServiceManagementAPI(service: services.enablement, book: book).api,
        ]
        if let service = services.radioNetwork { apis.append(RniAPI(service: service, book: book).api) }
        if let service = services.location { apis.append(LocationAPI(service: service, book: book).api) }
        if let service = services.bandwidth {
            apis.append(BandwidthAPI(service: service, book: book).api)
            apis.append(SteeringAPI(service: service, book: book, now: now).api)
        }
        router = Router(apis)
        documents = Self.documents(apis)
        scopes = apis.map(\.name)
        gatekeeper = Gatekeeper(
            access: access,
            signer: signer,
            rate: settings.requestRate,
            now: { now().nanoseconds / 1_000_000_000 }
        )
        self.book = book
        self.deliverer = deliverer
        enablement = services.enablement
        location = services.location
        self.logger = logger
    }

    /// Looks after subscriptions until the task is cancelled.
    package func run() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { [book] in await book.run() }
            group.addTask { [self] in
                while !Task.isCancelled {
                    await followLocation()
                    await followApplications()
                    guard (try? await Task.sleep(for: .seconds(1))) != nil else { return }
                }
            }
        }
    }

    package func stop() async { await deliverer.stop() }

    /// The location service keeps its subscriptions itself, over restarts too: here they get their delivery.
    private func followLocation() async {
        guard let location else { return }
        // In this order: what was delivered before now and is not in force now has ended.
        let delivered = await book.locationIds
        let all = await location.subscriptions
        for (id, subscription) in all {
            let delivery = subscription.delivery
            guard delivery.callbackReference != nil || delivery.websockNotifConfig != nil,
                let path = delivery._links?.resource.href
            else { continue }
            await book.resumeLocation(id, delivery, path: path)
        }
        await book.endLocation(delivered.subtracting(all.map(\.id)))
    }

    /// An application that was terminated takes its subscriptions with it.
    private func followApplications() async {
        // In this order: who subscribed before now and is not registered now is gone.
        let owners = await book.owners
        let applications = await enablement.state.applications
        let gone = owners.filter { owner in
            let parts = owner.split(separator: "/", maxSplits: 1)
            return parts.count == 2 && applications[String(parts[1])] == nil
        }
        guard !gone.isEmpty else { return }
        do {
            try await book.deleteAll(of: gone)
        } catch {
            logger.warning("subscriptions not removed", metadata: ["error.message": "\(error)"])
        }
    }

    // MARK: - Requests

    package func respond(to request: ServiceRequest) async -> ServiceResponse {
        do {
            try gatekeeper.checkRate(request.peerAddress)
            if let fixed = try await fixed(request) { return fixed }
            return try await answer(request)
        } catch {
            return refuse(error, request)
        }
    }

    private func fixed(_ request: ServiceRequest) async throws -> ServiceResponse? {
        if request.path == "/oauth2/token", request.method == .post {
            return await gatekeeper.token(request, scopes: scopes)
        }
        return request.method == .get ? documents[request.path] : nil
    }

    /// What is the same for everybody, by its path.
    private static func documents(_ apis: [API]) -> [String: ServiceResponse] {
        var documents: [String: ServiceResponse] = [:]
        for api in apis {
            documents["/openapi/\(api.name).json"] = ServiceResponse(
                .ok,
                headers: [.contentType: "application/json"],
                body: OpenAPIDocument(api).json
            )
        }
        for file in SiteDocument.all {
            documents[file.path] = ServiceResponse(.ok, headers: [.contentType: file.type], body: file.bytes)
        }
        var headers: HTTPFields = [.contentType: "text/html; charset=utf-8"]
        headers[.contentSecurityPolicy] = IndexPage.policy
        documents["/"] = ServiceResponse(.ok, headers: headers, body: IndexPage.html(apis, SiteDocument.all))
        return documents
    }

    private func answer(_ request: ServiceRequest) async throws -> ServiceResponse {
        let match = try router.find(request.method, request.path)
        let identity = try await gatekeeper.identify(Caller(request), api: match.api)
        try gatekeeper.check(match.route.permission, identity)
        guard !request.isTooLarge else {
            throw Problem(
                .contentTooLarge,
                "too large",
                "body: expected at most http.maximumBodySize bytes, found more"
            )
        }
        let response = try await match.route.handler(
            RESTRequest(
                headers: request.headers,
                body: request.body,
                parameters: match.parameters,
                query: try Router.query(request.query, allowed: match.route.query),
                prefix: match.prefix,
                path: request.path,
                identity: identity
            )
        )
        if let tag = response.headers[.eTag], request.headers[.ifNoneMatch] == tag, request.method == .get {
            return ServiceResponse(.notModified, headers: [.eTag: tag])
        }
        return ServiceResponse(response.status, headers: response.headers, body: response.body)
    }

    private func refuse(_ error: any Error, _ request: ServiceRequest) -> ServiceResponse {
        let problem = Problem(error)
        if problem.status.code >= 500 {
            logger.warning(
                "request failed",
                metadata: ["http.path": "\(request.path)", "error.message": "\(problem.detail)"]
            )
        }
        var headers = problem.headers
        headers[.contentType] = "application/problem+json"
        return ServiceResponse(problem.status, headers: headers, body: problem.body(instance: request.path))
    }

    // MARK: - WebSockets

    package func hasWebSocket(at path: String) -> Bool { path.hasSuffix("/websocket") }

    /// `{subscription}/websocket`.
    package func webSocket(_ request: WebSocketRequest) async -> (any WebSocketSource)? {
        let segments = request.path.split(separator: "/")
        guard segments.count > 2, segments.last == "websocket" else { return nil }
        let identity = try? await gatekeeper.identify(Caller(request), api: nil)
        let id = String(segments[segments.count - 2])
        guard let identity, await book.isVisible(id, to: identity.name) else { return nil }
        return deliverer.source(id)
    }
}
