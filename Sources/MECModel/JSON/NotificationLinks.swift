/// The `_links` of a notification: MEC 011 7.1.4.2, MEC 012 6.4 and MEC 013 6.4, `_links.subscription`.
///
/// It is the last member of every body, so that the same event can be handed to a REST subscriber
/// under its own subscription URI without being encoded again.
package enum NotificationLinks {
    private static let opening: StaticString = "\"subscription\":{\"href\":"

    private static let middle: StaticString = ",\"self\":{\"href\":"

    /// Writes the member; the body's closing brace must follow directly.
    /// - Parameter withSelf: Whether `_links.self` says the same again.
    package static func write(_ href: String, to writer: inout JSONWriter, withSelf: Bool = false) {
        writer.beginObject("_links")
        writer.beginObject("subscription")
        writer.member("href", href)
        writer.endObject()
        if withSelf {
            writer.beginObject("self")
            writer.member("href", href)
            writer.endObject()
        }
        writer.endObject()
    }

    /// The same body with another subscription URI.
    ///
    /// - Parameter body: As the services publish it: `_links` last, and in it `subscription`, or `self` behind it.
    /// - Returns: `nil` when `body` is not of that form.
    package static func replacing(in body: [UInt8], href: String) -> [UInt8]? {
        // From the back: the member is short and last, whatever strings came before.
        guard body.last == UInt8(ascii: "}"), let start = lastPlace(of: opening, in: body) else { return nil }
        let withSelf = lastPlace(of: middle, in: body).map { $0 > start } ?? false
        let end = start + opening.utf8CodeUnitCount
        var writer = JSONWriter(reserving: href.utf8.count + 2)
        writer.value(href)
        var changed = Array(body[..<end]) + writer.bytes + [UInt8(ascii: "}")]
        if withSelf { changed += middle.withUTF8Buffer { Array($0) } + writer.bytes + [UInt8(ascii: "}")] }
        return changed + Array("}}".utf8)
    }

    private static func lastPlace(of pattern: StaticString, in body: [UInt8]) -> Int? {
        pattern.withUTF8Buffer { pattern in
            var start = body.count - pattern.count
            while start >= 0 {
                if body[start..<start + pattern.count].elementsEqual(pattern) { return start }
                start -= 1
            }
            return nil
        }
    }
}
