import COpenSSL
import Glibc

/// Makes TLS connections that trust one file of certificates. Belongs to one thread.
final class TLSClient {
    private let context: OpaquePointer
    private let host: String?

    /// - Parameter host: the name or address that the broker's certificate must have; `nil` for a Unix socket.
    init(caFile: String, host: String?) throws {
        guard let context = SSL_CTX_new(TLS_client_method()) else {
            throw LoadError("libssl gives no context: \(Self.lastError())")
        }
        self.context = context
        self.host = host
        SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nil)
        guard weir_ssl_ctx_set_min_version(context, TLS1_2_VERSION) == 1,
            SSL_CTX_load_verify_locations(context, caFile, nil) == 1
        else { throw LoadError("--tls-ca: no certificates can be read from \(caFile): \(Self.lastError())") }
    }

    deinit { SSL_CTX_free(context) }

    /// A connection on a socket that does not block; its owner frees it.
    func connection(on descriptor: Int32) throws -> OpaquePointer {
        guard let ssl = SSL_new(context), SSL_set_fd(ssl, descriptor) == 1 else {
            throw LoadError("libssl gives no connection: \(Self.lastError())")
        }
        // Output is kept in arrays that grow, so the same bytes may come again from another address. One recv
        // takes as many records as there are.
        _ = SSL_ctrl(
            ssl,
            SSL_CTRL_MODE,
            Int(SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_ENABLE_PARTIAL_WRITE),
            nil
        )
        SSL_set_read_ahead(ssl, 1)
        // RFC 6066 3: a server name is a name, never an address.
        if let host, X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host) != 1 {
            weir_ssl_set_host_name(ssl, host)
            SSL_set1_host(ssl, host)
        }
        SSL_set_connect_state(ssl)
        return ssl
    }

    static func lastError() -> String {
        let code = ERR_get_error()
        guard code != 0, let reason = ERR_reason_error_string(code) else { return "no reason given" }
        return String(cString: reason)
    }
}

extension Engine {
    /// Takes the handshake of a connection as far as it goes; its CONNECT is sent behind it.
    mutating func handshake(_ index: Int, _ ssl: OpaquePointer) throws {
        ERR_clear_error()
        let result = SSL_do_handshake(ssl)
        if result == 1 {
            clients[index].phase = .greeting
            return try sendPending(index)
        }
        switch SSL_get_error(ssl, result) {
        case SSL_ERROR_WANT_READ: try watchWrite(index, false)
        case SSL_ERROR_WANT_WRITE: try watchWrite(index, true)
        default:
            let verification = SSL_get_verify_result(ssl)
            let reason =
                verification == X509_V_OK
                ? TLSClient.lastError() : String(cString: X509_verify_cert_error_string(verification))
            throw LoadError("the TLS handshake with \(dialer.description) failed: \(reason)")
        }
    }

    /// - Returns: as recv does, with `errno` set to `EAGAIN` when there is nothing to read.
    func receiveTLS(_ ssl: OpaquePointer, into buffer: UnsafeMutableRawPointer, count: Int) -> Int {
        ERR_clear_error()
        let got = SSL_read(ssl, buffer, Int32(clamping: count))
        return got > 0 ? Int(got) : judge(ssl, got)
    }

    /// - Returns: as send does, with `errno` set to `EAGAIN` when nothing was taken.
    func sendTLS(_ ssl: OpaquePointer, _ bytes: UnsafeRawBufferPointer) -> Int {
        ERR_clear_error()
        let sent = SSL_write(ssl, bytes.baseAddress, Int32(clamping: bytes.count))
        return sent > 0 ? Int(sent) : judge(ssl, sent)
    }

    private func judge(_ ssl: OpaquePointer, _ result: Int32) -> Int {
        switch SSL_get_error(ssl, result) {
        case SSL_ERROR_WANT_READ, SSL_ERROR_WANT_WRITE:
            errno = EAGAIN
            return -1
        case SSL_ERROR_ZERO_RETURN: return 0
        case SSL_ERROR_SYSCALL where errno != 0: return -1
        default:
            errno = EPROTO
            return -1
        }
    }
}
