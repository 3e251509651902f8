/// Why a scenario file was refused: where, what was expected and what was found.
package struct ScenarioError: Error, Sendable, Equatable, CustomStringConvertible {
    package var file: String
    /// From 1; `nil` when the file as a whole is meant.
    package var line: Int?
    package var column: Int?
    package var message: String

    package init(file: String, line: Int? = nil, column: Int? = nil, message: String) {
        self.file = file
        self.line = line
        self.column = column
        self.message = message
    }

    package var description: String {
        var place = file
        if let line { place += ":\(line)" }
        if let column { place += ":\(column)" }
        return "\(place): \(message)"
    }
}
