/// A password as it is kept: enough to recognise it, not enough to know it.
///
/// As text:
///
///     $scrypt$ln=15,r=8,p=1$salt$hash                     what `weir passwd` writes
///     $scram-sha-256$i=10000$salt$storedKey$serverKey     what `weir passwd --scram` writes
///     $7$iterations$salt$hash                             mosquitto 2: PBKDF2 with HMAC-SHA-512
///     $6$salt$hash                                        mosquitto 1: SHA-512 of password and salt
///
/// Salts, hashes and keys are base 64; mosquitto's with padding, ours without.
package enum PasswordHash: Sendable, Equatable {
    case scrypt(ScryptParameters, salt: [UInt8], hash: [UInt8])
    case scram(ScramCredential)
    case pbkdf2SHA512(iterations: UInt32, salt: [UInt8], hash: [UInt8])
    case sha512(salt: [UInt8], hash: [UInt8])

    /// How much work a guess is.
    package struct ScryptParameters: Sendable, Hashable {
        /// Binary logarithm of N. 10…20.
        package var logN: UInt8 = 15
        /// 1…32.
        package var r: UInt32 = 8
        /// 1…16.
        package var p: UInt32 = 1

        package init() {}

        /// 32 MiB as `weir passwd` sets it. At most ``memoryMaxBytes``.
        package var memoryBytes: Int { 128 * Int(r) << Int(logN) }
        package static let memoryMaxBytes = 256 << 20
    }

    /// Iterations of PBKDF2 beyond this would keep a worker busy for seconds.
    package static let iterationsMax: UInt32 = 10_000_000

    /// Whether `password` is the one. Blocks: scrypt takes about a tenth of a second.
    package func verify(_ password: [UInt8]) throws -> Bool {
        switch self {
        case .scrypt(let parameters, let salt, let hash):
            let key = try Crypto.scrypt(
                password: password,
                salt: salt,
                logN: parameters.logN,
                r: parameters.r,
                p: parameters.p,
                count: hash.count
            )
            return Crypto.equal(key, hash)
        case .scram(let credential):
            return try credential.verify(password)
        case .pbkdf2SHA512(let iterations, let salt, let hash):
            let key = try Crypto.pbkdf2(
                .sha512,
                password: password,
                salt: salt,
                iterations: iterations,
                count: hash.count
            )
            return Crypto.equal(key, hash)
        case .sha512(let salt, let hash):
            return Crypto.equal(try Crypto.sha512(password + salt), hash)
        }
    }

    /// A fresh scrypt hash with a salt of 16 random bytes.
    package static func scrypt(
        _ password: [UInt8],
        _ parameters: ScryptParameters = ScryptParameters()
    ) throws -> PasswordHash {
        let salt = try Crypto.randomBytes(16)
        let hash = try Crypto.scrypt(
            password: password,
            salt: salt,
            logN: parameters.logN,
            r: parameters.r,
            p: parameters.p,
            count: 32
        )
        return .scrypt(parameters, salt: salt, hash: hash)
    }

    /// What a guess costs, to make one for a user that is not there cost as much.
    var cost: Cost {
        switch self {
        case .scrypt(let parameters, _, _): .scrypt(parameters)
        case .scram(let credential): .scram(credential.iterations)
        case .pbkdf2SHA512(let iterations, _, _): .pbkdf2SHA512(iterations)
        case .sha512: .sha512
        }
    }

    enum Cost: Hashable {
        case scrypt(ScryptParameters)
        case scram(UInt32)
        case pbkdf2SHA512(UInt32)
        case sha512

        /// A hash that costs this and that no password has.
        var decoy: PasswordHash {
            let salt = [UInt8](repeating: 0, count: 16)
            let short = [UInt8](repeating: 0, count: 32)
            let long = [UInt8](repeating: 0, count: 64)
            return switch self {
            case .scrypt(let parameters): .scrypt(parameters, salt: salt, hash: short)
            case .scram(let iterations):
                .scram(
                    ScramCredential(salt: salt, iterations: iterations, storedKey: short, serverKey: short)
                )
            case .pbkdf2SHA512(let iterations):
                .pbkdf2SHA512(iterations: iterations, salt: salt, hash: long)
            case .sha512: .sha512(salt: salt, hash: long)
            }
        }
    }
}
