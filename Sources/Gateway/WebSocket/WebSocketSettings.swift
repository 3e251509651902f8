/// What a WebSocket listener takes.
package struct WebSocketSettings: Sendable, Equatable {
    /// Path of the request, without its query; `nil` takes any.
    package var path: String? = "/mqtt"
    /// Values of `Origin` that may connect, compared byte for byte; `nil` takes any. A client that sends none
    /// is no browser and is let in.
    package var origins: [String]?
    /// Bytes of the whole request; more is answered with 431. 256…1 MiB.
    package var requestMaximumBytes = 8 << 10

    package init() {}
}
