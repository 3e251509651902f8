package import Foundation

/// A certificate authority, a server's and a client's certificate, made by openssl for one test.
package struct Certificates: Sendable {
    package let authority: String
    package let serverCertificate: String
    package let serverKey: String
    package let clientCertificate: String
    package let clientKey: String

    /// - Parameter name: the host that the server's certificate names.
    package init(in directory: URL, serverName name: String = "localhost") throws {
        func path(_ file: String) -> String { directory.appending(path: file).path }
        authority = path("ca.pem")
        serverCertificate = path("server.pem")
        serverKey = path("server.key")
        clientCertificate = path("client.pem")
        clientKey = path("client.key")
        let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
        try Self.openssl(
            ["req", "-x509", "-subj", "/CN=Test CA", "-out", authority, "-keyout", path("ca.key")] + key
        )
        for (subject, certificate, itsKey) in [
            (name, serverCertificate, serverKey), ("device-1", clientCertificate, clientKey),
        ] {
            try Self.openssl(
                [
                    "req", "-x509", "-subj", "/CN=\(subject)", "-addext", "subjectAltName=DNS:\(subject)",
                    "-CA", authority, "-CAkey", path("ca.key"), "-out", certificate, "-keyout", itsKey,
                    "-addext", "basicConstraints=critical,CA:FALSE",
                ] + key
            )
        }
    }

    private static func openssl(_ arguments: [String]) throws {
        try ChildProcess.run("/usr/bin/openssl", arguments)
    }
}
