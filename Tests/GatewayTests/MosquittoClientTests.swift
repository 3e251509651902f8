import Access
import Foundation
import Gateway
import Reactor
import Testing

/// mosquitto's own clients against our listeners; skipped where they are not installed.
@Suite(
    .enabled(
        if: FileManager.default.isExecutableFile(atPath: "/usr/bin/mosquitto_pub"),
        "no mosquitto_pub here"
    ),
    .timeLimit(.minutes(2))
)
struct MosquittoClientTests {
    let files: TestCertificates

    init() throws {
        files = try TestCertificates.shared.get()
    }

    private struct Failed: Error, CustomStringConvertible {
        let description: String
    }

    /// Runs one of mosquitto's clients, ten seconds at most, and returns what it printed.
    private func run(_ program: String, _ arguments: [String]) async throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/timeout")
        process.arguments = ["10", "/usr/bin/\(program)"] + arguments
        let output = Pipe()
        process.standardOutput = output
        process.standardError = output
        try process.run()
        return try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread {
                let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
                process.waitUntilExit()
                if process.terminationStatus == 0 {
                    continuation.resume(returning: text)
                } else {
                    continuation.resume(throwing: Failed(description: "\(program) \(arguments): \(text)"))
                }
            }
        }
    }

    /// Publishes three messages of each QoS, retained, and reads them back.
    private func roundTrip(_ server: TestGateway, _ transport: [String], _ version: String) async throws {
        for qos in 0...2 {
            _ = try await run(
                "mosquitto_pub",
                transport + ["-V", version, "-q", "\(qos)", "-r", "-t", "m/\(qos)", "-m", "message \(qos)"]
            )
        }
        let read = try await run(
            "mosquitto_sub",
            transport + ["-V", version, "-q", "2", "-t", "m/+", "-C", "3", "-v"]
        )
        #expect(
            read.split(separator: "\n").sorted() == ["m/0 message 0", "m/1 message 1", "m/2 message 2"],
            "\(transport)"
        )
    }

    private func tcp(_ server: TestGateway) throws -> [String] {
        ["-h", "localhost", "-p", "\(try #require(try server.address.port))"]
    }

    @Test(arguments: ["31", "311", "5"]) func `over TCP`(version: String) async throws {
        let server = try TestGateway()
        try await roundTrip(server, tcp(server), version)
    }

    @Test(arguments: ["311", "5"]) func `over a Unix socket`(version: String) async throws {
        let path = NSTemporaryDirectory() + "weir-\(UUID().uuidString.prefix(8)).sock"
        defer { unlink(path) }
        let server = try TestGateway("unix://\(path)")
        try await roundTrip(server, ["--unix", path], version)
    }

    private func secure(_ change: (inout TLSSettings) -> Void = { _ in }) throws -> ListenerSettings {
        try TestGateway.listener("tls://127.0.0.1:0") {
            guard var tls = $0.tls else { return }
            tls.certificateFile = files.path("server.pem")
            tls.keyFile = files.path("server.key")
            change(&tls)
            $0.tls = tls
        }
    }

    @Test(arguments: ["tlsv1.2", "tlsv1.3"]) func `over TLS with a client certificate`(version: String)
        async throws
    {
        var access = AccessSettings()
        access.listeners["test"] = .init(allowAnonymous: false, usernameFrom: .commonName)
        let server = try TestGateway(
            [
                secure {
                    $0.clientCertificate = .required
                    $0.caFile = files.path("ca.pem")
                }
            ],
            access: access
        )
        try await roundTrip(
            server,
            tcp(server) + [
                "--cafile", files.path("ca.pem"), "--cert", files.path("client.pem"), "--key",
                files.path("client.key"),
                "--tls-version", version, "--tls-alpn", "mqtt",
            ],
            "5"
        )
        #expect(server.logged("client connected").allSatisfy { $0["user"] == "dev7" })
        await #expect(throws: Failed.self) {
            _ = try await run(
                "mosquitto_pub",
                try tcp(server) + ["--cafile", files.path("ca.pem"), "-t", "m", "-m", "x", "-q", "1"]
            )
        }
    }

    @Test func `over TLS with a pre-shared key`() async throws {
        let keys = files.directory.appending(path: "mosquitto-keys")
        try Data("dev9:00112233445566778899aabbccddeeff\n".utf8).write(to: keys)
        var access = AccessSettings()
        access.preSharedKeyFile = keys.path
        access.listeners["test"] = .init(allowAnonymous: false, usernameFrom: .commonName)
        let listener = try secure {
            $0.preSharedKeys = true
            $0.certificateFile = nil
            $0.keyFile = nil
        }
        let server = try TestGateway([listener], access: access)
        try await roundTrip(
            server,
            tcp(server) + ["--psk", "00112233445566778899aabbccddeeff", "--psk-identity", "dev9"],
            "311"
        )
        #expect(server.logged("client connected").allSatisfy { $0["user"] == "dev9" })
        await #expect(throws: Failed.self) {
            _ = try await run(
                "mosquitto_pub",
                try tcp(server) + ["--psk", "00", "--psk-identity", "dev9", "-t", "m", "-m", "x", "-q", "1"]
            )
        }
    }
}
