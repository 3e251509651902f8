/// The server's side of SCRAM-SHA-256 (RFC 5802, RFC 7677) as a machine without I/O.
///
/// Three texts: the client's first is answered with salt and iterations, its final one with our
/// signature. A user that is not there is answered with a salt that stays the same from attempt to
/// attempt, and fails only at the end, so that nobody learns who is there.
package struct ScramServer: Sendable {
    package static let method = "SCRAM-SHA-256"
    /// A longer message is no SCRAM: names end at 65,535 bytes in MQTT, nonces are short.
    static let messageSizeMaxBytes = 4_096
    static let nonceSizeMinBytes = 8

    package enum Step: Sendable, Equatable {
        /// Send this and wait for more.
        case challenge([UInt8])
        /// The client has proved to be `user`; send this.
        case success(user: String, [UInt8])
        /// The user is not there or the password is wrong, which are not told apart.
        case wrong
        /// Not what RFC 5802 asks for at this point.
        case malformed(String)
    }

    private enum State: Sendable {
        case start
        case challenged(Exchange)
        case done
    }

    private struct Exchange: Sendable {
        var user: String
        var credential: ScramCredential
        var isUser: Bool
        var gs2Header: [UInt8]
        var nonce: [UInt8]
        /// client-first-message-bare "," server-first-message
        var authMessage: [UInt8]
    }

    private var state = State.start
    private let nonce: [UInt8]
    private let decoySecret: [UInt8]
    private let decoyIterations: UInt32
    private let lookup: @Sendable (String) -> (name: String, credential: ScramCredential)?

    /// - Parameters:
    ///   - nonce: The server's part, fresh for each exchange: at least 18 random bytes as base 64.
    ///   - decoySecret: Random and kept, for the salts of users that are not there.
    ///   - lookup: The credential of a user, by its prepared name.
    package init(
        nonce: [UInt8],
        decoySecret: [UInt8],
        decoyIterations: UInt32 = ScramCredential.iterationsDefault,
        lookup: @escaping @Sendable (String) -> (name: String, credential: ScramCredential)?
    ) {
        self.nonce = nonce
        self.decoySecret = decoySecret
        self.decoyIterations = decoyIterations
        self.lookup = lookup
    }

    package mutating func receive(_ message: [UInt8]) throws -> Step {
        guard message.count <= Self.messageSizeMaxBytes else {
            state = .done
            return .malformed("a message of \(message.count) bytes, over \(Self.messageSizeMaxBytes)")
        }
        switch state {
        case .start: return try receiveFirst(message)
        case .challenged(let exchange): return try receiveFinal(message, exchange)
        case .done: return .malformed("a message after the last one")
        }
    }

    /// client-first-message = gs2-header client-first-message-bare
    private mutating func receiveFirst(_ message: [UInt8]) throws -> Step {
        state = .done
        let parts = message.split(
            separator: UInt8(ascii: ","),
            maxSplits: 2,
            omittingEmptySubsequences: false
        )
        guard parts.count == 3 else { return .malformed("no GS2 header") }
        switch parts[0] {
        // "y": the client thinks that we have no channel binding, and so it is.
        case [UInt8(ascii: "n")], [UInt8(ascii: "y")]: break
        case let flag where flag.starts(with: "p=".utf8):
            return .malformed("channel binding, which is for SCRAM-SHA-256-PLUS")
        default: return .malformed("an unknown channel binding flag")
        }
        let authorization = Array(parts[1])
        guard authorization.isEmpty || authorization.starts(with: "a=".utf8) else {
            return .malformed("an unknown part of the GS2 header")
        }
        let bare = Array(parts[2])
        guard let values = ScramMessage(bare)?.values("nr"), let name = ScramMessage.decodeName(values[0]),
            let user = try? SASLprep.prepare(name)
        else { return .malformed("not n=name,r=nonce") }
        guard ScramMessage.isNonce(values[1]), values[1].count >= Self.nonceSizeMinBytes else {
            return .malformed("a nonce of fewer than \(Self.nonceSizeMinBytes) printable characters")
        }
        // To act for another user is not offered.
        guard authorization.isEmpty || ScramMessage.decodeName(Array(authorization.dropFirst(2))) == name
        else {
            return .malformed("another authorization identity")
        }

        let found = lookup(user)
        let credential = try found?.credential ?? decoy(for: user)
        let wholeNonce = values[1] + nonce
        let salt = Base64.encode(credential.salt, padded: true)
        let answer = Array("r=".utf8) + wholeNonce + Array(",s=\(salt),i=\(credential.iterations)".utf8)
        state = .challenged(
            Exchange(
                user: found?.name ?? user,
                credential: credential,
                isUser: found != nil,
                gs2Header: Array(message.prefix(message.count - bare.count)),
                nonce: wholeNonce,
                authMessage: bare + [UInt8(ascii: ",")] + answer
            )
        )
        return .challenge(answer)
    }

    /// client-final-message = channel-binding "," nonce ["," extensions] "," proof
    private mutating func receiveFinal(_ message: [UInt8], _ exchange: Exchange) throws -> Step {
        state = .done
        guard let parsed = ScramMessage(message), let values = parsed.values("cr"),
            let proofField = parsed.attributes.last, proofField.name == UInt8(ascii: "p"),
            let proof = Base64.decode(proofField.value, padding: .required), proof.count == 32
        else { return .malformed("not c=binding,r=nonce,p=proof") }
        guard values[0] == Array(Base64.encode(exchange.gs2Header, padded: true).utf8) else {
            return .malformed("another GS2 header than at first")
        }
        guard values[1] == exchange.nonce else { return .malformed("another nonce than ours") }

        // ",p=" and the proof are not part of what is signed.
        let withoutProof = message.prefix(message.count - proofField.value.count - 3)
        let authMessage = exchange.authMessage + [UInt8(ascii: ",")] + withoutProof
        let credential = exchange.credential
        let clientSignature = try Crypto.hmacSHA256(key: credential.storedKey, authMessage)
        let clientKey = ScramMessage.xor(proof, clientSignature)
        let isRight = Crypto.equal(try Crypto.sha256(clientKey), credential.storedKey)
        let signature = try Crypto.hmacSHA256(key: credential.serverKey, authMessage)
        guard isRight, exchange.isUser else { return .wrong }
        return .success(user: exchange.user, Array("v=\(Base64.encode(signature, padded: true))".utf8))
    }

    private func decoy(for user: String) throws -> ScramCredential {
        let bytes = try Crypto.hmacSHA256(key: decoySecret, Array(user.utf8))
        return ScramCredential(
            salt: Array(bytes.prefix(16)),
            iterations: decoyIterations,
            storedKey: try Crypto.hmacSHA256(key: decoySecret, bytes),
            serverKey: bytes
        )
    }
}
