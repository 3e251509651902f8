import Gateway
import Reactor
import SocketTesting

/// A client over any transport: bytes of MQTT in and out, with TLS and WebSocket frames in between as asked.
final class TestClient {
    let socket: TestSocket
    let tls: TLSTestClient?
    private let isWebSocket: Bool
    /// What has come of the transport's payload and was not asked for yet.
    private var frames: [UInt8] = []
    private var bytes: [UInt8] = []
    private(set) var upgradeAnswer = ""
    private(set) var closeCode: UInt16?

    init(
        to address: SocketAddress,
        tls options: TLSTestClient.Options? = nil,
        webSocket request: String? = nil,
        receiveBufferBytes: Int32? = nil
    ) throws {
        socket = try TestSocket(to: address, receiveBufferBytes: receiveBufferBytes)
        tls = try options.map { try TLSTestClient($0) }
        isWebSocket = request != nil
        if let tls {
            tls.receive([])
            while !tls.isOpen, tls.failure == nil {
                try flush()
                let more = try socket.receive()
                if more.isEmpty { break }
                tls.receive(more)
            }
            try flush()
        }
        if let request { try upgrade(request) }
    }

    private func upgrade(_ request: String) throws {
        try sendRaw(Array(request.utf8))
        while !upgradeAnswer.hasSuffix("\r\n\r\n") {
            guard let byte = try raw(1).first else { return }
            upgradeAnswer.unicodeScalars.append(Unicode.Scalar(byte))
        }
    }

    func send(_ bytes: [UInt8]) throws {
        try sendRaw(framed(bytes))
    }

    /// What ``sendRaw(_:)`` takes; for what is sent many times.
    func framed(_ bytes: [UInt8]) -> [UInt8] {
        isWebSocket ? WebSocketMachineTests.frame(2, bytes) : bytes
    }

    func sendRaw(_ bytes: [UInt8]) throws {
        guard let tls else { return try socket.send(bytes) }
        tls.send(bytes)
        try flush()
    }

    private func flush() throws {
        if let tls, case let output = tls.takeOutput(), !output.isEmpty { try socket.send(output) }
    }

    /// Exactly `count` bytes of MQTT, or fewer when the connection ends before.
    func receive(exactly count: Int) throws -> [UInt8] {
        guard isWebSocket else { return try raw(count) }
        while bytes.count < count, try readFrame() {}
        defer { bytes.removeFirst(min(count, bytes.count)) }
        return Array(bytes.prefix(count))
    }

    /// Reads one of the server's frames; false at the end.
    private func readFrame() throws -> Bool {
        let header = try raw(2)
        guard header.count == 2 else { return false }
        precondition(header[1] & 0x80 == 0, "a server does not mask")
        var length = Int(header[1])
        if length >= 126 { length = try raw(length == 126 ? 2 : 8).reduce(0) { $0 << 8 | Int($1) } }
        let payload = try raw(length)
        switch header[0] {
        case 0x82: bytes += payload
        case 0x88: closeCode = payload.prefix(2).reduce(0) { $0 << 8 | UInt16($1) }
        default: break
        }
        return true
    }

    private func raw(_ count: Int) throws -> [UInt8] {
        guard let tls else { return try socket.receive(exactly: count) }
        while tls.received.count - taken < count, !tls.hasEnded, tls.failure == nil {
            let more = try socket.receive()
            if more.isEmpty { break }
            tls.receive(more)
        }
        let available = tls.received[taken...].prefix(count)
        taken += available.count
        return Array(available)
    }

    private var taken = 0
}
