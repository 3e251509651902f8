/// Why a request was refused, in HTTP's terms (MEC 009 6.15).
package struct BandwidthFault: Error, Sendable, Equatable {
    package var status: Int
    package var title: String
    package var detail: String

    package init(status: Int, title: String, detail: String) {
        self.status = status
        self.title = title
        self.detail = detail
    }

    static func invalid(_ detail: String) -> BandwidthFault {
        BandwidthFault(status: 400, title: "invalid request", detail: detail)
    }

    static func unknown(_ id: String) -> BandwidthFault {
        BandwidthFault(status: 404, title: "no such resource", detail: id)
    }

    static func full(_ detail: String) -> BandwidthFault {
        BandwidthFault(status: 403, title: "not enough bandwidth", detail: detail)
    }
}
