package import Logging

/// One line per event: a constant message and dotted metadata, as text or JSON.
package struct LineLogHandler: LogHandler {
    private let sink: LogSink
    private var override: Logger.Level?
    package var metadata: Logger.Metadata = [:]
    package var metadataProvider: Logger.MetadataProvider?

    package init(sink: LogSink) {
        self.sink = sink
    }

    /// The sink's level unless this logger was given its own.
    package var logLevel: Logger.Level {
        get { override ?? sink.level }
        set { override = newValue }
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        var all = metadata
        if let provided = metadataProvider?.get() { all.merge(provided) { $1 } }
        if let given = event.metadata { all.merge(given) { $1 } }
        if let error = event.error { all["error.message"] = "\(error)" }
        sink.append(
            LogLine.make(
                sink.format,
                time: LogLine.now(),
                level: event.level,
                message: event.message.description,
                metadata: all.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
            )
        )
    }
}
