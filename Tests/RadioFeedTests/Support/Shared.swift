import Foundation
import Testing

/// Data that lies beside the checkout and is never part of it.
enum Shared {
    /// The text of a file under `../shared` (or `../../shared`); `nil` where the folder is missing.
    static func text(_ path: String) -> String? {
        for up in ["../shared", "../../shared"] {
            let url = root.appendingPathComponent(up).appendingPathComponent(path)
            if let text = try? String(contentsOf: url, encoding: .utf8) { return text }
        }
        return nil
    }

    /// The package's own folder.
    static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    static let hasTraces = text("traces/README.md") != nil
    static let skipped: Comment = "../shared/traces is not there; this test reads it from beside the checkout"
}
