import MECModel

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Keeps callbacks from reaching what only this host should: its own loopback, link-local addresses, and
/// with them the metadata services of clouds.
package struct CallbackGuard: Sendable {
    let allowsLoopback: Bool

    package init(allowsLoopback: Bool) { self.allowsLoopback = allowsLoopback }

    /// The URL's host is looked up here, once, when the subscription is made.
    /// - Throws: 400 that names `callbackReference`.
    func check(_ url: String) async throws {
        guard let host = Self.host(of: url) else {
            throw Problem.parameter("callbackReference", expected: "an http or https URL", found: url)
        }
        let addresses: [String]
        if IPAddress(host) != nil {
            addresses = [host]
        } else {
            addresses = await withCheckedContinuation { continuation in
                // getaddrinfo blocks: a thread of its own, so that no other request waits for a name server.
                Self.onThread { continuation.resume(returning: Self.addresses(of: host)) }
            }
            guard !addresses.isEmpty else {
                throw Problem.parameter(
                    "callbackReference",
                    expected: "a host that can be found",
                    found: host
                )
            }
        }
        for address in addresses where isForbidden(address) {
            throw Problem.parameter(
                "callbackReference",
                expected:
                    "a host that is neither loopback, link-local nor multicast (rest.callbacks.allowLoopback)",
                found: address
            )
        }
    }

    package func isForbidden(_ text: String) -> Bool {
        var address = text.lowercased()
        if address.hasPrefix("::ffff:"), address.contains(".") { address = String(address.dropFirst(7)) }
        if !address.contains(":") {
            let parts = address.split(separator: ".").compactMap { UInt8($0) }
            guard parts.count == 4 else { return true }
            switch (parts[0], parts[1]) {
            case (127, _): return !allowsLoopback
            // RFC 3927; 169.254.169.254 is where clouds keep their secrets.
            case (169, 254), (0, _), (224...255, _): return true
            default: return false
            }
        }
        if address == "::1" { return !allowsLoopback }
        // RFC 4291 2.4: unspecified, link-local, multicast; fd00:ec2::254 is a metadata service too.
        return address == "::" || ["fe8", "fe9", "fea", "feb", "ff"].contains { address.hasPrefix($0) }
            || address == "fd00:ec2::254"
    }

    package static func host(of url: String) -> String? {
        let lower = url.lowercased()
        guard let scheme = ["http://", "https://"].first(where: lower.hasPrefix) else { return nil }
        let authority = url.dropFirst(scheme.count).prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        let place = authority.split(separator: "@", omittingEmptySubsequences: false).last ?? ""
        guard !place.isEmpty, place.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { return nil }
        if place.hasPrefix("[") {
            let inner = place.dropFirst().prefix { $0 != "]" }
            return IPAddress(String(inner)) == nil ? nil : String(inner)
        }
        let host = String(place.prefix { $0 != ":" })
        return host.isEmpty ? nil : host
    }

    private static func addresses(of host: String) -> [String] {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, nil, &hints, &list) == 0 else { return [] }
        defer { freeaddrinfo(list) }
        var found: [String] = []
        var entry = list
        while let info = entry?.pointee {
            var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
            if getnameinfo(
                info.ai_addr,
                info.ai_addrlen,
                &text,
                socklen_t(text.count),
                nil,
                0,
                NI_NUMERICHOST
            ) == 0 {
                let bytes = text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
                found.append(String(decoding: bytes.prefix { $0 != UInt8(ascii: "%") }, as: UTF8.self))
            }
            entry = info.ai_next
        }
        return found
    }

    private static func onThread(_ body: @escaping @Sendable () -> Void) {
        final class Box: Sendable {
            let body: @Sendable () -> Void
            init(_ body: @escaping @Sendable () -> Void) { self.body = body }
        }
        var thread = pthread_t()
        let context = Unmanaged.passRetained(Box(body)).toOpaque()
        let code = pthread_create(
            &thread,
            nil,
            { context in
                guard let context else { return nil }
                Unmanaged<Box>.fromOpaque(context).takeRetainedValue().body()
                return nil
            },
            context
        )
        if code == 0 {
            pthread_detach(thread)
        } else {
            Unmanaged<Box>.fromOpaque(context).takeRetainedValue().body()
        }
    }
}
