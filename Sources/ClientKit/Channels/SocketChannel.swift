import Glibc

/// A TCP or Unix socket.
final class SocketChannel: ByteChannel {
    let descriptor: Int32
    private var kept: [UInt8] = []
    private var isConnecting: Bool
    private let name: String
    /// The words with a proxy that are still to be said.
    private var socks: SocksHandshake?
    private var answer: [UInt8] = []
    private var buffer = [UInt8](repeating: 0, count: 64 * 1024)

    private init(descriptor: Int32, isConnecting: Bool, name: String, socks: SocksHandshake? = nil) {
        self.socks = socks
        self.descriptor = descriptor
        self.isConnecting = isConnecting
        self.name = name
    }

    deinit { Glibc.close(descriptor) }

    var hasBufferedInput: Bool { false }
    var hasBufferedOutput: Bool { !kept.isEmpty || isConnecting }

    func establish() throws(ClientError) -> Bool {
        guard try establishSocket() else { return false }
        return try passProxy()
    }

    /// Goes on with the proxy, reading no byte beyond its answers.
    private func passProxy() throws(ClientError) -> Bool {
        guard var handshake = socks else { return true }
        try flush()
        while handshake.needed > 0 {
            let count = recv(descriptor, &buffer, handshake.needed - answer.count, 0)
            if count == 0 { throw ClientError(.closed, "the proxy of \(name) closed the connection") }
            if count < 0 {
                guard errno == EAGAIN || errno == EINTR else {
                    throw Self.failure("reading from the proxy of \(name)", errno)
                }
                return false
            }
            answer += buffer[0..<count]
            guard answer.count == handshake.needed else { continue }
            let next = try handshake.receive(answer)
            answer = []
            socks = handshake
            if !next.isEmpty { try send(next) }
        }
        socks = nil
        return true
    }

    private func establishSocket() throws(ClientError) -> Bool {
        guard isConnecting else { return true }
        var wait = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        guard poll(&wait, 1, 0) > 0 else { return false }
        var code: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &size)
        guard code == 0 else { throw Self.failure("connecting to \(name)", code) }
        isConnecting = false
        return true
    }

    func receive() throws(ClientError) -> [UInt8] {
        let count = recv(descriptor, &buffer, buffer.count, 0)
        if count > 0 { return Array(buffer[0..<count]) }
        if count == 0 { throw ClientError(.closed, "the broker closed the connection") }
        if errno == EAGAIN || errno == EINTR { return [] }
        throw Self.failure("reading from \(name)", errno)
    }

    func send(_ bytes: [UInt8]) throws(ClientError) {
        kept.append(contentsOf: bytes)
        try flush()
    }

    func flush() throws(ClientError) {
        guard !kept.isEmpty, !isConnecting else { return }
        let count = Glibc.send(descriptor, kept, kept.count, Int32(MSG_NOSIGNAL))
        if count >= 0 {
            kept.removeFirst(count)
        } else if errno != EAGAIN, errno != EINTR {
            throw Self.failure("writing to \(name)", errno)
        }
    }

    func close() { shutdown(descriptor, Int32(SHUT_WR)) }

    private static func failure(_ what: String, _ code: Int32) -> ClientError {
        ClientError(.network, "\(what): \(String(cString: strerror(code)))")
    }
}

extension SocketChannel {
    /// Opens a socket and begins to connect. A host name's addresses are tried in turn until one takes the
    /// connection; that can take a moment when the first are dead.
    static func open(
        _ endpoint: ClientConfiguration.Endpoint,
        bindAddress: String?,
        proxy: SocksProxy?,
        deadline: ContinuousClock.Instant
    ) throws(ClientError) -> SocketChannel {
        switch endpoint {
        case .unix(let path): return try openUnix(path)
        case .tcp(let brokerHost, let brokerPort):
            let (host, port) = proxy.map { ($0.host, $0.port) } ?? (brokerHost, brokerPort)
            let socks = proxy.map { SocksHandshake($0, host: brokerHost, port: brokerPort) }
            let addresses = try Resolver.addresses(host: host, port: port)
            var failure = ClientError(.network, "\(host) has no address")
            for (index, address) in addresses.enumerated() {
                do {
                    let channel = try openTCP(
                        address,
                        name: "\(host):\(port)",
                        bindAddress: bindAddress,
                        socks: socks
                    )
                    // The last one's outcome is awaited by whoever asked.
                    if index < addresses.count - 1 { try channel.awaitConnection(until: deadline) }
                    return channel
                } catch {
                    failure = error
                }
            }
            throw failure
        }
    }

    private func awaitConnection(until deadline: ContinuousClock.Instant) throws(ClientError) {
        while try !establishSocket() {
            let left = ContinuousClock.now.duration(to: deadline)
            guard left > .zero else { throw ClientError(.timeout, "connecting to \(name) took too long") }
            var wait = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
            _ = poll(&wait, 1, left.pollMilliseconds)
        }
    }

    private static func openTCP(
        _ address: Resolver.Address,
        name: String,
        bindAddress: String?,
        socks: SocksHandshake?
    ) throws(ClientError) -> SocketChannel {
        let descriptor = try newSocket(address.family)
        let channel = SocketChannel(descriptor: descriptor, isConnecting: true, name: name, socks: socks)
        if let socks { channel.kept = socks.greeting }
        var one: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
        if let bindAddress {
            let own = try Resolver.addresses(host: bindAddress, port: 0)
            guard let match = own.first(where: { $0.family == address.family }),
                match.withSockAddr({ bind(descriptor, $0, $1) }) == 0
            else { throw ClientError(.network, "cannot connect from the address \(bindAddress)") }
        }
        try channel.begin(address)
        return channel
    }

    private static func openUnix(_ path: String) throws(ClientError) -> SocketChannel {
        guard let address = Resolver.Address(unixPath: path) else {
            throw ClientError(.usage, "the socket path \(path) is too long")
        }
        let channel = SocketChannel(descriptor: try newSocket(AF_UNIX), isConnecting: true, name: path)
        try channel.begin(address)
        return channel
    }

    private static func newSocket(_ family: Int32) throws(ClientError) -> Int32 {
        let kind = SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue
        let descriptor = socket(family, Int32(kind), 0)
        guard descriptor >= 0 else { throw failure("opening a socket", errno) }
        return descriptor
    }

    private func begin(_ address: Resolver.Address) throws(ClientError) {
        if address.withSockAddr({ connect(descriptor, $0, $1) }) == 0 {
            isConnecting = false
        } else if errno != EINPROGRESS {
            throw Self.failure("connecting to \(name)", errno)
        }
    }
}

extension Duration {
    /// For poll: rounded up, so that a wait does not end before its time.
    var pollMilliseconds: Int32 {
        guard self > .zero else { return 0 }
        let (seconds, attoseconds) = components
        if seconds > 1_000_000 { return 1_000_000_000 }
        return Int32(seconds * 1000 + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000)
    }
}
