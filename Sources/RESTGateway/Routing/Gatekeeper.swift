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
    /// Password hashes that are computed or wait for it; further ones are refused.
    private static let checksMax = 64
    /// Addresses whose rate is remembered; beyond it everybody begins anew.
    private static let addressesMax = 10_000

    let access: @Sendable () -> AccessControl
    let signer: TokenSigner?
    private let rate: UInt64
    let now: @Sendable () -> Int64
    private let throttle: AttemptThrottle
    private let checks = Atomic(0)
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
        throttle = AttemptThrottle(access().settings.throttle)
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
    func identify(_ caller: Caller, api: String?) async throws -> Identity {
        var request = caller.request
        var token: String?
        if let authorization = caller.authorization {
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
        if let api, let token, identity.source == .jwt { try checkScope(token, api) }
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

    func authenticate(_ request: ConnectRequest) async throws -> Identity {
        let monotonic = DispatchTime.now().uptimeNanoseconds
        if let address = request.addressKey {
            let wait = throttle.wait(for: address, now: monotonic)
            guard wait == 0 else {
                var problem = Problem(
                    .tooManyRequests,
                    "too many wrong credentials",
                    "Authorization: expected good credentials, found too many wrong ones from this address; wait"
                )
                problem.headers[.retryAfter] = "\(wait / 1_000_000_000 + 1)"
                throw problem
            }
        }
        switch await result(request) {
        case .accepted(let identity): return identity
        case .refused(let refusal):
            if refusal.reason.isFailedAttempt, let address = request.addressKey {
                throttle.failed(address, now: monotonic)
            }
            throw problem(refusal)
        }
    }

    private func result(_ request: ConnectRequest) async -> AuthenticationResult {
        let access = access()
        let time = now()
        if let quick = access.authenticateQuickly(request, now: time) { return quick }
        // A token: one signature.
        if request.username == nil { return access.authenticate(request, now: time) }
        // A password hash takes a tenth of a second: not on a thread that others wait for.
        guard checks.add(1, ordering: .relaxed).newValue <= Self.checksMax else {
            checks.subtract(1, ordering: .relaxed)
            return .refused(Refusal(.busy, "too many checks"))
        }
        defer { checks.subtract(1, ordering: .relaxed) }
        return await withCheckedContinuation { continuation in
            DispatchQueue.global().async {
                continuation.resume(returning: access.authenticate(request, now: time))
            }
        }
    }

    private func problem(_ refusal: Refusal) -> Problem {
        switch refusal.reason {
        case .tokenExpired:
            return unauthorized("token: expected one that is still good, found one that has expired")
        case .notAuthorized: return unauthorized("Authorization: expected credentials, found none")
        case .banned:
            return Problem(.forbidden, "not allowed", "identity: expected one that is not banned")
        case .busy, .unavailable, .throttled:
            return Problem(
                .serviceUnavailable,
                "busy",
                "credentials: they cannot be checked now; try again in a moment"
            )
        default: return unauthorized("Authorization: expected a good token or password, found another")
        }
    }

    private func checkScope(_ token: String, _ api: String) throws {
        guard let bytes = TokenSigner.claims(of: token),
            let claims = try? JSONBody.decode(TokenClaims.self, bytes),
            claims.iss == TokenClaims.issuer, let scope = claims.scope
        else { return }
        guard scope.split(separator: " ").contains(Substring(api)) else {
            throw Problem(.forbidden, "not allowed", "token: expected scope \(api), found \(scope)")
        }
    }

    static func credentials(_ text: String) -> (name: String, secret: [UInt8])? {
        guard let data = Data(base64Encoded: text) else { return nil }
        let parts = [UInt8](data).split(
            separator: UInt8(ascii: ":"),
            maxSplits: 1,
            omittingEmptySubsequences: false
        )
        guard parts.count == 2, let name = String(validating: parts[0], as: UTF8.self) else { return nil }
        return (name, Array(parts[1]))
    }
}
