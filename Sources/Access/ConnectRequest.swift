/// What a client said of itself when it connected, and what its connection says of it.
///
/// MQTT 5 enhanced authentication has a way of its own: ``AccessControl/beginAuthentication(method:for:)``.
package struct ConnectRequest: Sendable {
    package var clientID: String
    package var username: String?
    package var password: [UInt8]?
    /// For logs only.
    package var peerAddress: String
    /// For ``AttemptThrottle``; `nil` where the transport has no address (Unix sockets).
    package var addressKey: AddressKey?
    package var isLoopback: Bool
    package var isUnixSocket: Bool
    /// Name of the listener in the configuration, a key of ``AccessSettings/listeners``.
    package var listener: String
    package var tls: TLSIdentity?

    package init(
        clientID: String,
        username: String? = nil,
        password: [UInt8]? = nil,
        peerAddress: String = "",
        addressKey: AddressKey? = nil,
        isLoopback: Bool = false,
        isUnixSocket: Bool = false,
        listener: String = "",
        tls: TLSIdentity? = nil
    ) {
        self.clientID = clientID
        self.username = username
        self.password = password
        self.peerAddress = peerAddress
        self.addressKey = addressKey
        self.isLoopback = isLoopback
        self.isUnixSocket = isUnixSocket
        self.listener = listener
        self.tls = tls
    }
}

/// Who the other end is according to TLS: a verified client certificate or a pre-shared key.
///
/// Only made after the handshake has verified the certificate chain or the key.
package struct TLSIdentity: Sendable, Equatable {
    package struct SubjectAltName: Sendable, Equatable {
        package enum Kind: Sendable { case dns, uri, email, ip }
        package var kind: Kind
        package var value: String

        package init(_ kind: Kind, _ value: String) {
            self.kind = kind
            self.value = value
        }
    }

    package var commonName: String?
    /// In the order of the certificate.
    package var subjectAltNames: [SubjectAltName]
    /// The whole subject as RFC 2253 writes it: `CN=dev7,O=Example`.
    package var subject: String?
    package var pskIdentity: String?

    package init(
        commonName: String? = nil,
        subjectAltNames: [SubjectAltName] = [],
        subject: String? = nil,
        pskIdentity: String? = nil
    ) {
        self.commonName = commonName
        self.subjectAltNames = subjectAltNames
        self.subject = subject
        self.pskIdentity = pskIdentity
    }
}

/// An IP address as 16 bytes; IPv4 is kept as IPv6 writes it (`::ffff:a.b.c.d`, RFC 4291 2.5.5.2).
package struct AddressKey: Sendable, Hashable {
    package var high: UInt64
    package var low: UInt64

    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    package init(ipv4 a: UInt8, _ b: UInt8, _ c: UInt8, _ d: UInt8) {
        high = 0
        low = 0xffff_0000_0000 | UInt64(a) << 24 | UInt64(b) << 16 | UInt64(c) << 8 | UInt64(d)
    }

    /// `bytes` in network order: 4 for IPv4, 16 for IPv6, else `nil`.
    package init?(bytes: some Collection<UInt8>) {
        let all = Array(bytes)
        switch all.count {
        case 4: self.init(ipv4: all[0], all[1], all[2], all[3])
        case 16:
            self.init(
                high: all[0..<8].reduce(0) { $0 << 8 | UInt64($1) },
                low: all[8..<16].reduce(0) { $0 << 8 | UInt64($1) }
            )
        default: return nil
        }
    }

    package var isIPv4: Bool { high == 0 && low >> 32 == 0xffff }

    /// The network that one subscriber of an access provider has: an IPv4 address or an IPv6 /64.
    package var network: AddressKey { isIPv4 ? self : AddressKey(high: high, low: 0) }
}
