import Foundation
import NIOCertificateReloading
import NIOSSL
import Synchronization

/// The listener's certificate and key as they are now. Connections that are open keep theirs; the next handshake has
/// what was read last.
final class CertificateHolder: CertificateReloader {
    private let current: Mutex<NIOSSLContextConfigurationOverride>
    private let tls: RPCSettings.TLS

    /// - Throws: ``StartError`` that names the key of the settings and the file.
    init(_ tls: RPCSettings.TLS) throws {
        self.tls = tls
        current = Mutex(try Self.read(tls))
    }

    var sslContextConfigurationOverride: NIOSSLContextConfigurationOverride { current.withLock { $0 } }

    /// Reads the files anew.
    ///
    /// - Returns: What puts them in force; nothing has changed before.
    func reading() throws -> @Sendable () -> Void {
        let new = try Self.read(tls)
        return { self.current.withLock { $0 = new } }
    }

    private static func read(_ tls: RPCSettings.TLS) throws -> NIOSSLContextConfigurationOverride {
        guard let certificateFile = tls.certificateFile else { return .noChanges }
        let chain: [NIOSSLCertificate] = try parse("certificateFile", certificateFile) {
            try NIOSSLCertificate.fromPEMFile($0)
        }
        let (key, keyFile) =
            tls.keyFile.map { ("keyFile", $0) } ?? ("certificateFile", certificateFile)
        let privateKey: NIOSSLPrivateKey = try parse(key, keyFile) {
            try NIOSSLPrivateKey(file: $0, format: .pem)
        }
        var new = NIOSSLContextConfigurationOverride()
        new.certificateChain = chain.map { .certificate($0) }
        new.privateKey = .privateKey(privateKey)
        return new
    }

    private static func parse<Value>(
        _ key: String,
        _ path: String,
        _ body: (String) throws -> Value
    ) throws -> Value {
        guard Foundation.access(path, R_OK) == 0 else {
            throw StartError(
                "rpc.tls.\(key) \"\(path)\" cannot be read (\(String(cString: strerror(errno)))); check its path and owner"
            )
        }
        do {
            return try body(path)
        } catch {
            throw StartError("rpc.tls.\(key) \"\(path)\": expected PEM, found what is none (\(error))")
        }
    }
}
