internal import COpenSSL
internal import Glibc

/// What the connections of one TLS listener have in common: certificates, keys, authorities, ciphers.
///
/// Immutable. A reload makes a new one for the connections to come; those that run keep theirs.
package final class TLSContext: @unchecked Sendable {
    // Sendable: libssl locks what connections share of a context, and nothing of it is changed after `init`.
    let pointer: OpaquePointer
    package let settings: TLSSettings
    let preSharedKey: (@Sendable (String) -> [UInt8]?)?
    /// What a client may offer, as the wire has it: each name behind its length.
    let protocols: UnsafeBufferPointer<UInt8>

    /// Reads every file that `settings` names.
    ///
    /// - Parameter preSharedKey: The key of an identity; `nil` for one that is not known.
    /// - Throws: What is wrong with which file, and what to do.
    package init(
        _ settings: TLSSettings,
        preSharedKey: (@Sendable (String) -> [UInt8]?)? = nil
    ) throws(TLSError) {
        guard let pointer = SSL_CTX_new(TLS_server_method()) else {
            throw TLSError("TLS cannot be used: \(TLSError.reason())")
        }
        self.pointer = pointer
        self.settings = settings
        self.preSharedKey = settings.preSharedKeys ? preSharedKey : nil
        let names = settings.applicationProtocols.flatMap {
            [UInt8(truncatingIfNeeded: $0.utf8.count)] + $0.utf8
        }
        let copy = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: names.count)
        _ = copy.initialize(from: names)
        protocols = UnsafeBufferPointer(copy)
        try checkCombination()
        try configureProtocol()
        if let file = settings.certificateFile { try loadCertificate(file) }
        try configureVerification()
        installCallbacks()
    }

    deinit {
        SSL_CTX_free(pointer)
        protocols.deallocate()
    }

    private func checkCombination() throws(TLSError) {
        guard settings.certificateFile != nil || settings.preSharedKeys else {
            throw TLSError(
                "tls.certificateFile is missing; name the server's certificate, or set tls.preSharedKeys"
            )
        }
        guard !settings.preSharedKeys || settings.clientCertificate == .none else {
            throw TLSError(
                "tls.preSharedKeys and tls.clientCertificate exclude each other, since a client with a key sends "
                    + "no certificate; use two listeners"
            )
        }
        guard settings.clientCertificate == .none || settings.caFile != nil || settings.caDirectory != nil
        else {
            throw TLSError(
                "tls.clientCertificate is \"\(settings.clientCertificate.rawValue)\" but no authority is named; "
                    + "set tls.caFile or tls.caDirectory"
            )
        }
        guard settings.applicationProtocols.allSatisfy({ (1...255).contains($0.utf8.count) }) else {
            throw TLSError("tls.applicationProtocols: names of 1 to 255 bytes are expected")
        }
    }

    private func configureProtocol() throws(TLSError) {
        weir_ssl_ctx_harden(pointer, settings.sessionResumption ? 1 : 0)
        // Idle connections hold no record buffers.
        weir_ssl_ctx_set_mode(pointer, Int(SSL_MODE_RELEASE_BUFFERS))
        // Tickets hold the session, so nothing is kept here.
        weir_ssl_ctx_disable_session_cache(pointer)
        SSL_CTX_set_num_tickets(pointer, settings.sessionResumption ? 1 : 0)
        // A resumed session repeats the verification's result only in the context that made it.
        let contextID = Array("weir".utf8)
        SSL_CTX_set_session_id_context(pointer, contextID, UInt32(contextID.count))
        let version = settings.minimumVersion == .tls13 ? TLS1_3_VERSION : TLS1_2_VERSION
        _ = weir_ssl_ctx_set_min_version(pointer, version)
        _ = weir_ssl_ctx_set_dh_auto(pointer)
        if let ciphers = settings.ciphers, SSL_CTX_set_cipher_list(pointer, ciphers) != 1 {
            throw TLSError(
                "tls.ciphers \"\(ciphers)\": \(TLSError.reason()); `openssl ciphers -v` lists the names"
            )
        }
        // With pre-shared keys the suites of their hash go first: libssl chooses the suite before it looks at keys.
        let suites =
            settings.cipherSuites
            ?? (settings.preSharedKeys
                ? "TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_256_GCM_SHA384" : nil)
        if let suites, SSL_CTX_set_ciphersuites(pointer, suites) != 1 {
            throw TLSError(
                "tls.cipherSuites \"\(suites)\": \(TLSError.reason()); `openssl ciphers -v -s -tls1_3` lists the names"
            )
        }
        if let groups = settings.groups, weir_ssl_ctx_set_groups(pointer, groups) != 1 {
            throw TLSError("tls.groups \"\(groups)\": not known to this OpenSSL; try X25519:P-256")
        }
    }

    // MARK: - Certificate and key

    private func loadCertificate(_ file: String) throws(TLSError) {
        try Self.checkReadable(file, "tls.certificateFile")
        let password = try keyPassword()
        let box = PasswordBox(password)
        SSL_CTX_set_default_passwd_cb(pointer, passwordCallback)
        SSL_CTX_set_default_passwd_cb_userdata(pointer, Unmanaged.passUnretained(box).toOpaque())
        defer {
            SSL_CTX_set_default_passwd_cb_userdata(pointer, nil)
            withExtendedLifetime(box) {}
        }
        ERR_clear_error()
        guard SSL_CTX_use_certificate_chain_file(pointer, file) == 1 else {
            throw TLSError(
                "tls.certificateFile \"\(file)\" holds no usable PEM certificate (\(TLSError.reason()))"
            )
        }
        let key = settings.keyFile ?? file
        let name = settings.keyFile == nil ? "tls.certificateFile" : "tls.keyFile"
        try Self.checkReadable(key, name)
        guard SSL_CTX_use_PrivateKey_file(pointer, key, SSL_FILETYPE_PEM) == 1 else {
            throw keyError(name, key, hasPassword: password != nil)
        }
        guard SSL_CTX_check_private_key(pointer) == 1 else {
            throw TLSError("\(name) \"\(key)\" does not belong to tls.certificateFile \"\(file)\"")
        }
    }

    private func keyError(_ name: String, _ file: String, hasPassword: Bool) -> TLSError {
        let reason = TLSError.keyReason()
        if reason.text == "key values mismatch" {
            return TLSError(
                "\(name) \"\(file)\" does not belong to tls.certificateFile \"\(settings.certificateFile ?? "")\""
            )
        }
        if reason.wrongPassword, let passwordFile = settings.keyPasswordFile {
            return TLSError(
                "\(name) \"\(file)\": the password in tls.keyPasswordFile \"\(passwordFile)\" is wrong"
            )
        }
        if reason.needsPassword && !hasPassword {
            return TLSError(
                "\(name) \"\(file)\" is encrypted; put its password into a file and name it in tls.keyPasswordFile"
            )
        }
        return TLSError("\(name) \"\(file)\" holds no usable PEM private key (\(reason.text))")
    }

    private func keyPassword() throws(TLSError) -> [UInt8]? {
        guard let file = settings.keyPasswordFile else { return nil }
        let bytes = try Self.readSmall(file, "tls.keyPasswordFile")
        let line = bytes.prefix { $0 != 0x0A && $0 != 0x0D }
        guard !line.isEmpty else {
            throw TLSError(
                "tls.keyPasswordFile \"\(file)\": a password in the first line is expected, found an empty line"
            )
        }
        return Array(line)
    }

    // MARK: - Files

    static func checkReadable(_ file: String, _ name: String) throws(TLSError) {
        let descriptor = open(file, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw unreadable(file, name) }
        close(descriptor)
    }

    static func unreadable(_ file: String, _ name: String) -> TLSError {
        switch errno {
        case ENOENT: TLSError("\(name) \"\(file)\" cannot be read (no such file); check the path")
        case EACCES:
            TLSError("\(name) \"\(file)\" cannot be read (permission denied); check its owner and mode")
        default: TLSError("\(name) \"\(file)\" cannot be read (\(String(cString: strerror(errno))))")
        }
    }

    private static func readSmall(_ file: String, _ name: String) throws(TLSError) -> [UInt8] {
        let descriptor = open(file, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw unreadable(file, name) }
        defer { close(descriptor) }
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = read(descriptor, &buffer, buffer.count)
        guard count >= 0 else { throw unreadable(file, name) }
        return Array(buffer[..<count])
    }
}

/// A password on its way to libssl.
private final class PasswordBox {
    let password: [UInt8]?
    init(_ password: [UInt8]?) { self.password = password }
}

private func passwordCallback(
    _ buffer: UnsafeMutablePointer<CChar>?,
    _ size: Int32,
    _ writing: Int32,
    _ data: UnsafeMutableRawPointer?
) -> Int32 {
    // Without a password the key is refused, and nobody is asked at a terminal.
    guard let buffer, let data,
        let password = Unmanaged<PasswordBox>.fromOpaque(data).takeUnretainedValue().password,
        password.count <= Int(size)
    else { return -1 }
    UnsafeMutableRawPointer(buffer).copyMemory(from: password, byteCount: password.count)
    return Int32(password.count)
}
