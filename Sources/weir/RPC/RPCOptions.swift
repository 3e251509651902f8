import ArgumentParser
import Foundation
import GRPCCore
import GRPCNIOTransportHTTP2Posix
import RPCBridge

/// Where the bus is and who asks, for all of `weir rpc`.
struct RPCOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Where gRPC is served.", valueName: "host:port"))
    var target = "127.0.0.1:50051"

    @Option(name: [.customShort("u"), .long], help: "The user name.")
    var username: String?

    @Option(name: [.customShort("P"), .long], help: "The password.")
    var password: String?

    @Option(help: "A JSON Web Token, instead of name and password.")
    var token: String?

    @Option(name: [.customShort("i"), .long], help: "The client identifier that rules may speak of.")
    var id: String?

    @Option(help: ArgumentHelp("Speak TLS, and trust these authorities (PEM).", valueName: "file"))
    var tlsCa: String?

    @Option(help: ArgumentHelp("The client's certificate (PEM).", valueName: "file"))
    var cert: String?

    @Option(help: ArgumentHelp("Its key (PEM).", valueName: "file"))
    var key: String?

    typealias Client = GRPCClient<HTTP2ClientTransport.Posix>

    var metadata: Metadata {
        var metadata = Metadata()
        if let token {
            metadata.addString("Bearer \(token)", forKey: "authorization")
        } else if let username {
            let pair = Data("\(username):\(password ?? "")".utf8).base64EncodedString()
            metadata.addString("Basic \(pair)", forKey: "authorization")
        }
        if let id { metadata.addString(id, forKey: "weir-client-id") }
        return metadata
    }

    func transport() throws -> HTTP2ClientTransport.Posix {
        guard let colon = target.lastIndex(of: ":"), let port = Int(target[target.index(after: colon)...])
        else {
            throw ValidationError("--target: found \"\(target)\", expected HOST:PORT")
        }
        let host = target[..<colon].trimmingCharacters(in: CharacterSet(charactersIn: "[]"))
        var security = HTTP2ClientTransport.Posix.TransportSecurity.plaintext
        if let tlsCa {
            let roots = TLSConfig.TrustRootsSource.certificates([.file(path: tlsCa, format: .pem)])
            if let cert {
                security = .mTLS(
                    certificateChain: [.file(path: cert, format: .pem)],
                    privateKey: .file(path: key ?? cert, format: .pem)
                ) { $0.trustRoots = roots }
            } else {
                security = .tls { $0.trustRoots = roots }
            }
        }
        return try HTTP2ClientTransport.Posix(
            target: .dns(host: host, port: port),
            transportSecurity: security
        )
    }

    /// Runs `body` with a client, and tells what the server refused as one line.
    func run(_ body: @escaping @Sendable (Client, Metadata) async throws -> Void) throws {
        let (transport, metadata) = (try transport(), metadata)
        try RPCTask.run {
            try await withGRPCClient(transport: transport) { client in try await body(client, metadata) }
        }
    }
}

enum RPCTask {
    /// Waits for asynchronous work; a refusal becomes a line on standard error and exit code 1.
    static func run(_ body: @escaping @Sendable () async throws -> Void) throws {
        let done = DispatchSemaphore(value: 0)
        nonisolated(unsafe) var failure: (any Error)?
        Task.detached {
            do { try await body() } catch { failure = error }
            done.signal()
        }
        done.wait()
        guard let failure else { return }
        if let error = failure as? RPCError {
            StandardOutput.complain("Error: \(error.message) (\(error.code))")
            throw ExitCode(1)
        }
        throw failure
    }
}
