internal import Glibc

/// A bound, listening, non-blocking descriptor of a stream: TCP or a Unix socket, whose bytes keep their order and
/// of which none is lost `[MQTT-4.2.0-1]`, `[MQTT3-7.1.1-1]`.
package struct ListeningSocket: Sendable {
    /// How to listen.
    package struct Options: Sendable {
        /// Connections that the kernel keeps until they are taken. 1…; the kernel's own limit is
        /// `net.core.somaxconn`.
        package var backlog: Int32 = 1024
        /// An IPv6 wildcard listens to IPv4 as well.
        package var isDualStack = true
        /// TCP_NODELAY, inherited by each connection: small packets leave at once.
        package var noDelay = true
        /// A connection on which nothing has moved for so many seconds is probed, and dropped when five probes
        /// half a minute apart find nobody; inherited by each connection. 0 turns that off.
        package var keepAliveSeconds: Int32 = 120
        /// Kernel buffer sizes in bytes, inherited by each connection; `nil` leaves the kernel's own.
        package var sendBufferBytes: Int32?
        package var receiveBufferBytes: Int32?
        /// Several sockets may share the address, each with a queue of its own.
        package var reusePort = false
        /// Access mode of a Unix socket's file.
        package var mode: UInt32?

        package init() {}
    }

    package let descriptor: Int32
    /// The bound address, with the port that the kernel chose where 0 was asked for.
    package let address: SocketAddress

    /// Binds and listens.
    ///
    /// A Unix socket's file that nobody listens to any more is replaced.
    package init(_ address: SocketAddress, options: Options = Options()) throws(SystemError) {
        let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let descriptor = socket(address.family, type, 0)
        guard descriptor >= 0 else { throw SystemError("socket") }
        do throws(SystemError) {
            try Self.configure(descriptor, for: address, options)
            try Self.bind(descriptor, to: address)
            if case .unix(let path) = address, let mode = options.mode, chmod(path, mode) != 0 {
                throw SystemError("chmod")
            }
            guard Glibc.listen(descriptor, options.backlog) == 0 else { throw SystemError("listen") }
        } catch {
            Glibc.close(descriptor)
            throw error
        }
        self.descriptor = descriptor
        self.address = Self.localAddress(of: descriptor) ?? address
    }

    /// Takes over a listening descriptor from elsewhere, such as a service manager's socket activation.
    package init?(adopting descriptor: Int32) {
        guard let address = Self.localAddress(of: descriptor) else { return nil }
        let flags = fcntl(descriptor, F_GETFL)
        guard flags >= 0, fcntl(descriptor, F_SETFL, flags | O_NONBLOCK) >= 0 else { return nil }
        self.descriptor = descriptor
        self.address = address
    }

    /// Stops listening; for a socket that no reactor has taken over.
    package func close() {
        Glibc.close(descriptor)
    }

    private static func configure(
        _ descriptor: Int32,
        for address: SocketAddress,
        _ options: Options
    ) throws(SystemError) {
        if case .unix = address {
        } else {
            try set(descriptor, SOL_SOCKET, SO_REUSEADDR, 1)
            if options.reusePort { try set(descriptor, SOL_SOCKET, SO_REUSEPORT, 1) }
            if options.noDelay { try set(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, 1) }
            if options.keepAliveSeconds > 0 {
                try set(descriptor, SOL_SOCKET, SO_KEEPALIVE, 1)
                try set(descriptor, Int32(IPPROTO_TCP), TCP_KEEPIDLE, options.keepAliveSeconds)
                try set(descriptor, Int32(IPPROTO_TCP), TCP_KEEPINTVL, 30)
                try set(descriptor, Int32(IPPROTO_TCP), TCP_KEEPCNT, 5)
            }
        }
        if case .ipv6 = address {
            try set(descriptor, Int32(IPPROTO_IPV6), IPV6_V6ONLY, options.isDualStack ? 0 : 1)
        }
        if let bytes = options.sendBufferBytes { try set(descriptor, SOL_SOCKET, SO_SNDBUF, bytes) }
        if let bytes = options.receiveBufferBytes { try set(descriptor, SOL_SOCKET, SO_RCVBUF, bytes) }
    }

    private static func bind(_ descriptor: Int32, to address: SocketAddress) throws(SystemError) {
        if try call(Glibc.bind, descriptor, address) { return }
        let error = SystemError("bind")
        guard case .unix(let path) = address, error.code == EADDRINUSE, isAbandoned(address) else {
            throw error
        }
        unlink(path)
        guard try call(Glibc.bind, descriptor, address) else { throw SystemError("bind") }
    }

    /// Whether the file is a socket to which nobody listens.
    private static func isAbandoned(_ address: SocketAddress) -> Bool {
        guard case .unix(let path) = address else { return false }
        var status = stat()
        guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFSOCK else { return false }
        let probe = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
        guard probe >= 0 else { return false }
        defer { Glibc.close(probe) }
        let isConnected = (try? call(Glibc.connect, probe, address)) ?? true
        return !isConnected && errno == ECONNREFUSED
    }

    private static func call(
        _ function: (Int32, UnsafePointer<sockaddr>?, socklen_t) -> Int32,
        _ descriptor: Int32,
        _ address: SocketAddress
    ) throws(SystemError) -> Bool {
        guard let result = address.withSockaddr({ function(descriptor, $0, $1) }) else {
            throw SystemError("bind", code: ENAMETOOLONG)
        }
        return result == 0
    }

    private static func set(_ descriptor: Int32, _ level: Int32, _ option: Int32, _ value: Int32)
        throws(SystemError)
    {
        var value = value
        guard setsockopt(descriptor, level, option, &value, socklen_t(MemoryLayout<Int32>.size)) == 0 else {
            throw SystemError("setsockopt")
        }
    }

    private static func localAddress(of descriptor: Int32) -> SocketAddress? {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        return withUnsafeMutableBytes(of: &storage) { raw in
            guard let base = raw.baseAddress,
                getsockname(descriptor, base.assumingMemoryBound(to: sockaddr.self), &length) == 0
            else { return nil }
            return SocketAddress(base, length: Int(length))
        }
    }
}
