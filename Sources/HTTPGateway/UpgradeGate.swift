import NIOCore
import NIOHTTP1

/// Decides whether a connection's first request becomes a WebSocket, before NIO's upgrade handler sees it.
///
/// That handler forgets a request whose upgrade is refused, or that asks for something else than a WebSocket (as
/// Java's HTTP client and `curl --http2` do with h2c), and the client would wait for ever. Here such a request loses
/// its Upgrade field, as RFC 9110 7.8 allows, and is answered like any other. The connection closes behind the
/// answer, since NIO's decoder reads nothing more after a request with that field.
final class UpgradeGate: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart

    /// Parts that wait while a source is looked for; a client that goes on without an answer is turned away.
    private static let waitingMax = 16

    private let found: NIOLoopBoundBox<(any WebSocketSource)?>
    private let isWebSocket: @Sendable (_ path: String) -> Bool
    private let source: @Sendable (HTTPRequestHead) async -> (any WebSocketSource)?
    private var waiting: [HTTPServerRequestPart]?
    private var isFirst = true

    /// - Parameters:
    ///   - found: Where the source goes.
    ///   - isWebSocket: Whether there may be one at a path.
    ///   - source: What it is to carry; `nil` refuses.
    init(
        found: NIOLoopBoundBox<(any WebSocketSource)?>,
        isWebSocket: @escaping @Sendable (_ path: String) -> Bool,
        source: @escaping @Sendable (HTTPRequestHead) async -> (any WebSocketSource)?
    ) {
        self.found = found
        self.isWebSocket = isWebSocket
        self.source = source
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let part = Self.unwrapInboundIn(data)
        if waiting != nil {
            waiting?.append(part)
            if waiting?.count ?? 0 > Self.waitingMax { context.close(promise: nil) }
            return
        }
        guard case .head(let head) = part else { return context.fireChannelRead(data) }
        defer { isFirst = false }
        guard head.headers.contains(name: "upgrade") else { return context.fireChannelRead(data) }
        guard isFirst, wantsWebSocket(head) else {
            context.fireChannelRead(Self.wrapInboundOut(.head(head.withoutUpgrade)))
            return
        }
        waiting = [part]
        context.eventLoop.makeFutureWithTask { [source, head] in await source(head) }
            .assumeIsolated()
            .whenSuccess { self.decide($0, head, context) }
    }

    private func wantsWebSocket(_ head: HTTPRequestHead) -> Bool {
        head.headers[canonicalForm: "upgrade"].contains { $0.lowercased() == "websocket" }
            && !head.headers.contains(name: "content-length")
            && !head.headers.contains(name: "transfer-encoding") && isWebSocket(head.path)
    }

    private func decide(
        _ source: (any WebSocketSource)?,
        _ head: HTTPRequestHead,
        _ context: ChannelHandlerContext
    ) {
        guard context.channel.isActive else {
            source?.close()
            return
        }
        found.value = source
        let parts = (waiting ?? []).dropFirst()
        waiting = nil
        context.fireChannelRead(Self.wrapInboundOut(.head(source == nil ? head.withoutUpgrade : head)))
        for part in parts { context.fireChannelRead(Self.wrapInboundOut(part)) }
        context.fireChannelReadComplete()
        // What follows is no HTTP any more.
        if source != nil { context.pipeline.syncOperations.removeHandler(self, promise: nil) }
    }
}

extension HTTPRequestHead {
    /// The target without its query.
    var path: String { String(uri.prefix { $0 != "?" }) }

    fileprivate var withoutUpgrade: HTTPRequestHead {
        var head = self
        head.headers.remove(name: "upgrade")
        head.headers.replaceOrAdd(name: "connection", value: "close")
        return head
    }
}
