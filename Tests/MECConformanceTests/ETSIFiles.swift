import Foundation

/// ETSI's OpenAPI files, which lie beside the checkout and are never part of it.
enum ETSIFiles {
    /// `nil` when they are missing; tests that need them say so and are skipped.
    static let folder: URL? = {
        let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        return ["../shared/etsi", "../../shared/etsi"]
            .map { package.appendingPathComponent($0).standardizedFileURL }
            .first { FileManager.default.fileExists(atPath: $0.appendingPathComponent("gs012").path) }
    }()

    static let packageRoot = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    static var areThere: Bool { folder != nil }
}

/// Runs a Python script of this folder, with the packages that `make setup-test` installs where they are.
struct PythonScript {
    struct Outcome {
        let status: Int32
        let lines: [String]
    }

    let name: String

    func run(_ arguments: [String], input: Data) async throws -> Outcome {
        let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent(name)
        let own = ETSIFiles.packageRoot.appendingPathComponent(".build/venv/bin/python3").path
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        let python = FileManager.default.isExecutableFile(atPath: own) ? own : "python3"
        process.arguments = [python, script.path] + arguments
        // Through files: a pipe that nobody reads while the other is written would block.
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
            "weir-\(UUID().uuidString)"
        )
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let inputFile = folder.appendingPathComponent("in")
        let outputFile = folder.appendingPathComponent("out")
        try input.write(to: inputFile)
        try Data().write(to: outputFile)
        process.standardInput = try FileHandle(forReadingFrom: inputFile)
        let output = try FileHandle(forWritingTo: outputFile)
        process.standardOutput = output
        process.standardError = output
        // Other tests share the threads: nobody may block one until the script is done.
        try await withCheckedThrowingContinuation { (done: CheckedContinuation<Void, any Error>) in
            process.terminationHandler = { _ in done.resume() }
            do { try process.run() } catch { done.resume(throwing: error) }
        }
        let text = String(decoding: try Data(contentsOf: outputFile), as: UTF8.self)
        return Outcome(status: process.terminationStatus, lines: text.split(separator: "\n").map(String.init))
    }
}
