package import MQTTWire

/// Why a connection could not be made, or ended.
package struct ClientError: Error, Sendable, CustomStringConvertible {
    /// What has to happen next.
    package enum Kind: Sendable, Equatable {
        /// The broker answered CONNECT with a failure.
        case refused(ReasonCode)
        /// The broker sent DISCONNECT (version 5.0).
        case disconnected(ReasonCode)
        /// The network or the address failed.
        case network
        /// The connection ended without a word.
        case closed
        /// TLS failed: certificates, keys, versions.
        case tls
        /// The broker sent what the standard does not allow.
        case protocolError
        /// What was asked of the client cannot be done.
        case usage
        /// Nothing came in time.
        case timeout
    }

    package var kind: Kind
    package var message: String

    package init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }

    package var description: String { message }
}
