/// A method of enhanced authentication, MQTT 5.0 section 4.12.
package protocol ClientAuthentication: Sendable {
    var method: String { get }
    /// The Authentication Data of CONNECT, or of a re-authentication's first AUTH.
    var first: [UInt8] { get }
    /// The answer to the server's AUTH.
    mutating func answer(_ data: [UInt8]) throws(ClientError) -> [UInt8]
    /// Takes the Authentication Data of the CONNACK or the last AUTH.
    ///
    /// - Throws: when the server has not proved what the method makes it prove.
    mutating func finish(_ data: [UInt8]) throws(ClientError)
}
