import ArgumentParser
import Glibc
import Settings
import Supervision

struct ReloadCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reload",
        abstract: "Let the running server read rules, passwords, certificates and limits anew.",
        discussion: """
            Finds the server through its data directory, sends it SIGHUP, waits for the result and prints it. The \
            server keeps what it had where something is wrong. Ends with 0 when everything was taken up.

            EXAMPLES
              weir reload                              the server whose data is in ./weir-data
              weir reload --data /var/lib/weir
              weir reload --config /etc/weir/weir.yaml
            """
    )

    @OptionGroup var options: SettingsOptions

    @Option(help: "Seconds to wait for the server's answer.")
    var timeout = 30

    func run() throws {
        let directory: String
        do {
            directory = try options.load(environment: Environment.current).settings.dataDirectory
        } catch {
            Failure.tell("\(error)")
            throw Failure.configuration
        }
        do {
            guard let pid = try DataDirectory.runningServer(on: directory) else {
                Failure.tell(
                    "no server runs on data directory \"\(directory)\"; name its directory with --data."
                )
                throw Failure.unavailable
            }
            let before = try ReloadResult.read(from: directory)
            guard kill(pid, SIGHUP) == 0 else {
                throw SystemError("cannot send SIGHUP to the server (pid \(pid))")
            }
            try wait(directory, pid, after: before?.sequence ?? 0)
        } catch let error as DataDirectoryError {
            Failure.tell("\(error)")
            throw Failure.unavailable
        } catch let error as SystemError {
            Failure.tell("\(error)")
            throw Failure.unavailable
        }
    }

    private func wait(_ directory: String, _ pid: Int32, after sequence: Int) throws {
        let step: useconds_t = 20_000
        for _ in 0..<max(1, timeout * 50) {
            if let result = try ReloadResult.read(from: directory), result.sequence > sequence,
                result.pid == pid
            {
                for line in result.lines { print(line) }
                if !result.isGood { throw ExitCode.failure }
                return
            }
            guard kill(pid, 0) == 0 || errno == EPERM else {
                Failure.tell("the server (pid \(pid)) ended before it answered; see its log.")
                throw Failure.unavailable
            }
            usleep(step)
        }
        Failure.tell("the server (pid \(pid)) did not answer within \(timeout) s; see its log.")
        throw Failure.unavailable
    }
}
