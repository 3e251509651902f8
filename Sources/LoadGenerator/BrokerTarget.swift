/// The broker under load and how to speak to it.
package struct BrokerTarget: Sendable {
    /// A protocol version by the number that CONNECT carries.
    package enum Version: UInt8, Sendable, CaseIterable {
        case v31 = 3
        case v311 = 4
        case v5 = 5
    }

    package enum Address: Sendable {
        case tcp(host: String, port: UInt16)
        case unix(path: String)
    }

    package var address: Address
    package var version: Version
    package var username: String?
    package var password: String?
    /// The broker's process on this machine; without it no CPU and no memory is told.
    package var pid: Int32?
    /// A file of certificates, one of which vouches for the broker's: TLS is spoken. `nil` for plain text.
    package var tlsCAFile: String?

    package init(
        address: Address,
        version: Version = .v311,
        username: String? = nil,
        password: String? = nil,
        pid: Int32? = nil,
        tlsCAFile: String? = nil
    ) {
        self.address = address
        self.version = version
        self.username = username
        self.password = password
        self.pid = pid
        self.tlsCAFile = tlsCAFile
    }
}
