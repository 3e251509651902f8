import Telemetry
import Testing

@Suite struct ProcessMetricsTests {
    @Test func `the kernel's figures of this process are there and not zero`() async throws {
        let snapshot = await MetricsRegistry([ProcessMetrics(version: "1.2.3")]).snapshot()
        let text = PrometheusText.write(snapshot)
        #expect(text.contains("weir_build_info{version=\"1.2.3\"} 1\n"))
        for name in [
            "process_cpu_seconds_total", "process_resident_memory_bytes", "process_open_fds",
            "process_max_fds",
            "process_threads",
        ] {
            let line = try #require(text.split(separator: "\n").first { $0.hasPrefix("\(name) ") }, "\(name)")
            let value = try #require(line.split(separator: " ").last.flatMap { Double($0) })
            #expect(value > 0, "\(name)")
        }
    }
}
