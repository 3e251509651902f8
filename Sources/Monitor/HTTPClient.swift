import Glibc

/// Gets one page over HTTP/1.0: the whole answer comes, then the connection ends.
package struct HTTPClient: Sendable {
    /// An address of the form `http://HOST:PORT`; a path behind it is left out.
    package struct Address: Sendable, Equatable {
        package var host: String
        package var port: UInt16

        package init?(_ text: String) {
            var rest = Substring(text)
            if rest.hasPrefix("http://") { rest = rest.dropFirst(7) }
            guard !rest.contains("://") else { return nil }
            rest = rest.prefix { $0 != "/" }
            guard let colon = rest.lastIndex(of: ":"), let port = UInt16(rest[rest.index(after: colon)...]),
                port > 0
            else { return nil }
            var host = rest[..<colon]
            if host.first == "[", host.last == "]" { host = host.dropFirst().dropLast() }
            guard !host.isEmpty else { return nil }
            self.host = String(host)
            self.port = port
        }

        package var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
    }

    /// Why there is no page.
    package struct Failure: Error, Sendable, CustomStringConvertible {
        package let description: String

        package init(description: String) { self.description = description }
    }

    /// A page that is longer is not the one that was looked for.
    private static let pageBytesMaximum = 16 << 20

    package let address: Address
    /// For connecting, and again for each wait for bytes.
    package var timeoutSeconds = 5

    package init(_ address: Address) { self.address = address }

    /// - Returns: the body of an answer with status 200.
    package func get(_ path: String) throws(Failure) -> String {
        let descriptor = try connect()
        defer { close(descriptor) }
        let request = "GET \(path) HTTP/1.0\r\nHost: \(address.description)\r\nConnection: close\r\n\r\n"
        let sent = Array(request.utf8).withUnsafeBytes {
            send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
        }
        guard sent == request.utf8.count else { throw failed("cannot be asked") }
        return try Self.body(of: receive(descriptor), from: address)
    }

    private func connect() throws(Failure) -> Int32 {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        let found = getaddrinfo(address.host, String(address.port), &hints, &list)
        guard found == 0 else {
            throw Failure(
                description: "\(address.host) cannot be looked up: \(String(cString: gai_strerror(found)))"
            )
        }
        defer { freeaddrinfo(list) }
        var next = list
        while let entry = next?.pointee {
            let descriptor = socket(
                entry.ai_family,
                entry.ai_socktype | Int32(SOCK_CLOEXEC.rawValue),
                entry.ai_protocol
            )
            if descriptor >= 0 {
                var limit = timeval(tv_sec: timeoutSeconds, tv_usec: 0)
                let size = socklen_t(MemoryLayout<timeval>.size)
                setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, size)
                setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, size)
                if Glibc.connect(descriptor, entry.ai_addr, entry.ai_addrlen) == 0 { return descriptor }
                let code = errno
                close(descriptor)
                errno = code
            }
            next = entry.ai_next
        }
        throw failed("cannot be reached")
    }

    private func receive(_ descriptor: Int32) throws(Failure) -> [UInt8] {
        var answer: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        while answer.count < Self.pageBytesMaximum {
            let count = recv(descriptor, &chunk, chunk.count, 0)
            if count == 0 { return answer }
            if count < 0 {
                if errno == EINTR { continue }
                throw errno == EAGAIN
                    ? Failure(description: "\(address.description) did not answer in \(timeoutSeconds) s")
                    : failed("broke off")
            }
            answer += chunk[..<count]
        }
        throw Failure(
            description: "\(address.description) sends more than \(Self.pageBytesMaximum) bytes; is it Weir?"
        )
    }

    private func failed(_ what: String) -> Failure {
        let reason =
            errno == EINPROGRESS ? "no answer in \(timeoutSeconds) s" : String(cString: strerror(errno))
        return Failure(description: "\(address.description) \(what): \(reason)")
    }

    /// The body of an answer, which must be one of status 200.
    static func body(of answer: [UInt8], from address: Address) throws(Failure) -> String {
        let end: [UInt8] = [13, 10, 13, 10]
        guard let start = answer.indices.first(where: { answer[$0...].starts(with: end) }) else {
            throw Failure(description: "\(address.description) does not speak HTTP; name Weir's http.listen")
        }
        let head = String(decoding: answer[..<start], as: UTF8.self)
        let status = head.split(separator: "\r\n").first?.split(separator: " ") ?? []
        guard status.count >= 2, status[0].hasPrefix("HTTP/1.") else {
            throw Failure(description: "\(address.description) does not speak HTTP; name Weir's http.listen")
        }
        guard status[1] == "200" else {
            throw Failure(
                description:
                    "\(address.description) answers with status \(status[1]); is there Weir's http.listen?"
            )
        }
        return String(decoding: answer[(start + end.count)...], as: UTF8.self)
    }
}
