import Glibc

/// What a server tells those who asked for "any free port": its process number and where it listens.
struct PortsFile {
    var listeners: [(name: String, url: String)] = []
    /// Where HTTP is served, if it is.
    var http: String?
    /// Where gRPC is served, if it is.
    var rpc: String?

    func write(to path: String) throws {
        let entries = listeners.map { "{\"name\":\(quoted($0.name)),\"url\":\(quoted($0.url))}" }
        let web = http.map { quoted("http://\($0)") } ?? "null"
        let call = rpc.map(quoted) ?? "null"
        let list = entries.joined(separator: ",")
        let text = "{\"pid\":\(getpid()),\"listeners\":[\(list)],\"http\":\(web),\"rpc\":\(call)}\n"
        try TextFile.replace(path, with: text)
    }

    private func quoted(_ text: String) -> String {
        var out = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": out += "\\\(scalar)"
            case _ where scalar.value < 0x20:
                let hex = String(scalar.value, radix: 16)
                out += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out + "\""
    }
}
