import ArgumentParser
import Settings
import Supervision

/// Where settings come from: the options that every command shares which reads them.
struct SettingsOptions: ParsableArguments {
    @Option(
        name: [.short, .customLong("config")],
        help: "Read settings from this YAML file. The environment variable WEIR_CONFIG names one too.",
        completion: .file(extensions: ["yaml", "yml"])
    )
    var config: String?

    @Option(
        name: [.short, .customLong("listen")],
        help: ArgumentHelp(
            "Listen here, in the place of the file's listeners: tcp://HOST:PORT, tls://, ws://, wss:// or unix:///PATH.",
            discussion: "May be given several times. Port 0 takes any free port.",
            valueName: "url"
        )
    )
    var listen: [String] = []

    @Option(
        name: [.short, .customLong("data")],
        help: "Keep everything in this directory.",
        completion: .directory
    )
    var data: String?

    @Option(
        name: [.short, .customLong("set")],
        help: ArgumentHelp(
            "Set any key of the settings file.",
            discussion: "May be given several times. \"weir config keys\" lists them.",
            valueName: "key=value"
        )
    )
    var set: [String] = []

    @Option(
        help: "Log lines of this level and above: trace, debug, info, notice, warning, error or critical."
    )
    var logLevel: String?

    @Option(help: "Lay log lines out as text or json.")
    var logFormat: String?

    /// The path of the settings file, if there is one.
    func path(in environment: [String: String]) -> String? {
        config ?? environment["WEIR_CONFIG"]
    }

    /// Reads everything anew; a reload calls it again.
    ///
    /// - Throws: every problem there is, or a ``SystemError`` for a file that cannot be read.
    func load(environment: [String: String]) throws -> Loader<WeirSettings>.Loaded {
        var loader = WeirSettings.loader
        if let directory = ServiceManager.stateDirectory(environment: environment) {
            loader.defaults.dataDirectory = directory
        }
        let file = try path(in: environment).map { path in
            (text: try TextFile.read(path, limit: YAMLReader.sizeMaxBytes), path: path)
        }
        return try loader.load(file: file, environment: environment, flags: set + shorthands)
    }

    /// The named flags as what they stand for.
    private var shorthands: [String] {
        var flags: [String] = []
        if !listen.isEmpty {
            let urls = listen.map { "{url: \(Sample.quoted($0))}" }
            flags.append("listeners=[\(urls.joined(separator: ", "))]")
        }
        if let data { flags.append("dataDirectory=\(data)") }
        if let logLevel { flags.append("log.level=\(logLevel)") }
        if let logFormat { flags.append("log.format=\(logFormat)") }
        return flags
    }
}
