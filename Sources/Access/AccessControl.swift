import Synchronization

/// Who may come in and what they may do: a snapshot compiled from settings and the files they name.
///
/// Immutable but for caches. A reload makes a new one, and its owner swaps it in; identities made
/// by the old one keep the rules they were made with until ``refreshed(_:)`` is asked.
package final class AccessControl: Sendable {
    package let settings: AccessSettings
    /// Things that are right and yet hardly meant; for the log and for `weir check`.
    package let warnings: [String]

    let directory: GrantDirectory

    /// Reads every file that `settings` names.
    ///
    /// - Throws: All that is wrong, by file and line. Nothing is half loaded.
    package init(_ settings: AccessSettings) throws(AccessSettingsErrors) {
        var errors: [AccessSettingsError] = []
        var warnings: [String] = []

        var ruleFile: RuleFile?
        if let path = settings.rulesFile {
            do throws(AccessSettingsErrors) {
                let file = try RuleFile(path: path)
                warnings += file.warnings
                ruleFile = file
            } catch { errors += error.errors }
        }
        let directory = GrantDirectory(settings, ruleFile, &errors)
        guard errors.isEmpty else { throw AccessSettingsErrors(errors) }
        self.settings = settings
        self.warnings = warnings
        self.directory = directory
    }

    /// Decides at once where that costs little; `nil` where ``authenticate(_:now:)`` has to.
    ///
    /// - Parameter now: Wall-clock second (Unix time).
    package func authenticateQuickly(_ request: ConnectRequest, now: Int64) -> AuthenticationResult? {
        let listener = settings.listeners[request.listener] ?? AccessSettings.ListenerSettings()
        if let source = listener.usernameFrom, let tls = request.tls,
            let name = source.username(in: tls)
        {
            return .accepted(directory.identity(
                name: name, clientID: request.clientID, extraRoles: directory.roles(for: tls),
                source: tls.pskIdentity == nil ? .certificate : .psk))
        }
        return anonymous(request, listener)
    }

    /// Decides, however long it takes: a slow password hash takes a tenth of a second and tens of MiB.
    /// For a worker thread.
    package func authenticate(_ request: ConnectRequest, now: Int64) -> AuthenticationResult {
        if let result = authenticateQuickly(request, now: now) { return result }
        return .refused(Refusal(.badUserNameOrPassword, "unknown user"))
    }

    /// Begins MQTT 5 enhanced authentication `[MQTT-4.12]`.
    ///
    /// - Parameters:
    ///   - method: The Authentication Method of CONNECT.
    ///   - previous: For re-authentication, who the client is so far; it must stay the same user.
    /// - Returns: `nil` where the method is not supported: 0x8C "Bad authentication method".
    package func beginAuthentication(
        method: String, for request: ConnectRequest, previous: Identity? = nil
    ) -> EnhancedAuthentication? {
        nil
    }

    /// The same client under the rules and limits of this snapshot; for the owner after a reload.
    ///
    /// - Returns: `nil` when the client may no longer be connected (its user is gone).
    package func refreshed(_ identity: Identity) -> Identity? {
        switch identity.source {
        case .internal: identity
        case .anonymous: directory.anonymous(clientID: identity.clientID)
        default:
            directory.identity(
                name: identity.name ?? "", clientID: identity.clientID, extraRoles: identity.roles,
                expiry: identity.expiry, source: identity.source)
        }
    }

    private func anonymous(
        _ request: ConnectRequest, _ listener: AccessSettings.ListenerSettings
    ) -> AuthenticationResult {
        let allowed =
            listener.allowAnonymous ?? settings.allowAnonymous ?? (request.isLoopback || request.isUnixSocket)
        guard allowed else {
            return .refused(Refusal(
                .notAuthorized, "anonymous clients may not use listener \"\(request.listener)\""))
        }
        return .accepted(directory.anonymous(clientID: request.clientID))
    }
}

extension AccessSettings.UsernameSource {
    func username(in tls: TLSIdentity) -> String? {
        let name: String? =
            switch self {
            case .commonName: tls.pskIdentity ?? tls.commonName
            case .subject: tls.pskIdentity ?? tls.subject
            case .subjectAltName: tls.subjectAltNames.first { $0.kind != .ip }?.value
            }
        return name?.isEmpty == false ? name : nil
    }
}
