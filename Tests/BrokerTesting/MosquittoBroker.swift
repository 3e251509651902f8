package import Foundation

/// Debian's mosquitto, started for one test on ports of its own and stopped with it.
package final class MosquittoBroker: Sendable {
    /// Where the system keeps it; `nil` where it is not installed, and its tests are skipped.
    package static let path: String? = ["/usr/sbin/mosquitto", "/usr/local/sbin/mosquitto"]
        .first { FileManager.default.isExecutableFile(atPath: $0) }

    package static let isMissing = path == nil
    package static let missingMessage = "mosquitto is not installed (apt-get install mosquitto)"

    /// A directory that is removed with the broker; for sockets, keys and password files.
    package let directory: URL
    package let ports: [UInt16]
    private let process: ChildProcess

    package var port: UInt16 { ports[0] }
    package var pid: Int32 { process.pid }

    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    /// Starts it and waits until it takes connections.
    ///
    /// - Parameters:
    ///   - ports: how many ports of its own it gets.
    ///   - prepare: makes files in the directory before the start.
    ///   - configuration: its configuration file, given the ports and the directory.
    package init(
        ports count: Int = 1,
        prepare: (URL) throws -> Void = { _ in },
        configuration: ([UInt16], URL) -> String = { ports, _ in
            "listener \(ports[0]) 127.0.0.1\nallow_anonymous true\n"
        }
    ) throws {
        guard let path = Self.path else { throw Failure(description: Self.missingMessage) }
        directory = FileManager.default.temporaryDirectory
            .appending(path: "weir-test-\(UUID().uuidString)", directoryHint: .isDirectory)
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        try prepare(directory)
        // Another process may take a free port before mosquitto does; then others are tried.
        for _ in 0..<5 {
            let candidates = try Self.freePorts(count)
            let file = directory.appending(path: "mosquitto.conf")
            let text = "user root\nlog_type error\nlog_type warning\n" + configuration(candidates, directory)
            try Data(text.utf8).write(to: file)
            let log = directory.appending(path: "mosquitto.log")
            let process = try ChildProcess(path, ["-c", file.path], output: log.path)
            if Self.waitUntilReady(process, candidates) {
                ports = candidates
                self.process = process
                return
            }
            process.stop()
        }
        let log = (try? String(contentsOf: directory.appending(path: "mosquitto.log"), encoding: .utf8)) ?? ""
        try? FileManager.default.removeItem(at: directory)
        throw Failure(description: "mosquitto does not start: \(log)")
    }

    deinit { stop() }

    /// Ends it by SIGTERM and waits for its end.
    package func stop() {
        process.stop()
        try? FileManager.default.removeItem(at: directory)
    }

    private static func waitUntilReady(_ process: ChildProcess, _ ports: [UInt16]) -> Bool {
        let deadline = ContinuousClock.now + .seconds(10)
        while process.isRunning, ContinuousClock.now < deadline {
            if ports.allSatisfy(canConnect) { return true }
            usleep(10_000)
        }
        return false
    }

    private static func address(_ port: UInt16) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return address
    }

    private static func canConnect(_ port: UInt16) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = address(port)
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }

    /// Ports that the kernel gives away now, all different.
    package static func freePorts(_ count: Int) throws -> [UInt16] {
        var descriptors: [Int32] = []
        defer { for descriptor in descriptors { close(descriptor) } }
        return try (0..<count).map { _ in
            let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            descriptors.append(descriptor)
            var address = address(0)
            var size = socklen_t(MemoryLayout<sockaddr_in>.size)
            let result = withUnsafeMutablePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                    bind(descriptor, pointer, size) == 0 && getsockname(descriptor, pointer, &size) == 0
                }
            }
            guard result else { throw Failure(description: "no free port") }
            return UInt16(bigEndian: address.sin_port)
        }
    }
}

extension MosquittoBroker.Failure {
    package static let noMessage = Self(description: "no message came in time")
}
