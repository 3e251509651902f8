extension PasswordHash {
    /// Why a text is no hash. Says nothing of the text itself, which may be a password.
    package struct Flaw: Error, Sendable, Equatable {
        package var found: String
        package var expected: String
    }

    package init(text: String) throws(Flaw) {
        let fields = text.utf8.split(separator: UInt8(ascii: "$"), omittingEmptySubsequences: false)
        guard fields.count >= 3, fields[0].isEmpty else {
            throw Flaw(
                found: "something that is no hash",
                expected: "$scrypt$…, $scram-sha-256$…, $7$… or $6$…; set the password anew with weir passwd"
            )
        }
        switch String(fields[1]) {
        case "scrypt": self = try Self.readScrypt(fields)
        case "scram-sha-256": self = try Self.readScram(fields)
        case "7":
            guard fields.count == 5, let iterations = Self.number(fields[2], 1...Self.iterationsMax),
                let salt = Base64.decode(fields[3], padding: .required), !salt.isEmpty,
                let hash = Base64.decode(fields[4], padding: .required), hash.count == 64
            else {
                throw Flaw(
                    found: "a $7$ hash with a flaw",
                    expected:
                        "$7$iterations$salt$hash, 1 to \(Self.iterationsMax) iterations, 64 bytes of hash"
                )
            }
            self = .pbkdf2SHA512(iterations: iterations, salt: salt, hash: hash)
        case "6":
            guard fields.count == 4, let salt = Base64.decode(fields[2], padding: .required), !salt.isEmpty,
                let hash = Base64.decode(fields[3], padding: .required), hash.count == 64
            else {
                throw Flaw(found: "a $6$ hash with a flaw", expected: "$6$salt$hash, 64 bytes of hash")
            }
            self = .sha512(salt: salt, hash: hash)
        default:
            throw Flaw(
                found: "a kind of hash that is not known",
                expected: "$scrypt$…, $scram-sha-256$…, $7$… or $6$…; set the password anew with weir passwd"
            )
        }
    }

    package var text: String {
        func base64(_ bytes: [UInt8], padded: Bool = false) -> String { Base64.encode(bytes, padded: padded) }
        switch self {
        case .scrypt(let parameters, let salt, let hash):
            return "$scrypt$ln=\(parameters.logN),r=\(parameters.r),p=\(parameters.p)"
                + "$\(base64(salt))$\(base64(hash))"
        case .scram(let credential):
            return "$scram-sha-256$i=\(credential.iterations)$\(base64(credential.salt))"
                + "$\(base64(credential.storedKey))$\(base64(credential.serverKey))"
        case .pbkdf2SHA512(let iterations, let salt, let hash):
            return "$7$\(iterations)$\(base64(salt, padded: true))$\(base64(hash, padded: true))"
        case .sha512(let salt, let hash):
            return "$6$\(base64(salt, padded: true))$\(base64(hash, padded: true))"
        }
    }

    private typealias Field = Substring.UTF8View

    private static func readScrypt(_ fields: [Field]) throws(Flaw) -> PasswordHash {
        let flaw = Flaw(
            found: "a $scrypt$ hash with a flaw",
            expected: "$scrypt$ln=15,r=8,p=1$salt$hash, ln 10 to 20, r 1 to 32, p 1 to 16,"
                + " at most \(ScryptParameters.memoryMaxBytes >> 20) MiB (128 · r · 2^ln bytes)"
        )
        guard fields.count == 5, let values = assignments(fields[2], ["ln", "r", "p"]),
            let logN = number(values[0], 10...20), let r = number(values[1], 1...32),
            let p = number(values[2], 1...16), let salt = Base64.decode(fields[3], padding: .forbidden),
            salt.count >= 8, let hash = Base64.decode(fields[4], padding: .forbidden),
            (16...64).contains(hash.count)
        else { throw flaw }
        var parameters = ScryptParameters()
        parameters.logN = UInt8(logN)
        parameters.r = r
        parameters.p = p
        guard parameters.memoryBytes <= ScryptParameters.memoryMaxBytes else { throw flaw }
        return .scrypt(parameters, salt: salt, hash: hash)
    }

    private static func readScram(_ fields: [Field]) throws(Flaw) -> PasswordHash {
        guard fields.count == 6, let values = assignments(fields[2], ["i"]),
            let iterations = number(values[0], ScramCredential.iterationsMin...iterationsMax),
            let salt = Base64.decode(fields[3], padding: .forbidden), salt.count >= 8,
            let storedKey = Base64.decode(fields[4], padding: .forbidden), storedKey.count == 32,
            let serverKey = Base64.decode(fields[5], padding: .forbidden), serverKey.count == 32
        else {
            throw Flaw(
                found: "a $scram-sha-256$ hash with a flaw",
                expected: "$scram-sha-256$i=10000$salt$storedKey$serverKey,"
                    + " \(ScramCredential.iterationsMin) to \(iterationsMax) iterations"
            )
        }
        return .scram(
            ScramCredential(salt: salt, iterations: iterations, storedKey: storedKey, serverKey: serverKey)
        )
    }

    /// The values of `a=1,b=2` where the names are these in this order.
    private static func assignments(_ field: Field, _ names: [String]) -> [Field]? {
        let parts = field.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
        guard parts.count == names.count else { return nil }
        var values: [Field] = []
        for (part, name) in zip(parts, names) {
            guard part.starts(with: (name + "=").utf8) else { return nil }
            values.append(part.dropFirst(name.utf8.count + 1))
        }
        return values
    }

    /// Decimal digits without a leading zero, within `range`.
    private static func number(_ field: Field, _ range: ClosedRange<UInt32>) -> UInt32? {
        guard (1...10).contains(field.count), field.allSatisfy({ (0x30...0x39).contains($0) }),
            field.first != UInt8(ascii: "0"), let value = UInt32(String(field) ?? "")
        else { return nil }
        return range.contains(value) ? value : nil
    }
}
