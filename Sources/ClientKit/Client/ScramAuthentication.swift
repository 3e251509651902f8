import Access

/// SCRAM-SHA-256 (RFC 7677) as MQTT's enhanced authentication.
struct ScramAuthentication: ClientAuthentication {
    let method = "SCRAM-SHA-256"
    let first: [UInt8]
    private var client: ScramClient

    init(userName: String, password: String) throws(ClientError) {
        do {
            client = try ScramClient(username: userName, password: password)
        } catch {
            throw ClientError(.usage, "SCRAM-SHA-256 cannot carry this user name or password: \(error)")
        }
        first = client.firstMessage
    }

    mutating func answer(_ data: [UInt8]) throws(ClientError) -> [UInt8] {
        do {
            return try client.receiveFirst(data)
        } catch {
            throw ClientError(.protocolError, "SCRAM-SHA-256: \(error)")
        }
    }

    mutating func finish(_ data: [UInt8]) throws(ClientError) {
        do {
            try client.receiveFinal(data)
        } catch {
            throw ClientError(.protocolError, "SCRAM-SHA-256: \(error)")
        }
    }
}
