import CLoadGenerator
import Glibc

/// Opens non-blocking sockets to one address, which is looked up once.
struct Dialer {
    private let family: Int32
    private let address: [UInt8]
    let description: String

    init(_ target: BrokerTarget.Address) throws {
        switch target {
        case .tcp(let host, let port):
            var hints = addrinfo()
            hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
            hints.ai_flags = AI_ADDRCONFIG
            var found: UnsafeMutablePointer<addrinfo>?
            let result = getaddrinfo(host, String(port), &hints, &found)
            guard result == 0, let first = found else {
                throw LoadError(
                    "\(host):\(port) cannot be resolved: \(String(cString: gai_strerror(result)))"
                )
            }
            defer { freeaddrinfo(first) }
            family = first.pointee.ai_family
            address = [UInt8](
                UnsafeRawBufferPointer(start: first.pointee.ai_addr, count: Int(first.pointee.ai_addrlen))
            )
            description = "\(host):\(port)"
        case .unix(let path):
            var name = sockaddr_un()
            name.sun_family = sa_family_t(AF_UNIX)
            let room = MemoryLayout.size(ofValue: name.sun_path)
            guard path.utf8.count < room else {
                throw LoadError("the socket path \(path) is longer than \(room - 1) bytes")
            }
            withUnsafeMutableBytes(of: &name.sun_path) { $0.copyBytes(from: path.utf8) }
            family = AF_UNIX
            address = withUnsafeBytes(of: &name) { [UInt8]($0) }
            description = path
        }
    }

    /// Begins to connect.
    ///
    /// - Returns: the descriptor, and whether it is connected already.
    func open() throws -> (descriptor: Int32, connected: Bool) {
        let kind = SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue
        let descriptor = socket(family, Int32(kind), 0)
        guard descriptor >= 0 else { throw LoadError.system("socket") }
        if family != AF_UNIX {
            var one: Int32 = 1
            setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, 4)
        }
        let result = address.withUnsafeBytes { bytes in
            bytes.withMemoryRebound(to: sockaddr.self) {
                connect(descriptor, $0.baseAddress, socklen_t(address.count))
            }
        }
        if result == 0 { return (descriptor, true) }
        // A Unix socket whose backlog is full says EAGAIN, and nothing is under way then.
        if errno == EINPROGRESS { return (descriptor, false) }
        let code = errno
        close(descriptor)
        throw LoadError.system("connecting to \(description)", code)
    }

    /// The outcome of a connect that was under way.
    static func outcome(of descriptor: Int32) -> Int32 {
        var code: Int32 = 0
        var size = socklen_t(4)
        getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &size)
        return code
    }
}
