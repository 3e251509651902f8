import Foundation

/// Certificates made by the `openssl` command when the tests run: two authorities, servers, clients.
struct TestCertificates: Sendable {
    static let shared = Result { try TestCertificates() }

    let directory: URL

    private init() throws {
        directory = FileManager.default.temporaryDirectory.appending(path: "weir-tls-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        try authority("ca", "Weir test authority")
        try authority("other-ca", "Another authority")
        try leaf("server", by: "ca", "/CN=localhost", "subjectAltName=DNS:localhost,IP:127.0.0.1")
        try leaf("server2", by: "ca", "/CN=localhost", "subjectAltName=DNS:localhost,IP:127.0.0.1")
        try leaf(
            "client",
            by: "ca",
            "/C=MC/O=Example/CN=dev7",
            "subjectAltName=URI:urn:dev:7,DNS:dev7.example,email:dev7@example.org,IP:192.0.2.7,IP:2001:db8::7"
        )
        try leaf("revoked", by: "ca", "/CN=dev8", "subjectAltName=DNS:dev8.example")
        try leaf("stranger", by: "other-ca", "/CN=dev7", "subjectAltName=DNS:dev7.example")
        try run("pkey -in server.key -aes256 -passout pass:s3cret -out server-encrypted.key")
        try Data("s3cret\n".utf8).write(to: directory.appending(path: "password"))
        try Data("wrong\n".utf8).write(to: directory.appending(path: "wrong-password"))
        try Data("nothing of use\n".utf8).write(to: directory.appending(path: "garbage.pem"))
        try revocationList()
    }

    func path(_ name: String) -> String {
        directory.appending(path: name).path
    }

    private func authority(_ name: String, _ subject: String) throws {
        try run(
            "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 -keyout \(name).key -out \(name).pem",
            ["-subj", "/CN=\(subject)"]
        )
    }

    private func leaf(_ name: String, by authority: String, _ subject: String, _ names: String) throws {
        try run(
            "req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout \(name).key -out \(name).csr",
            ["-subj", subject, "-addext", names]
        )
        try run(
            "x509 -req -in \(name).csr -CA \(authority).pem -CAkey \(authority).key -CAcreateserial -days 3650 "
                + "-copy_extensions copy -out \(name).pem"
        )
    }

    private func revocationList() throws {
        let configuration = """
            [ca]
            default_ca = it
            [it]
            database = index.txt
            default_md = sha256
            default_crl_days = 3650
            """
        try Data(configuration.utf8).write(to: directory.appending(path: "ca.cnf"))
        try Data().write(to: directory.appending(path: "index.txt"))
        try run("ca -config ca.cnf -keyfile ca.key -cert ca.pem -revoke revoked.pem")
        try run("ca -config ca.cnf -keyfile ca.key -cert ca.pem -gencrl -out ca.crl")
    }

    private func run(_ words: String, _ more: [String] = []) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["openssl"] + words.split(separator: " ").map(String.init) + more
        process.currentDirectoryURL = directory
        let errors = Pipe()
        process.standardError = errors
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        let text = errors.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw CommandFailed(command: "openssl \(words)", output: String(decoding: text, as: UTF8.self))
        }
    }

    struct CommandFailed: Error {
        let command: String
        let output: String
    }
}
