import COpenSSL
import Glibc

/// TLS by libssl on a socket that does not block.
final class TLSChannel: ByteChannel {
    private let socket: SocketChannel
    private let context: TLSClientContext
    private let ssl: OpaquePointer
    private var kept: [UInt8] = []
    private var isEstablished = false
    /// libssl waits for the socket to be writable, whatever it was asked to do.
    private var wantsWrite = false
    private var buffer = [UInt8](repeating: 0, count: 16 * 1024)

    /// - Parameter host: what the certificate must name; `nil` for a Unix socket.
    init(socket: SocketChannel, options: TLSClientOptions, host: String?) throws(ClientError) {
        self.socket = socket
        context = try TLSClientContext(options)
        ssl = try context.makeConnection(descriptor: socket.descriptor, host: host)
    }

    deinit { SSL_free(ssl) }

    var descriptor: Int32 { socket.descriptor }
    var hasBufferedInput: Bool { SSL_pending(ssl) > 0 }
    var hasBufferedOutput: Bool { !kept.isEmpty || wantsWrite || socket.hasBufferedOutput }

    func establish() throws(ClientError) -> Bool {
        guard !isEstablished else { return true }
        guard try socket.establish() else { return false }
        wantsWrite = false
        ERR_clear_error()
        let result = SSL_connect(ssl)
        if result == 1 {
            isEstablished = true
            return true
        }
        try judge(result, "the TLS handshake")
        return false
    }

    func receive() throws(ClientError) -> [UInt8] {
        wantsWrite = false
        ERR_clear_error()
        let count = SSL_read(ssl, &buffer, Int32(buffer.count))
        if count > 0 { return Array(buffer[0..<Int(count)]) }
        try judge(count, "reading")
        return []
    }

    func send(_ bytes: [UInt8]) throws(ClientError) {
        kept.append(contentsOf: bytes)
        try flush()
    }

    func flush() throws(ClientError) {
        guard isEstablished else { return }
        wantsWrite = false
        while !kept.isEmpty {
            ERR_clear_error()
            let count = SSL_write(ssl, kept, Int32(clamping: kept.count))
            guard count > 0 else { return try judge(count, "writing") }
            kept.removeFirst(Int(count))
        }
    }

    func close() {
        if isEstablished { SSL_shutdown(ssl) }
        socket.close()
    }

    /// - Throws: unless libssl only waits for the socket.
    private func judge(_ result: Int32, _ what: String) throws(ClientError) {
        switch SSL_get_error(ssl, result) {
        case SSL_ERROR_WANT_READ: return
        case SSL_ERROR_WANT_WRITE: wantsWrite = true
        case SSL_ERROR_ZERO_RETURN: throw ClientError(.closed, "the broker closed the connection")
        case SSL_ERROR_SYSCALL where isEstablished:
            throw ClientError(.closed, "the broker closed the connection")
        default:
            let verification = SSL_get_verify_result(ssl)
            if verification != X509_V_OK, !isEstablished {
                let reason = String(cString: X509_verify_cert_error_string(verification))
                throw ClientError(.tls, "the broker's certificate was not accepted: \(reason)")
            }
            throw ClientError(.tls, "\(what) failed: \(TLSClientContext.lastError())")
        }
    }
}
