/// The client's side of SCRAM-SHA-256 (RFC 5802, RFC 7677) as a machine without I/O.
package struct ScramClient: Sendable {
    /// A server that asks for more work than this is refused: it could keep us busy for minutes.
    package static let iterationsMax: UInt32 = 1_000_000

    package enum Failure: Error, Sendable, Equatable {
        /// The server's message is not what RFC 5802 asks for.
        case malformed(String)
        /// The server refused, with the reason it gave (RFC 5802 7, `server-error-value`).
        case refused(String)
        /// Whoever answers does not know our password: not the server we meant.
        case wrongServer
    }

    private enum State: Sendable {
        case sentFirst
        case sentFinal(serverSignature: [UInt8])
        case done
    }

    private static let gs2Header = Array("n,,".utf8)

    private let password: [UInt8]
    private let bare: [UInt8]
    private let nonce: [UInt8]
    private var state = State.sentFirst

    /// - Throws: ``SASLprep/Flaw`` for a name or password that SCRAM cannot carry.
    package init(username: String, password: String) throws {
        let nonce = Base64.encode(try Crypto.randomBytes(18), padded: false)
        try self.init(username: username, password: password, nonce: nonce)
    }

    /// - Parameter nonce: Printable ASCII without a comma; fresh for each exchange but in tests.
    package init(username: String, password: String, nonce: String) throws {
        self.password = Array(try SASLprep.prepare(password).utf8)
        self.nonce = Array(nonce.utf8)
        bare =
            Array("n=".utf8) + ScramMessage.encodeName(try SASLprep.prepare(username)) + Array(",r=".utf8)
            + self.nonce
    }

    /// The Authentication Data of CONNECT.
    package var firstMessage: [UInt8] { Self.gs2Header + bare }

    /// Takes the server's first message and returns the client's final one. Blocks while it derives
    /// the keys, by as much as the server's iterations ask for.
    package mutating func receiveFirst(_ message: [UInt8]) throws -> [UInt8] {
        guard case .sentFirst = state else { throw Failure.malformed("a second first message") }
        state = .done
        guard let values = ScramMessage(message)?.values("rsi"),
            values[0].starts(with: nonce), values[0].count > nonce.count, ScramMessage.isNonce(values[0]),
            let salt = Base64.decode(values[1], padding: .required), !salt.isEmpty,
            let text = String(validating: values[2], as: UTF8.self), let iterations = UInt32(text)
        else { throw Failure.malformed("not r=nonce,s=salt,i=iterations with our nonce in front") }
        // RFC 7677 4: fewer than 4,096 would make guessing our password cheap for whoever listens.
        guard (ScramCredential.iterationsMin...Self.iterationsMax).contains(iterations) else {
            throw Failure.malformed("\(iterations) iterations")
        }
        let keys = try ScramKeys(password: password, salt: salt, iterations: iterations)
        let binding = Base64.encode(Self.gs2Header, padded: true)
        let withoutProof = Array("c=\(binding),r=".utf8) + values[0]
        let comma = [UInt8(ascii: ",")]
        let authMessage = bare + comma + message + comma + withoutProof
        let proof = ScramMessage.xor(
            keys.clientKey,
            try Crypto.hmacSHA256(key: keys.storedKey, authMessage)
        )
        state = .sentFinal(serverSignature: try Crypto.hmacSHA256(key: keys.serverKey, authMessage))
        return withoutProof + Array(",p=\(Base64.encode(proof, padded: true))".utf8)
    }

    /// Takes the server's final message, which proves that the server knows our password.
    package mutating func receiveFinal(_ message: [UInt8]) throws(Failure) {
        guard case .sentFinal(let signature) = state else { throw .malformed("a final message too early") }
        state = .done
        guard let first = ScramMessage(message)?.attributes.first else { throw .malformed("no v=verifier") }
        if first.name == UInt8(ascii: "e") { throw .refused(String(decoding: first.value, as: UTF8.self)) }
        guard first.name == UInt8(ascii: "v"),
            let theirs = Base64.decode(first.value, padding: .required)
        else { throw .malformed("no v=verifier") }
        guard Crypto.equal(theirs, signature) else { throw .wrongServer }
    }
}
