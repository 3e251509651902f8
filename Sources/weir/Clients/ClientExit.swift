import ArgumentParser
import ClientKit
import Glibc

/// How `weir pub` and `weir sub` end: with mosquitto_pub's exit codes.
enum ClientExit {
    /// mosquitto_sub's when `-W` is over.
    static let timedOut: Int32 = 27

    /// - Parameter version3: return codes of CONNACK are those of 3.1.1 then.
    static func code(_ error: ClientError, version3: Bool) -> Int32 {
        switch error.kind {
        case .refused(let reason):
            if version3 { return Int32(reason.connectReturnCode ?? 1) }
            return Int32(reason.rawValue)
        case .disconnected(let reason): return Int32(reason.rawValue)
        case .timeout: return timedOut
        // MOSQ_ERR_CONN_LOST, MOSQ_ERR_TLS and MOSQ_ERR_PROTOCOL of libmosquitto.
        case .closed: return 7
        case .tls: return 8
        case .protocolError: return 2
        case .network, .usage: return 1
        }
    }

    /// Runs a command's body; its error becomes a line on standard error and an exit code.
    static func run(_ options: ClientOptions, _ body: () throws(ClientError) -> Void) throws {
        // A reader that went away is an error of the write.
        signal(SIGPIPE, SIG_IGN)
        do throws(ClientError) {
            try body()
        } catch {
            if !options.quiet { StandardOutput.complain("Error: \(error.message)") }
            throw ExitCode(code(error, version3: options.version != .v5))
        }
    }
}

/// Bytes to standard output and words to standard error, without Foundation's buffering.
enum StandardOutput {
    /// - Throws: ``ClientError/Kind/usage`` when nobody reads any more.
    static func write(_ bytes: [UInt8]) throws(ClientError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(STDOUT_FILENO, $0.baseAddress, $0.count) }
            if count < 0 {
                if errno == EINTR || errno == EAGAIN { continue }
                throw ClientError(.usage, "standard output: \(String(cString: strerror(errno)))")
            }
            rest = rest.dropFirst(count)
        }
    }

    static func complain(_ text: String) {
        let bytes = Array("\(text)\n".utf8)
        _ = Glibc.write(STDERR_FILENO, bytes, bytes.count)
    }
}
