import NIOCore

/// Closes a connection whose client has been silent for longer than its answer to a keepalive may take.
///
/// The transport asks silent clients whether they are still there, but when no answer comes it says goodbye and waits for
/// the client to agree, which one that has vanished never does.
final class SilenceLimit: ChannelInboundHandler {
    typealias InboundIn = NIOAny

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard let idle = event as? IdleStateHandler.IdleStateEvent, idle == .read else {
            context.fireUserInboundEventTriggered(event)
            return
        }
        context.close(promise: nil)
    }

    /// Adds it to a connection, where the bytes come in.
    static func add(to channel: any Channel, _ settings: RPCSettings) -> EventLoopFuture<Void> {
        let limit = settings.keepaliveTime + settings.keepaliveTimeout
        return channel.eventLoop.makeCompletedFuture {
            try channel.pipeline.syncOperations.addHandlers(
                [
                    IdleStateHandler(readTimeout: .nanoseconds(Int64(limit / .nanoseconds(1)))),
                    SilenceLimit(),
                ],
                position: .first
            )
        }
    }
}
