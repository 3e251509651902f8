/// The lines of a mosquitto.conf, taken apart and not yet understood.
package struct MosquittoFile {
    /// One line: a word, and what follows it.
    package struct Directive: Sendable, Equatable {
        package var name: String
        package var value: String
        package var place: Place
    }

    package private(set) var directives: [Directive] = []
    package private(set) var notes: [ImportNote] = []

    /// Files followed through `include_dir`, so that a directory that includes itself comes to an end.
    private static let fileCountMax = 1_000

    /// - Parameters:
    ///   - read: The content of a file.
    ///   - list: The paths of the files in a directory.
    package init(
        path: String,
        read: (String) throws -> String,
        list: (String) throws -> [String]
    ) throws {
        var count = 0
        try append(path, read, list, &count)
    }

    private mutating func append(
        _ path: String,
        _ read: (String) throws -> String,
        _ list: (String) throws -> [String],
        _ count: inout Int
    ) throws {
        count += 1
        guard count <= Self.fileCountMax else { return }
        var number = 0
        for line in try read(path).split(separator: "\n", omittingEmptySubsequences: false) {
            number += 1
            let text = line.drop { $0 == " " || $0 == "\t" }
            guard let first = text.first, first != "#", first != "\r" else { continue }
            let name = text.prefix { $0 != " " && $0 != "\t" && $0 != "\r" }
            let rest = text.dropFirst(name.count)
            let value = rest.drop { $0 == " " || $0 == "\t" }.reversed().drop { $0.isWhitespace }.reversed()
            let place = Place.file(path, line: number, column: line.count - text.count + 1)
            let directive = Directive(name: String(name), value: String(value), place: place)
            guard directive.name == "include_dir" else {
                directives.append(directive)
                continue
            }
            // mosquitto reads the files that end in .conf, in the order of the alphabet.
            do {
                for file in try list(directive.value).filter({ $0.hasSuffix(".conf") }).sorted() {
                    try append(file, read, list, &count)
                }
            } catch {
                notes.append(ImportNote(directive, "not read: \(error)"))
            }
        }
    }
}

/// Something of a mosquitto.conf that is not, or not exactly, in the settings made from it.
package struct ImportNote: Sendable, Equatable, CustomStringConvertible {
    package var place: Place
    package var directive: String
    package var message: String

    init(_ directive: MosquittoFile.Directive, _ message: String) {
        self.place = directive.place
        self.directive = directive.name
        self.message = message
    }

    package var description: String {
        // The column says nothing in a file of whole lines.
        guard case .file(let path, let line, _) = place else { return "\(directive): \(message)" }
        return "\(path):\(line): \(directive): \(message)"
    }
}
