import Glibc

/// What the kernel says of this process, under the names that Prometheus clients use everywhere.
package struct ProcessMetrics: MetricsSource {
    private let version: String
    private let startSeconds: Double

    /// - Parameter version: what ``build`` tells; made when the process starts.
    package init(version: String) {
        self.version = version
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        startSeconds = Double(now.tv_sec) + Double(now.tv_nsec) / 1e9
    }

    static let start = MetricDefinition(
        "process_start_time_seconds",
        .gauge,
        "When the process started, in seconds since 1970."
    )

    static let cpu = MetricDefinition(
        "process_cpu_seconds_total",
        .counter,
        "User and system CPU time spent, in seconds."
    )
    static let resident = MetricDefinition(
        "process_resident_memory_bytes",
        .gauge,
        "Resident memory, in bytes."
    )
    static let openFiles = MetricDefinition(
        "process_open_fds",
        .gauge,
        "Open file descriptors."
    )
    static let fileLimit = MetricDefinition(
        "process_max_fds",
        .gauge,
        "Most file descriptors that may be open."
    )
    static let threads = MetricDefinition(
        "process_threads",
        .gauge,
        "Threads."
    )
    static let build = MetricDefinition(
        "weir_build_info",
        .gauge,
        labels: ["version"],
        "Always 1; the label tells the version that runs."
    )

    package func collect(into snapshot: inout MetricsSnapshot) async {
        snapshot.add(Self.build, 1, version)
        snapshot.add(Self.start, startSeconds)
        var usage = rusage()
        if getrusage(RUSAGE_SELF.rawValue, &usage) == 0 {
            let seconds = Double(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec)
            let microseconds = Double(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec)
            snapshot.add(Self.cpu, seconds + microseconds / 1_000_000)
        }
        if let pages = Self.read("/proc/self/statm").split(separator: " ").dropFirst().first.flatMap({
            Int($0)
        }) {
            snapshot.add(Self.resident, pages * Int(sysconf(Int32(_SC_PAGESIZE))))
        }
        if let directory = opendir("/proc/self/fd") {
            var count = 0
            while readdir(directory) != nil { count += 1 }
            closedir(directory)
            // ".", ".." and the descriptor that lists the others.
            snapshot.add(Self.openFiles, max(0, count - 3))
        }
        var limit = rlimit()
        if getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 {
            snapshot.add(Self.fileLimit, limit.rlim_cur)
        }
        // Fields after the command's name, which is in parentheses and may hold anything.
        let stat = Self.read("/proc/self/stat")
        if let end = stat.lastIndex(of: ")") {
            let fields = stat[stat.index(after: end)...].split(separator: " ")
            if fields.count > 17, let threads = Int(fields[17]) { snapshot.add(Self.threads, threads) }
        }
    }

    private static func read(_ path: String) -> String {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return "" }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 4_096)
        let count = Glibc.read(descriptor, &bytes, bytes.count)
        return count > 0 ? String(decoding: bytes[..<count], as: UTF8.self) : ""
    }
}
