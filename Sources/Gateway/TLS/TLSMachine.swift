package import Access
internal import COpenSSL

/// The server's side of one TLS connection: ciphertext in, plaintext out, and back. No socket.
package final class TLSMachine {
    package enum Progress: Equatable {
        /// More of the handshake must come.
        case handshaking
        /// The peer is known, as far as it must be; plaintext flows.
        case open
        /// The peer has ended its side in due form.
        case finished
        /// Send what is in `wire` (an alert), then close. The reason is for the log.
        case failed(String)
    }

    /// The context in use; kept since libssl does not know that it must outlive the connection.
    package let context: TLSContext
    private let ssl: OpaquePointer
    private let bio = MemoryBIO()
    private(set) package var progress = Progress.handshaking

    /// - Returns: `nil` for want of memory.
    package init?(_ context: TLSContext) {
        guard let ssl = SSL_new(context.pointer) else { return nil }
        self.context = context
        self.ssl = ssl
        guard bio.attach(to: ssl) else { return nil }
        SSL_set_accept_state(ssl)
    }

    deinit {
        SSL_free(ssl)
    }

    // MARK: - Bytes

    /// Takes what came from the socket, all of it.
    ///
    /// - Parameters:
    ///   - plain: Decrypted bytes are appended.
    ///   - wire: What must be sent to the peer is appended: handshake, tickets, alerts.
    package func receive(
        _ cipher: UnsafeRawBufferPointer,
        plain: inout ByteQueue,
        wire: inout ByteQueue
    ) -> Progress {
        ERR_clear_error()
        var step = progress
        let (unread, _) = bio.run(cipher, &wire) {
            if step == .handshaking { step = handshake() }
            if step == .open { step = readAll(into: &plain) }
        }
        progress = step
        // libssl stops early only when it has given up, and then the rest is of no interest.
        assert(unread == 0 || step != .open)
        return step
    }

    /// Encrypts `plain` for the peer; false when the connection cannot send.
    package func send(_ plain: UnsafeRawBufferPointer, wire: inout ByteQueue) -> Bool {
        guard progress == .open, let start = plain.baseAddress, !plain.isEmpty else { return false }
        ERR_clear_error()
        var written = 0
        let (_, result) = bio.run(UnsafeRawBufferPointer(start: nil, count: 0), &wire) {
            SSL_write_ex(ssl, start, plain.count, &written)
        }
        return result == 1 && written == plain.count
    }

    /// Tells the peer that no more will come.
    package func finish(wire: inout ByteQueue) {
        guard SSL_is_init_finished(ssl) == 1 else { return }
        if case .failed = progress { return }
        ERR_clear_error()
        _ = bio.run(UnsafeRawBufferPointer(start: nil, count: 0), &wire) { SSL_shutdown(ssl) }
    }

    private func handshake() -> Progress {
        let result = SSL_do_handshake(ssl)
        if result == 1 { return .open }
        return SSL_get_error(ssl, result) == SSL_ERROR_WANT_READ ? .handshaking : failure()
    }

    private func readAll(into plain: inout ByteQueue) -> Progress {
        while true {
            let room = plain.reserve(16_384)
            var count = 0
            let result = SSL_read_ex(ssl, room.baseAddress, room.count, &count)
            if result == 1 {
                plain.commit(count)
                continue
            }
            switch SSL_get_error(ssl, result) {
            case SSL_ERROR_WANT_READ: return .open
            case SSL_ERROR_ZERO_RETURN: return .finished
            default: return failure()
            }
        }
    }

    private func failure() -> Progress {
        let verification = SSL_get_verify_result(ssl)
        let reason = TLSError.reason()
        guard verification != X509_V_OK, let text = X509_verify_cert_error_string(verification) else {
            return .failed(reason)
        }
        return .failed("\(reason) (\(String(cString: text)))")
    }

    // MARK: - The peer

    /// Who the peer is, by a verified certificate or a pre-shared key; `nil` for a peer that showed neither.
    package var identity: TLSIdentity? {
        guard progress == .open || progress == .finished else { return nil }
        if context.preSharedKey != nil, let name = preSharedKeyIdentity {
            return TLSIdentity(pskIdentity: name)
        }
        guard let certificate = SSL_get0_peer_certificate(ssl), SSL_get_verify_result(ssl) == X509_V_OK else {
            return nil
        }
        return TLSIdentity(certificate: certificate)
    }

    /// The identity whose key the handshake has proved; from the session, so that a resumed one has it too.
    private var preSharedKeyIdentity: String? {
        if let name = SSL_get_psk_identity(ssl) { return String(validatingCString: name) }
        var bytes: UnsafeMutableRawPointer?
        var count = 0
        guard SSL_session_reused(ssl) == 1, let session = SSL_get_session(ssl),
            SSL_SESSION_get0_ticket_appdata(session, &bytes, &count) == 1, let bytes, count > 0
        else { return nil }
        return String(validating: UnsafeRawBufferPointer(start: bytes, count: count), as: UTF8.self)
    }

    /// For logs: `TLSv1.3`.
    package var version: String { String(cString: SSL_get_version(ssl)) }

    /// For logs: `TLS_AES_256_GCM_SHA384`.
    package var cipher: String {
        SSL_get_current_cipher(ssl).flatMap { SSL_CIPHER_get_name($0) }.map { String(cString: $0) } ?? "none"
    }

    /// Whether the handshake went on from an earlier connection's ticket (or, in TLS 1.3, a pre-shared key).
    package var isResumed: Bool { SSL_session_reused(ssl) == 1 }

    /// What ALPN settled on.
    package var applicationProtocol: String? {
        var name: UnsafePointer<UInt8>?
        var count: UInt32 = 0
        SSL_get0_alpn_selected(ssl, &name, &count)
        guard let name, count > 0 else { return nil }
        return String(decoding: UnsafeBufferPointer(start: name, count: Int(count)), as: UTF8.self)
    }
}
