import Glibc

/// Why a run could not be made, or could not be finished.
package struct LoadError: Error, Sendable, CustomStringConvertible {
    package let message: String

    package init(_ message: String) { self.message = message }

    package var description: String { message }

    /// An error of the last system call, with what was tried.
    static func system(_ what: String, _ code: Int32 = errno) -> LoadError {
        LoadError("\(what): \(String(cString: strerror(code)))")
    }
}
