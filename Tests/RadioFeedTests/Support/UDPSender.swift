#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Sends a datagram to a port of this machine.
enum UDPSender {
    struct Failure: Error {}

    static func send(_ text: String, to port: UInt16) throws {
        #if canImport(Glibc)
            let socket = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
        #else
            let socket = socket(AF_INET, SOCK_DGRAM, 0)
        #endif
        guard socket >= 0 else { throw Failure() }
        defer { close(socket) }
        var target = sockaddr_in()
        target.sin_family = sa_family_t(AF_INET)
        target.sin_port = port.bigEndian
        target.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let bytes = Array(text.utf8)
        let sent = withUnsafePointer(to: &target) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                sendto(socket, bytes, bytes.count, 0, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard sent == bytes.count else { throw Failure() }
    }
}
