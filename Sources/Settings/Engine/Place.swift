/// Where a setting was written, as an operator would look for it.
package enum Place: Sendable, Equatable {
    /// Line and column start at 1.
    case file(String, line: Int, column: Int)
    /// The name of the environment variable.
    case environment(String)
    /// The flag as it was typed.
    case flag(String)
    /// Nowhere: the value is the default.
    case builtIn
}

extension Place: CustomStringConvertible {
    package var description: String {
        switch self {
        case .file(let path, let line, let column): "\(path):\(line):\(column)"
        case .environment(let name): "environment variable \(name)"
        case .flag(let text): "flag \(text)"
        case .builtIn: "built-in default"
        }
    }
}
