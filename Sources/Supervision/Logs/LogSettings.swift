package import Logging

/// What is logged, and how a line looks.
package struct LogSettings: Sendable, Equatable {
    /// How a line is laid out.
    package enum Format: String, CaseIterable, Sendable {
        /// `2026-11-21T09:30:12.345Z info listener ready listener.url=tcp://127.0.0.1:1883`
        case text
        /// One JSON object per line.
        case json
    }

    /// Lines below this level are not made.
    package var level: Logger.Level = .info
    package var format: Format = .text
    /// Bytes of lines that may wait for a slow reader of standard error. Further lines are dropped and counted.
    package var queueSizeBytes = 4 << 20

    package init() {}
}
