/// Stacks the channels that a configuration asks for.
enum ChannelFactory {
    static func open(
        _ configuration: ClientConfiguration,
        deadline: ContinuousClock.Instant
    ) throws(ClientError) -> any ByteChannel {
        let socket = try SocketChannel.open(
            configuration.endpoint,
            bindAddress: configuration.bindAddress,
            proxy: configuration.proxy,
            deadline: deadline
        )
        let (host, authority): (String?, String) =
            switch configuration.endpoint {
            case .tcp(let host, let port):
                (host, host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)")
            case .unix: (nil, "localhost")
            }
        var channel: any ByteChannel = socket
        if let tls = configuration.tls {
            channel = try TLSChannel(socket: socket, options: tls, host: host)
        }
        if let path = configuration.webSocketPath {
            channel = WebSocketChannel(inner: channel, host: authority, path: path)
        }
        return channel
    }
}
