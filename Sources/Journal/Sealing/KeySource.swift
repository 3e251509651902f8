/// Where the key that seals a journal comes from, as an operator writes it.
package enum KeySource: Sendable, Equatable {
    /// `file:PATH`
    case file(String)
    /// `environment:NAME`
    case environment(String)
    /// `credential:NAME`: a file that systemd puts into `$CREDENTIALS_DIRECTORY`.
    case credential(String)

    package init?(_ text: String) {
        guard let colon = text.firstIndex(of: ":") else { return nil }
        let name = String(text[text.index(after: colon)...])
        guard !name.isEmpty else { return nil }
        switch text[..<colon] {
        case "file": self = .file(name)
        case "environment": self = .environment(name)
        case "credential": self = .credential(name)
        default: return nil
        }
    }

    package var description: String {
        switch self {
        case .file(let path): "file:\(path)"
        case .environment(let name): "environment:\(name)"
        case .credential(let name): "credential:\(name)"
        }
    }

    /// Reads the key: 32 bytes as they are, or as 64 hexadecimal digits with or without a newline.
    ///
    /// - Throws: ``LogError/Code/wrongKey`` with where the key was looked for and what was found there.
    package func key(environment: [String: String]) throws(LogError) -> KeyRing.Key {
        switch self {
        case .file(let path): return try key(Self.read(path))
        case .environment(let name):
            guard let value = environment[name] else {
                throw LogError(.wrongKey, "sealing key \(description): the variable is not set")
            }
            return try key(Array(value.utf8))
        case .credential(let name):
            guard let directory = environment["CREDENTIALS_DIRECTORY"] else {
                throw LogError(
                    .wrongKey,
                    "sealing key \(description): $CREDENTIALS_DIRECTORY is not set; "
                        + "start under systemd with LoadCredential=\(name):PATH, or use file:"
                )
            }
            return try key(Self.read("\(directory)/\(name)"))
        }
    }

    private func key(_ bytes: [UInt8]) throws(LogError) -> KeyRing.Key {
        if bytes.count == KeyRing.Key.byteCount { return try KeyRing.Key(bytes: bytes) }
        let text = String(decoding: bytes, as: UTF8.self).filter { !$0.isWhitespace }
        var decoded: [UInt8] = []
        var rest = text[...]
        while let byte = UInt8(rest.prefix(2), radix: 16), rest.count >= 2 {
            decoded.append(byte)
            rest = rest.dropFirst(2)
        }
        guard rest.isEmpty, decoded.count == KeyRing.Key.byteCount else {
            throw LogError(
                .wrongKey,
                "sealing key \(description): found \(bytes.count) bytes, expected 32, or 64 hexadecimal digits; "
                    + "make one with: openssl rand -hex 32"
            )
        }
        return try KeyRing.Key(bytes: decoded)
    }

    private static func read(_ path: String) throws(LogError) -> [UInt8] {
        do throws(DiskError) {
            let file = try POSIXDisk().open(path, .read)
            return try file.read(count: 4096, at: 0)
        } catch {
            throw LogError(.wrongKey, "sealing key: \(error)")
        }
    }
}

extension KeyRing {
    /// The keys of `sources`, the first for new files.
    package init(_ sources: [KeySource], environment: [String: String]) throws(LogError) {
        var keys: [Key] = []
        for source in sources { keys.append(try source.key(environment: environment)) }
        self.init(keys: keys)
    }
}
