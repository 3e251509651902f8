package import FoundationEssentials

/// Results as JSON.
package enum ResultFile {
    private struct Contents: Codable {
        var results: [ScenarioResult]
    }

    package static func encode(_ results: [ScenarioResult]) throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        return try encoder.encode(Contents(results: results))
    }

    package static func decode(_ data: Data) throws -> [ScenarioResult] {
        try JSONDecoder().decode(Contents.self, from: data).results
    }

    /// - Parameter path: `-` is standard output.
    package static func write(_ results: [ScenarioResult], to path: String) throws {
        let data = try encode(results)
        if path == "-" {
            print(String(decoding: data, as: UTF8.self))
            return
        }
        do {
            try data.write(to: URL(filePath: path))
        } catch {
            throw LoadError("the results cannot be written to \(path): \(error)")
        }
    }
}
