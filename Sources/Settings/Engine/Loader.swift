/// Turns a file, environment variables and flags into one settings value.
///
/// Later ones win: built-in default, file, environment, flags.
package struct Loader<Root: Sendable>: Sendable {
    package var schema: Schema<Root>
    package var defaults: Root

    package init(schema: Schema<Root>, defaults: Root) {
        self.schema = schema
        self.defaults = defaults
    }

    /// What was read, and where each key came from.
    package struct Loaded: Sendable {
        package var settings: Root
        package var places: [String: Place]
    }

    /// - Parameters:
    ///   - file: The YAML text and the file's name as the operator knows it.
    ///   - environment: All variables; those that begin with `WEIR_` are read.
    ///   - flags: What followed each `--set`, as `key=value`.
    /// - Throws: every problem found, not just the first.
    package func load(
        file: (text: String, path: String)? = nil,
        environment: [String: String] = [:],
        flags: [String] = []
    ) throws(Problems) -> Loaded {
        var problems: [Problem] = []
        var tree = SettingNode.map([], .builtIn)
        if let file {
            do {
                tree = try YAMLReader.read(file.text, path: file.path)
            } catch {
                problems.append(error)
            }
        }
        let fields = schema.fields(of: defaults)
        let names = Field.fixedNames(fields)
        problems += Overrides.apply(environment: environment, names: names, to: &tree)
        problems += Overrides.apply(flags: flags, to: &tree)

        var decoding = Decoding(knownNames: names)
        var settings = defaults
        schema.decode(tree, into: &settings, path: "", &decoding)
        problems += decoding.problems.inReadingOrder
        guard problems.isEmpty else { throw Problems(problems) }
        return Loaded(settings: settings, places: decoding.places)
    }
}
