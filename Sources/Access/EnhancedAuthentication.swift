/// One exchange of AUTH packets, without the packets `[MQTT 4.12]`.
///
/// The owner feeds the Authentication Data of CONNECT, then that of each AUTH packet, to
/// ``receive(_:)`` and sends what comes back. No step blocks.
package struct EnhancedAuthentication: Sendable {
    package enum Step: Sendable {
        /// Send AUTH with 0x18 "Continue authentication" and this data `[MQTT-4.12.0-2]`.
        case challenge([UInt8])
        /// Send CONNACK, or AUTH with 0x00 at re-authentication `[MQTT-4.12.1-2]`, with this data.
        case accepted(Identity, data: [UInt8])
        case refused(Refusal)
    }

    private let access: AccessControl
    private let request: ConnectRequest
    private let previous: Identity?
    private var server: ScramServer

    init(_ access: AccessControl, _ request: ConnectRequest, _ previous: Identity?) throws {
        self.access = access
        self.request = request
        self.previous = previous
        let nonce = Base64.encode(try Crypto.randomBytes(18), padded: false)
        let passwords = access.passwords
        server = ScramServer(
            nonce: Array(nonce.utf8),
            decoySecret: access.decoySecret,
            decoyIterations: passwords?.scramIterations ?? ScramCredential.iterationsDefault
        ) { user in passwords?.scramCredential(of: user) }
    }

    /// - Parameter data: The Authentication Data; none counts as empty.
    package mutating func receive(_ data: [UInt8]) -> Step {
        if let refusal = access.isBanned(request) { return .refused(refusal) }
        do {
            switch try server.receive(data) {
            case .challenge(let answer): return .challenge(answer)
            case .wrong:
                return .refused(Refusal(.badUserNameOrPassword, "unknown user or wrong password (SCRAM)"))
            case .malformed(let text): return .refused(Refusal(.malformed, "SCRAM: \(text)"))
            case .success(let user, let answer): return finish(user, answer)
            }
        } catch {
            return .refused(Refusal(.unavailable, "\(error)"))
        }
    }

    private func finish(_ user: String, _ answer: [UInt8]) -> Step {
        // A CONNECT may carry a username beside enhanced authentication `[MQTT 4.12]`; two names for
        // one client would be one too many.
        if let username = request.username, !username.utf8.elementsEqual(user.utf8) {
            return .refused(Refusal(.badUserNameOrPassword, "another username than SCRAM's"))
        }
        if let previous, previous.name?.utf8.elementsEqual(user.utf8) != true {
            return .refused(Refusal(.notAuthorized, "another user at re-authentication"))
        }
        switch access.admitted(access.directory.identity(name: user, request, source: .scram)) {
        case .accepted(let identity): return .accepted(identity, data: answer)
        case .refused(let refusal): return .refused(refusal)
        }
    }
}
