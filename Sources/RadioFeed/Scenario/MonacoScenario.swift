/// The scenario that a Weir without a configuration starts with.
///
/// The file is `examples/monaco/monaco.yaml`; the build puts it into the program, so that the one
/// binary needs no folder beside it.
package enum MonacoScenario {
    package static let file = "examples/monaco/monaco.yaml"

    /// The text of the file.
    package static var text: String { String(decoding: PackageResources.monaco_yaml, as: UTF8.self) }

    /// - Throws: Never with the file that the tests saw.
    package static func scenario() throws(ScenarioError) -> Scenario {
        try ScenarioFile.read(text, file: file)
    }
}
