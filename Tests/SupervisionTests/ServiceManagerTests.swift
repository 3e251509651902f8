import Glibc
import Supervision
import Testing

/// The datagram socket on which systemd would listen.
private struct NotifySocket: ~Copyable {
    let descriptor: Int32
    let path: String

    init(_ path: String) throws {
        self.path = path
        descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
        var name = sockaddr_un()
        name.sun_family = sa_family_t(AF_UNIX)
        var bytes = Array(path.utf8)
        if bytes[0] == UInt8(ascii: "@") { bytes[0] = 0 }
        withUnsafeMutableBytes(of: &name.sun_path) { $0.copyBytes(from: bytes) }
        let length = socklen_t(MemoryLayout<sa_family_t>.size + bytes.count)
        let bound = withUnsafePointer(to: &name) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, length) }
        }
        try #require(bound == 0)
    }

    deinit {
        close(descriptor)
        if path.hasPrefix("/") { unlink(path) }
    }

    func receive() -> String? {
        var bytes = [UInt8](repeating: 0, count: 4_096)
        let count = recv(descriptor, &bytes, bytes.count, Int32(MSG_DONTWAIT))
        return count >= 0 ? String(decoding: bytes[..<count], as: UTF8.self) : nil
    }
}

@Suite struct ServiceManagerTests {
    @Test(arguments: ["/tmp/weir-notify-\(getpid())", "@weir-notify-\(getpid())"])
    func `each state is one datagram, to a path or an abstract name`(_ path: String) throws {
        let socket = try NotifySocket(path)
        let manager = ServiceManager(environment: ["NOTIFY_SOCKET": path])
        manager.tell(.ready, .status("serving 2 listeners\nand more"))
        #expect(socket.receive() == "READY=1\nSTATUS=serving 2 listeners and more\n")
        manager.tell(.reloading)
        let reloading = socket.receive() ?? ""
        #expect(reloading.wholeMatch(of: /RELOADING=1\nMONOTONIC_USEC=\d+\n/) != nil)
        manager.tell(.watchdog)
        #expect(socket.receive() == "WATCHDOG=1\n")
        manager.tell(.stopping)
        #expect(socket.receive() == "STOPPING=1\n")
    }

    @Test func `without a service manager nothing is sent`() {
        ServiceManager(environment: [:]).tell(.ready)
        ServiceManager(environment: ["NOTIFY_SOCKET": "/nowhere/at/all"]).tell(.ready)
    }

    struct Case: CustomTestStringConvertible, Sendable {
        let name: String
        let environment: [String: String]
        let interval: Duration?
        var testDescription: String { name }
    }

    static let cases: [Case] = [
        Case(
            name: "watched",
            environment: ["NOTIFY_SOCKET": "/s", "WATCHDOG_USEC": "3000000"],
            interval: .seconds(3)
        ),
        Case(
            name: "watched by name",
            environment: ["NOTIFY_SOCKET": "/s", "WATCHDOG_USEC": "3000000", "WATCHDOG_PID": "77"],
            interval: .seconds(3)
        ),
        Case(
            name: "somebody else is watched",
            environment: ["NOTIFY_SOCKET": "/s", "WATCHDOG_USEC": "3000000", "WATCHDOG_PID": "78"],
            interval: nil
        ),
        Case(name: "nobody listens", environment: ["WATCHDOG_USEC": "3000000"], interval: nil),
        Case(
            name: "not a number",
            environment: ["NOTIFY_SOCKET": "/s", "WATCHDOG_USEC": "soon"],
            interval: nil
        ),
    ]

    @Test(arguments: cases)
    func `the watchdog is patted only where it watches us`(_ testCase: Case) {
        #expect(
            ServiceManager(environment: testCase.environment, pid: 77).watchdogInterval == testCase.interval
        )
    }

    @Test func `the state directory is the first that systemd names`() {
        #expect(ServiceManager.stateDirectory(environment: ["STATE_DIRECTORY": "/a:/b"]) == "/a")
        #expect(ServiceManager.stateDirectory(environment: [:]) == nil)
    }
}
