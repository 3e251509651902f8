import CSiteDocuments

/// A file that the site serves as it is: the catalogue of topics (AsyncAPI) and the protobuf schemas.
struct SiteDocument: Sendable {
    /// `/asyncapi/rnis.yaml`, `/protos/weir/bus/v1/event.proto`.
    let path: String
    /// Its media type.
    let type: String
    let bytes: [UInt8]

    static let all: [SiteDocument] = {
        var count = 0
        let documents = UnsafeBufferPointer(start: weir_site_documents(&count), count: count)
        return documents.map { document in
            SiteDocument(
                path: String(cString: document.path),
                type: String(cString: document.type),
                bytes: Array(UnsafeBufferPointer(start: document.bytes, count: document.count))
            )
        }
    }()
}
