import ArgumentParser
import Glibc
import Supervision

/// Asks a person for a password, or reads it from a pipe.
enum PasswordPrompt {
    /// Longest password, as long as MQTT lets one be `[MQTT 3.1.3.6]`.
    private static let lengthMax = 65_535

    static func ask(for user: String) throws -> String {
        guard isatty(0) == 1 else {
            guard let line = readLine(strippingNewline: true), !line.isEmpty else {
                throw ValidationError("Found no password on the input, expected it as the first line.")
            }
            return try checked(line)
        }
        let first = try secretly("Password for \(user): ")
        guard first == (try secretly("Once more: ")) else {
            Failure.tell("The passwords differ; nothing was changed.")
            throw ExitCode.failure
        }
        return try checked(first)
    }

    private static func checked(_ password: String) throws -> String {
        guard !password.isEmpty, password.utf8.count <= lengthMax else {
            throw ValidationError("A password has from 1 to \(lengthMax) bytes.")
        }
        return password
    }

    /// Reads a line from the terminal without showing it.
    private static func secretly(_ prompt: String) throws -> String {
        var shown = termios()
        guard tcgetattr(0, &shown) == 0 else { throw SystemError("cannot read from the terminal") }
        var hidden = shown
        hidden.c_lflag &= ~tcflag_t(ECHO)
        tcsetattr(0, TCSAFLUSH, &hidden)
        defer {
            tcsetattr(0, TCSAFLUSH, &shown)
            Failure.show("\n")
        }
        Failure.show(prompt)
        guard let line = readLine(strippingNewline: true) else { throw ExitCode.failure }
        return line
    }
}
