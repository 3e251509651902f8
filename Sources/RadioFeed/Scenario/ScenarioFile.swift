package import MECModel
import Yams

/// Weir's own scenario format: a compact YAML file, described in `examples/monaco/README.md`.
///
/// It is strict: an unknown key, a value out of range or a name that nothing has stops with file, line
/// and column, since a mistyped key that silently becomes a default is worse than no scenario.
package enum ScenarioFile {
    /// Reads Weir's format or AdvantEDGE's, whichever `text` is.
    ///
    /// - Parameters:
    ///   - file: The name, for messages.
    /// - Throws: ``ScenarioError`` with the line.
    package static func read(
        _ text: String,
        file: String,
        limits: Scenario.Limits = Scenario.Limits()
    ) throws(ScenarioError) -> Scenario {
        guard text.utf8.count <= limits.fileBytes else {
            throw ScenarioError(
                file: file,
                message: "the file has \(text.utf8.count) bytes, more than scenario.fileBytes "
                    + "(\(limits.fileBytes)) allows"
            )
        }
        let document = try YAMLDocument(text, file: file)
        let root = try document.map(document.root, "a scenario file")
        if root["deployment"] != nil {
            return try AdvantEDGEFile.read(document, root: root, limits: limits)
        }
        var reader = ScenarioReader(document: document, limits: limits)
        return try reader.read(root)
    }
}
