import Access
import AppEnablement
import HTTPGateway
import HTTPTypes

/// What stands in the tokens that Weir hands out.
struct TokenClaims: Codable {
    static let issuer = "weir"
    /// Seconds that a token is good for.
    static let lifetime: Int64 = 3_600

    var iss: String?
    var scope: String?
    var sub: String
    var aud: String?
    var iat: Int64
    var exp: Int64
}

extension Gatekeeper {
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
        guard wanted.allSatisfy({ scopes.contains($0) || TokenScope.isTopic($0) }) else {
            return Self.refusal(
                .badRequest,
                "invalid_scope",
                "scopes are \(scopes.joined(separator: " ")), publish:FILTER and receive:FILTER"
            )
        }
        var connect = Caller(request).request
        connect.isLoopback = false
        connect.username = field("client_id")
        connect.password = field("client_secret").map { Array($0.utf8) }
        if let header = request.headers[.authorization] {
            let parts = header.split(separator: " ", maxSplits: 1)
            guard parts.first?.lowercased() == "basic", let text = parts.last,
                let (name, secret) = Self.credentials(String(text))
            else { return Self.refusal(.unauthorized, "invalid_client", "Authorization must be Basic") }
            connect.username = name
            connect.password = secret
        }
        // Without a secret a client certificate tells who it is, RFC 8705 2.
        if connect.password == nil { connect.username = nil }
        guard connect.password != nil || connect.tls != nil,
            let identity = try? await authenticate(connect), let name = identity.name
        else { return Self.refusal(.unauthorized, "invalid_client", "unknown client or wrong secret") }
        let time = now()
        let claims = TokenClaims(
            iss: TokenClaims.issuer,
            scope: wanted.joined(separator: " "),
            sub: name,
            aud: access().settings.tokens.audience,
            iat: time,
            exp: time + TokenClaims.lifetime
        )
        guard let bytes = try? JSONBody.encode(claims), let token = signer.sign(claims: bytes) else {
            return Self.refusal(.internalServerError, "server_error", "the token could not be signed")
        }
        var headers: HTTPFields = [.contentType: "application/json", .cacheControl: "no-store"]
        headers[.pragma] = "no-cache"
        let body = """
            {"access_token":"\(token)","token_type":"Bearer","expires_in":\(TokenClaims.lifetime),"scope":"\(claims.scope ?? "")"}
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
