/// Who may come in and what they may do: a snapshot compiled from settings and the files they name.
///
/// Immutable but for caches. A reload makes a new one, and its owner swaps it in; identities made
/// by the old one keep the rules they were made with until ``refreshed(_:)`` is asked.
package final class AccessControl: Sendable {
    package let settings: AccessSettings
    /// Things that are right and yet hardly meant; for the log and for `weir check`.
    package let warnings: [String]
    /// For TLS-PSK listeners.
    package let preSharedKeys: PreSharedKeys

    let directory: GrantDirectory
    let passwords: PasswordFile?
    let tokens: TokenVerifier
    private let passwordCache: PasswordCache
    private let bans: BanList
    /// Makes the salts of users that are not there.
    let decoySecret: [UInt8]

    /// Reads every file that `settings` names.
    ///
    /// - Parameter previous: The snapshot that this one takes the place of; its secrets and the memory of
    ///   right passwords are kept.
    /// - Throws: All that is wrong, by file and line. Nothing is half loaded.
    package init(
        _ settings: AccessSettings,
        replacing previous: AccessControl? = nil
    ) throws(AccessSettingsErrors) {
        var errors: [AccessSettingsError] = []
        func load<T>(_ body: () throws(AccessSettingsErrors) -> T) -> T? {
            do throws(AccessSettingsErrors) { return try body() } catch {
                errors += error.errors
                return nil
            }
        }
        let rules = settings.rulesFile.flatMap { path in
            load { () throws(AccessSettingsErrors) in try RuleFile(path: path) }
        }
        let passwords = settings.passwordFile.flatMap { path in
            load { () throws(AccessSettingsErrors) in try PasswordFile(path: path) }
        }
        let preSharedKeys = settings.preSharedKeyFile.flatMap { path in
            load { () throws(AccessSettingsErrors) in try PreSharedKeys(path: path) }
        }
        let tokens = load { () throws(AccessSettingsErrors) in try TokenVerifier(settings.tokens) }
        let bans = BanList(settings.banned, &errors)
        let directory = GrantDirectory(settings, rules, &errors)
        settings.check(&errors)
        let secrets = Self.secrets(settings, previous, &errors)
        guard errors.isEmpty, let tokens, let secrets else { throw AccessSettingsErrors(errors) }

        self.settings = settings
        self.passwords = passwords
        self.preSharedKeys = preSharedKeys ?? PreSharedKeys()
        self.tokens = tokens
        self.bans = bans
        self.directory = directory
        decoySecret = secrets.decoy
        passwordCache = secrets.cache
        warnings = (rules?.warnings ?? []) + tokens.warnings
    }

    /// Decides at once where that costs little; `nil` where ``authenticate(_:now:)`` has to.
    ///
    /// - Parameter now: Wall-clock second (Unix time).
    package func authenticateQuickly(_ request: ConnectRequest, now: Int64) -> AuthenticationResult? {
        if let refusal = bans.refusal(of: request) { return .refused(refusal) }
        if let identity = transportIdentity(request) { return admitted(identity) }
        guard request.username != nil || request.password != nil, passwords != nil || tokens.isUsed else {
            return anonymous(request)
        }
        guard let password = request.password else {
            return .refused(Refusal(.badUserNameOrPassword, "a username without a password"))
        }
        guard let username = request.username, let entry = passwords?.entry(for: username),
            passwordCache.knows(password, for: entry.name, entry.hash, now: now)
        else { return nil }
        return admitted(directory.identity(name: entry.name, request, source: .password))
    }

    /// Decides, however long it takes: a slow password hash takes a tenth of a second and tens of MiB.
    /// For a worker thread.
    package func authenticate(_ request: ConnectRequest, now: Int64) -> AuthenticationResult {
        if let result = authenticateQuickly(request, now: now) { return result }
        let password = request.password ?? []
        if tokens.isUsed, passwords == nil || tokens.looksLikeToken(password) {
            return verifyToken(password, request, now)
        }
        guard let username = request.username else {
            return .refused(Refusal(.badUserNameOrPassword, "a password without a username"))
        }
        do {
            guard let entry = try passwords?.verify(user: username, password) else {
                return .refused(Refusal(.badUserNameOrPassword, "unknown user or wrong password"))
            }
            passwordCache.remember(password, for: entry.name, entry.hash, now: now)
            return admitted(directory.identity(name: entry.name, request, source: .password))
        } catch {
            return .refused(Refusal(.unavailable, "\(error)"))
        }
    }

    /// Begins MQTT 5 enhanced authentication `[MQTT 4.12]`. All its steps are quick.
    ///
    /// - Parameters:
    ///   - method: The Authentication Method of CONNECT.
    ///   - previous: For re-authentication, who the client is so far; it must stay the same user.
    /// - Returns: `nil` where the method is not supported: 0x8C "Bad authentication method".
    package func beginAuthentication(
        method: String,
        for request: ConnectRequest,
        previous: Identity? = nil
    ) -> EnhancedAuthentication? {
        guard method == ScramServer.method, passwords != nil else { return nil }
        return try? EnhancedAuthentication(self, request, previous)
    }

    /// The same client under the rules and limits of this snapshot; for the owner after a reload.
    ///
    /// - Returns: `nil` when the client may no longer be connected: its user is gone or banned.
    package func refreshed(_ identity: Identity) -> Identity? {
        switch identity.source {
        case .internal: return identity
        case .anonymous: return directory.anonymous(clientID: identity.clientID)
        case .password, .scram:
            guard let name = identity.name, passwords?.hashes[name] != nil else { return nil }
        case .jwt: guard tokens.isUsed else { return nil }
        case .certificate, .psk: break
        }
        guard let name = identity.name, bans.refusal(ofUser: name) == nil else { return nil }
        return directory.identity(
            name: name,
            clientID: identity.clientID,
            extraRoles: identity.claimedRoles,
            expiry: identity.expiry,
            scope: identity.scope,
            source: identity.source
        )
    }

    func admitted(_ identity: Identity) -> AuthenticationResult {
        if let name = identity.name, let refusal = bans.refusal(ofUser: name) { return .refused(refusal) }
        return .accepted(identity)
    }

    func isBanned(_ request: ConnectRequest) -> Refusal? { bans.refusal(of: request) }

    /// Who the client is by its certificate or pre-shared key, on a listener that takes that for a name.
    private func transportIdentity(_ request: ConnectRequest) -> Identity? {
        guard let tls = request.tls, let source = settings.listeners[request.listener]?.usernameFrom,
            let name = source.username(in: tls)
        else { return nil }
        return directory.identity(
            name: name,
            clientID: request.clientID,
            extraRoles: directory.roles(for: tls),
            source: tls.pskIdentity == nil ? .certificate : .psk
        )
    }

    private func verifyToken(
        _ token: [UInt8],
        _ request: ConnectRequest,
        _ now: Int64
    ) -> AuthenticationResult {
        do throws(TokenVerifier.Failure) {
            let claims = try tokens.verify(token, now: now)
            if settings.tokens.usernameMustMatch, let username = request.username,
                !username.utf8.elementsEqual(claims.username.utf8)
            {
                return .refused(Refusal(.badUserNameOrPassword, "another username than the token's"))
            }
            return admitted(
                directory.identity(
                    name: claims.username,
                    clientID: request.clientID,
                    extraRoles: claims.roles,
                    expiry: claims.expiry,
                    scope: claims.scope,
                    source: .jwt
                )
            )
        } catch {
            switch error {
            case .expired: return .refused(Refusal(.tokenExpired, "the token has expired"))
            case .refused(let text): return .refused(Refusal(.badUserNameOrPassword, "token: \(text)"))
            }
        }
    }

    /// A name that nothing has verified is not used: it would choose rules.
    private func anonymous(_ request: ConnectRequest) -> AuthenticationResult {
        let listener = settings.listeners[request.listener]
        let allowed =
            listener?.allowAnonymous ?? settings.allowAnonymous
            ?? (request.isLoopback || request.isUnixSocket)
        if allowed { return .accepted(directory.anonymous(clientID: request.clientID)) }
        guard request.username == nil else {
            return .refused(
                Refusal(
                    .badUserNameOrPassword,
                    "no password file and no token keys are configured"
                )
            )
        }
        return .refused(
            Refusal(
                .notAuthorized,
                "anonymous clients may not use listener \"\(request.listener)\""
            )
        )
    }

    private static func secrets(
        _ settings: AccessSettings,
        _ previous: AccessControl?,
        _ errors: inout [AccessSettingsError]
    ) -> (decoy: [UInt8], cache: PasswordCache)? {
        do {
            let decoy = try previous?.decoySecret ?? Crypto.randomBytes(32)
            if let cache = previous?.passwordCache, cache.settings == settings.passwordCache {
                return (decoy, cache)
            }
            return (decoy, try PasswordCache(settings.passwordCache))
        } catch {
            errors.append(AccessSettingsError("access", found: "\(error)", expected: "random bytes"))
            return nil
        }
    }
}

extension GrantDirectory {
    func identity(name: String, _ request: ConnectRequest, source: Identity.Source) -> Identity {
        identity(name: name, clientID: request.clientID, extraRoles: [], source: source)
    }
}

extension AccessSettings.UsernameSource {
    func username(in tls: TLSIdentity) -> String? {
        let name: String? =
            switch self {
            case .commonName: tls.pskIdentity ?? tls.commonName
            case .subject: tls.pskIdentity ?? tls.subject
            case .subjectAltName: tls.pskIdentity ?? tls.subjectAltNames.first { $0.kind != .ip }?.value
            }
        return name?.isEmpty == false ? name : nil
    }
}
