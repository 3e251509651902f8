internal import Glibc

extension SocketAddress {
    /// The addresses of a host's name, in the system's order, each once. Blocks on the system's resolver: for
    /// the start only.
    package static func resolve(_ host: String, port: UInt16) -> [SocketAddress] {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = AI_PASSIVE
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, nil, &hints, &list) == 0, let list else { return [] }
        defer { freeaddrinfo(list) }
        var addresses: [SocketAddress] = []
        var entry: UnsafeMutablePointer<addrinfo>? = list
        while let current = entry {
            if let raw = current.pointee.ai_addr,
                let address = SocketAddress(UnsafeRawPointer(raw), length: Int(current.pointee.ai_addrlen)),
                !addresses.contains(address.with(port: port))
            {
                addresses.append(address.with(port: port))
            }
            entry = current.pointee.ai_next
        }
        return addresses
    }

    /// The same host with another port; a path stays as it is.
    package func with(port: UInt16) -> SocketAddress {
        switch self {
        case .ipv4(let address, _): .ipv4(address, port: port)
        case .ipv6(let high, let low, let scope, _): .ipv6(high, low, scope: scope, port: port)
        case .unix: self
        }
    }
}
