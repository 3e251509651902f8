package import Glibc

/// Where a socket is, or its peer.
package enum SocketAddress: Hashable, Sendable {
    /// Address in host byte order.
    case ipv4(UInt32, port: UInt16)
    /// Address as two halves in host byte order, high one first.
    case ipv6(UInt64, UInt64, scope: UInt32, port: UInt16)
    /// Empty for a peer that is not bound to a path.
    case unix(path: String)

    /// Reads what the kernel wrote; an IPv4 address in IPv6 clothes is taken for what it is, so that rules and
    /// limits see one address per host.
    init?(_ raw: UnsafeRawPointer, length: Int) {
        guard length >= MemoryLayout<sa_family_t>.size else { return nil }
        switch Int32(raw.loadUnaligned(as: sa_family_t.self)) {
        case AF_INET where length >= MemoryLayout<sockaddr_in>.size:
            let address = raw.loadUnaligned(as: sockaddr_in.self)
            self = .ipv4(
                UInt32(bigEndian: address.sin_addr.s_addr),
                port: UInt16(bigEndian: address.sin_port)
            )
        case AF_INET6 where length >= MemoryLayout<sockaddr_in6>.size:
            let address = raw.loadUnaligned(as: sockaddr_in6.self)
            let (high, low) = withUnsafeBytes(of: address.sin6_addr) {
                (
                    UInt64(bigEndian: $0.loadUnaligned(as: UInt64.self)),
                    UInt64(bigEndian: $0.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
                )
            }
            self = .init(high, low, scope: address.sin6_scope_id, port: UInt16(bigEndian: address.sin6_port))
        case AF_UNIX:
            let pathOffset = MemoryLayout<sa_family_t>.size
            let path = UnsafeRawBufferPointer(start: raw + pathOffset, count: length - pathOffset)
            self = .unix(path: String(decoding: path.prefix { $0 != 0 }, as: UTF8.self))
        default:
            return nil
        }
    }

    /// An IPv6 address, or the IPv4 address that it maps (RFC 4291 2.5.5.2).
    package init(_ high: UInt64, _ low: UInt64, scope: UInt32 = 0, port: UInt16) {
        if high == 0, low >> 32 == 0xFFFF {
            self = .ipv4(UInt32(truncatingIfNeeded: low), port: port)
        } else {
            self = .ipv6(high, low, scope: scope, port: port)
        }
    }

    /// Reads a literal address; no name is looked up.
    package init?(literal: String, port: UInt16) {
        var four = in_addr()
        if inet_pton(AF_INET, literal, &four) == 1 {
            self = .ipv4(UInt32(bigEndian: four.s_addr), port: port)
            return
        }
        let parts = literal.split(separator: "%", maxSplits: 1, omittingEmptySubsequences: false)
        var six = in6_addr()
        guard let address = parts.first, inet_pton(AF_INET6, String(address), &six) == 1 else { return nil }
        var scope: UInt32 = 0
        if parts.count == 2 {
            scope = if_nametoindex(String(parts[1]))
            guard scope != 0 else { return nil }
        }
        // As written: `::ffff:1.2.3.4` is asked for as an IPv6 address.
        (self) = withUnsafeBytes(of: six) {
            .ipv6(
                UInt64(bigEndian: $0.loadUnaligned(as: UInt64.self)),
                UInt64(bigEndian: $0.loadUnaligned(fromByteOffset: 8, as: UInt64.self)),
                scope: scope,
                port: port
            )
        }
    }

    /// Whether only this machine can reach it: 127.0.0.0/8, ::1, or a Unix socket.
    package var isLoopback: Bool {
        switch self {
        case .ipv4(let address, _): address >> 24 == 127
        case .ipv6(let high, let low, _, _): high == 0 && low == 1
        case .unix: true
        }
    }

    package var port: UInt16? {
        switch self {
        case .ipv4(_, let port), .ipv6(_, _, _, let port): port
        case .unix: nil
        }
    }

    /// The address without its port; a path for a Unix socket.
    package var host: String {
        switch self {
        case .ipv4(let address, _):
            return "\(address >> 24).\(address >> 16 & 255).\(address >> 8 & 255).\(address & 255)"
        case .ipv6(let high, let low, let scope, _):
            var words = (high.bigEndian, low.bigEndian)
            var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
            guard inet_ntop(AF_INET6, &words, &text, socklen_t(text.count)) != nil else { return "?" }
            let address = String(
                decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) },
                as: UTF8.self
            )
            return scope == 0 ? address : "\(address)%\(scope)"
        case .unix(let path):
            return path
        }
    }

    /// Calls `body` with the address as the kernel wants it.
    ///
    /// - Returns: `nil` when the address is a path that is too long for the kernel (107 bytes).
    package func withSockaddr<R>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> R) -> R? {
        var storage = sockaddr_storage()
        return withUnsafeMutableBytes(of: &storage) { raw -> R? in
            guard let base = raw.baseAddress else { return nil }
            let length: Int
            switch self {
            case .ipv4(let address, let port):
                var value = sockaddr_in()
                value.sin_family = sa_family_t(AF_INET)
                value.sin_port = port.bigEndian
                value.sin_addr.s_addr = address.bigEndian
                base.storeBytes(of: value, as: sockaddr_in.self)
                length = MemoryLayout<sockaddr_in>.size
            case .ipv6(let high, let low, let scope, let port):
                var value = sockaddr_in6()
                value.sin6_family = sa_family_t(AF_INET6)
                value.sin6_port = port.bigEndian
                value.sin6_scope_id = scope
                withUnsafeMutableBytes(of: &value.sin6_addr) {
                    $0.storeBytes(of: high.bigEndian, as: UInt64.self)
                    $0.storeBytes(of: low.bigEndian, toByteOffset: 8, as: UInt64.self)
                }
                base.storeBytes(of: value, as: sockaddr_in6.self)
                length = MemoryLayout<sockaddr_in6>.size
            case .unix(let path):
                let pathOffset = MemoryLayout<sa_family_t>.size
                let bytes = Array(path.utf8)
                guard bytes.count < MemoryLayout<sockaddr_un>.size - pathOffset, !bytes.contains(0) else {
                    return nil
                }
                base.storeBytes(of: sa_family_t(AF_UNIX), as: sa_family_t.self)
                (base + pathOffset).copyMemory(from: bytes, byteCount: bytes.count)
                length = pathOffset + bytes.count + 1
            }
            return body(UnsafePointer(base.assumingMemoryBound(to: sockaddr.self)), socklen_t(length))
        }
    }

    var family: Int32 {
        switch self {
        case .ipv4: AF_INET
        case .ipv6: AF_INET6
        case .unix: AF_UNIX
        }
    }
}

extension SocketAddress: CustomStringConvertible {
    package var description: String {
        switch self {
        case .ipv4(let address, let port): Self.text(address, port)
        case .ipv6(_, _, _, let port): "[\(host)]:\(port)"
        case .unix(let path): path.isEmpty ? "unix" : path
        }
    }

    /// `192.0.2.7:40312`. Each connection that is accepted has its text made, so no formatter is asked.
    private static func text(_ address: UInt32, _ port: UInt16) -> String {
        String(unsafeUninitializedCapacity: 21) { bytes in
            var count = 0
            func append(_ number: UInt32, behind separator: UInt8?) {
                if let separator {
                    bytes[count] = separator
                    count += 1
                }
                var divisor: UInt32 = 10_000
                while divisor > 1, number < divisor { divisor /= 10 }
                while divisor > 0 {
                    bytes[count] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: number / divisor % 10)
                    count += 1
                    divisor /= 10
                }
            }
            append(address >> 24, behind: nil)
            append(address >> 16 & 255, behind: UInt8(ascii: "."))
            append(address >> 8 & 255, behind: UInt8(ascii: "."))
            append(address & 255, behind: UInt8(ascii: "."))
            append(UInt32(port), behind: UInt8(ascii: ":"))
            return count
        }
    }
}
