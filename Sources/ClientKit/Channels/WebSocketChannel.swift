/// MQTT over WebSocket (MQTT 5.0 section 6) on a socket or on TLS.
final class WebSocketChannel: ByteChannel {
    private let inner: any ByteChannel
    private var handshake: WebSocketHandshake
    private var frames = WebSocketFrames()
    private var hasAsked = false
    private var isEstablished = false
    /// What came with the answer to the upgrade.
    private var early: [UInt8] = []
    private var random = SystemRandomNumberGenerator()

    init(inner: any ByteChannel, host: String, path: String) {
        self.inner = inner
        handshake = WebSocketHandshake(host: host, path: path)
    }

    var descriptor: Int32 { inner.descriptor }
    var hasBufferedInput: Bool { !early.isEmpty || inner.hasBufferedInput }
    var hasBufferedOutput: Bool { inner.hasBufferedOutput }

    func establish() throws(ClientError) -> Bool {
        guard !isEstablished else { return true }
        guard try inner.establish() else { return false }
        if !hasAsked {
            hasAsked = true
            try inner.send(Array(handshake.request.utf8))
        }
        guard let rest = try handshake.receive(try inner.receive()) else { return false }
        early = rest
        isEstablished = true
        return true
    }

    func receive() throws(ClientError) -> [UInt8] {
        let bytes = early.isEmpty ? try inner.receive() : early
        early = []
        var payload: [UInt8] = []
        for frame in try frames.receive(bytes) {
            switch frame {
            case .data(let data): payload += data
            case .ping(let data):
                try inner.send(WebSocketFrames.encode(opcode: 0xA, data, mask: random.next()))
            case .close:
                // What came before the close is told first; the next read finds the end.
                if payload.isEmpty { throw ClientError(.closed, "the broker closed the WebSocket") }
            }
        }
        return payload
    }

    func send(_ bytes: [UInt8]) throws(ClientError) {
        guard !bytes.isEmpty else { return }
        try inner.send(WebSocketFrames.encode(opcode: 0x2, bytes, mask: random.next()))
    }

    func flush() throws(ClientError) { try inner.flush() }

    func close() {
        // 1000, a normal closure (section 7.4.1). The stream ends either way.
        try? inner.send(WebSocketFrames.encode(opcode: 0x8, [0x03, 0xE8], mask: random.next()))
        inner.close()
    }
}
