internal import Glibc
import Reactor

/// Binds a listener's sockets: one per address that its host stands for.
enum ListenerBinding {
    /// - Throws: which address cannot be bound, why, and who has it. Nothing stays bound then.
    static func bind(_ settings: ListenerSettings) throws(ListenerError) -> [ListeningSocket] {
        var sockets: [ListeningSocket] = []
        do throws(ListenerError) {
            for address in try addresses(settings) {
                var wanted = address
                // Port 0 is one port for all addresses.
                if address.port == 0, let port = sockets.first?.address.port {
                    wanted = address.with(port: port)
                }
                sockets.append(try bind(wanted, settings))
            }
        } catch {
            for socket in sockets { close(socket.descriptor) }
            throw error
        }
        return sockets
    }

    private static func bind(
        _ address: SocketAddress,
        _ settings: ListenerSettings
    ) throws(ListenerError) -> ListeningSocket {
        var options = ListeningSocket.Options()
        options.backlog = Int32(settings.backlog)
        options.mode = settings.mode
        do throws(SystemError) {
            return try ListeningSocket(address, options: options)
        } catch {
            throw ListenerError(
                "listener \"\(settings.name)\": cannot listen on \(address) (\(error.reason))\(advice(error, address))"
            )
        }
    }

    private static func advice(_ error: SystemError, _ address: SocketAddress) -> String {
        switch error.code {
        case EADDRINUSE:
            if let owner = PortOwner.find(address) { return "; another process listens there: \(owner)" }
            return "; another process listens there; `ss -ltnp` tells which"
        case EADDRNOTAVAIL:
            return "; this machine has no such address"
        case EACCES:
            if let port = address.port, port < 1024 {
                return "; ports below 1024 need the capability CAP_NET_BIND_SERVICE"
            }
            return "; check the owner and mode of the directory"
        case ENOENT:
            return "; the directory does not exist"
        case ENAMETOOLONG:
            return "; a socket's path may have 107 bytes"
        default:
            return ""
        }
    }

    private static func addresses(_ settings: ListenerSettings) throws(ListenerError) -> [SocketAddress] {
        switch settings.address {
        case .unix(let path):
            return [.unix(path: path)]
        case .network("", let port):
            // One socket for both families where the machine has IPv6.
            return [hasIPv6 ? .ipv6(0, 0, scope: 0, port: port) : .ipv4(0, port: port)]
        case .network(let host, let port):
            if let literal = SocketAddress(literal: host, port: port) { return [literal] }
            let found = SocketAddress.resolve(host, port: port)
            guard !found.isEmpty else {
                throw ListenerError(
                    "listener \"\(settings.name)\": the name \"\(host)\" has no address; write one, such as 127.0.0.1"
                )
            }
            return hasIPv6 ? found : found.filter { if case .ipv4 = $0 { true } else { false } }
        }
    }

    private static var hasIPv6: Bool {
        let probe = socket(AF_INET6, Int32(SOCK_STREAM.rawValue), 0)
        guard probe >= 0 else { return false }
        close(probe)
        return access("/proc/net/if_inet6", R_OK) == 0
    }
}
