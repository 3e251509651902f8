/// Something in the settings or in a file they name that cannot be taken as it is.
package struct AccessSettingsError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The file, or the setting's name such as `access.roles.sensor`.
    package var place: String
    /// From 1; `nil` where the whole is meant.
    package var line: Int?
    /// Never a secret: hashes, keys and passwords are described, not shown.
    package var found: String
    package var expected: String

    package init(_ place: String, line: Int? = nil, found: String, expected: String) {
        self.place = place
        self.line = line
        self.found = found
        self.expected = expected
    }

    package var description: String {
        let line = line.map { ", line \($0)" } ?? ""
        return "\(place)\(line): found \(found); expected \(expected)"
    }
}

/// All that is wrong, so that an operator mends it in one go.
package struct AccessSettingsErrors: Error, Sendable, Equatable, CustomStringConvertible {
    package var errors: [AccessSettingsError]

    package init(_ errors: [AccessSettingsError]) { self.errors = errors }

    package var description: String { errors.map(\.description).joined(separator: "\n") }
}
