/// Users and their password hashes, read from lines `user:hash`.
///
/// Blank lines and lines that begin with `#` are passed over, as in mosquitto's `password_file`.
package struct PasswordFile: Sendable {
    package private(set) var hashes: [String: PasswordHash] = [:]
    /// As costly as most of the file's hashes; what a user who is not there is checked against.
    let decoy: PasswordHash
    /// The iterations that most SCRAM users have, for users that are not there.
    let scramIterations: UInt32

    package init(path: String) throws(AccessSettingsErrors) {
        let lines: [(number: Int, text: String)]
        do throws(AccessSettingsError) {
            lines = try TextFile.lines(path, expected: "a readable password file (weir passwd makes one)")
        } catch { throw AccessSettingsErrors([error]) }
        try self.init(lines: lines, path: path)
    }

    /// - Parameter name: Stands for the file in errors.
    package init(text: String, name: String) throws(AccessSettingsErrors) {
        let lines: [(number: Int, text: String)]
        do throws(AccessSettingsError) {
            lines = try TextFile.lines(of: Array(text.utf8), name)
        } catch { throw AccessSettingsErrors([error]) }
        try self.init(lines: lines, path: name)
    }

    private init(lines: [(number: Int, text: String)], path: String) throws(AccessSettingsErrors) {
        var errors: [AccessSettingsError] = []
        for (number, text) in lines {
            do throws(PasswordHash.Flaw) {
                guard let line = try PasswordLine(text) else { continue }
                let hash = try PasswordHash(text: line.hash)
                if hashes.updateValue(hash, forKey: line.user) != nil {
                    throw PasswordHash.Flaw(
                        found: "user \"\(line.user)\" a second time",
                        expected: "each user once"
                    )
                }
            } catch {
                errors.append(
                    AccessSettingsError(path, line: number, found: error.found, expected: error.expected)
                )
            }
        }
        if !errors.isEmpty { throw AccessSettingsErrors(errors) }
        var costs: [PasswordHash.Cost: Int] = [:]
        var iterations: [UInt32: Int] = [:]
        for hash in hashes.values {
            costs[hash.cost, default: 0] += 1
            if case .scram(let credential) = hash { iterations[credential.iterations, default: 0] += 1 }
        }
        let commonest = costs.max { $0.value < $1.value }?.key
        decoy = (commonest ?? .scrypt(PasswordHash.ScryptParameters())).decoy
        scramIterations = iterations.max { $0.value < $1.value }?.key ?? ScramCredential.iterationsDefault
    }

    /// A user and its hash.
    ///
    /// The name is as the file writes it: two spellings of one text in Unicode are equal to a dictionary,
    /// yet not to a topic.
    package struct Entry: Sendable {
        package let name: String
        package let hash: PasswordHash
    }

    package func entry(for user: String) -> Entry? {
        hashes.index(forKey: user).map { Entry(name: hashes[$0].key, hash: hashes[$0].value) }
    }

    /// Whether `password` is `user`'s. Blocks; an unknown user takes as long as a wrong password.
    package func verify(user: String, _ password: [UInt8]) throws -> Entry? {
        guard let entry = entry(for: user) else {
            _ = try decoy.verify(password)
            return nil
        }
        return try entry.hash.verify(password) ? entry : nil
    }

    /// Only users whose password was set with `--scram` have a credential.
    func scramCredential(of user: String) -> (name: String, credential: ScramCredential)? {
        guard let entry = entry(for: user), case .scram(let credential) = entry.hash else { return nil }
        return (entry.name, credential)
    }
}

/// One line of a password file, taken apart and not yet understood.
struct PasswordLine {
    var user: String
    var hash: String

    /// `nil` for a blank line or a comment.
    init?(_ line: String) throws(PasswordHash.Flaw) {
        let text = TextFile.trimmed(line[...])
        guard !text.isEmpty, text.utf8.first != UInt8(ascii: "#") else { return nil }
        // A user's name ends at the first colon, which no hash has.
        guard let colon = text.utf8.firstIndex(of: UInt8(ascii: ":")), colon > text.startIndex else {
            throw PasswordHash.Flaw(found: "a line without a user and a colon", expected: "user:hash")
        }
        user = String(text[..<colon])
        hash = String(text[text.utf8.index(after: colon)...])
    }
}
