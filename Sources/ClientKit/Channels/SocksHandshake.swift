import Glibc

/// What a SOCKS5 proxy is told before a stream to the broker goes through it (RFC 1928; user name and password by
/// RFC 1929). A machine: bytes in, bytes out.
struct SocksHandshake {
    private enum State {
        case awaitsMethod
        case awaitsVerdict
        case awaitsReply
        /// The reply's address, which nobody needs.
        case awaitsAddress
        case done
    }

    private let proxy: SocksProxy
    private let host: String
    private let port: UInt16
    private var state = State.awaitsMethod

    /// - Parameter host: the broker's name, which the proxy looks up, or its address.
    init(_ proxy: SocksProxy, host: String, port: UInt16) {
        self.proxy = proxy
        self.host = host
        self.port = port
        needed = 2
    }

    /// Bytes that the next call of ``receive(_:)`` wants; 0 when the stream is open. No byte more may be read: what
    /// follows is the broker's.
    private(set) var needed: Int

    /// What is sent first: the methods that can be used.
    var greeting: [UInt8] { proxy.userName == nil ? [5, 1, 0] : [5, 2, 0, 2] }

    /// Takes ``needed`` bytes.
    ///
    /// - Returns: what is to be sent.
    mutating func receive(_ bytes: [UInt8]) throws(ClientError) -> [UInt8] {
        switch state {
        case .awaitsMethod:
            guard bytes[0] == 5 else { throw refused("it does not speak SOCKS5") }
            switch bytes[1] {
            case 0: return request()
            case 2 where proxy.userName != nil:
                (state, needed) = (.awaitsVerdict, 2)
                let name = Array((proxy.userName ?? "").utf8.prefix(255))
                let password = Array((proxy.password ?? "").utf8.prefix(255))
                return [1, UInt8(name.count)] + name + [UInt8(password.count)] + password
            default:
                throw refused(
                    proxy.userName == nil
                        ? "it wants to know who you are; put user:password@ into --proxy"
                        : "it takes neither a user name nor nobody"
                )
            }
        case .awaitsVerdict:
            guard bytes[1] == 0 else { throw refused("it does not know the user name and password") }
            return request()
        case .awaitsReply:
            guard bytes[0] == 5, bytes[1] == 0 else { throw refused(Self.reason(bytes[1])) }
            state = .awaitsAddress
            switch bytes[3] {
            case 1: needed = 3 + 2
            case 4: needed = 15 + 2
            // A name; its length was the last byte.
            default: needed = Int(bytes[4]) + 2
            }
        case .awaitsAddress, .done:
            (state, needed) = (.done, 0)
        }
        return []
    }

    /// RFC 1928 4: CONNECT, to an address or to a name that the proxy looks up.
    private mutating func request() -> [UInt8] {
        // The reply's head and the first byte of its address, which tells a name's length.
        (state, needed) = (.awaitsReply, 5)
        var address: [UInt8]
        var four = in_addr()
        var six = in6_addr()
        if inet_pton(AF_INET, host, &four) == 1 {
            address = [1] + withUnsafeBytes(of: &four) { Array($0) }
        } else if inet_pton(AF_INET6, host, &six) == 1 {
            address = [4] + withUnsafeBytes(of: &six) { Array($0) }
        } else {
            let name = Array(host.utf8.prefix(255))
            address = [3, UInt8(name.count)] + name
        }
        return [5, 1, 0] + address + [UInt8(port >> 8), UInt8(port & 0xFF)]
    }

    private func refused(_ reason: String) -> ClientError {
        ClientError(.network, "the proxy \(proxy.host):\(proxy.port): \(reason)")
    }

    /// RFC 1928 6
    private static func reason(_ code: UInt8) -> String {
        switch code {
        case 1: "general failure"
        case 2: "connections to the broker are not allowed"
        case 3: "the broker's network cannot be reached"
        case 4: "the broker's host cannot be reached"
        case 5: "the broker refused the connection"
        case 6: "time ran out"
        case 7: "it does not make connections"
        case 8: "it does not know this kind of address"
        default: "failure \(code)"
        }
    }
}

/// A SOCKS5 proxy between the client and the broker.
package struct SocksProxy: Sendable, Equatable {
    package var host: String
    package var port: UInt16
    package var userName: String?
    package var password: String?

    /// Reads `socks5h://[user[:password]@]host[:port]`; port 1080 unless it says otherwise. The `h` says that the proxy
    /// looks names up, which is so for `socks5://` too.
    ///
    /// - Throws: ``ClientError/Kind/usage``
    package init(_ text: String) throws(ClientError) {
        let scheme = text.prefix { $0 != ":" }.lowercased()
        guard scheme == "socks5h" || scheme == "socks5" else {
            throw ClientError(
                .usage,
                "--proxy \"\(text)\": socks5h://[user[:password]@]host[:port] is expected"
            )
        }
        let url = try BrokerURL("mqtt" + text.dropFirst(scheme.count), standardPort: 1080)
        (host, port, userName, password) = (url.host, url.port, url.userName, url.password)
    }
}
