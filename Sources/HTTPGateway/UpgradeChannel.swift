import HTTPTypes
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import NIOHTTPTypes
import NIOHTTPTypesHTTP1
import NIOWebSocket

/// A connection of HTTP/1.1 that may become a WebSocket (RFC 6455) with its first request.
struct UpgradeChannel: HTTPChannelHandler {
    /// What the connection turned out to be.
    enum Kind: Sendable {
        case http(NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart>)
        case webSocket(NIOAsyncChannel<WebSocketFrame, WebSocketFrame>, any WebSocketSource)
    }

    struct Value: ServerChildChannelValue {
        let negotiated: EventLoopFuture<Kind>
        let channel: any Channel
    }

    let responder: HTTPChannelHandler.Responder
    let settings: HTTPSettings
    let isSecure: Bool
    let service: (any HTTPService)?

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        channel.eventLoop.makeCompletedFuture {
            let found = NIOLoopBoundBox<(any WebSocketSource)?>(nil, eventLoop: channel.eventLoop)
            let upgrade = NIOTypedHTTPServerUpgradeConfiguration<Kind>(
                upgraders: [upgrader(found)],
                notUpgradingCompletionHandler: { channel in
                    channel.eventLoop.makeCompletedFuture {
                        let pipeline = channel.pipeline.syncOperations
                        try pipeline.addHandler(HTTP1ToHTTPServerCodec(secure: isSecure))
                        try pipeline.addHandler(
                            HTTPConnectionStateHandler(idleTimeout: settings.idleTimeout, logger: logger)
                        )
                        return .http(
                            try NIOAsyncChannel(
                                wrappingChannelSynchronously: channel,
                                configuration: .init(isOutboundHalfClosureEnabled: true)
                            )
                        )
                    }
                }
            )
            var configuration = NIOUpgradableHTTPServerPipelineConfiguration(upgradeConfiguration: upgrade)
            configuration.enablePipelining = false
            // A request that cannot be read is answered with 400; HTTPTypes checks the headers of answers.
            configuration.enableErrorHandling = true
            configuration.enableResponseHeaderValidation = false
            configuration.decoderConfiguration.maxHeaderFieldSize = settings.maximumHeaderSize
            configuration.decoderConfiguration.maxHeaderListSize = settings.maximumHeaderSize
            configuration.decoderConfiguration.maxHeaderFieldCount = 100
            let negotiated = try channel.pipeline.syncOperations.configureUpgradableHTTPServerPipeline(
                configuration: configuration
            )
            let pipeline = channel.pipeline.syncOperations
            try pipeline.addHandler(
                UpgradeGate(
                    found: found,
                    isWebSocket: { [service] path in service?.hasWebSocket(at: path) ?? false },
                    source: { head in await source(of: head, channel) }
                ),
                position: .before(try pipeline.handler(type: NIOTypedHTTPServerUpgradeHandler<Kind>.self))
            )
            // Until the first request there is nobody in the pipeline who would mind the silence.
            let silence = channel.eventLoop.scheduleTask(in: TimeAmount(settings.idleTimeout)) {
                channel.close(promise: nil)
            }
            negotiated.whenComplete { _ in silence.cancel() }
            return Value(negotiated: negotiated, channel: channel)
        }
    }

    /// - Parameter found: What ``UpgradeGate`` has found for the request.
    private func upgrader(_ found: NIOLoopBoundBox<(any WebSocketSource)?>)
        -> NIOTypedWebSocketServerUpgrader<Kind>
    {
        NIOTypedWebSocketServerUpgrader(
            maxFrameSize: 1 << 14,
            shouldUpgrade: { channel, _ in
                channel.eventLoop.makeSucceededFuture(found.value == nil ? nil : HTTPHeaders())
            },
            upgradePipelineHandler: { channel, _ in
                channel.eventLoop.makeCompletedFuture {
                    guard let source = found.value else { throw ChannelError.alreadyClosed }
                    return .webSocket(try NIOAsyncChannel(wrappingChannelSynchronously: channel), source)
                }
            }
        )
    }

    private func source(of head: HTTPRequestHead, _ channel: any Channel) async -> (any WebSocketSource)? {
        await service?.webSocket(
            WebSocketRequest(
                path: head.path,
                authorization: head.headers.first(name: "authorization"),
                peerAddress: channel.remoteAddress?.ipAddress ?? "",
                isLoopback: channel.remoteAddress?.isLoopback ?? false,
                clientCertificate: isSecure && settings.clientCertificate != .none
                    ? await channel.clientCertificate() : nil
            )
        )
    }

    func handle(value: Value, logger: Logger) async {
        do {
            switch try await value.negotiated.get() {
            case .http(let channel): await handleHTTP(asyncChannel: channel, logger: logger)
            case .webSocket(let channel, let source):
                try await WebSocketConnection(source: source).run(channel)
            }
        } catch {
            // The client left, or sent what is no HTTP: the connection is closed and nobody else cares.
            logger.trace("connection ended", metadata: ["error.message": "\(error)"])
            value.channel.close(promise: nil)
        }
    }
}

/// One WebSocket: sends what its source has, and answers pings and the close.
private struct WebSocketConnection {
    let source: any WebSocketSource

    func run(_ channel: NIOAsyncChannel<WebSocketFrame, WebSocketFrame>) async throws {
        try await withTaskCancellationHandler {
            try await channel.executeThenClose { inbound, outbound in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask {
                        while let message = await source.next() {
                            let data = ByteBuffer(bytes: message)
                            try await outbound.write(WebSocketFrame(fin: true, opcode: .text, data: data))
                        }
                        try await outbound.write(close(.goingAway))
                    }
                    group.addTask { try await read(inbound, outbound) }
                    // Whichever ends first ends the other.
                    defer {
                        source.close()
                        group.cancelAll()
                    }
                    try await group.next()
                }
            }
        } onCancel: {
            source.close()
            channel.channel.close(mode: .all, promise: nil)
        }
    }

    private func read(
        _ inbound: NIOAsyncChannelInboundStream<WebSocketFrame>,
        _ outbound: NIOAsyncChannelOutboundWriter<WebSocketFrame>
    ) async throws {
        for try await frame in inbound {
            switch frame.opcode {
            case .ping:
                // RFC 6455 5.5.3: the pong has the ping's data.
                try await outbound.write(WebSocketFrame(fin: true, opcode: .pong, data: frame.unmaskedData))
            case .connectionClose:
                try await outbound.write(close(.normalClosure))
                return
            default: break
            }
        }
    }

    private func close(_ code: WebSocketErrorCode) -> WebSocketFrame {
        var data = ByteBuffer()
        data.write(webSocketErrorCode: code)
        return WebSocketFrame(fin: true, opcode: .connectionClose, data: data)
    }
}
