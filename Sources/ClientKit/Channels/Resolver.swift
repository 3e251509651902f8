import Glibc

/// Names to addresses.
enum Resolver {
    struct Address {
        let family: Int32
        private let bytes: [UInt8]

        init(family: Int32, bytes: [UInt8]) {
            self.family = family
            self.bytes = bytes
        }

        /// - Returns: `nil` when the path does not fit.
        init?(unixPath path: String) {
            var name = sockaddr_un()
            name.sun_family = sa_family_t(AF_UNIX)
            guard path.utf8.count < MemoryLayout.size(ofValue: name.sun_path) else { return nil }
            withUnsafeMutableBytes(of: &name.sun_path) { $0.copyBytes(from: path.utf8) }
            self.init(family: AF_UNIX, bytes: withUnsafeBytes(of: &name) { [UInt8]($0) })
        }

        func withSockAddr(_ body: (UnsafePointer<sockaddr>?, socklen_t) -> Int32) -> Int32 {
            bytes.withUnsafeBytes { raw in
                raw.withMemoryRebound(to: sockaddr.self) { body($0.baseAddress, socklen_t(raw.count)) }
            }
        }
    }

    static func addresses(host: String, port: UInt16) throws(ClientError) -> [Address] {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        let result = getaddrinfo(host, String(port), &hints, &list)
        guard result == 0, let list else {
            throw ClientError(.network, "Unable to look up \(host): \(String(cString: gai_strerror(result)))")
        }
        defer { freeaddrinfo(list) }
        var addresses: [Address] = []
        var next: UnsafeMutablePointer<addrinfo>? = list
        while let entry = next?.pointee {
            let bytes = [UInt8](UnsafeRawBufferPointer(start: entry.ai_addr, count: Int(entry.ai_addrlen)))
            addresses.append(Address(family: entry.ai_family, bytes: bytes))
            next = entry.ai_next
        }
        return addresses
    }
}
