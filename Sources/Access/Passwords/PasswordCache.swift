import Synchronization

/// Remembers for a while which passwords were right, without knowing them.
///
/// The key of an entry is an HMAC under a secret of this process, so a copy of the memory tells no more
/// than the password file does, except that guesses against it are cheap for whoever has the memory.
/// The stored hash is part of the key: with a new password the old one is no longer remembered.
final class PasswordCache: Sendable {
    let settings: AccessSettings.PasswordCacheSettings
    private let secret: [UInt8]
    /// Wall-clock seconds until which an entry counts.
    private let ends = Mutex<[[UInt8]: Int64]>([:])

    init(_ settings: AccessSettings.PasswordCacheSettings) throws {
        self.settings = settings
        secret = try Crypto.randomBytes(32)
    }

    /// Whether `password` was right for `hash` lately; `false` where it takes the long way to know.
    func knows(_ password: [UInt8], for user: String, _ hash: PasswordHash, now: Int64) -> Bool {
        guard settings.entriesMax > 0, let key = key(password, user, hash) else { return false }
        return ends.withLock { ends in ends[key].map { now < $0 } ?? false }
    }

    func remember(_ password: [UInt8], for user: String, _ hash: PasswordHash, now: Int64) {
        guard settings.entriesMax > 0, let key = key(password, user, hash) else { return }
        let (end, overflow) = now.addingReportingOverflow(settings.seconds)
        ends.withLock { ends in
            if ends[key] == nil, ends.count >= settings.entriesMax {
                // A sixteenth makes room at once, so that a full table is seldom looked through; any will
                // do, since the cache saves work and decides nothing.
                ends = ends.filter { now < $0.value }
                if ends.count >= settings.entriesMax {
                    for key in Array(ends.keys.prefix(max(1, settings.entriesMax / 16))) { ends[key] = nil }
                }
            }
            ends[key] = overflow ? .max : end
        }
    }

    private func key(_ password: [UInt8], _ user: String, _ hash: PasswordHash) -> [UInt8]? {
        // Neither names (in MQTT) nor hashes hold a zero byte, so the three cannot run into each other.
        try? Crypto.hmacSHA256(
            key: secret,
            Array(user.utf8) + [0] + Array(hash.text.utf8) + [0] + password
        )
    }
}
