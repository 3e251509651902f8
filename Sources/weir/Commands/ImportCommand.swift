import ArgumentParser
import Glibc
import Settings
import Supervision

struct ImportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Make a settings file from a mosquitto.conf.",
        discussion: """
            Prints the settings, each with the line it came from. What could not be carried over is told on \
            standard error with file and line, and stands at the top of the settings as comments. Password, ACL \
            and PSK files are read by Weir as they are.

            EXAMPLE
              weir import /etc/mosquitto/mosquitto.conf > weir.yaml && weir check --config weir.yaml
            """
    )

    @Argument(
        help: "The mosquitto.conf; files that it includes are read too.",
        completion: .file(extensions: ["conf"])
    )
    var file: String

    @Option(
        name: [.short, .customLong("output")],
        help: "Write the settings to this file.",
        completion: .file()
    )
    var output: String?

    func run() throws {
        do {
            let parsed = try MosquittoFile(
                path: file,
                read: { try TextFile.read($0, limit: YAMLReader.sizeMaxBytes) },
                list: Self.files
            )
            let result = MosquittoImport(parsed)
            for note in result.notes { Failure.tell("\(note)") }
            if let output {
                try TextFile.replace(output, with: result.yaml)
            } else {
                print(result.yaml, terminator: "")
            }
        } catch let error as SystemError {
            Failure.tell("\(error)")
            throw ExitCode.failure
        }
    }

    private static func files(in directory: String) throws -> [String] {
        guard let stream = opendir(directory) else { throw SystemError("cannot read \(directory)") }
        defer { closedir(stream) }
        var paths: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if !name.hasPrefix(".") { paths.append("\(directory)/\(name)") }
        }
        return paths
    }
}
