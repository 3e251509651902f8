import Glibc

/// The line that says what is going on, on standard error and at most four times a second.
package struct Progress: Sendable {
    private let isShown: Bool
    private let prefix: String
    private var next: UInt64 = 0
    private var isDirty = false

    /// - Parameter isShown: commonly whether standard error is a terminal.
    package init(isShown: Bool, prefix: String) {
        self.isShown = isShown
        self.prefix = prefix
    }

    package static func isTerminal() -> Bool { isatty(STDERR_FILENO) == 1 }

    package mutating func show(_ text: () -> String) {
        guard isShown else { return }
        let now = Clock.now()
        guard now >= next else { return }
        next = now + 250_000_000
        isDirty = true
        Self.write("\r\u{1B}[K\(prefix): \(text())")
    }

    /// Takes the line away.
    package mutating func clear() {
        guard isDirty else { return }
        isDirty = false
        Self.write("\r\u{1B}[K")
    }

    private static func write(_ text: String) {
        var text = text
        text.withUTF8 { _ = Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }
}
