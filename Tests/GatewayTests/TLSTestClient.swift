import COpenSSL
import Gateway

/// The client's side of a TLS connection in memory, for the server's machine to talk to.
final class TLSTestClient {
    struct Options {
        var caFile: String?
        var certificate: (file: String, key: String)?
        var preSharedKey: (identity: String, key: [UInt8])?
        var maximumVersion: Int32 = TLS1_3_VERSION
        var protocols: [UInt8] = []
        var ciphers: String?
        /// A session to resume.
        var session: Session?
    }

    /// A session that the server has given a ticket for.
    final class Session {
        let pointer: OpaquePointer
        init(_ pointer: OpaquePointer) { self.pointer = pointer }
        deinit { SSL_SESSION_free(pointer) }
    }

    private let context: OpaquePointer
    private let ssl: OpaquePointer
    private let input = BIO_new(BIO_s_mem())
    private let output = BIO_new(BIO_s_mem())
    private let preSharedKey: (identity: String, key: [UInt8])?
    private(set) var isOpen = false
    private(set) var failure: String?
    private(set) var received: [UInt8] = []
    private(set) var hasEnded = false
    private var session: Session?

    init(_ options: Options = Options()) throws {
        guard let context = SSL_CTX_new(TLS_client_method()), let ssl = { SSL_new(context) }() else {
            throw Failed()
        }
        self.context = context
        SSL_free(ssl)
        preSharedKey = options.preSharedKey
        if let file = options.caFile {
            SSL_CTX_load_verify_file(context, file)
            SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nil)
        }
        if let (file, key) = options.certificate {
            guard SSL_CTX_use_certificate_chain_file(context, file) == 1,
                SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) == 1
            else { throw Failed() }
        }
        _ = weir_ssl_ctx_set_max_version(context, options.maximumVersion)
        if let ciphers = options.ciphers { SSL_CTX_set_cipher_list(context, ciphers) }
        if !options.protocols.isEmpty {
            SSL_CTX_set_alpn_protos(context, options.protocols, UInt32(options.protocols.count))
        }
        SSL_CTX_set_psk_client_callback(context, options.preSharedKey == nil ? nil : giveKey)
        guard let ssl = SSL_new(context) else { throw Failed() }
        self.ssl = ssl
        SSL_set_bio(ssl, input, output)
        SSL_set_ex_data(ssl, 0, Unmanaged.passUnretained(self).toOpaque())
        SSL_set_connect_state(ssl)
        _ = weir_ssl_set_host_name(ssl, "localhost")
        if let session = options.session { SSL_set_session(ssl, session.pointer) }
    }

    deinit {
        SSL_free(ssl)
        SSL_CTX_free(context)
    }

    struct Failed: Error {}

    /// Takes what the server sent and goes on as far as it can.
    func receive(_ bytes: [UInt8]) {
        if !bytes.isEmpty { BIO_write(input, bytes, Int32(bytes.count)) }
        ERR_clear_error()
        if !isOpen {
            let result = SSL_do_handshake(ssl)
            guard result == 1 else {
                if SSL_get_error(ssl, result) != SSL_ERROR_WANT_READ { fail() }
                return
            }
            isOpen = true
        }
        var buffer = [UInt8](repeating: 0, count: 16_384)
        while true {
            var count = 0
            let result = SSL_read_ex(ssl, &buffer, buffer.count, &count)
            guard result == 1 else {
                switch SSL_get_error(ssl, result) {
                case SSL_ERROR_WANT_READ: break
                case SSL_ERROR_ZERO_RETURN: hasEnded = true
                default: fail()
                }
                return
            }
            received += buffer[..<count]
        }
    }

    private func fail() {
        failure = ERR_reason_error_string(ERR_get_error()).map { String(cString: $0) } ?? "?"
    }

    func send(_ bytes: [UInt8]) {
        var count = 0
        _ = SSL_write_ex(ssl, bytes, bytes.count, &count)
    }

    func finish() {
        SSL_shutdown(ssl)
    }

    /// What is to go to the server.
    func takeOutput() -> [UInt8] {
        let waiting = BIO_ctrl_pending(output)
        guard waiting > 0 else { return [] }
        var buffer = [UInt8](repeating: 0, count: waiting)
        let count = BIO_read(output, &buffer, Int32(waiting))
        return count > 0 ? Array(buffer[..<Int(count)]) : []
    }

    var version: String { String(cString: SSL_get_version(ssl)) }
    var cipher: String {
        SSL_get_current_cipher(ssl).flatMap { SSL_CIPHER_get_name($0) }.map { String(cString: $0) } ?? ""
    }
    var isResumed: Bool { SSL_session_reused(ssl) == 1 }

    /// The session with its newest ticket.
    func currentSession() -> Session? {
        SSL_get1_session(ssl).map(Session.init)
    }

    /// The serial number of the server's certificate, to tell two apart.
    var serverSerial: Int {
        SSL_get0_peer_certificate(ssl).flatMap { X509_get0_serialNumber($0) }.map { ASN1_INTEGER_get($0) }
            ?? -1
    }

    var serverFingerprint: [UInt8] {
        guard let certificate = SSL_get0_peer_certificate(ssl) else { return [] }
        var digest = [UInt8](repeating: 0, count: 32)
        var count: UInt32 = 0
        X509_digest(certificate, EVP_sha256(), &digest, &count)
        return digest
    }

    private let giveKey:
        @convention(c) (
            OpaquePointer?, UnsafePointer<CChar>?, UnsafeMutablePointer<CChar>?, UInt32,
            UnsafeMutablePointer<UInt8>?, UInt32
        ) -> UInt32 = { ssl, _, identity, identityLimit, key, keyLimit in
            guard let ssl, let data = SSL_get_ex_data(ssl, 0), let identity, let key,
                let mine = Unmanaged<TLSTestClient>.fromOpaque(data).takeUnretainedValue().preSharedKey,
                mine.identity.utf8.count < Int(identityLimit), mine.key.count <= Int(keyLimit)
            else { return 0 }
            for (index, byte) in (Array(mine.identity.utf8) + [0]).enumerated() {
                identity[index] = CChar(bitPattern: byte)
            }
            for (index, byte) in mine.key.enumerated() { key[index] = byte }
            return UInt32(mine.key.count)
        }
}

/// A server's machine and a client, with the wire between them.
struct TLSPair {
    let server: TLSMachine
    let client: TLSTestClient
    var received: [UInt8] = []
    var progress = TLSMachine.Progress.handshaking

    init(_ context: TLSContext, _ options: TLSTestClient.Options = TLSTestClient.Options()) throws {
        guard let server = TLSMachine(context) else { throw TLSTestClient.Failed() }
        self.server = server
        client = try TLSTestClient(options)
    }

    /// Carries bytes to and fro until neither side has more to say. `piece` cuts what the client sends.
    mutating func talk(piece: Int = .max) {
        client.receive([])
        for _ in 0..<20 {
            var rest = client.takeOutput()[...]
            var fromServer: [UInt8] = []
            while !rest.isEmpty {
                let bytes = Array(rest.prefix(piece))
                rest = rest.dropFirst(piece)
                var plain = ByteQueue()
                var wire = ByteQueue()
                progress = bytes.withUnsafeBytes { server.receive($0, plain: &plain, wire: &wire) }
                received += plain.bytes
                fromServer += wire.bytes
            }
            guard !fromServer.isEmpty else { return }
            client.receive(fromServer)
        }
    }

    /// Sends from server to client.
    func send(_ bytes: [UInt8]) -> Bool {
        var wire = ByteQueue()
        let isSent = bytes.withUnsafeBytes { server.send($0, wire: &wire) }
        client.receive(Array(wire.bytes))
        return isSent
    }
}
