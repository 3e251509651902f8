import Glibc

/// A call to the system that failed: what was tried, on what, and the system's own words.
package struct SystemError: Error, Equatable, CustomStringConvertible {
    package var action: String
    package var code: Int32

    package init(_ action: String, code: Int32 = errno) {
        self.action = action
        self.code = code
    }

    /// "Permission denied".
    package var reason: String { String(cString: strerror(code)) }

    package var description: String { "\(action): \(reason)" }
}
