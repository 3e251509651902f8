#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A UDP socket that is asked now and then and never waited for.
package final class UDPReceiver: Sendable {
    private let descriptor: Int32
    /// The port that it listens on.
    package let port: UInt16

    /// - Parameters:
    ///   - address: An IPv4 address of this machine; 127.0.0.1 hears this machine only.
    ///   - port: 0 lets the system choose.
    package init(address: String, port: UInt16) throws(InputError) {
        #if canImport(Glibc)
            let kind =
                Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        #else
            let kind = SOCK_DGRAM
        #endif
        var target = sockaddr_in()
        target.sin_family = sa_family_t(AF_INET)
        target.sin_port = port.bigEndian
        guard inet_pton(AF_INET, address, &target.sin_addr) == 1 else {
            throw InputError("\"\(address)\" is no IPv4 address to listen on")
        }
        let socket = socket(AF_INET, kind, 0)
        guard socket >= 0 else { throw InputError("no UDP socket (\(OpenFile.reason(errno)))") }
        let size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafePointer(to: &target) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(socket, $0, size) == 0 }
        }
        guard isBound else {
            let reason = OpenFile.reason(errno)
            close(socket)
            throw InputError(
                "UDP \(address):\(port) cannot be listened on (\(reason)); check that nobody else does"
            )
        }
        var bound = sockaddr_in()
        var length = size
        let isNamed = withUnsafeMutablePointer(to: &bound) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(socket, $0, &length) == 0 }
        }
        descriptor = socket
        self.port = isNamed ? UInt16(bigEndian: bound.sin_port) : port
    }

    deinit { close(descriptor) }

    /// A datagram that is there, with its sender; `nil` when there is none.
    ///
    /// - Parameter bytesMax: A longer one is cut, and one byte longer than that, so that its taker sees it.
    package func receive(bytesMax: Int) throws(InputError) -> (bytes: [UInt8], peer: String)? {
        var bytes = [UInt8](repeating: 0, count: min(max(1, bytesMax), 65_535) + 1)
        var sender = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        while true {
            let count = bytes.withUnsafeMutableBytes { buffer in
                withUnsafeMutablePointer(to: &sender) { pointer in
                    pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                        recvfrom(descriptor, buffer.baseAddress, buffer.count, 0, $0, &length)
                    }
                }
            }
            if count >= 0 {
                bytes.removeLast(bytes.count - count)
                let host = UInt32(bigEndian: sender.sin_addr.s_addr)
                let peer =
                    "\(host >> 24).\(host >> 16 & 255).\(host >> 8 & 255).\(host & 255):\(UInt16(bigEndian: sender.sin_port))"
                return (bytes, peer)
            }
            if errno == EAGAIN || errno == EWOULDBLOCK { return nil }
            // ECONNREFUSED and its like are about datagrams of others.
            guard errno == EINTR || errno == ECONNREFUSED else {
                throw InputError("UDP cannot be read (\(OpenFile.reason(errno)))")
            }
        }
    }
}
