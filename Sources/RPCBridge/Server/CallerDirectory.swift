import Access
import Bus
import CertificateNames
import Foundation
import GRPCCore
import GRPCNIOTransportHTTP2Posix
import LocalBus
import Synchronization

/// Who calls, by the same credentials as MQTT clients have, and the bus as that client sees it.
final class CallerDirectory: Sendable {
    /// A client and its part of the bus, shared by its calls.
    final class Caller: Sendable {
        let identity: Identity
        let bus: LocalBus
        let key: String

        init(identity: Identity, bus: LocalBus, key: String) {
            self.identity = identity
            self.bus = bus
            self.key = key
        }

        /// Owner of durable subscriptions: the name that was proved, or nobody's.
        var owner: String { identity.name ?? "" }

        deinit { bus.close() }
    }

    private struct Weak { weak var caller: Caller? }

    private struct State {
        var access: AccessControl
        var callers: [String: Weak] = [:]
        /// The callers of the last calls, so that one call after the other does not make them anew.
        var recent: [Caller] = []
        /// Slow checks of passwords that run now.
        var checks = 0
    }

    private static let checksMaximum = 16
    private static let recentMaximum = 64
    private let state: Mutex<State>
    private let listener: String
    private let makeBus: @Sendable (Identity) throws(BusError) -> LocalBus
    /// Password hashes take a tenth of a second each: not on the threads of all calls.
    private let queue = DispatchQueue(label: "weir.rpc.auth", attributes: .concurrent)
    private let throttle: AttemptThrottle

    init(
        access: AccessControl,
        listener: String,
        makeBus: @escaping @Sendable (Identity) throws(BusError) -> LocalBus
    ) {
        state = Mutex(State(access: access))
        throttle = AttemptThrottle(access.settings.throttle)
        self.listener = listener
        self.makeBus = makeBus
    }

    /// Rules and passwords for calls that begin from now on.
    func replace(access: AccessControl) {
        state.withLock { $0.access = access }
    }

    /// - Throws: ``CallRefusal``: UNAUTHENTICATED without saying why, as MQTT has it.
    func caller(_ metadata: Metadata, _ context: ServerContext) async throws -> Caller {
        let request = try connectRequest(metadata, context)
        let monotonic = DispatchTime.now().uptimeNanoseconds
        if let address = request.addressKey {
            let wait = throttle.wait(for: address, now: monotonic)
            guard wait == 0 else {
                throw CallRefusal(
                    .resourceExhausted,
                    .overQuota,
                    "too many wrong credentials from this address; wait",
                    retryAfter: .nanoseconds(Int64(clamping: wait))
                )
            }
        }
        let now = Int64(Date().timeIntervalSince1970)
        let access = state.withLock { $0.access }
        let result: AuthenticationResult
        if let quick = access.authenticateQuickly(request, now: now) {
            result = quick
        } else {
            result = try await slowly(access, request, now)
        }
        switch result {
        case .accepted(let identity): return try caller(of: identity)
        case .refused(let refusal):
            if refusal.reason.isFailedAttempt, let address = request.addressKey {
                throttle.failed(address, now: monotonic)
            }
            if refusal.reason == .busy || refusal.reason == .unavailable || refusal.reason == .throttled {
                throw CallRefusal(
                    .unavailable,
                    .overQuota,
                    "too many clients are being checked; try again",
                    retryAfter: .seconds(1)
                )
            }
            throw CallRefusal(
                .unauthenticated,
                .unauthenticated,
                refusal.reason == .tokenExpired
                    ? "the token has expired; get a new one" : "credentials missing or wrong",
                metadata: ["cause": refusal.reason.rawValue]
            )
        }
    }

    private func slowly(
        _ access: AccessControl,
        _ request: ConnectRequest,
        _ now: Int64
    ) async throws -> AuthenticationResult {
        let mayCheck = state.withLock { state -> Bool in
            guard state.checks < Self.checksMaximum else { return false }
            state.checks += 1
            return true
        }
        guard mayCheck else { return .refused(Refusal(.busy, "too many checks")) }
        defer { state.withLock { $0.checks -= 1 } }
        return await withCheckedContinuation { continuation in
            queue.async { continuation.resume(returning: access.authenticate(request, now: now)) }
        }
    }

    private func caller(of identity: Identity) throws -> Caller {
        let key = [
            identity.source.rawValue, identity.name ?? "", identity.clientID,
            identity.roles.joined(separator: ","), "\(ObjectIdentifier(identity.grants).hashValue)",
        ].joined(separator: "\u{1F}")
        if let known = state.withLock({ $0.callers[key]?.caller }) { return known }
        let bus: LocalBus
        do throws(BusError) { bus = try makeBus(identity) } catch { throw CallRefusal(error) }
        let caller = Caller(identity: identity, bus: bus, key: key)
        return state.withLock { state in
            if let known = state.callers[key]?.caller { return known }
            if state.callers.count >= 1_024 {
                state.callers = state.callers.filter { $0.value.caller != nil }
            }
            state.callers[key] = Weak(caller: caller)
            state.recent.append(caller)
            if state.recent.count > Self.recentMaximum { state.recent.removeFirst() }
            return caller
        }
    }

    // MARK: - What the client says of itself

    private func connectRequest(_ metadata: Metadata, _ context: ServerContext) throws -> ConnectRequest {
        let (address, isLoopback) = Self.peer(context.remotePeer)
        var request = ConnectRequest(
            clientID: metadata[stringValues: "weir-client-id"].first { _ in true } ?? "rpc",
            peerAddress: address,
            addressKey: Self.addressKey(address),
            isLoopback: isLoopback,
            listener: listener
        )
        guard request.clientID.utf8.count <= 256 else {
            throw CallRefusal.bad("weir-client-id", "found more than 256 bytes")
        }
        request.tls = (context.transportSpecific as? HTTP2ServerTransport.Posix.Context)?.peerCertificate
            .map { TLSIdentity($0) }
        guard let authorization = metadata[stringValues: "authorization"].first(where: { _ in true }) else {
            return request
        }
        let parts = authorization.split(separator: " ", maxSplits: 1)
        guard parts.count == 2 else { throw Self.badAuthorization }
        switch parts[0].lowercased() {
        case "bearer": request.password = Array(parts[1].utf8)
        case "basic":
            guard let data = Data(base64Encoded: String(parts[1])),
                let colon = data.firstIndex(of: UInt8(ascii: ":"))
            else { throw Self.badAuthorization }
            request.username = String(decoding: data[..<colon], as: UTF8.self)
            request.password = Array(data[(colon + 1)...])
        default: throw Self.badAuthorization
        }
        return request
    }

    private static var badAuthorization: CallRefusal {
        CallRefusal(
            .unauthenticated,
            .unauthenticated,
            "metadata \"authorization\": expected \"Basic BASE64\" or \"Bearer TOKEN\""
        )
    }

    /// `ipv4:127.0.0.1:4711`, `ipv6:[::1]:4711`.
    private static func peer(_ text: String) -> (address: String, isLoopback: Bool) {
        guard let kind = text.firstIndex(of: ":") else { return (text, false) }
        var address = text[text.index(after: kind)...]
        if let colon = address.lastIndex(of: ":") { address = address[..<colon] }
        let isLoopback: Bool =
            switch text[..<kind] {
            case "ipv4": address.hasPrefix("127.")
            case "ipv6": address == "[::1]" || address == "::1" || address.hasPrefix("[::ffff:127.")
            default: false
            }
        return (String(address), isLoopback)
    }

    private static func addressKey(_ text: String) -> AddressKey? {
        let bare = text.trimmingCharacters(in: CharacterSet(charactersIn: "[]"))
        var bytes = [UInt8](repeating: 0, count: 16)
        if inet_pton(AF_INET, bare, &bytes) == 1 { return AddressKey(bytes: bytes[..<4]) }
        return inet_pton(AF_INET6, bare, &bytes) == 1 ? AddressKey(bytes: bytes) : nil
    }
}
