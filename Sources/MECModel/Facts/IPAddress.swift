#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// An IPv4 or IPv6 address in 17 bytes, without a heap object.
package struct IPAddress: Hashable, Sendable, BitwiseCopyable {
    private let high: UInt64
    private let low: UInt64
    package let isIPv6: Bool

    /// - Parameter text: Dotted decimal or RFC 4291 text, without a port, prefix or zone.
    package init?(_ text: String) {
        var v4 = in_addr()
        if inet_pton(AF_INET, text, &v4) == 1 {
            high = 0
            low = UInt64(UInt32(bigEndian: v4.s_addr))
            isIPv6 = false
            return
        }
        var v6 = in6_addr()
        guard inet_pton(AF_INET6, text, &v6) == 1 else { return nil }
        let words = withUnsafeBytes(of: v6) {
            ($0.loadUnaligned(as: UInt64.self), $0.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
        }
        high = UInt64(bigEndian: words.0)
        low = UInt64(bigEndian: words.1)
        isIPv6 = true
    }

    package init(ipv4: UInt32) {
        high = 0
        low = UInt64(ipv4)
        isIPv6 = false
    }
}

extension IPAddress {
    /// 16 bytes as two words, most significant first; IPv4 mapped into IPv6 (RFC 4291 2.5.5.2).
    package var mappedWords: (UInt64, UInt64) { isIPv6 ? (high, low) : (0, 0xFFFF_0000_0000 | low) }
}

extension IPAddress: CustomStringConvertible {
    /// Dotted decimal, or RFC 5952 text as the C library writes it.
    package var description: String {
        if !isIPv6 {
            return "\(low >> 24 & 255).\(low >> 16 & 255).\(low >> 8 & 255).\(low & 255)"
        }
        let words = (high.bigEndian, low.bigEndian)
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        let written = withUnsafeBytes(of: words) {
            inet_ntop(AF_INET6, $0.baseAddress, &text, socklen_t(text.count))
        }
        guard written != nil else { return "::" }
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
