package import Access
import AppEnablement
import Dispatch
import HTTPGateway
import HTTPTypes
import Synchronization

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Who asks, and may they: the identities and rules of MQTT, by bearer token (MEC 009 6.16) or password.
final class Gatekeeper: Sendable {
    /// Issuer of the tokens that Weir hands out itself.
    static let issuer = "weir"
    /// Seconds that such a token is good for.
    static let lifetime: Int64 = 3_600
    /// Addresses whose rate is remembered; beyond it everybody begins anew.
    private static let addressesMax = 10_000

    private struct Claims: Codable {
        var iss: String?
        var scope: String?
        var sub: String
        var aud: String?
        var iat: Int64
        var exp: Int64
    }

    private let access: @Sendable () -> AccessControl
    private let signer: TokenSigner?
    private let rate: UInt64
    private let now: @Sendable () -> Int64
    private let buckets = Mutex<[String: TokenBucket]>([:])

    /// - Parameters:
    ///   - access: The rules in force now.
    ///   - signer: Signs tokens; without it `/oauth2/token` says that there are none.
    ///   - rate: Requests per second of one address; 0 is without limit.
    ///   - now: Unix time in seconds.
    init(
        access: @escaping @Sendable () -> AccessControl,
        signer: TokenSigner?,
        rate: UInt64,
        now: @escaping @Sendable () -> Int64
    ) {
        self.access = access
        self.signer = signer
        self.rate = rate
        self.now = now
    }

    // MARK: - Requests

    /// - Throws: 429 with Retry-After.
    func checkRate(_ address: String) throws {
        guard rate > 0 else { return }
        let time = DispatchTime.now().uptimeNanoseconds
        let isFree = buckets.withLock { buckets in
            if buckets.count > Self.addressesMax { buckets = [:] }
            return buckets[address, default: TokenBucket(rate: rate, burst: rate)].take(now: time)
        }
        guard !isFree else { return }
        var problem = Problem(
            .tooManyRequests,
            "too many requests",
            "rate: expected at most \(rate) requests a second (rest.requestRate)"
        )
        problem.headers[.retryAfter] = "1"
        throw problem
    }

    /// - Parameter api: Its word in scopes.
    /// - Throws: 401, or 403 for a token that is for other APIs.
    func identify(_ authorization: String?, peer: String, isLoopback: Bool, api: String?) async throws
        -> Identity
    {
        var request = ConnectRequest(
            clientID: "rest",
            peerAddress: peer,
            isLoopback: isLoopback,
            listener: "http"
        )
        var token: String?
        if let authorization {
            let parts = authorization.split(separator: " ", maxSplits: 1).map(String.init)
            switch (parts.first?.lowercased(), parts.last) {
            case ("bearer"?, let text?):
                token = text
                request.password = Array(text.utf8)
            case ("basic"?, let text?):
                guard let (name, secret) = Self.credentials(text) else {
                    throw unauthorized(
                        "Authorization: expected Basic with name and password, found another text"
                    )
                }
                request.username = name
                request.password = secret
            default: throw unauthorized("Authorization: expected Bearer or Basic, found another scheme")
            }
        }
        let identity = try await authenticate(request)
        if let api, let token { try checkScope(token, api) }
        return identity
    }

    func check(_ permission: Permission, _ identity: Identity) throws {
        switch permission {
        case .none: return
        case .receive(let topic):
            if !identity.mayReceive(topic) { throw forbidden("read", topic) }
        case .publish(let topic):
            if !identity.mayPublish(topic) { throw forbidden("write", topic) }
        }
    }

    private func forbidden(_ action: String, _ topic: String) -> Problem {
        Problem(.forbidden, "not allowed", "identity: expected the right to \(action) \(topic), found none")
    }

    private func unauthorized(_ detail: String) -> Problem {
        var problem = Problem(.unauthorized, "not authenticated", detail)
        problem.headers[.wwwAuthenticate] = "Bearer"
        return problem
    }

    private func authenticate(_ request: ConnectRequest) async throws -> Identity {
        let access = access()
        let time = now()
        let result: AuthenticationResult
        if let quick = access.authenticateQuickly(request, now: time) {
            result = quick
        } else if request.username == nil {
            // A token: one signature.
            result = access.authenticate(request, now: time)
        } else {
            // A password hash takes a tenth of a second: not on a thread that others wait for.
            result = await withCheckedContinuation { continuation in
                DispatchQueue.global().async {
                    continuation.resume(returning: access.authenticate(request, now: time))
                }
            }
        }
        switch result {
        case .accepted(let identity): return identity
        case .refused(let refusal):
            switch refusal.reason {
            case .tokenExpired:
                throw unauthorized("token: expected one that is still good, found one that has expired")
            case .notAuthorized: throw unauthorized("Authorization: expected credentials, found none")
            case .banned:
                throw Problem(.forbidden, "not allowed", "identity: expected one that is not banned")
            case .busy, .unavailable, .throttled:
                throw Problem(
                    .serviceUnavailable,
                    "busy",
                    "credentials: they cannot be checked now; try again in a moment"
                )
            default: throw unauthorized("Authorization: expected a good token or password, found another")
            }
        }
    }

    private func checkScope(_ token: String, _ api: String) throws {
        guard let bytes = TokenSigner.claims(of: token),
            let claims = try? JSONBody.decode(Claims.self, bytes),
            claims.iss == Self.issuer, let scope = claims.scope
        else { return }
        guard scope.split(separator: " ").contains(Substring(api)) else {
            throw Problem(.forbidden, "not allowed", "token: expected scope \(api), found \(scope)")
        }
    }

    private static func credentials(_ text: String) -> (name: String, secret: [UInt8])? {
        guard let data = Data(base64Encoded: text) else { return nil }
        let parts = [UInt8](data).split(
            separator: UInt8(ascii: ":"),
            maxSplits: 1,
            omittingEmptySubsequences: false
        )
        guard parts.count == 2, let name = String(validating: parts[0], as: UTF8.self) else { return nil }
        return (name, Array(parts[1]))
    }

    // MARK: - Tokens

    /// Client credentials, RFC 6749 4.4, as MEC 009 6.16 asks.
    ///
    /// - Parameter scopes: All that there are.
    func token(_ request: ServiceRequest, scopes: [String]) async -> ServiceResponse {
        guard let signer else {
            return Self.refusal(
                .badRequest,
                "unsupported_grant_type",
                "no signing key is configured (rest.tokenKeyFile)"
            )
        }
        guard
            let form = try? Router.query(
                String(decoding: request.body, as: UTF8.self),
                allowed: ["grant_type", "scope", "client_id", "client_secret"]
            )
        else { return Self.refusal(.badRequest, "invalid_request", "the body is no form of RFC 6749 4.4.2") }
        func field(_ name: String) -> String? { form.first { $0.name == name }?.value }
        guard field("grant_type") == "client_credentials" else {
            return Self.refusal(
                .badRequest,
                "unsupported_grant_type",
                "grant_type must be client_credentials"
            )
        }
        let wanted = field("scope")?.split(separator: " ").map(String.init) ?? scopes
        guard wanted.allSatisfy(scopes.contains) else {
            return Self.refusal(.badRequest, "invalid_scope", "scopes are \(scopes.joined(separator: " "))")
        }
        var connect = ConnectRequest(
            clientID: "rest",
            username: field("client_id"),
            password: field("client_secret").map { Array($0.utf8) },
            peerAddress: request.peerAddress,
            listener: "http"
        )
        if let header = request.headers[.authorization] {
            let parts = header.split(separator: " ", maxSplits: 1)
            guard parts.first?.lowercased() == "basic", let text = parts.last,
                let (name, secret) = Self.credentials(String(text))
            else { return Self.refusal(.unauthorized, "invalid_client", "Authorization must be Basic") }
            connect.username = name
            connect.password = secret
        }
        guard connect.username != nil, connect.password != nil,
            let identity = try? await authenticate(connect),
            let name = identity.name
        else { return Self.refusal(.unauthorized, "invalid_client", "unknown client or wrong secret") }
        let time = now()
        let claims = Claims(
            iss: Self.issuer,
            scope: wanted.joined(separator: " "),
            sub: name,
            aud: access().settings.tokens.audience,
            iat: time,
            exp: time + Self.lifetime
        )
        guard let bytes = try? JSONBody.encode(claims), let token = signer.sign(claims: bytes) else {
            return Self.refusal(.internalServerError, "server_error", "the token could not be signed")
        }
        var headers: HTTPFields = [.contentType: "application/json", .cacheControl: "no-store"]
        headers[.pragma] = "no-cache"
        let body = """
            {"access_token":"\(token)","token_type":"Bearer","expires_in":\(Self.lifetime),"scope":"\(claims.scope ?? "")"}
            """
        return ServiceResponse(.ok, headers: headers, body: Array(body.utf8))
    }

    /// RFC 6749 5.2.
    private static func refusal(_ status: HTTPResponse.Status, _ error: String, _ text: String)
        -> ServiceResponse
    {
        var headers: HTTPFields = [.contentType: "application/json", .cacheControl: "no-store"]
        if status == .unauthorized { headers[.wwwAuthenticate] = "Basic" }
        let body = "{\"error\":\"\(error)\",\"error_description\":\"\(text)\"}"
        return ServiceResponse(status, headers: headers, body: Array(body.utf8))
    }
}

extension HTTPField.Name {
    static let pragma = HTTPField.Name("Pragma") ?? .cacheControl
}
