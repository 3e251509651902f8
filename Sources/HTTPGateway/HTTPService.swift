package import HTTPTypes

/// What answers requests beside `/metrics` and the health checks.
package protocol HTTPService: Sendable {
    /// Any path that the gateway does not serve itself; it always answers.
    func respond(to request: ServiceRequest) async -> ServiceResponse
    /// Whether a WebSocket may be at that path; if not, its request is one like any other.
    func hasWebSocket(at path: String) -> Bool
    /// What a WebSocket is to carry; `nil` refuses the upgrade, and the request is answered like any other.
    func webSocket(_ request: WebSocketRequest) async -> (any WebSocketSource)?
}

/// Who wants a WebSocket, and where.
package struct WebSocketRequest: Sendable {
    package var path: String
    package var authorization: String?
    package var peerAddress: String
    package var isLoopback: Bool
    /// As DER, its chain verified.
    package var clientCertificate: [UInt8]?
}

/// A request with its whole body.
package struct ServiceRequest: Sendable {
    package var method: HTTPRequest.Method
    /// As it came: percent-encoded, without the query.
    package var path: String
    /// Percent-encoded, without the question mark.
    package var query: String
    package var headers: HTTPFields
    package var body: [UInt8]
    /// Without the port; empty where it is not known.
    package var peerAddress: String
    package var isLoopback: Bool
    /// As DER, its chain verified.
    package var clientCertificate: [UInt8]?
    /// Whether the body was larger than ``HTTPSettings/maximumBodySize``; it is empty then.
    package var isTooLarge = false
}

package struct ServiceResponse: Sendable {
    package var status: HTTPResponse.Status
    package var headers: HTTPFields
    package var body: [UInt8]

    package init(_ status: HTTPResponse.Status, headers: HTTPFields = [:], body: [UInt8] = []) {
        self.status = status
        self.headers = headers
        self.body = body
    }
}

/// Messages that one WebSocket sends; ends with the connection.
package protocol WebSocketSource: Sendable {
    /// Waits for the next text message; `nil` closes the connection.
    func next() async -> [UInt8]?
    /// The connection is over: ``next()`` returns `nil` from now on.
    func close()
}
