import COpenSSL
import Glibc

/// libssl's settings for one connection.
final class TLSClientContext {
    private let context: OpaquePointer
    private let options: TLSClientOptions
    /// Lent to libssl's callback; freed with the context.
    private let preSharedKey: UnsafeMutablePointer<TLSClientOptions.PreSharedKey>?

    init(_ options: TLSClientOptions) throws(ClientError) {
        self.options = options
        guard let context = SSL_CTX_new(TLS_client_method()) else {
            throw ClientError(.tls, "libssl gives no context: \(Self.lastError())")
        }
        self.context = context
        if let key = options.preSharedKey {
            let pointer = UnsafeMutablePointer<TLSClientOptions.PreSharedKey>.allocate(capacity: 1)
            pointer.initialize(to: key)
            preSharedKey = pointer
        } else {
            preSharedKey = nil
        }
        try setVersions()
        try setTrust()
        try setIdentity()
        if let ciphers = options.ciphers, SSL_CTX_set_cipher_list(context, ciphers) != 1 {
            throw ClientError(.tls, "no cipher of \"\(ciphers)\" can be used")
        }
    }

    deinit {
        SSL_CTX_free(context)
        preSharedKey?.deinitialize(count: 1)
        preSharedKey?.deallocate()
    }

    func makeConnection(descriptor: Int32, host: String?) throws(ClientError) -> OpaquePointer {
        guard let ssl = SSL_new(context), SSL_set_fd(ssl, descriptor) == 1 else {
            throw ClientError(.tls, "libssl gives no connection: \(Self.lastError())")
        }
        SSL_set_ex_data(ssl, 0, preSharedKey)
        // SSL_write may be called again with the same bytes at another address: the array has grown meanwhile.
        _ = SSL_ctrl(
            ssl,
            SSL_CTRL_MODE,
            Int(SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_ENABLE_PARTIAL_WRITE),
            nil
        )
        if let host { setHost(host, ssl) }
        if let alpn = options.alpn {
            let name = Array(alpn.utf8.prefix(255))
            let list = [UInt8(name.count)] + name
            SSL_set_alpn_protos(ssl, list, UInt32(list.count))
        }
        return ssl
    }

    /// RFC 6066 3: a server name is a name, never an address.
    private func setHost(_ host: String, _ ssl: OpaquePointer) {
        let isAddress = X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host) == 1
        if !isAddress {
            var name = Array(host.utf8CString)
            _ = SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, Int(TLSEXT_NAMETYPE_host_name), &name)
            if !options.skipsHostName { SSL_set1_host(ssl, host) }
        } else if options.skipsHostName {
            X509_VERIFY_PARAM_set1_ip(SSL_get0_param(ssl), nil, 0)
        }
    }

    private func setVersions() throws(ClientError) {
        let minimum = options.minimumVersion?.number ?? TLS1_2_VERSION
        let maximum = options.maximumVersion?.number ?? 0
        guard SSL_CTX_ctrl(context, SSL_CTRL_SET_MIN_PROTO_VERSION, Int(minimum), nil) == 1,
            SSL_CTX_ctrl(context, SSL_CTRL_SET_MAX_PROTO_VERSION, Int(maximum), nil) == 1
        else { throw ClientError(.tls, "libssl does not take the TLS version") }
    }

    private func setTrust() throws(ClientError) {
        if options.preSharedKey != nil {
            SSL_CTX_set_psk_client_callback(context, Self.givePreSharedKey)
            return
        }
        SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nil)
        if options.caFile != nil || options.caPath != nil,
            SSL_CTX_load_verify_locations(context, options.caFile, options.caPath) != 1
        {
            let place = options.caFile ?? options.caPath ?? ""
            throw ClientError(
                .tls,
                "the trusted certificates in \(place) cannot be read: \(Self.lastError())"
            )
        }
        if options.trustsSystem { SSL_CTX_set_default_verify_paths(context) }
    }

    private func setIdentity() throws(ClientError) {
        if let file = options.certificateFile, SSL_CTX_use_certificate_chain_file(context, file) != 1 {
            throw ClientError(.tls, "the certificate \(file) cannot be read: \(Self.lastError())")
        }
        if let file = options.keyFile, SSL_CTX_use_PrivateKey_file(context, file, SSL_FILETYPE_PEM) != 1 {
            throw ClientError(.tls, "the key \(file) cannot be read: \(Self.lastError())")
        }
        if options.certificateFile != nil, SSL_CTX_check_private_key(context) != 1 {
            throw ClientError(.tls, "the key does not belong to the certificate")
        }
    }

    private static let givePreSharedKey: SSL_psk_client_cb_func = {
        ssl,
        _,
        identity,
        identityMax,
        key,
        keyMax in
        guard let ssl, let identity, let key, let data = SSL_get_ex_data(ssl, 0) else { return 0 }
        let shared = data.assumingMemoryBound(to: TLSClientOptions.PreSharedKey.self).pointee
        let name = shared.identity.utf8CString
        guard name.count <= Int(identityMax), shared.key.count <= Int(keyMax) else { return 0 }
        for (index, byte) in name.enumerated() { identity[index] = byte }
        for (index, byte) in shared.key.enumerated() { key[index] = byte }
        return UInt32(shared.key.count)
    }

    /// What libssl says about its last failure on this thread.
    static func lastError() -> String {
        let code = ERR_get_error()
        guard code != 0 else { return String(cString: strerror(errno)) }
        guard let reason = ERR_reason_error_string(code) else { return "OpenSSL error \(code)" }
        return String(cString: reason)
    }
}

extension TLSClientOptions.Version {
    fileprivate var number: Int32 {
        switch self {
        case .v1_2: TLS1_2_VERSION
        case .v1_3: TLS1_3_VERSION
        }
    }
}
