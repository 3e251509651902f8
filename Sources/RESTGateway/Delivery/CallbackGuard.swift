import MECModel

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Keeps callbacks from reaching what only this host should: its own loopback, link-local addresses, and
/// with them the metadata services of clouds.
package struct CallbackGuard: Sendable {
    /// The addresses of a host as texts; none where it cannot be found.
    package typealias Resolve = @Sendable (_ host: String) async -> [String]

    /// Where a callback's connection goes.
    package struct Place: Sendable, Equatable {
        /// As the URL has it.
        package var host: String
        /// Numeric, and checked.
        package var address: String
    }

    let allowsLoopback: Bool
    private let resolve: Resolve

    package init(allowsLoopback: Bool) {
        self.init(allowsLoopback: allowsLoopback, resolve: HostResolver.addresses)
    }

    /// - Parameter resolve: In place of the system's.
    package init(allowsLoopback: Bool, resolve: @escaping Resolve) {
        self.allowsLoopback = allowsLoopback
        self.resolve = resolve
    }

    /// Looks the URL's host up, once; whoever connects goes to the address that this returns.
    /// - Throws: 400 that names `callbackReference`, also where one of several addresses is forbidden.
    @discardableResult
    package func admit(_ url: String) async throws -> Place {
        guard url.utf8.count <= 2_048, let host = Self.host(of: url) else {
            throw Problem.parameter("callbackReference", expected: "an http or https URL", found: url)
        }
        let addresses = IPAddress(host) == nil ? await resolve(host) : [host]
        guard let first = addresses.first else {
            throw Problem.parameter("callbackReference", expected: "a host that can be found", found: host)
        }
        for address in addresses where isForbidden(address) {
            throw Problem.parameter(
                "callbackReference",
                expected:
                    "a host that is neither loopback, link-local nor multicast (rest.callbacks.allowLoopback)",
                found: address
            )
        }
        return Place(host: host, address: first)
    }

    /// - Parameter text: An address; whatever is none is forbidden.
    package func isForbidden(_ text: String) -> Bool {
        guard let (high, low) = IPAddress(text)?.mappedWords else { return true }
        if let inner = Self.embeddedIPv4(high, low) {
            switch (inner >> 24, inner >> 16 & 0xFF) {
            case (127, _): return !allowsLoopback
            // RFC 3927; 169.254.169.254 is where clouds keep their secrets.
            case (169, 254), (0, _), (224..., _): return true
            default: return false
            }
        }
        if high == 0, low <= 1 { return low == 0 || !allowsLoopback }
        // RFC 4291 2.4: link-local, multicast; RFC 3879: site-local.
        if high >> 54 == 0xFE80 >> 6 || high >> 54 == 0xFEC0 >> 6 || high >> 56 == 0xFF { return true }
        // fd00:ec2::254 is a metadata service too.
        return high == 0xFD00_0EC2_0000_0000 && low == 0x254
    }

    /// The IPv4 address that some IPv6 addresses stand for, however they are written.
    private static func embeddedIPv4(_ high: UInt64, _ low: UInt64) -> UInt64? {
        switch (high, low >> 32) {
        // Mapped (RFC 4291 2.5.5.2), translated (RFC 2765 2.1) and NAT64 (RFC 6052 2.1).
        case (0, 0xFFFF), (0, 0xFFFF_0000), (0x0064_FF9B_0000_0000, 0): return low & 0xFFFF_FFFF
        // Compatible (RFC 4291 2.5.5.1); :: and ::1 are none.
        case (0, 0) where low > 1: return low
        // 6to4, RFC 3056 2.
        case (_, _) where high >> 48 == 0x2002: return high >> 16 & 0xFFFF_FFFF
        default: return nil
        }
    }

    /// The host that a client would connect to, without brackets; `nil` where two readers of URLs could differ.
    package static func host(of url: String) -> String? {
        let lower = url.lowercased()
        guard let scheme = ["http://", "https://"].first(where: lower.hasPrefix) else { return nil }
        let authority = url.dropFirst(scheme.count).prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        let parts = authority.split(separator: "@", omittingEmptySubsequences: false)
        guard let place = parts.last, !place.isEmpty, parts.count <= 2,
            authority.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\\") })
        else { return nil }
        let host: String
        if place.hasPrefix("[") {
            host = String(place.dropFirst().prefix { $0 != "]" })
            guard IPAddress(host) != nil else { return nil }
        } else {
            host = String(place.prefix { $0 != ":" })
        }
        // What the HTTP client reads.
        let other = URL(string: url)?.host.map { $0.trimmingPrefix("[") }
        guard !host.isEmpty, let other, other == host || other == host + "]" else { return nil }
        return host
    }
}
