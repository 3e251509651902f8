internal import COpenSSL

/// Why TLS material cannot be used: what was found, where, and what to do.
package struct TLSError: Error, Equatable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) {
        self.description = description
    }

    /// The oldest entry of libssl's error queue in words, for example `key values mismatch`.
    static func reason() -> String {
        var text: String?
        while case let code = ERR_get_error(), code != 0 {
            if text == nil, let reason = ERR_reason_error_string(code) { text = String(cString: reason) }
        }
        return text ?? "unknown reason"
    }

    /// The reason, and whether a password was asked for in vain.
    static func keyReason() -> (text: String, needsPassword: Bool, wrongPassword: Bool) {
        let code = ERR_peek_last_error()
        let last = ERR_reason_error_string(code).map { String(cString: $0) } ?? ""
        let first = ERR_reason_error_string(ERR_peek_error()).map { String(cString: $0) } ?? last
        ERR_clear_error()
        let all = first + " " + last
        return (
            first,
            all.contains("password read") || all.contains("interrupted or cancelled")
                || all.contains("getting password"),
            all.contains("bad decrypt")
        )
    }
}
