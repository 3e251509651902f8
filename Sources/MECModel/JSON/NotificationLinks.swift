/// The `_links` of a notification: MEC 012 6.4 and MEC 013 6.4, `_links.subscription`.
///
/// It is the last member of every body, so that the same event can be handed to a REST subscriber
/// under its own subscription URI without being encoded again.
package enum NotificationLinks {
    private static let opening: StaticString = "\"_links\":{\"subscription\":{\"href\":"

    /// Writes the member; the body's closing brace must follow directly.
    package static func write(_ href: String, to writer: inout JSONWriter) {
        writer.beginObject("_links")
        writer.beginObject("subscription")
        writer.member("href", href)
        writer.endObject()
        writer.endObject()
    }

    /// The same body with another subscription URI.
    ///
    /// - Parameter body: As the services publish it: `_links` last.
    /// - Returns: `nil` when `body` is not of that form.
    package static func replacing(in body: [UInt8], href: String) -> [UInt8]? {
        let pattern = opening.withUTF8Buffer { Array($0) }
        guard body.count > pattern.count, body.last == UInt8(ascii: "}") else { return nil }
        // From the back: the member is short and last, whatever strings came before.
        var start = body.count - pattern.count
        while start > 0, !body[start..<start + pattern.count].elementsEqual(pattern) { start -= 1 }
        guard start > 0, body[start..<start + pattern.count].elementsEqual(pattern) else { return nil }
        var writer = JSONWriter(reserving: href.utf8.count + 2)
        writer.value(href)
        return Array(body[..<(start + pattern.count)]) + writer.bytes + Array("}}}".utf8)
    }
}
