internal import COpenSSL
internal import Glibc

extension TLSContext {
    // MARK: - Client certificates

    func configureVerification() throws(TLSError) {
        guard settings.clientCertificate != .none else { return }
        if let file = settings.caFile {
            try Self.checkReadable(file, "tls.caFile")
            guard SSL_CTX_load_verify_file(pointer, file) == 1 else {
                throw TLSError(
                    "tls.caFile \"\(file)\" holds no usable PEM certificate (\(TLSError.reason()))"
                )
            }
            // Tells clients which certificate to choose.
            SSL_CTX_set_client_CA_list(pointer, SSL_load_client_CA_file(file))
            ERR_clear_error()
        }
        if let directory = settings.caDirectory {
            try Self.checkReadable(directory, "tls.caDirectory")
            guard SSL_CTX_load_verify_dir(pointer, directory) == 1 else {
                throw TLSError("tls.caDirectory \"\(directory)\" cannot be used (\(TLSError.reason()))")
            }
        }
        if let file = settings.crlFile { try loadRevocations(file) }
        let required = settings.clientCertificate == .required ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0
        SSL_CTX_set_verify(pointer, SSL_VERIFY_PEER | required, nil)
    }

    private func loadRevocations(_ file: String) throws(TLSError) {
        try Self.checkReadable(file, "tls.crlFile")
        guard let store = SSL_CTX_get_cert_store(pointer),
            let lookup = X509_STORE_add_lookup(store, X509_LOOKUP_file()),
            X509_load_crl_file(lookup, file, X509_FILETYPE_PEM) >= 1
        else {
            throw TLSError(
                "tls.crlFile \"\(file)\" holds no usable PEM revocation list (\(TLSError.reason()))"
            )
        }
        X509_STORE_set_flags(store, UInt(X509_V_FLAG_CRL_CHECK))
    }

    // MARK: - Callbacks

    func installCallbacks() {
        SSL_CTX_set_ex_data(pointer, 0, Unmanaged.passUnretained(self).toOpaque())
        SSL_CTX_set_alpn_select_cb(pointer, selectProtocol, nil)
        if preSharedKey != nil {
            SSL_CTX_set_psk_server_callback(pointer, findPreSharedKey)
            SSL_CTX_set_psk_find_session_callback(pointer, findPreSharedKeySession)
            if let hint = settings.preSharedKeyHint { SSL_CTX_use_psk_identity_hint(pointer, hint) }
        }
    }

    /// The context that a connection was made from; alive as long as the connection's machine is.
    fileprivate static func of(_ ssl: OpaquePointer?) -> TLSContext? {
        guard let ssl, let context = SSL_get_SSL_CTX(ssl), let data = SSL_CTX_get_ex_data(context, 0) else {
            return nil
        }
        return Unmanaged<TLSContext>.fromOpaque(data).takeUnretainedValue()
    }
}

/// RFC 7301 3.2: without an overlap the handshake ends, so that a browser that speaks HTTP to an MQTT port is
/// turned away before it can be used to smuggle bytes. A client that offers nothing is let in.
private func selectProtocol(
    _ ssl: OpaquePointer?,
    _ out: UnsafeMutablePointer<UnsafePointer<UInt8>?>?,
    _ outLength: UnsafeMutablePointer<UInt8>?,
    _ offered: UnsafePointer<UInt8>?,
    _ offeredLength: UInt32,
    _ data: UnsafeMutableRawPointer?
) -> Int32 {
    guard let context = TLSContext.of(ssl), let out, let outLength, let offered else {
        return SSL_TLSEXT_ERR_NOACK
    }
    guard context.protocols.count > 0 else { return SSL_TLSEXT_ERR_NOACK }
    var chosen: UnsafeMutablePointer<UInt8>?
    let result = SSL_select_next_proto(
        &chosen,
        outLength,
        context.protocols.baseAddress,
        UInt32(context.protocols.count),
        offered,
        offeredLength
    )
    guard result == OPENSSL_NPN_NEGOTIATED, let chosen else { return SSL_TLSEXT_ERR_ALERT_FATAL }
    // Points into the context's list or the offer, and libssl copies it.
    out.pointee = UnsafePointer(chosen)
    return SSL_TLSEXT_ERR_OK
}

/// TLS 1.2: the key of an identity. Whether the client has the key too shows at the end of the handshake.
private func findPreSharedKey(
    _ ssl: OpaquePointer?,
    _ identity: UnsafePointer<CChar>?,
    _ key: UnsafeMutablePointer<UInt8>?,
    _ limit: UInt32
) -> UInt32 {
    // libssl asks here for TLS 1.3 too, where the other callback has said no.
    guard let ssl, SSL_version(ssl) < TLS1_3_VERSION, let context = TLSContext.of(ssl), let identity, let key,
        let name = String(validatingCString: identity), let found = context.preSharedKey?(name),
        !found.isEmpty, found.count <= Int(limit)
    else { return 0 }
    key.update(from: found, count: found.count)
    return UInt32(found.count)
}

/// TLS 1.3: the key of an identity as a session that carries the identity with it.
///
/// A client may offer several identities, and libssl may pass one over without a look at its proof, for
/// example when its hash does not fit the cipher. So nothing is remembered here: the identity counts only when
/// the session in which it lies is the one that the handshake settled on.
private func findPreSharedKeySession(
    _ ssl: OpaquePointer?,
    _ identity: UnsafePointer<UInt8>?,
    _ count: Int,
    _ session: UnsafeMutablePointer<OpaquePointer?>?
) -> Int32 {
    guard let session else { return 0 }
    session.pointee = nil
    // What is no identity of ours may be a ticket, which libssl looks at next.
    guard let ssl, let context = TLSContext.of(ssl), let identity, count <= 256,
        let name = String(validating: UnsafeBufferPointer(start: identity, count: count), as: UTF8.self),
        let key = context.preSharedKey?(name), !key.isEmpty
    else { return 1 }
    // RFC 8446 4.2.11: a key that comes with no hash goes with SHA-256.
    let suite: [UInt8] = [0x13, 0x01]
    guard let made = SSL_SESSION_new() else { return 0 }
    guard let cipher = SSL_CIPHER_find(ssl, suite),
        SSL_SESSION_set1_master_key(made, key, key.count) == 1,
        SSL_SESSION_set_cipher(made, cipher) == 1,
        SSL_SESSION_set_protocol_version(made, TLS1_3_VERSION) == 1,
        SSL_SESSION_set1_ticket_appdata(made, identity, count) == 1
    else {
        SSL_SESSION_free(made)
        return 0
    }
    session.pointee = made
    return 1
}
