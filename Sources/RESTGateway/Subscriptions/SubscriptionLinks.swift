import MECModel

/// SubscriptionLinkList, MEC 011 7.1.3.3 and MEC 012 6.3.10.
enum SubscriptionLinks {
    /// - Parameter listName: "subscriptions" in MEC 011, "subscription" in MEC 012.
    static func response(
        _ subscriptions: [StoredSubscription],
        _ request: RESTRequest,
        _ book: SubscriptionBook,
        listName: StaticString
    ) async throws -> RESTResponse {
        let root = await book.root
        return .written { writer in
            writer.beginObject()
            writer.beginObject("_links")
            writer.beginObject("self")
            writer.member("href", root + request.path)
            writer.endObject()
            writer.beginArray(listName)
            for subscription in subscriptions {
                writer.beginObject()
                writer.member("href", root + subscription.path)
                writer.member("subscriptionType", subscription.typeName)
                writer.endObject()
            }
            writer.endArray()
            writer.endObject()
            writer.endObject()
        }
    }
}
