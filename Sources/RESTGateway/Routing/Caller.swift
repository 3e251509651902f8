import Access
import CertificateNames
import HTTPGateway
import HTTPTypes
import MECModel

/// What a connection says of who asks, before that is checked.
struct Caller {
    /// The Authorization field.
    var authorization: String?
    /// Without the port.
    var peer: String
    var isLoopback: Bool
    /// DER, its chain verified.
    var certificate: [UInt8]?

    init(_ request: ServiceRequest) {
        authorization = request.headers[.authorization]
        peer = request.peerAddress
        isLoopback = request.isLoopback
        certificate = request.clientCertificate
    }

    init(_ request: WebSocketRequest) {
        authorization = request.authorization
        peer = request.peerAddress
        isLoopback = request.isLoopback
        certificate = request.clientCertificate
    }

    /// For ``AccessControl``, still without name and password.
    var request: ConnectRequest {
        ConnectRequest(
            clientID: "rest",
            peerAddress: peer,
            addressKey: IPAddress(peer).map {
                AddressKey(high: $0.mappedWords.0, low: $0.mappedWords.1)
            },
            isLoopback: isLoopback,
            listener: RESTSettings.listener,
            tls: certificate.flatMap { TLSIdentity(der: $0) }
        )
    }
}
